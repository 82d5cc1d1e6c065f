"""What a node of the rollup refuses, and why: each names who, what was given and what was needed."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError

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
    "Rejected",
    "SignatureWrong",
    "SnapshotWrong",
    "StateUnknown",
    "TooLarge",
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


class AccountUnknown(Rejected):
    """No such account, or not of this token."""


class NonceWrong(Rejected):
    """Not the account's next step."""


class BalanceTooLow(Rejected):
    """Amount and fee are more than the balance, what is pending counted."""


class FeeTooLow(Rejected):
    """Below what the sequencer asks for."""


class FeeUnwanted(Rejected):
    """A fee in a token in which the sequencer has no account to take one: the frame would do nothing."""


class SignatureWrong(Rejected):
    """Not by the key of the account, over this very operation, for this rollup."""


class TooLarge(Rejected):
    """An amount or a request beyond what the sequencer takes."""


class MempoolFull(Rejected):
    """As many operations are pending as the sequencer keeps."""


class PartlyAccepted(RecoverableError):
    """Only the first `accepted` operations of a batch were accepted; what was accepted stays accepted."""

    def __init__(self, message: str, *, accepted: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.accepted = accepted


class ProofWrong(RecoverableError):
    """A proof does not lead to what it says."""


class StateUnknown(RecoverableError):
    """A state was asked for that the node has not reached."""


class DataMissing(RecoverableError):
    """The chain commits to data that nobody has given to the node yet."""


class SnapshotWrong(FatalError):
    """A snapshot is not the state of a final assertion of this rollup."""


class JournalForeign(FatalError):
    """A journal was written for another rollup, or for a chain that had other entries."""
