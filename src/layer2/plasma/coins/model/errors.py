"""Errors of the coin chain contract, with the same names and fields in the same order."""

from __future__ import annotations

from layer2.primitives.contract_errors import ModelledRevert


class CoinError(ModelledRevert):
    """Base class of reverts of the coin chain; no state has changed.

    Attributes:
        arguments: Fields of the error by their Solidity names.
    """

    MEANING = "The coin chain refused"


class UnauthorizedCaller(CoinError):
    """The caller is not authorized for this call."""

    FIELDS = ("caller", "need")
    MEANING = "The caller may not do this"


class UnexpectedBlockNumber(CoinError):
    """The block number is not the next one."""

    FIELDS = ("given", "need")
    MEANING = "Blocks follow each other: none is left out, none is replaced"


class IncorrectValue(CoinError):
    """The ether sent differs from the required amount, or the amount is zero or at least 2^128."""

    FIELDS = ("given", "need")
    MEANING = "Ether sent and amount needed differ, or the amount is zero or too large (2^128)"


class InsufficientTransfer(CoinError):
    """The token contract transferred an amount that differs from the requested one."""

    FIELDS = ("token", "have", "need")
    MEANING = "The token moved another amount than asked for"


class TokenNotReceived(CoinError):
    """The ERC-721 token was not transferred from another account into the vault."""

    FIELDS = ("token", "id")
    MEANING = "The ERC-721 token did not come from elsewhere into the vault"


class UnknownCoin(CoinError):
    """No unpaid coin has this record: the record differs, or the coin was paid out."""

    FIELDS = ("coin",)
    MEANING = "No coin to be paid has this record: it is another one, or it was paid"


class InvalidProof(CoinError):
    """The block does not include this transfer."""

    FIELDS = ("number",)
    MEANING = "The block does not hold this transfer"


class InvalidTransfer(CoinError):
    """The transfer has no recipient, or does not come after the transfer it spends."""

    MEANING = "A transfer to nobody, or of something that comes after it"


class TransferExpired(CoinError):
    """The block number is greater than the transfer's expiry."""

    FIELDS = ("number", "expiry")
    MEANING = "The block came after the transfer's expiry"


class BlockOutOfRange(CoinError):
    """The block is outside of the range that this call allows: `from` to `to`, both inclusive."""

    FIELDS = ("number", "from", "to")
    MEANING = "The block is outside of what this call is about: `from` to `to`, both included"


class UnexpectedPreviousBlock(CoinError):
    """The transfer does not spend the required transfer."""

    FIELDS = ("prevBlock", "need")
    MEANING = "The transfer spends another one than it would have to"


class InvalidSignature(CoinError):
    """The transfer is not signed by the coin's owner."""

    FIELDS = ("owner",)
    MEANING = "The transfer is not signed by who owned the coin"


class ExitRunning(CoinError):
    """Thrown when this exit is already running."""

    FIELDS = ("coin", "number")
    MEANING = "This exit is running"


class UnknownExit(CoinError):
    """The exit does not exist or has ended."""

    FIELDS = ("coin", "number")
    MEANING = "There is no such exit, or it is over"


class ExitChallenged(CoinError):
    """The exit's history has unanswered challenges."""

    FIELDS = ("challenges",)
    MEANING = "Its history is challenged, and not all is answered"


class ChallengeOpen(CoinError):
    """Thrown when this challenge by this challenger is already open."""

    FIELDS = ("id",)
    MEANING = "The same challenge by the same challenger is open"


class UnknownChallenge(CoinError):
    """The challenge does not exist or has ended."""

    FIELDS = ("id",)
    MEANING = "There is no such challenge, or it is over"


class TooEarly(CoinError):
    """The call came before its earliest time."""

    FIELDS = ("now_", "from")
    MEANING = "Too early"


class TooLate(CoinError):
    """The call came after its deadline."""

    FIELDS = ("now_", "until")
    MEANING = "Too late"


class NothingDue(CoinError):
    """None of these exits can be paid: not running, not mature, challenged, or with another record."""

    MEANING = "None of these exits can be paid: not running, not yet, challenged, or another record"


class NothingPending(CoinError):
    """The account has no deferred payout of this token."""

    FIELDS = ("account", "token")
    MEANING = "Nothing is owed to this account"


class PaymentFailed(CoinError):
    """The payment failed; retry, or use another recipient."""

    FIELDS = ("target", "token")
    MEANING = "The payment failed; try again, or with another target"


class ChallengesFull(CoinError):
    """The exit has the maximum number of challenges that its counter can hold."""

    MEANING = "So many challenges that no more can be counted"


class ValueUnwanted(CoinError):
    """The call does not accept ether."""

    MEANING = "The call takes no ether"
