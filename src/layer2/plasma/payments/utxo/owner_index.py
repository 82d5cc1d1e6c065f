"""Index of outputs by owner; it stores only positions, which are looked up on demand."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from layer2.plasma.protocol.packed import Fields
from layer2.primitives.errors import MalformedError

__all__ = ["Owners"]


class Owners:
    """Positions by owner, including those of spent outputs."""

    __slots__ = ("_given",)

    def __init__(self) -> None:
        self._given: dict[bytes, array[int]] = {}

    def __repr__(self) -> str:
        return f"<Owners {len(self._given)}>"

    def add(self, owner: bytes, position: int) -> None:
        """Add an output of an owner."""
        given = self._given.get(owner)
        if given is None:
            self._given[owner] = array("Q", (position,))
        else:
            given.append(position)

    def note(self, number: int, transactions: Sequence[Fields]) -> None:
        """Add the outputs of a block."""
        given, base = self._given, number << 24
        for place, one in enumerate(transactions):
            position = base | place << 8
            for owner, _, _ in one.outputs:
                row = given.get(owner)
                if row is None:
                    given[owner] = array("Q", (position,))
                else:
                    row.append(position)
                position += 1

    def of(self, owner: bytes) -> list[int]:
        """Return the positions of an owner's outputs without duplicates, in the order of their first entry."""
        return list(dict.fromkeys(self._given.get(owner, ())))

    def count(self, owner: bytes) -> int:
        """Return the number of entries of an owner."""
        return len(self._given.get(owner, ()))

    def keep(self, owner: bytes, positions: list[int]) -> None:
        """Replace the entries of an owner by these positions."""
        if positions:
            self._given[owner] = array("Q", positions)
        else:
            self._given.pop(owner, None)

    def pack(self) -> list[bytes]:
        """Return the index in three pieces: owners, number of positions of each, positions."""
        counts = array("I", map(len, self._given.values()))
        return [b"".join(self._given), counts.tobytes(), b"".join([one.tobytes() for one in self._given.values()])]

    @classmethod
    def unpack(cls, pieces: Iterator[bytes]) -> Owners:
        """Rebuild an index from the next three pieces; raise MalformedError if they are inconsistent."""
        one, owners, counts = cls(), next(pieces), array("I")
        counts.frombytes(next(pieces))
        places = next(pieces)
        if len(owners) != 20 * len(counts) or len(places) != 8 * sum(counts):
            raise MalformedError(f"{len(owners)} bytes of owners, {len(counts)} counts", hint="write it again")
        start = 0
        for at, count in enumerate(counts):
            row = array("Q")
            row.frombytes(places[start : start + 8 * count])
            one._given[owners[20 * at : 20 * at + 20]] = row
            start += 8 * count
        return one
