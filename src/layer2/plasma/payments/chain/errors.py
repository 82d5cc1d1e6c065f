"""What a wallet refuses, and why: each names who, what was given and what was needed."""

from __future__ import annotations

from layer2.primitives.errors import MalformedError, RecoverableError
from layer2.primitives.rejections import ViewIncomplete

__all__ = [
    "FundsMissing",
    "GateLied",
    "HeldInFlight",
    "KitMalformed",
    "KitWrong",
    "OutputUnknown",
    "PaymentUnknown",
    "StillPending",
    "SwapWrong",
    "ViewIncomplete",
]


class KitMalformed(MalformedError):
    """Text is no file of exit kits."""


class KitWrong(RecoverableError):
    """A kit does not lead to what the chain has: nobody could exit with it."""


class FundsMissing(RecoverableError):
    """The outputs that can be spent now do not add up to what is asked.

    Attributes:
        have, need: smallest units.
    """

    def __init__(self, message: str, *, have: int, need: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.have = have
        self.need = need


class OutputUnknown(RecoverableError):
    """No output of this wallet is at that position, or not any more."""


class PaymentUnknown(RecoverableError):
    """This wallet has not signed such a payment."""


class StillPending(RecoverableError):
    """A payment may still be included: nothing may be signed in its place yet."""


class GateLied(RecoverableError):
    """An operator said what the chain does not bear out. Nothing of it was believed."""


class HeldInFlight(RecoverableError):
    """An in-flight exit holds an output: until it is over, or lets go of it, no other exit of the output starts."""


class SwapWrong(RecoverableError):
    """What came back is not the swap that was offered."""
