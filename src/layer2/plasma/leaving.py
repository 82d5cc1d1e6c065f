"""Which outputs leave through the contract, and which have left: by ids, since these are what it knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from layer2.plasma.chain import ExitBegun, ExitEnded, ExitPaid, InFlightBegun, InFlightEnded
from layer2.plasma.fields import Fields, read
from layer2.plasma.positions import block_of
from layer2.plasma.transaction import output_id, transaction_hash

__all__ = ["Exits", "Leaving", "Where"]

Exits = ExitBegun | ExitEnded | ExitPaid | InFlightBegun | InFlightEnded

Where = Callable[[bytes, int, int], tuple[int, int] | None]
"""Block and index of the transaction with a hash, if it stands in one of the blocks from the first to the last."""


class _Watched(NamedTuple):
    """A transaction that the contract decides about: its outputs, and the blocks it may stand in."""

    outputs: int
    first: int
    expiry: int


class Leaving:
    """Notes what the contract says; each note can be taken back (`step` -1)."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._leaving: Counter[bytes] = Counter()
        self._paid: Counter[bytes] = Counter()
        self._places: dict[bytes, int] = {}
        self._ids: dict[int, bytes] = {}
        self._games: dict[bytes, tuple[bytes, ...]] = {}
        self._watched: dict[bytes, _Watched] = {}
        self._stands: dict[bytes, tuple[int, int]] = {}

    def __repr__(self) -> str:
        return f"<Leaving {len(+self._leaving)} paid={len(+self._paid)}>"

    def state(self, position: int) -> tuple[bool, bool]:
        """Whether the output at a position leaves, and whether it has left."""
        known = self._ids.get(position)
        return (False, False) if known is None else (self._leaving[known] > 0, self._paid[known] > 0)

    def note(self, one: Exits, step: int = 1) -> Iterator[int]:
        """Take a happening, or take it back; the positions whose state may have changed."""
        if isinstance(one, ExitBegun):
            self._place(one.id, one.position)
            self._leaving[one.id] += step
            yield one.position
        elif isinstance(one, ExitEnded | ExitPaid):
            if isinstance(one, ExitEnded):
                self._leaving[one.id] -= step
            else:
                self._paid[one.id] += step
            if one.id in self._places:
                yield self._places[one.id]
        else:
            if isinstance(one, InFlightBegun):
                self._enter(one)
            for known in self._games.get(one.id, ()):
                self._leaving[known] += step if isinstance(one, InFlightBegun) else -step
                yield self._places[known]

    def included(
        self, number: int, transactions: Sequence[Fields], hashes: Callable[[], Sequence[bytes]]
    ) -> Iterator[int]:
        """A block is there: positions in it of which the contract has spoken."""
        yield from (position for position in self._ids if position >> 24 == number)
        if self._watched:
            for index, hashed in enumerate(hashes()):
                if hashed in self._watched:
                    yield from self._found(hashed, len(transactions[index].outputs), number, index)

    def undone(self, number: int) -> None:
        """A block is none after all."""
        self._stands = {hashed: place for hashed, place in self._stands.items() if place[0] != number}

    def standing(self) -> dict[bytes, tuple[int, int] | None]:
        """Where in the blocks each transaction stands that the contract decides about; None for nowhere yet."""
        return {hashed: self._stands.get(hashed) for hashed in self._watched}

    def resume(self, last: int, known: Mapping[bytes, tuple[int, int] | None]) -> Iterator[int]:
        """Blocks up to `last` are there all at once: positions of which the contract has spoken.

        Args:
            known: what `standing` said after that block; about others the blocks are asked.
        """
        for hashed, one in self._watched.items():
            place = known[hashed] if hashed in known else self._where(hashed, one.first, min(one.expiry, last))
            if place is not None:
                for _ in self._found(hashed, one.outputs, *place):
                    pass
        yield from tuple(self._ids)

    def _enter(self, one: InFlightBegun) -> None:
        fields = read(one.packed)
        if fields is None:
            return
        for known, position in zip(one.input_ids, fields.inputs, strict=True):
            self._place(known, position)
        self._games[one.id] = one.input_ids
        hashed = transaction_hash(one.packed)
        watched = _Watched(len(fields.outputs), max(map(block_of, fields.inputs)) + 1, fields.expiry)
        self._watched[hashed] = watched
        place = self._where(hashed, watched.first, watched.expiry)
        if place is not None:
            for _ in self._found(hashed, watched.outputs, *place):
                pass

    def _found(self, hashed: bytes, outputs: int, number: int, index: int) -> Iterator[int]:
        self._stands[hashed] = (number, index)
        for place in range(outputs):
            position = number << 24 | index << 8 | place
            self._place(output_id(hashed, place), position)
            yield position

    def _place(self, known: bytes, position: int) -> None:
        self._places[known] = position
        self._ids[position] = known
