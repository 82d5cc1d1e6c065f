"""Rejections and errors of a rollup node; each message names the subject, the given and the required value."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError
from layer2.primitives.rejections import (
    FeeTooLow,
    JournalMismatch,
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
    "JournalMismatch",
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
    """The account does not exist, or it holds another token."""


class NonceWrong(Rejected):
    """The nonce is not the account's next nonce."""


class BalanceTooLow(Rejected):
    """Amount and fee exceed the balance after pending operations."""


class FeeUnwanted(Rejected):
    """A fee in a token in which the sequencer has no account, so that the frame would have no effect."""


class PartlyAccepted(RecoverableError):
    """Only the first `accepted` operations of a batch were accepted; they remain accepted."""

    def __init__(self, message: str, *, accepted: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.accepted = accepted


class ProofWrong(RecoverableError):
    """A proof does not match the root or the rollup that it names."""


class PurchaseUnsafe(RecoverableError):
    """A withdrawal that its buyer could lose, or that does not exist."""


class DataMissing(RecoverableError):
    """Data with a commitment on L1 is not available to the node yet."""


class SnapshotWrong(FatalError):
    """A snapshot that is not the state of a final assertion of this rollup."""
