"""Exiting outputs by id: the start of each exit, and the payouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from layer2.plasma.payments.chain.events import (
    ExitEnded,
    ExitPaid,
    ExitStarted,
    InFlightExitProcessed,
    InFlightExitStarted,
    PiggybackBlocked,
    Piggybacked,
)
from layer2.plasma.protocol.packed import Fields, read
from layer2.plasma.protocol.positions import block_of
from layer2.plasma.protocol.transaction import output_id, transaction_hash

__all__ = ["Exits", "ExitingOutputs", "Where"]

Exits = (
    ExitStarted | ExitEnded | ExitPaid | InFlightExitStarted | Piggybacked | PiggybackBlocked | InFlightExitProcessed
)

Where = Callable[[bytes, int, int], tuple[int, int] | None]
"""Returns block and index of the transaction with a hash, if it is in blocks first to last; else None."""

_STAYS = -1
_INPUTS = 4
"""Parts of an in-flight exit below this one are inputs, the others outputs."""


class _Watched(NamedTuple):
    """A transaction of an in-flight exit: its number of outputs, and the range of blocks that may include it."""

    outputs: int
    first: int
    expiry: int


class ExitingOutputs:
    """Tracks exits from the contract's events; each event can be undone (`step` -1).

    An output exits by its standard exit and by each in-flight exit that it is part of. An input is exiting from the
    start of the in-flight exit, since a payout may take it. An output is exiting once its owner has piggybacked it.
    """

    def __init__(self, where: Where) -> None:
        self._where = where
        # For each output and exit: the L1 blocks since which it is exiting, one entry per event.
        self._since: dict[bytes, dict[bytes, list[int]]] = {}
        self._paid: Counter[bytes] = Counter()
        self._places: dict[bytes, int] = {}
        self._ids: dict[int, bytes] = {}
        self._games: dict[bytes, dict[int, bytes]] = {}
        self._joined: Counter[tuple[bytes, int]] = Counter()
        self._watched: dict[bytes, _Watched] = {}
        self._stands: dict[bytes, tuple[int, int]] = {}

    def __repr__(self) -> str:
        leaving = sum(self._of(known) is not None for known in self._since)
        return f"<ExitingOutputs {leaving} paid={len(+self._paid)}>"

    def state(self, position: int) -> tuple[bool, bool]:
        """Return two flags for the output at a position: exiting, and paid out."""
        known = self._ids.get(position)
        return (False, False) if known is None else (self._of(known) is not None, self._paid[known] > 0)

    def since(self, position: int) -> int | None:
        """Return the L1 block in which the output at a position started to exit; None if it is not exiting."""
        known = self._ids.get(position)
        return None if known is None else self._of(known)

    def among(self, positions: Set[int]) -> set[int]:
        """Return those of the positions for which the contract has emitted events."""
        return self._ids.keys() & positions

    def note(self, one: Exits, block: int, step: int = 1) -> Iterator[int]:
        """Apply or undo an event of an L1 block; yield the positions whose state may have changed."""
        if isinstance(one, ExitStarted):
            self._place(one.id, one.position)
            self._set(one.id, one.id, block, step)
            yield one.position
        elif isinstance(one, ExitEnded | ExitPaid):
            if isinstance(one, ExitEnded):
                self._set(one.id, one.id, _STAYS, step)
            else:
                self._paid[one.id] += step
            if one.id in self._places:
                yield self._places[one.id]
        else:
            yield from self._play(one, block, step)

    def included(
        self, number: int, transactions: Sequence[Fields], hashes: Callable[[], Sequence[bytes]]
    ) -> Iterator[int]:
        """Register a new block; yield its positions for which the contract has emitted events."""
        yield from (position for position in self._ids if position >> 24 == number)
        if self._watched:
            for index, hashed in enumerate(hashes()):
                if hashed in self._watched:
                    yield from self._found(hashed, len(transactions[index].outputs), number, index)

    def undone(self, number: int) -> None:
        """Unregister an undone block; outputs of another block with its number have different ids."""
        self._stands = {hashed: place for hashed, place in self._stands.items() if place[0] != number}
        for position in [one for one in self._ids if one >> 24 == number]:
            known = self._ids.pop(position)
            if self._places.get(known) == position:
                del self._places[known]

    def standing(self) -> dict[bytes, tuple[int, int] | None]:
        """Return the place of each transaction with an in-flight exit; None if it is in no block yet."""
        return {hashed: self._stands.get(hashed) for hashed in self._watched}

    def resume(self, last: int, known: Mapping[bytes, tuple[int, int] | None]) -> Iterator[int]:
        """Register all blocks up to `last`; yield the positions for which the contract has emitted events.

        Args:
            known: result of `standing` after that block; other transactions are looked up in the blocks.
        """
        for hashed, one in self._watched.items():
            place = known[hashed] if hashed in known else self._where(hashed, one.first, min(one.expiry, last))
            if place is not None:
                for _ in self._found(hashed, one.outputs, *place):
                    pass
        yield from tuple(self._ids)

    # -------------------------------------------------------------------------------------------- in-flight exits

    def _play(
        self, one: InFlightExitStarted | Piggybacked | PiggybackBlocked | InFlightExitProcessed, block: int, step: int
    ) -> Iterator[int]:
        if isinstance(one, InFlightExitStarted):
            self._enter(one)
        for part, known in self._games.get(one.id, {}).items():
            if isinstance(one, Piggybacked | PiggybackBlocked):
                if not one.bits >> part & 1:
                    continue
                self._joined[one.id, part] += step if isinstance(one, Piggybacked) else -step
            self._set(known, one.id, self._next(one, part, known, block), step)
            if known in self._places:
                yield self._places[known]

    def _next(
        self,
        one: InFlightExitStarted | Piggybacked | PiggybackBlocked | InFlightExitProcessed,
        part: int,
        known: bytes,
        block: int,
    ) -> int:
        """Return the L1 block since which a part is exiting after an event."""
        stack = self._since.get(known, {}).get(one.id)
        before = stack[-1] if stack else _STAYS
        if isinstance(one, InFlightExitStarted):
            return block if part < _INPUTS else _STAYS
        if isinstance(one, Piggybacked):
            return block if before == _STAYS else before
        if isinstance(one, PiggybackBlocked):
            return before if part < _INPUTS else _STAYS
        # A part that is due but not covered yet keeps exiting until it is paid.
        return before if one.pays >> part & 1 and self._joined[one.id, part] > 0 else _STAYS

    def _enter(self, one: InFlightExitStarted) -> None:
        fields = read(one.packed)
        if fields is None:
            return
        for known, position in zip(one.input_ids, fields.inputs, strict=True):
            self._place(known, position)
        hashed, outputs = transaction_hash(one.packed), len(fields.outputs)
        made = {_INPUTS + place: output_id(hashed, place) for place in range(outputs)}
        self._games[one.id] = dict(enumerate(one.input_ids)) | made
        watched = _Watched(outputs, max(map(block_of, fields.inputs)) + 1, fields.expiry)
        self._watched[hashed] = watched
        place = self._where(hashed, watched.first, watched.expiry)
        if place is not None:
            for _ in self._found(hashed, outputs, *place):
                pass

    # --------------------------------------------------------------------------------------------------- positions

    def _of(self, known: bytes) -> int | None:
        tops = (stack[-1] for stack in self._since.get(known, {}).values() if stack)
        return min((top for top in tops if top != _STAYS), default=None)

    def _set(self, known: bytes, by: bytes, since: int, step: int) -> None:
        stack = self._since.setdefault(known, {}).setdefault(by, [])
        if step > 0:
            stack.append(since)
        else:
            stack.pop()

    def _found(self, hashed: bytes, outputs: int, number: int, index: int) -> Iterator[int]:
        self._stands[hashed] = (number, index)
        for place in range(outputs):
            position = number << 24 | index << 8 | place
            self._place(output_id(hashed, place), position)
            yield position

    def _place(self, known: bytes, position: int) -> None:
        self._places[known] = position
        self._ids[position] = known
