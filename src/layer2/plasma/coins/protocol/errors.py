"""Errors of coins and coin histories."""

from __future__ import annotations

from layer2.primitives.errors import InputError, MalformedError, RecoverableError
from layer2.primitives.rejections import Rejected

__all__ = [
    "BodyMissing",
    "CoinExiting",
    "CoinRefused",
    "CoinSpent",
    "UnknownCoin",
    "EvidenceMalformed",
    "HistoryBroken",
    "NotAnswerable",
]


class BodyMissing(RecoverableError):
    """The source does not have the data of a block; another source may have it, or this one later."""


class EvidenceMalformed(MalformedError):
    """The bytes are not a valid encoding of a coin history."""


class HistoryBroken(InputError):
    """A block includes an invalid transfer of the coin, or a proof of the block's content is invalid.

    Attributes:
        coin: The coin.
        number: The block.
        proven: True if the block itself is invalid, so that no other proof can help; the owner must exit from the state
            before it.
    """

    def __init__(self, coin: int, number: int, why: str, *, proven: bool = False) -> None:
        self.coin = coin
        self.number = number
        self.proven = proven
        hint = "exit from the state before that block" if proven else "ask for other evidence, or exit"
        super().__init__(f"coin {coin:#x}, block {number}: {why}", hint=hint)


class CoinRefused(InputError):
    """The coin cannot be received, transferred or exited in this way; nothing has changed."""


class NotAnswerable(InputError):
    """The history has no transfer that answers this challenge."""


class UnknownCoin(Rejected):
    """The coin has no unpaid deposit, or none that is confirmed yet."""


class CoinSpent(Rejected):
    """The transfer spends an already spent one: another transfer is included or pending."""


class CoinExiting(Rejected):
    """An exit of the coin is running, so that a new owner could not rely on the transfer."""
