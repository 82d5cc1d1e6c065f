"""Builds frames from pending operations, grouped by kind, token and fee; best-paying and fullest frames come first.

The nonce order within an account is preserved, and incoming payments precede the operations that spend them, so every
operation is valid in the order of the frames. Overdue operations come first, so none is delayed forever.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from layer2.rollup.protocol.batch_signatures import BLS_RECORD
from layer2.rollup.protocol.compressed_amounts import fee_of
from layer2.rollup.protocol.frames import LIMITS, FrameType
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.protocol.signed_operation import FIELDS, kind_of, packed_amount
from layer2.rollup.state.overlay import StateOverlay

__all__ = ["FrameDraft", "encode_accounts", "encode_drafts", "pack"]

_Group = tuple[FrameType, bytes]
_PACKED = (FrameType.TRANSFERS, FrameType.WIDE_TRANSFERS, FrameType.ECDSA_TRANSFERS)
_EXACT = (FrameType.EXACT_TRANSFERS, FrameType.ECDSA_EXACT_TRANSFERS)


@dataclass(slots=True)
class FrameDraft:
    """A frame under construction: operations of one kind, one token and one fee class.

    Attributes:
        kind: type of the frame.
        head: token(2) fee(1).
        since: time at which the oldest operation was accepted.
        records: operations in the frame.
        needs: indices of drafts that must precede this one.
    """

    kind: FrameType
    head: bytes
    since: float
    records: list[bytes] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)

    @property
    def token(self) -> int:
        """Token of all operations."""
        return int.from_bytes(self.head[:2], "big")

    @property
    def fee(self) -> int:
        """Fee of each operation, in smallest units."""
        return fee_of(self.head[2])


class _Account:
    """Packing state of an account.

    Attributes:
        free: balance that can be spent without requiring further drafts.
        sent: index of the last draft in which the account sends; -1 if none.
        received: indices of the drafts that pay the account.
        funded: number of `received` drafts that already precede the account's operations.
    """

    __slots__ = ("free", "funded", "received", "sent")

    def __init__(self, free: int) -> None:
        self.free = free
        self.sent = -1
        self.received: list[int] = []
        self.funded = 0


def pack(pending: Sequence[tuple[bytes, float]], base: StateOverlay, most: int, overdue: float) -> list[FrameDraft]:
    """Return at most `most` drafts, in an order in which every operation is valid.

    Args:
        pending: records with their times of acceptance, in an order in which they are valid.
        base: the accounts before the first record.
        most: maximum number of frames.
        overdue: operations accepted up to this time come first.
    """
    return _ordered(_drafts(pending, base), most, overdue)


def encode_drafts(
    drafts: Sequence[FrameDraft],
    fee_accounts: Mapping[int, int],
    add_up: Callable[[Sequence[Sequence[bytes]]], list[bytes]],
) -> list[bytes]:
    """Return the encoded frames, 496 bytes each; `add_up` aggregates groups of BLS signatures."""
    signed = [at for at, one in enumerate(drafts) if one.kind.by_bls]
    sums = dict(zip(signed, add_up([[one[48:] for one in drafts[at].records] for at in signed]), strict=True))
    return [_encode(one, fee_accounts, sums.get(at, b"")) for at, one in enumerate(drafts)]


def encode_accounts(token: int, keys: Sequence[bytes]) -> list[bytes]:
    """Return frames that open accounts of a token for BLS keys of 96 bytes each."""
    most = LIMITS[FrameType.ACCOUNTS]
    rows = (keys[at : at + most] for at in range(0, len(keys), most))
    head = bytes((FrameType.ACCOUNTS,)) + token.to_bytes(2, "big") + bytes(5)
    return [(head + bytes((len(row),)) + b"".join(row)).ljust(FRAME_BYTES, b"\0") for row in rows]


def _drafts(pending: Sequence[tuple[bytes, float]], base: StateOverlay) -> list[FrameDraft]:
    drafts: list[FrameDraft] = []
    opened: dict[_Group, list[int]] = {}
    accounts: dict[int, _Account] = {}

    def account(index: int) -> _Account:
        row = base.row(index)
        one = accounts[index] = _Account(0 if row is None else row.balance)
        return one

    unpack = FIELDS.unpack_from
    for record, since in pending:
        out, sender, _, _, fee, high, low, _, to = unpack(record)
        amount = high << 64 | low
        who = accounts.get(sender) or account(sender)
        after = who.sent
        cost = amount + fee_of(fee)
        needs = who.received[who.funded :] if who.free < cost else ()
        if needs:
            # These drafts now precede everything that the account sends, so each is required only once.
            who.funded = len(who.received)
            after = max(after, *needs)
        who.free -= cost
        key = (kind_of(out, len(record) == BLS_RECORD, sender, to, amount), record[9:12])
        place = _place(drafts, opened.setdefault(key, []), key, after, since)
        draft = drafts[place]
        draft.records.append(record)
        draft.needs.update(one for one in (*needs, who.sent) if one not in (place, -1))
        who.sent = place
        if not out:
            other = accounts.get(to) or account(to)
            if to == sender:
                other.free += amount
            elif not other.received or other.received[-1] != place:
                other.received.append(place)
    return drafts


def _place(drafts: list[FrameDraft], opened: list[int], key: _Group, after: int, since: float) -> int:
    """Return the index of the group's first draft with room at or after `after`; append a draft if there is none."""
    limit = LIMITS[key[0]]
    at = bisect_left(opened, after)
    if at < len(opened):
        place = opened[at]
        if len(drafts[place].records) == limit - 1:
            del opened[at]
        return place
    drafts.append(FrameDraft(*key, since))
    if limit > 1:
        opened.append(len(drafts) - 1)
    return len(drafts) - 1


def _ordered(drafts: list[FrameDraft], most: int, overdue: float) -> list[FrameDraft]:
    """Return at most `most` drafts in order of rank, each one after the drafts that it needs."""
    waiting = [len(one.needs) for one in drafts]
    behind: dict[int, list[int]] = {}
    for place, one in enumerate(drafts):
        for need in one.needs:
            behind.setdefault(need, []).append(place)

    def rank(place: int) -> tuple[bool, float, int, int]:
        one = drafts[place]
        late = one.since <= overdue
        # Overdue drafts are ordered by age, so that a higher fee cannot delay an older one.
        return (not late, one.since if late else 0.0, -one.fee * len(one.records), -len(one.records))

    ready = [(rank(place), place) for place, left in enumerate(waiting) if not left]
    heapq.heapify(ready)
    taken: list[FrameDraft] = []
    while ready and len(taken) < most:
        _, place = heapq.heappop(ready)
        taken.append(drafts[place])
        for later in behind.get(place, ()):
            waiting[later] -= 1
            if not waiting[later]:
                heapq.heappush(ready, (rank(later), later))
    return taken


def _encode(draft: FrameDraft, fee_accounts: Mapping[int, int], signature: bytes) -> bytes:
    kind, records = draft.kind, draft.records
    receiver = fee_accounts[draft.token] if draft.fee else 0
    head = b"%c%b%b%b%c" % (kind, draft.head, receiver.to_bytes(4, "big"), signature, len(records))
    if kind is FrameType.TRANSFERS:
        rows = [one[2:5] + one[45:48] + _packed(one) for one in records]
    elif kind is FrameType.WIDE_TRANSFERS:
        rows = [one[1:5] + one[44:48] + _packed(one) for one in records]
    elif kind is FrameType.ECDSA_TRANSFERS:
        rows = [one[1:5] + one[44:48] + _packed(one) + one[48:] for one in records]
    elif kind.withdraws:
        rows = [one[1:5] + one[12 : 48 if kind.by_bls else None] for one in records]
    else:
        rows = [one[1:5] + one[44:48] + one[12:28] + (b"" if kind.by_bls else one[48:]) for one in records]
    return (head + b"".join(rows)).ljust(FRAME_BYTES, b"\0")


def _packed(record: bytes) -> bytes:
    packed = packed_amount(int.from_bytes(record[12:28], "big"))
    assert packed is not None
    return packed
