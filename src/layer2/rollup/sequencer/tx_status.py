"""Status of accepted operations: pending, posted in an entry, or dropped with a reason; derived from the entries."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layer2.primitives.addresses import address_bytes
from layer2.rollup.derivation.inbox import Entry
from layer2.rollup.protocol.batch_signatures import BLS_RECORD
from layer2.rollup.protocol.frames import Frame, FrameType, Op, decode_frame

__all__ = ["TxStatus", "TxStatusIndex", "included"]

_REMEMBERED = 1 << 18


@dataclass(frozen=True, slots=True)
class TxStatus:
    """Status of an accepted operation.

    Attributes:
        state: pending, posted or dropped.
        entry: number of the entry, counted from 1; the newest entry at that time if dropped, 0 if pending.
        reason: reason why the operation was dropped.
    """

    state: str
    entry: int = 0
    reason: str = ""


class TxStatusIndex:
    """Statuses of operations that are no longer pending, by digest; final ones are kept up to a limit."""

    def __init__(self) -> None:
        self.open: dict[bytes, TxStatus] = {}
        self._past: OrderedDict[bytes, TxStatus] = OrderedDict()

    def __repr__(self) -> str:
        return f"<TxStatusIndex open={len(self.open)} past={len(self._past)}>"

    def get(self, digest: bytes) -> TxStatus | None:
        """Return the status of an accepted operation that is not pending; None for an unknown digest."""
        return self.open.get(digest) or self._past.get(digest)

    def final(self, entry: int) -> list[bytes]:
        """Return the digests of operations decided by entries up to `entry`."""
        return [digest for digest, tx_status in self.open.items() if tx_status.entry <= entry]

    def close(self, digests: Iterable[bytes]) -> None:
        """Mark operations as final; the oldest final statuses are discarded above the limit."""
        for digest in digests:
            self._past[digest] = self.open.pop(digest)
        while len(self._past) > _REMEMBERED:
            self._past.popitem(last=False)


def included(used: Sequence[tuple[bytes, bytes]], entries: Sequence[tuple[int, Entry]]) -> dict[bytes, int]:
    """Return the entry of each operation whose nonce is used; operations found in no entry are left out.

    Args:
        used: digest and record of each operation.
        entries: entries to search, with their numbers. Equal operations of an account are matched in order.
    """
    wanted = {_name(record) for _, record in used}
    found: defaultdict[bytes, deque[int]] = defaultdict(deque)
    for number, entry in entries:
        for raw in entry.frames():
            frame = decode_frame(raw)
            if frame.kind in (FrameType.SKIP, FrameType.ACCOUNTS):
                continue
            for op in frame.ops:
                name = _name_of(frame, op)
                if name in wanted:
                    found[name].append(number)
    places = {}
    for digest, record in used:
        row = found.get(_name(record))
        if row:
            places[digest] = row.popleft()
    return places


def _name(record: bytes) -> bytes:
    """Return the part of an operation that a frame contains: all but the nonce and its share of a BLS signature."""
    return record[:5] + record[9:48] + (b"" if len(record) == BLS_RECORD else record[48:])


def _name_of(frame: Frame, op: Op) -> bytes:
    target = op.to.to_bytes(20, "big") if op.target is None else address_bytes(op.target)
    head = bytes((frame.kind.withdraws,)) + op.sender.to_bytes(4, "big") + frame.token.to_bytes(2, "big")
    return head + bytes((frame.fee,)) + op.amount.to_bytes(16, "big") + target + op.signature
