"""Which outputs an owner was given: positions alone, looked up when somebody asks."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from layer2.plasma.protocol.packed import Fields
from layer2.primitives.errors import MalformedError

__all__ = ["Owners"]


class Owners:
    """Positions by owner, those of outputs that are gone too."""

    __slots__ = ("_given",)

    def __init__(self) -> None:
        self._given: dict[bytes, array[int]] = {}

    def __repr__(self) -> str:
        return f"<Owners {len(self._given)}>"

    def add(self, owner: bytes, position: int) -> None:
        """An output was made for an owner."""
        given = self._given.get(owner)
        if given is None:
            self._given[owner] = array("Q", (position,))
        else:
            given.append(position)

    def note(self, number: int, transactions: Sequence[Fields]) -> None:
        """The outputs of a block."""
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
        """Positions that were given to an owner, each once, in the order of the last time."""
        return list(dict.fromkeys(self._given.get(owner, ())))

    def count(self, owner: bytes) -> int:
        """How often an owner was given something."""
        return len(self._given.get(owner, ()))

    def keep(self, owner: bytes, positions: list[int]) -> None:
        """Forget all that an owner was given but these."""
        if positions:
            self._given[owner] = array("Q", positions)
        else:
            self._given.pop(owner, None)

    def pack(self) -> list[bytes]:
        """All of it in three pieces: owners, how many positions each has, positions."""
        counts = array("I", map(len, self._given.values()))
        return [b"".join(self._given), counts.tobytes(), b"".join([one.tobytes() for one in self._given.values()])]

    @classmethod
    def unpack(cls, pieces: Iterator[bytes]) -> Owners:
        """The same from the next three; raises MalformedError if they cannot be those of any."""
        one, owners, counts = cls(), next(pieces), array("I")
        counts.frombytes(next(pieces))
        places = next(pieces)
        if len(owners) != 20 * len(counts) or len(places) != 8 * sum(counts):
            raise MalformedError(f"{len(owners)} bytes of owners, {len(counts)} counts", hint="make it anew")
        start = 0
        for at, count in enumerate(counts):
            row = array("Q")
            row.frombytes(places[start : start + 8 * count])
            one._given[owners[20 * at : 20 * at + 20]] = row
            start += 8 * count
        return one
