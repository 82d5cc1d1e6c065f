"""The root chain's errors, one to one: same names, same fields, in the same order."""

from __future__ import annotations

from layer2.primitives.contract_errors import TwinError


class RootError(TwinError):
    """The root chain refused a call; nothing changed on chain.

    Attributes:
        arguments: the error's fields by their Solidity names.
    """

    MEANING = "The root chain refused"


class CallerWrong(RootError):
    """Only this one may do it."""

    FIELDS = (
        "caller",
        "need",
    )
    MEANING = "Only this one may do it"


class TokenUnknown(RootError):
    """No such token."""

    FIELDS = ("id",)
    MEANING = "No such token"


class AmountInvalid(RootError):
    """Zero, or more than 96 bits."""

    FIELDS = ("amount",)
    MEANING = "Zero, or more than 96 bits"


class OwnerMissing(RootError):
    """An output needs an owner."""

    MEANING = "An output needs an owner"


class TransferShort(RootError):
    """The token moved another amount than it said."""

    FIELDS = (
        "token",
        "have",
        "need",
    )
    MEANING = "The token moved another amount than it said"


class ChainFrozen(RootError):
    """The chain is frozen: no more blocks, no more deposits."""

    MEANING = "The chain is frozen: no more blocks, no more deposits"


class BlockNumberWrong(RootError):
    """The operator believes to be somewhere else: a reorganisation, or the same block twice."""

    FIELDS = (
        "given",
        "next",
    )
    MEANING = "The operator believes to be somewhere else: a reorganisation, or the same block twice"


class CountInvalid(RootError):
    """A block has 1 to 65,536 transactions."""

    FIELDS = ("count",)
    MEANING = "A block has 1 to 65,536 transactions"


class BondWrong(RootError):
    """The value sent is not the bond."""

    FIELDS = (
        "given",
        "need",
    )
    MEANING = "The value sent is not the bond"


class TooEarly(RootError):
    """Too early."""

    FIELDS = (
        "now_",
        "from",
    )
    MEANING = "Too early"


class TooLate(RootError):
    """Too late."""

    FIELDS = (
        "now_",
        "until",
    )
    MEANING = "Too late"


class TransactionInvalid(RootError):
    """These bytes are no transaction, or not of the kind needed."""

    MEANING = "These bytes are no transaction, or not of the kind needed"


class OutputWrong(RootError):
    """The output is not there, or is not that of the exit."""

    FIELDS = ("position",)
    MEANING = "The output is not there, or is not that of the exit"


class ProofInvalid(RootError):
    """The header, path or record does not lead to what the contract knows."""

    FIELDS = ("position",)
    MEANING = "The header, path or record does not lead to what the contract knows"


class InclusionLate(RootError):
    """The transaction may not be in that block, or (`number` zero) has expired and needs a proof of inclusion."""

    FIELDS = (
        "number",
        "expiry",
    )
    MEANING = "The transaction may not be in that block, or (`number` zero) has expired and needs a proof of inclusion"


class ExitStatusWrong(RootError):
    """The exit is not in a state for this."""

    FIELDS = (
        "id",
        "status",
    )
    MEANING = "The exit is not in a state for this"


class ExitBlocked(RootError):
    """The spender that stopped this exit may still be included, until that block."""

    FIELDS = (
        "id",
        "until",
    )
    MEANING = "The spender that stopped this exit may still be included, until that block"


class OutputHeld(RootError):
    """An in-flight exit holds this output: no other game may pay it meanwhile."""

    FIELDS = ("id",)
    MEANING = "An in-flight exit holds this output: no other game may pay it meanwhile"


class NothingToHold(RootError):
    """The game holds all that it needs and can get, and nothing more."""

    FIELDS = (
        "id",
        "held",
    )
    MEANING = "The game holds all that it needs and can get, and nothing more"


class SpendWrong(RootError):
    """The transaction spends something else."""

    FIELDS = (
        "position",
        "need",
    )
    MEANING = "The transaction spends something else"


class SignatureInvalid(RootError):
    """The signature is not this owner's."""

    FIELDS = ("owner",)
    MEANING = "The signature is not this owner's"


class NotCovered(RootError):
    """Paying would leave older exits uncovered: list newer buckets, or wait."""

    FIELDS = (
        "token",
        "need",
        "have",
    )
    MEANING = "Paying would leave older exits uncovered: list newer buckets, or wait"


class BucketsUnsorted(RootError):
    """The buckets listed must increase."""

    MEANING = "The buckets listed must increase"


class NothingToPay(RootError):
    """None of the exits can be paid now."""

    MEANING = "None of the exits can be paid now"


class InFlightStatusWrong(RootError):
    """The in-flight exit is not in a state for this."""

    FIELDS = (
        "id",
        "status",
    )
    MEANING = "The in-flight exit is not in a state for this"


class InputsWrong(RootError):
    """As many inputs, as many proofs and signatures; no output twice."""

    FIELDS = ("index",)
    MEANING = "As many inputs, as many proofs and signatures; no output twice"


class AmountsUnbalanced(RootError):
    """More goes out than comes in."""

    FIELDS = ("token",)
    MEANING = "More goes out than comes in"


class PiggybackWrong(RootError):
    """The input or output is not there, is there already or no more, or was shown to be spent."""

    FIELDS = ("bits",)
    MEANING = "The input or output is not there, is there already or no more, or was shown to be spent"


class SameTransaction(RootError):
    """A transaction does not compete with itself."""

    MEANING = "A transaction does not compete with itself"


class NotOlder(RootError):
    """Not older than what is known already."""

    FIELDS = (
        "place",
        "known",
    )
    MEANING = "Not older than what is known already"


class DataStatusWrong(RootError):
    """Asked, or answered, already; or not asked."""

    FIELDS = (
        "number",
        "index",
    )
    MEANING = "Asked, or answered, already; or not asked"


class NothingOwed(RootError):
    """Nothing waits for the caller."""

    FIELDS = (
        "owner",
        "token",
    )
    MEANING = "Nothing waits for the caller"


class PaymentFailed(RootError):
    """The money could not be paid; try another address."""

    FIELDS = ("to", "token")
    MEANING = "The money could not be paid; try another address"
