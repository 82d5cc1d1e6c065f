"""The inbox entries in which accepted operations are included."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

from layer2.primitives.addresses import address_bytes
from layer2.rollup.derivation.inbox import Entry
from layer2.rollup.protocol.batch_signatures import BLS_RECORD
from layer2.rollup.protocol.frames import Frame, FrameType, Op, decode_frame

__all__ = ["included"]


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
