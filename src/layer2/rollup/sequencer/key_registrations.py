"""Accounts that were asked for: keys that wait for one, what was paid for each, and how many may wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from layer2.rollup.protocol.errors import FeeTooLow, MempoolFull
from layer2.rollup.protocol.frames import LIMITS, FrameType
from layer2.rollup.protocol.signed_operation import FIELDS

__all__ = ["FREE", "KeyPolicy", "Opening", "Openings", "room_for_keys"]

FREE = bytes(32)
"""In the place of a payment where nothing is asked for."""

_MOST = 1_024
_SHARE = 8
_PER_FRAME = LIMITS[FrameType.ACCOUNTS]


@dataclass(frozen=True, slots=True)
class Opening:
    """A key that waits for an account of a token; `payment`: the digest of the transfer that pays for it, or FREE."""

    key: bytes
    token: int
    payment: bytes = FREE

    @property
    def name(self) -> tuple[bytes, int]:
        """What it is for."""
        return self.key, self.token


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """What a new account costs its user, in wei, and how many keys may wait at once.

    It costs the sequencer a fifth of a frame: whoever takes keys from anybody asks something for them.
    """

    fee: int = 0
    most: int = _MOST

    def check(self, count: int, waiting: int, payment: bytes, receiver: int | None) -> None:
        """Refuse so many keys beside those that wait, or a payment (a record; empty: none) that does not cover them.

        Raises:
            MempoolFull, FeeTooLow
        """
        if waiting + count > self.most:
            raise MempoolFull(
                f"{waiting} keys wait for an account, {count} more asked",
                have=waiting,
                need=self.most - count,
                hint="try again after the next entry",
            )
        need = self.fee * count
        have = _paid(payment, receiver)
        if have < need:
            raise FeeTooLow(
                f"{count} accounts cost {need} wei, a transfer of {have} to account {receiver} given",
                have=have,
                need=need,
                hint="send a signed transfer of ether to the sequencer's account along as the payment",
            )


class Openings:
    """What waits, in the order of its coming, and in which entry what waits no longer was opened."""

    def __init__(self, rows: Iterable[Opening] = ()) -> None:
        self.waiting: dict[tuple[bytes, int], Opening] = {one.name: one for one in rows}
        self.opened: dict[tuple[bytes, int], int] = {}

    def __repr__(self) -> str:
        return f"<Openings waiting={len(self.waiting)} opened={len(self.opened)}>"

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, rows: Iterable[Opening]) -> None:
        """They wait from now on."""
        self.waiting |= {one.name: one for one in rows}

    def settle(self, exists: Callable[[Opening], bool], dropped: Callable[[bytes], bool], entry: int) -> None:
        """Take out those that have an account after an entry, and those whose payment will never happen."""
        for one in list(self.waiting.values()):
            if exists(one):
                self.opened[one.name] = entry
                del self.waiting[one.name]
            elif one.payment != FREE and dropped(one.payment):
                del self.waiting[one.name]

    def ready(self, pending: Callable[[bytes], bool]) -> list[tuple[bytes, int]]:
        """Those whose payment is in the inbox, or that need none."""
        return [one.name for one in self.waiting.values() if one.payment == FREE or not pending(one.payment)]


def room_for_keys(keys: int, overdue: int, most: int) -> int:
    """Frames of an entry of `most` that open accounts: a share of it, and none that overdue payments need."""
    frames = -(-keys // _PER_FRAME)
    return max(0, min(frames, max(1, most // _SHARE), most - overdue))


def _paid(payment: bytes, receiver: int | None) -> int:
    """What a record pays to the account, in ether; nothing for anything else."""
    if not payment or receiver is None:
        return 0
    out, _, _, token, _, high, low, head, to = FIELDS.unpack_from(payment)
    return 0 if out or token or any(head) or to != receiver else high << 64 | low
