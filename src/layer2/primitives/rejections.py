"""Rejections of operations, shared by all families; each names the object, the value given and the value needed."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError

__all__ = [
    "FeeTooLow",
    "JournalMismatch",
    "MempoolFull",
    "Rejected",
    "SignatureWrong",
    "StateUnknown",
    "TooLarge",
    "ViewIncomplete",
]


class Rejected(RecoverableError):
    """Base of the rejections of an operation: nothing was accepted or changed.

    Attributes:
        have: the number given, if there is one.
        need: the number needed, if there is one.
    """

    def __init__(
        self, message: str, *, have: int | None = None, need: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.have = have
        self.need = need


class FeeTooLow(Rejected):
    """The fee is below the operator's minimum."""


class SignatureWrong(Rejected):
    """The signature is not by the owner's key over this operation for this contract."""


class TooLarge(Rejected):
    """An amount or a request exceeds the node's limit."""


class MempoolFull(Rejected):
    """The mempool is full."""


class StateUnknown(RecoverableError):
    """The requested data is unknown to the node, or not reached yet."""


class ViewIncomplete(RecoverableError):
    """The wallet has not received all blocks or entries; its known outputs are incomplete and may be spent."""


class JournalMismatch(FatalError):
    """The journal was written for another contract, or for a chain with another history."""
