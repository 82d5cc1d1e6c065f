"""What a node of the rollup refuses, and why: each names who, what was given and what was needed."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError

__all__ = [
    "AccountUnknown",
    "BalanceTooLow",
    "DataMissing",
    "FeeTooLow",
    "NonceWrong",
    "Rejected",
    "SnapshotWrong",
    "StateUnknown",
]


class Rejected(RecoverableError):
    """Base of the refusals of an operation: nothing was accepted, nothing has changed."""


class AccountUnknown(Rejected):
    """No such account, or not of this token."""


class NonceWrong(Rejected):
    """Not the account's next step."""


class BalanceTooLow(Rejected):
    """Amount and fee are more than the balance, what is pending counted."""


class FeeTooLow(Rejected):
    """Below what the sequencer asks for."""


class StateUnknown(RecoverableError):
    """A state was asked for that the node has not reached."""


class DataMissing(RecoverableError):
    """The chain commits to data that nobody has given to the node yet."""


class SnapshotWrong(FatalError):
    """A snapshot is not the state of a final assertion of this rollup."""
