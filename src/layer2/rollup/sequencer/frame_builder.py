"""Frames from pending operations: by kind, token and fee, best paying and fullest first, nobody starved.

Inside an account the order of nonces holds, and what pays for an operation comes before it: frames are put in an order
in which every operation still works.
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
from layer2.rollup.state.overlay import Layer

__all__ = ["Draft", "encode_accounts", "encode_drafts", "pack"]

_Group = tuple[FrameType, bytes]
_PACKED = (FrameType.TRANSFERS, FrameType.WIDE_TRANSFERS, FrameType.ECDSA_TRANSFERS)
_EXACT = (FrameType.EXACT_TRANSFERS, FrameType.ECDSA_EXACT_TRANSFERS)


@dataclass(slots=True)
class Draft:
    """A frame to be: operations of one kind, one token and one fee class (`head`: token(2) fee(1)).

    `needs`: the numbers of drafts that must come before it; `since`: when its oldest operation was accepted.
    """

    kind: FrameType
    head: bytes
    since: float
    records: list[bytes] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)

    @property
    def token(self) -> int:
        """Of all its operations."""
        return int.from_bytes(self.head[:2], "big")

    @property
    def fee(self) -> int:
        """Of each of its operations, smallest units."""
        return fee_of(self.head[2])


class _Account:
    """What was put into drafts of an account: money left that needs nobody's draft, and where it sent and received."""

    __slots__ = ("free", "funded", "received", "sent")

    def __init__(self, free: int) -> None:
        self.free = free
        self.sent = -1
        self.received: list[int] = []
        self.funded = 0


def pack(pending: Sequence[tuple[bytes, float]], base: Layer, most: int, overdue: float) -> list[Draft]:
    """The drafts of at most `most` frames, in an order in which every operation works.

    Args:
        pending: records and when they were accepted, in an order in which they work.
        base: the accounts before the first of them.
        overdue: what was accepted before this time comes first.
    """
    return _ordered(_drafts(pending, base), most, overdue)


def encode_drafts(
    drafts: Sequence[Draft],
    fee_accounts: Mapping[int, int],
    add_up: Callable[[Sequence[Sequence[bytes]]], list[bytes]],
) -> list[bytes]:
    """The frames, 496 bytes each. `add_up`: sums of groups of BLS signatures."""
    signed = [at for at, one in enumerate(drafts) if one.kind.by_bls]
    sums = dict(zip(signed, add_up([[one[48:] for one in drafts[at].records] for at in signed]), strict=True))
    return [_encode(one, fee_accounts, sums.get(at, b"")) for at, one in enumerate(drafts)]


def encode_accounts(token: int, keys: Sequence[bytes]) -> list[bytes]:
    """Frames that open accounts of a token for BLS keys, 96 bytes each."""
    most = LIMITS[FrameType.ACCOUNTS]
    rows = (keys[at : at + most] for at in range(0, len(keys), most))
    head = bytes((FrameType.ACCOUNTS,)) + token.to_bytes(2, "big") + bytes(5)
    return [(head + bytes((len(row),)) + b"".join(row)).ljust(FRAME_BYTES, b"\0") for row in rows]


def _drafts(pending: Sequence[tuple[bytes, float]], base: Layer) -> list[Draft]:
    drafts: list[Draft] = []
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
            # From here on they lie before all that the account sends: each is asked for once.
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


def _place(drafts: list[Draft], opened: list[int], key: _Group, after: int, since: float) -> int:
    """The first draft of a group that has room and does not lie before `after`; a new one if there is none."""
    limit = LIMITS[key[0]]
    at = bisect_left(opened, after)
    if at < len(opened):
        place = opened[at]
        if len(drafts[place].records) == limit - 1:
            del opened[at]
        return place
    drafts.append(Draft(*key, since))
    if limit > 1:
        opened.append(len(drafts) - 1)
    return len(drafts) - 1


def _ordered(drafts: list[Draft], most: int, overdue: float) -> list[Draft]:
    """Take the best of those whose needs are taken, until there is no room."""
    waiting = [len(one.needs) for one in drafts]
    behind: dict[int, list[int]] = {}
    for place, one in enumerate(drafts):
        for need in one.needs:
            behind.setdefault(need, []).append(place)

    def rank(place: int) -> tuple[bool, float, int, int]:
        one = drafts[place]
        late = one.since <= overdue
        # Among late ones the order of their coming: nothing can be better paid than to be heard at all.
        return (not late, one.since if late else 0.0, -one.fee * len(one.records), -len(one.records))

    ready = [(rank(place), place) for place, left in enumerate(waiting) if not left]
    heapq.heapify(ready)
    taken: list[Draft] = []
    while ready and len(taken) < most:
        _, place = heapq.heappop(ready)
        taken.append(drafts[place])
        for later in behind.get(place, ()):
            waiting[later] -= 1
            if not waiting[later]:
                heapq.heappush(ready, (rank(later), later))
    return taken


def _encode(draft: Draft, fee_accounts: Mapping[int, int], signature: bytes) -> bytes:
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
