"""Why a coin, or what is said about it, is not taken."""

from __future__ import annotations

from layer2.primitives.errors import InputError, MalformedError, RecoverableError
from layer2.primitives.rejections import Rejected

__all__ = [
    "BodyMissing",
    "CoinLeaving",
    "CoinRefused",
    "CoinSpent",
    "CoinUnknown",
    "EvidenceMalformed",
    "HistoryBroken",
    "NotAnswerable",
]


class BodyMissing(RecoverableError):
    """The body of a block is not to be had from who was asked; others may have it, or it later."""


class EvidenceMalformed(MalformedError):
    """Bytes are no history of a coin."""


class HistoryBroken(InputError):
    """A block says about the coin what no owner signed, or it was not shown what the block says.

    Attributes:
        coin: the coin.
        number: the block.
        proven: the block itself is at fault, and no other evidence can mend it: the owner leaves from the state before.
    """

    def __init__(self, coin: int, number: int, why: str, *, proven: bool = False) -> None:
        self.coin = coin
        self.number = number
        self.proven = proven
        hint = "exit from the state before that block" if proven else "ask for other evidence, or exit"
        super().__init__(f"coin {coin}, block {number}: {why}", hint=hint)


class CoinRefused(InputError):
    """The coin cannot be received, passed on or taken out like that; nothing has changed."""


class NotAnswerable(InputError):
    """The history has no transfer that answers this challenge."""


class CoinUnknown(Rejected):
    """There is no such coin, or not yet, or no more: what a node knows of the chain has no deposit to move."""


class CoinSpent(Rejected):
    """The transfer spends what was spent already: by a block, or by another transfer that is pending."""


class CoinLeaving(Rejected):
    """An exit of the coin is running: nobody could believe that it is the new owner's."""
