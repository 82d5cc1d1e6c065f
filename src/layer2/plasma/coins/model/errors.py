"""The coin chain's errors, one to one: same names, same fields, in the same order."""

from __future__ import annotations

from layer2.primitives.contract_errors import TwinError


class CoinError(TwinError):
    """The coin chain refused a call; nothing changed on chain.

    Attributes:
        arguments: the error's fields by their Solidity names.
    """

    MEANING = "The coin chain refused"


class CallerUnauthorized(CoinError):
    """The caller may not do this."""

    FIELDS = ("caller", "need")
    MEANING = "The caller may not do this"


class BlockNumberWrong(CoinError):
    """Blocks follow each other: none is left out, none is replaced."""

    FIELDS = ("given", "need")
    MEANING = "Blocks follow each other: none is left out, none is replaced"


class AmountInvalid(CoinError):
    """Ether sent and amount needed differ, or the amount is zero or too large (2^128)."""

    FIELDS = ("given", "need")
    MEANING = "Ether sent and amount needed differ, or the amount is zero or too large (2^128)"


class TransferShort(CoinError):
    """The token moved another amount than asked for."""

    FIELDS = ("token", "have", "need")
    MEANING = "The token moved another amount than asked for"


class TokenNotReceived(CoinError):
    """The ERC-721 token did not come from elsewhere into the vault."""

    FIELDS = ("token", "id")
    MEANING = "The ERC-721 token did not come from elsewhere into the vault"


class CoinUnknown(CoinError):
    """No coin to be paid has this record: it is another one, or it was paid."""

    FIELDS = ("coin",)
    MEANING = "No coin to be paid has this record: it is another one, or it was paid"


class ProofInvalid(CoinError):
    """The block does not hold this transfer."""

    FIELDS = ("number",)
    MEANING = "The block does not hold this transfer"


class TransferInvalid(CoinError):
    """A transfer to nobody, or of something that comes after it."""

    MEANING = "A transfer to nobody, or of something that comes after it"


class TransferExpired(CoinError):
    """The block came after the transfer's expiry."""

    FIELDS = ("number", "expiry")
    MEANING = "The block came after the transfer's expiry"


class BlockOutOfRange(CoinError):
    """The block is outside of what this call is about: `from` to `to`, both included."""

    FIELDS = ("number", "from", "to")
    MEANING = "The block is outside of what this call is about: `from` to `to`, both included"


class SpendsOther(CoinError):
    """The transfer spends another one than it would have to."""

    FIELDS = ("prevBlock", "need")
    MEANING = "The transfer spends another one than it would have to"


class SignatureInvalid(CoinError):
    """The transfer is not signed by who owned the coin."""

    FIELDS = ("owner",)
    MEANING = "The transfer is not signed by who owned the coin"


class ExitRunning(CoinError):
    """This exit is running."""

    FIELDS = ("coin", "number")
    MEANING = "This exit is running"


class ExitMissing(CoinError):
    """There is no such exit, or it is over."""

    FIELDS = ("coin", "number")
    MEANING = "There is no such exit, or it is over"


class ExitChallenged(CoinError):
    """Its history is challenged, and not all is answered."""

    FIELDS = ("challenges",)
    MEANING = "Its history is challenged, and not all is answered"


class ChallengeOpen(CoinError):
    """The same challenge by the same challenger is open."""

    FIELDS = ("id",)
    MEANING = "The same challenge by the same challenger is open"


class ChallengeMissing(CoinError):
    """There is no such challenge, or it is over."""

    FIELDS = ("id",)
    MEANING = "There is no such challenge, or it is over"


class TooEarly(CoinError):
    """Too early."""

    FIELDS = ("now_", "from")
    MEANING = "Too early"


class TooLate(CoinError):
    """Too late."""

    FIELDS = ("now_", "until")
    MEANING = "Too late"


class NothingDue(CoinError):
    """None of these exits can be paid: not running, not yet, challenged, or another record."""

    MEANING = "None of these exits can be paid: not running, not yet, challenged, or another record"


class NothingOwed(CoinError):
    """Nothing is owed to this account."""

    FIELDS = ("account", "token")
    MEANING = "Nothing is owed to this account"


class PaymentFailed(CoinError):
    """The payment failed; try again, or with another target."""

    FIELDS = ("target", "token")
    MEANING = "The payment failed; try again, or with another target"


class ChallengesFull(CoinError):
    """So many challenges that no more can be counted."""

    MEANING = "So many challenges that no more can be counted"


class ValueUnwanted(CoinError):
    """The call takes no ether."""

    MEANING = "The call takes no ether"
