"""What a node of the rollup refuses, and why: each names who, what was given and what was needed."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError
from layer2.primitives.rejections import (
    FeeTooLow,
    JournalForeign,
    MempoolFull,
    Rejected,
    SignatureWrong,
    StateUnknown,
    TooLarge,
    ViewIncomplete,
)

__all__ = [
    "AccountUnknown",
    "BalanceTooLow",
    "DataMissing",
    "FeeTooLow",
    "FeeUnwanted",
    "JournalForeign",
    "MempoolFull",
    "NonceWrong",
    "PartlyAccepted",
    "ProofWrong",
    "PurchaseUnsafe",
    "Rejected",
    "SignatureWrong",
    "SnapshotWrong",
    "StateUnknown",
    "TooLarge",
    "ViewIncomplete",
]


class AccountUnknown(Rejected):
    """No such account, or not of this token."""


class NonceWrong(Rejected):
    """Not the account's next step."""


class BalanceTooLow(Rejected):
    """Amount and fee are more than the balance, what is pending counted."""


class FeeUnwanted(Rejected):
    """A fee in a token in which the sequencer has no account to take one: the frame would do nothing."""


class PartlyAccepted(RecoverableError):
    """Only the first `accepted` operations of a batch were accepted; what was accepted stays accepted."""

    def __init__(self, message: str, *, accepted: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.accepted = accepted


class ProofWrong(RecoverableError):
    """A proof does not lead to what it says."""


class PurchaseUnsafe(RecoverableError):
    """A withdrawal that its buyer could lose, or that is not there."""


class DataMissing(RecoverableError):
    """The chain commits to data that nobody has given to the node yet."""


class SnapshotWrong(FatalError):
    """A snapshot is not the state of a final assertion of this rollup."""
