"""Errors raised by a node when it refuses to act; each names the channel, the value given and the value needed."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError

__all__ = [
    "AcceptMissing",
    "BalanceTooLow",
    "ChannelNotActive",
    "ChannelUnknown",
    "CounterNotNewer",
    "EpochNotNext",
    "JournalLost",
    "LockRefused",
    "LocksPending",
    "NodeStopped",
    "PartyMissing",
    "Refused",
]


class Refused(RecoverableError):
    """Base of the refusals: the node's state and journal are unchanged."""


class ChannelUnknown(Refused):
    """The node does not have the channel."""


class ChannelNotActive(Refused):
    """The channel is closing, disputed, closed, or of the wrong kind for the action."""


class CounterNotNewer(Refused):
    """A counter or lock nonce is not the expected next one."""


class EpochNotNext(Refused):
    """A co-signed step is not for the channel's next epoch, or its time is out of bounds."""


class BalanceTooLow(Refused):
    """The amount exceeds the available balance."""


class LockRefused(Refused):
    """A lock breaks a rule: expiry, unpaid removal, unknown condition."""


class AcceptMissing(Refused):
    """The action needs the peer's acceptance of this party's newest lock proof."""


class LocksPending(Refused):
    """The action needs a direction without pending locks."""


class PartyMissing(Refused):
    """The party that must act is not held in this process."""


class NodeStopped(FatalError):
    """A write failed partway: the node must be reopened from its journal."""


class JournalLost(FatalError):
    """The journal is missing, corrupt or another party's. Its signatures are unknown, so nothing more is signed."""
