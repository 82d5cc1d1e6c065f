"""Errors of wallets; each names the subject, the given value and the required one."""

from __future__ import annotations

from layer2.primitives.errors import MalformedError, RecoverableError
from layer2.primitives.rejections import ViewIncomplete

__all__ = [
    "FundsMissing",
    "OperatorMisbehaved",
    "HeldInFlight",
    "ExitProofMalformed",
    "ExitProofInvalid",
    "OutputUnknown",
    "PaymentUnknown",
    "StillPending",
    "SwapInvalid",
    "ViewIncomplete",
]


class ExitProofMalformed(MalformedError):
    """The text is not a valid file of exit proofs."""


class ExitProofInvalid(RecoverableError):
    """An exit proof does not match L1, so that an exit with it is impossible."""


class FundsMissing(RecoverableError):
    """The spendable outputs do not suffice.

    Attributes:
        have, need: amounts in smallest units, or numbers of outputs.
    """

    def __init__(self, message: str, *, have: int, need: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.have = have
        self.need = need


class OutputUnknown(RecoverableError):
    """The wallet has no output at the position, or not any more."""


class PaymentUnknown(RecoverableError):
    """The wallet has not signed such a payment."""


class StillPending(RecoverableError):
    """A payment may still be included, so that no replacement may be signed yet."""


class OperatorMisbehaved(RecoverableError):
    """An answer of an operator contradicts L1; nothing of it was used."""


class HeldInFlight(RecoverableError):
    """An in-flight exit holds an output; no other exit of it can start until it ends or releases the output."""


class SwapInvalid(RecoverableError):
    """The returned payment is not the swap that was offered."""
