"""Key registrations: keys waiting for an account, their payments, and the limit on waiting keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from layer2.rollup.protocol.errors import FeeTooLow, MempoolFull
from layer2.rollup.protocol.frames import LIMITS, FrameType
from layer2.rollup.protocol.signed_operation import FIELDS

__all__ = ["FREE", "KeyPolicy", "Opening", "KeyRegistrations", "room_for_keys"]

FREE = bytes(32)
"""Payment digest of a registration that requires no payment."""

_MOST = 1_024
_SHARE = 8
_PER_FRAME = LIMITS[FrameType.ACCOUNTS]


@dataclass(frozen=True, slots=True)
class Opening:
    """A key waiting for an account of a token.

    Attributes:
        key: the BLS key.
        token: number of the token.
        payment: digest of the transfer that pays for the account, or FREE.
    """

    key: bytes
    token: int
    payment: bytes = FREE

    @property
    def name(self) -> tuple[bytes, int]:
        """Key and token of the account."""
        return self.key, self.token


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """Price of an account and limit on waiting keys.

    An account takes a fifth of a frame, so a sequencer that accepts keys from anyone should charge for them.

    Attributes:
        fee: price of an account, in wei.
        most: maximum number of waiting keys.
    """

    fee: int = 0
    most: int = _MOST

    def check(self, count: int, waiting: int, payment: bytes, receiver: int | None) -> None:
        """Reject keys above the limit, or a payment that does not cover them.

        Args:
            count: number of keys requested.
            waiting: number of keys already waiting.
            payment: record of the payment; empty if there is none.
            receiver: account that must receive the payment; None if there is none.

        Raises:
            MempoolFull: too many keys would be waiting.
            FeeTooLow: the payment does not cover the price of the keys.
        """
        if waiting + count > self.most:
            raise MempoolFull(
                f"{waiting} keys wait for an account, {count} more requested",
                have=waiting,
                need=self.most - count,
                hint="try again after the next entry",
            )
        need = self.fee * count
        have = _paid(payment, receiver)
        if have < need:
            raise FeeTooLow(
                f"{count} accounts cost {need} wei, a transfer of {have} wei to account {receiver} given",
                have=have,
                need=need,
                hint="add a signed ether transfer to the sequencer's account",
            )


class KeyRegistrations:
    """Waiting registrations in order of arrival, and for completed ones the entry that opened the account."""

    def __init__(self, rows: Iterable[Opening] = ()) -> None:
        self.waiting: dict[tuple[bytes, int], Opening] = {one.name: one for one in rows}
        self.opened: dict[tuple[bytes, int], int] = {}

    def __repr__(self) -> str:
        return f"<KeyRegistrations waiting={len(self.waiting)} opened={len(self.opened)}>"

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, rows: Iterable[Opening]) -> None:
        """Add waiting registrations."""
        self.waiting |= {one.name: one for one in rows}

    def settle(self, exists: Callable[[Opening], bool], dropped: Callable[[bytes], bool], entry: int) -> None:
        """Remove registrations whose account exists after `entry`, and those whose payment was dropped."""
        for one in list(self.waiting.values()):
            if exists(one):
                self.opened[one.name] = entry
                del self.waiting[one.name]
            elif one.payment != FREE and dropped(one.payment):
                del self.waiting[one.name]

    def ready(self, pending: Callable[[bytes], bool]) -> list[tuple[bytes, int]]:
        """Return key and token of the registrations whose payment is in the inbox or that require none."""
        return [one.name for one in self.waiting.values() if one.payment == FREE or not pending(one.payment)]


def room_for_keys(keys: int, overdue: int, most: int) -> int:
    """Return the number of account frames in an entry of `most` frames, leaving room for overdue operations.

    Account frames take at most an eighth of an entry, but at least one frame, and none of the `overdue` frames.
    """
    frames = -(-keys // _PER_FRAME)
    return max(0, min(frames, max(1, most // _SHARE), most - overdue))


def _paid(payment: bytes, receiver: int | None) -> int:
    """Return the wei that a record pays to the account in ether; 0 for any other record."""
    if not payment or receiver is None:
        return 0
    out, _, _, token, _, high, low, head, to = FIELDS.unpack_from(payment)
    return 0 if out or token or any(head) or to != receiver else high << 64 | low
