"""What a node that takes operations refuses, whichever its family: each names who, what was given, what was needed."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError

__all__ = [
    "FeeTooLow",
    "JournalForeign",
    "MempoolFull",
    "Rejected",
    "SignatureWrong",
    "StateUnknown",
    "TooLarge",
    "ViewIncomplete",
]


class Rejected(RecoverableError):
    """Base of the refusals of an operation: nothing was accepted, nothing has changed.

    Attributes:
        have, need: the numbers that did not fit, where there are any.
    """

    def __init__(
        self, message: str, *, have: int | None = None, need: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.have = have
        self.need = need


class FeeTooLow(Rejected):
    """Below what the operator of the node asks for."""


class SignatureWrong(Rejected):
    """Not by the key of the owner, over this very operation, for this contract."""


class TooLarge(Rejected):
    """An amount or a request beyond what the node takes."""


class MempoolFull(Rejected):
    """As many operations are pending as the node keeps."""


class StateUnknown(RecoverableError):
    """Something was asked for that the node does not have, or has not reached."""


class ViewIncomplete(RecoverableError):
    """A wallet has not heard of all blocks or entries: what it knows is not all, and may be spent by now."""


class JournalForeign(FatalError):
    """A journal was written for another contract, or for a chain that had another history."""
