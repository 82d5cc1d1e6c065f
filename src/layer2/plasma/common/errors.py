"""Errors of plasma nodes; each names the subject, the given value and the required one."""

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
)

__all__ = [
    "BlockLost",
    "DepositsMissing",
    "Expired",
    "FeeTooLow",
    "InputSpent",
    "InputUnknown",
    "JournalMismatch",
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
    """The position holds no output, or not yet."""


class InputSpent(Rejected):
    """The output is spent, by a block or by a pending payment."""


class OutputExiting(Rejected):
    """The output has exited or is exiting."""


class Overspent(Rejected):
    """The outputs exceed the inputs of a token."""


class Expired(Rejected):
    """The last block that could include the transaction has been made."""


class KindWrong(Rejected):
    """Only the operator may make transactions of this kind."""


class BlockLost(FatalError):
    """L1 holds a block that this operator did not make, or one that has become invalid."""


class DepositsMissing(RecoverableError):
    """L1 lacks deposits that blocks spend; no block is made until they return or the blocks are discarded."""
