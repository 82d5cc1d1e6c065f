"""The root chain's errors with the contract's names and fields, in the same order."""

from __future__ import annotations

from layer2.primitives.contract_errors import ModelledRevert


class RootError(ModelledRevert):
    """The root chain reverted a call, so that nothing changed.

    Attributes:
        arguments: the error's fields by their Solidity names.
    """

    MEANING = "The root chain refused"


class UnauthorizedCaller(RootError):
    """The caller is not the account that may call this function."""

    FIELDS = (
        "caller",
        "need",
    )
    MEANING = "Only this one may do it"


class UnknownToken(RootError):
    """The token id is not registered."""

    FIELDS = ("id",)
    MEANING = "No such token"


class InvalidAmount(RootError):
    """The amount is zero or exceeds 96 bits."""

    FIELDS = ("amount",)
    MEANING = "Zero, or more than 96 bits"


class MissingOwner(RootError):
    """The output's owner is the zero address."""

    MEANING = "An output needs an owner"


class InsufficientTransfer(RootError):
    """The token transferred a different amount than requested."""

    FIELDS = (
        "token",
        "have",
        "need",
    )
    MEANING = "The token moved another amount than it said"


class ChainFrozen(RootError):
    """The chain is frozen and accepts neither blocks nor deposits."""

    MEANING = "The chain is frozen: no more blocks, no more deposits"


class UnexpectedBlockNumber(RootError):
    """The block number is not the next one, after a reorganisation or a repeated submission."""

    FIELDS = (
        "given",
        "next",
    )
    MEANING = "The operator believes to be somewhere else: a reorganisation, or the same block twice"


class InvalidCount(RootError):
    """The number of transactions is not within 1 to 65,536."""

    FIELDS = ("count",)
    MEANING = "A block has 1 to 65,536 transactions"


class IncorrectValue(RootError):
    """The value sent is not the bond."""

    FIELDS = (
        "given",
        "need",
    )
    MEANING = "The value sent is not the bond"


class TooEarly(RootError):
    """The call is too early."""

    FIELDS = (
        "now_",
        "from",
    )
    MEANING = "Too early"


class TooLate(RootError):
    """The call is too late."""

    FIELDS = (
        "now_",
        "until",
    )
    MEANING = "Too late"


class InvalidTransaction(RootError):
    """The bytes are not a valid transaction, or not one of the required kind."""

    MEANING = "These bytes are no transaction, or not of the kind needed"


class InvalidOutput(RootError):
    """The output does not exist, or is not that of the exit."""

    FIELDS = ("position",)
    MEANING = "The output is not there, or is not that of the exit"


class InvalidProof(RootError):
    """The header, path or record does not match the contract's commitment."""

    FIELDS = ("position",)
    MEANING = "The header, path or record does not lead to what the contract knows"


class LateInclusion(RootError):
    """The block may not include the transaction, or (`number` zero) it has expired and needs an inclusion proof."""

    FIELDS = (
        "number",
        "expiry",
    )
    MEANING = "The transaction may not be in that block, or (`number` zero) has expired and needs a proof of inclusion"


class UnexpectedExitStatus(RootError):
    """The exit's status does not allow the call."""

    FIELDS = (
        "id",
        "status",
    )
    MEANING = "The exit is not in a state for this"


class ExitBlocked(RootError):
    """The spend that stopped this exit may still be included, until block `until`."""

    FIELDS = (
        "id",
        "until",
    )
    MEANING = "The spender that stopped this exit may still be included, until that block"


class OutputHeld(RootError):
    """An in-flight exit holds the output, so that no other exit may pay it."""

    FIELDS = ("id",)
    MEANING = "An in-flight exit holds this output: no other game may pay it meanwhile"


class NothingToHold(RootError):
    """The in-flight exit already holds exactly the inputs that it needs and can get."""

    FIELDS = (
        "id",
        "held",
    )
    MEANING = "The game holds all that it needs and can get, and nothing more"


class InvalidSpend(RootError):
    """The transaction does not spend the output."""

    FIELDS = (
        "position",
        "need",
    )
    MEANING = "The transaction spends something else"


class InvalidSignature(RootError):
    """The signature is not by the owner."""

    FIELDS = ("owner",)
    MEANING = "The signature is not this owner's"


class NotCovered(RootError):
    """The payout would leave older exits uncovered; list newer buckets, or wait."""

    FIELDS = (
        "token",
        "need",
        "have",
    )
    MEANING = "Paying would leave older exits uncovered: list newer buckets, or wait"


class UnsortedBuckets(RootError):
    """The listed buckets do not increase."""

    MEANING = "The buckets listed must increase"


class NothingToPay(RootError):
    """None of the exits is payable now."""

    MEANING = "None of the exits can be paid now"


class UnexpectedInFlightStatus(RootError):
    """The in-flight exit's status does not allow the call."""

    FIELDS = (
        "id",
        "status",
    )
    MEANING = "The in-flight exit is not in a state for this"


class InvalidInputs(RootError):
    """The numbers of inputs, proofs and signatures differ, or an output is repeated."""

    FIELDS = ("index",)
    MEANING = "As many inputs, as many proofs and signatures; no output twice"


class UnbalancedAmounts(RootError):
    """The outputs exceed the inputs of a token."""

    FIELDS = ("token",)
    MEANING = "More goes out than comes in"


class InvalidPiggyback(RootError):
    """The input or output does not exist, has the wrong piggyback status, or was shown to be spent."""

    FIELDS = ("bits",)
    MEANING = "The input or output is not there, is there already or no more, or was shown to be spent"


class SameTransaction(RootError):
    """A transaction cannot compete with itself."""

    MEANING = "A transaction does not compete with itself"


class NotOlder(RootError):
    """The shown transaction is not older than the known one."""

    FIELDS = (
        "place",
        "known",
    )
    MEANING = "Not older than what is known already"


class UnexpectedDataStatus(RootError):
    """The data challenge exists or was answered already, or does not exist."""

    FIELDS = (
        "number",
        "index",
    )
    MEANING = "Asked, or answered, already; or not asked"


class NothingPending(RootError):
    """The caller has no deferred payment."""

    FIELDS = (
        "owner",
        "token",
    )
    MEANING = "Nothing waits for the caller"


class PaymentFailed(RootError):
    """The payment failed; another receiver may work."""

    FIELDS = ("to", "token")
    MEANING = "The money could not be paid; try another address"
