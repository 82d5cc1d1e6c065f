"""What a node of the plasma chain refuses, and why: each names who, what was given and what was needed."""

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
)

__all__ = [
    "BlockLost",
    "DepositsMissing",
    "Expired",
    "FeeTooLow",
    "InputSpent",
    "InputUnknown",
    "JournalForeign",
    "KindWrong",
    "MempoolFull",
    "OutputExiting",
    "Overspent",
    "Rejected",
    "SignatureWrong",
    "StateUnknown",
    "TooLarge",
]


class InputUnknown(Rejected):
    """No output is at this position, or not yet."""


class InputSpent(Rejected):
    """The output is spent, by a block or by what is pending."""


class OutputExiting(Rejected):
    """The output leaves through the contract, or has left."""


class Overspent(Rejected):
    """The outputs give more of a token than the inputs hold."""


class Expired(Rejected):
    """The last block that could include it has been made."""


class KindWrong(Rejected):
    """A transaction that only the operator makes."""


class BlockLost(FatalError):
    """The chain holds a block that this operator did not make, or one that it cannot stand for any more."""


class DepositsMissing(RecoverableError):
    """The chain took back deposits that blocks spend: no block is made until they are there again, or given up."""
