"""The hub's errors, one to one: same names, same fields, in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layer2.primitives.contract_errors import ModelledRevert


class HubError(ModelledRevert):
    """The hub rejected the call; nothing changed on chain.

    Attributes:
        arguments: the error's fields by their Solidity names.
    """

    MEANING = "The hub refused."


class InvalidKey(HubError):
    """The key breaks a rule: equal or zero parties, unknown flags, delay out of bounds."""

    FIELDS = ("channelId",)
    MEANING = "The key breaks a rule: equal or zero parties, unknown flags, delay out of bounds"


class UnexpectedChannelMode(HubError):
    """The call is for the other kind of channel (duplex or simplex)."""

    FIELDS = ("channelId",)
    MEANING = "The act belongs to the other kind of channel (duplex or simplex)"


class OpeningExpired(HubError):
    """The first deposit is after `openBefore`."""

    FIELDS = (
        "channelId",
        "timestamp",
        "openBefore",
    )
    MEANING = "First deposit after `openBefore`"


class ChannelNotOpen(HubError):
    """The channel holds no money, or never existed."""

    FIELDS = ("channelId",)
    MEANING = "The channel holds nothing here, or never existed"


class ChannelClosed(HubError):
    """The channel is permanently closed."""

    FIELDS = ("channelId",)
    MEANING = "The channel is closed for good"


class DisputeRunning(HubError):
    """The call is not possible during a dispute or an exit."""

    FIELDS = (
        "channelId",
        "deadline",
    )
    MEANING = "The act is not possible while a dispute or an exit runs"


class DisputeNotOpen(HubError):
    """The call needs an open dispute, but none was started or its window is over."""

    FIELDS = (
        "channelId",
        "timestamp",
        "deadline",
    )
    MEANING = "The act needs a running dispute and there is none, or its window is over"


class DisputeNotOver(HubError):
    """The window is still open."""

    FIELDS = (
        "channelId",
        "timestamp",
        "deadline",
    )
    MEANING = "The window is still open"


class UnauthorizedCaller(HubError):
    """The caller is not authorised for this call."""

    FIELDS = ("caller",)
    MEANING = "The caller is not the one who may do this"


class InvalidSignature(HubError):
    """The signature is not by `signer` over the expected message."""

    FIELDS = ("signer",)
    MEANING = "The signature is not by `signer` over the expected message"


class ExpiredConsent(HubError):
    """A signed consent has expired."""

    FIELDS = (
        "timestamp",
        "validUntil",
    )
    MEANING = "A signed consent is past its last second"


class SessionExceeded(HubError):
    """A session key lacks the right, or the amount exceeds its cap."""

    FIELDS = (
        "key",
        "have",
        "need",
    )
    MEANING = "A session key lacks the right, or the amount passes its cap"


class StaleCounter(HubError):
    """The counter is not above the posted one."""

    FIELDS = (
        "channelId",
        "have",
        "given",
    )
    MEANING = "The counter is not above the one that stands"


class StaleNonce(HubError):
    """The lock nonce is not above the posted one."""

    FIELDS = (
        "channelId",
        "have",
        "given",
    )
    MEANING = "The lock nonce is not above the one that stands"


class LocksMismatch(HubError):
    """The opened locks do not belong to the posted proof."""

    FIELDS = ("channelId",)
    MEANING = "The opened locks are not of the posted proof"


class LockExpiryTooFar(HubError):
    """The last expiry is too far in the future."""

    FIELDS = (
        "lastExpiry",
        "latest",
    )
    MEANING = "The last expiry lies too far ahead"


class WindowExhausted(HubError):
    """The proof would move the deadline beyond the latest second allowed for this direction."""

    FIELDS = (
        "channelId",
        "deadline",
        "latest",
    )
    MEANING = "The proof would move the deadline behind the last second that this direction may reach"


class NothingUnlocked(HubError):
    """No opened lock could be resolved."""

    FIELDS = ("channelId",)
    MEANING = "No opened lock could be resolved"


class AmountOutOfRange(HubError):
    """The amount exceeds the channel's money, or a sum is out of range."""

    FIELDS = (
        "channelId",
        "have",
        "need",
    )
    MEANING = "More was asked than the channel holds, or a sum leaves its range"


class BytesOutside(HubError):
    """Bytes of a resolution are outside of it."""

    FIELDS = (
        "index",
        "size",
    )
    MEANING = "Bytes of a resolution do not lie inside of it"


class IncorrectValue(HubError):
    """The ether sent differs from the stated amount."""

    FIELDS = (
        "have",
        "need",
    )
    MEANING = "The ether sent is not the amount named"


class InsufficientTransfer(HubError):
    """The hub's balance did not grow by the stated amount (fee-on-transfer, dishonest or missing token)."""

    FIELDS = (
        "token",
        "have",
        "need",
    )
    MEANING = "The hub's balance did not grow by the amount named (fee-on-transfer, lying or missing token)"


class TokenMismatch(HubError):
    """The two channels of a move must have the same token."""

    FIELDS = (
        "have",
        "need",
    )
    MEANING = "Both channels of a move must hold the same token"


class MalformedRows(HubError):
    """Packed rows are truncated."""

    FIELDS = ("length",)
    MEANING = "Packed rows are cut short"


class NothingClaimed(HubError):
    """No row of the batch was payable."""

    FIELDS = ()
    MEANING = "Not one row of the batch was payable"


class NothingPending(HubError):
    """The account has no pending payout."""

    FIELDS = (
        "account",
        "token",
    )
    MEANING = "Nothing is owed"


class PaymentFailed(HubError):
    """The transfer of an owed amount failed again."""

    FIELDS = (
        "to",
        "token",
    )
    MEANING = "A push of an owed amount failed again"


class InsufficientGas(HubError):
    """Too little gas was left to determine the result of a transfer."""

    FIELDS = (
        "have",
        "need",
    )
    MEANING = "Too little gas was left for a push to be judged"


class ReentrantCall(HubError):
    """A deposit was re-entered."""

    FIELDS = ()
    MEANING = "A deposit was re-entered"


ERRORS: dict[str, type[HubError]] = {kind.__name__: kind for kind in HubError.__subclasses__()}
"""Error classes of the hub by name."""


def from_revert(name: str | None, arguments: Mapping[str, Any]) -> HubError | None:
    """Return the typed error for a decoded revert; None for an error that is not the hub's."""
    kind = ERRORS.get(name or "")
    if kind is None or set(arguments) != set(kind.FIELDS):
        return None
    return kind(*(arguments[field] for field in kind.FIELDS))
