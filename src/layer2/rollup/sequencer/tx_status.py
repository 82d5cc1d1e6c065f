"""What became of accepted operations: pending, in an entry, or dropped and why. Found in the entries themselves."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layer2.primitives.addresses import address_bytes
from layer2.rollup.derivation.inbox import Entry
from layer2.rollup.protocol.batch_signatures import BLS_RECORD
from layer2.rollup.protocol.frames import Frame, FrameType, Op, decode_frame

__all__ = ["Fate", "Fates", "included"]

_REMEMBERED = 1 << 18


@dataclass(frozen=True, slots=True)
class Fate:
    """`state`: pending, posted or dropped. `entry`: which one, counted from 1 (dropped: the newest one then)."""

    state: str
    entry: int = 0
    reason: str = ""


class Fates:
    """What is pending no longer, by digest. Those that are final are remembered for a while only."""

    def __init__(self) -> None:
        self.open: dict[bytes, Fate] = {}
        self._past: OrderedDict[bytes, Fate] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Fates open={len(self.open)} past={len(self._past)}>"

    def get(self, digest: bytes) -> Fate | None:
        """Of an operation that was accepted and is not pending."""
        return self.open.get(digest) or self._past.get(digest)

    def final(self, entry: int) -> list[bytes]:
        """Those that an entry up to this one has decided for ever."""
        return [digest for digest, fate in self.open.items() if fate.entry <= entry]

    def close(self, digests: Iterable[bytes]) -> None:
        """They are final."""
        for digest in digests:
            self._past[digest] = self.open.pop(digest)
        while len(self._past) > _REMEMBERED:
            self._past.popitem(last=False)


def included(used: Sequence[tuple[bytes, bytes]], entries: Sequence[tuple[int, Entry]]) -> dict[bytes, int]:
    """In which entry each of the operations (digest, record) stands, whose nonces are used; without those in none.

    Args:
        entries: to look in, with their numbers. Equal operations of an account are found in their order.
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
    """What a frame shows of an operation: all but the nonce and the part it has in a BLS signature."""
    return record[:5] + record[9:48] + (b"" if len(record) == BLS_RECORD else record[48:])


def _name_of(frame: Frame, op: Op) -> bytes:
    target = op.to.to_bytes(20, "big") if op.target is None else address_bytes(op.target)
    head = bytes((frame.kind.withdraws,)) + op.sender.to_bytes(4, "big") + frame.token.to_bytes(2, "big")
    return head + bytes((frame.fee,)) + op.amount.to_bytes(16, "big") + target + op.signature
