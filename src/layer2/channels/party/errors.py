"""What a node refuses to sign, accept or do; each names the channel, what was given and what was needed."""

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
    """This node does not keep the channel."""


class ChannelNotActive(Refused):
    """The channel is closing, disputed, closed, or of the wrong kind for the act."""


class CounterNotNewer(Refused):
    """A counter or lock nonce is not the one that must come next."""


class EpochNotNext(Refused):
    """A co-signed step is not for the channel's next epoch, or its time is out of bounds."""


class BalanceTooLow(Refused):
    """More was asked than is available."""


class LockRefused(Refused):
    """A lock breaks a rule: expiry, unpaid removal, unknown condition."""


class AcceptMissing(Refused):
    """The act needs the peer's acceptance of this party's newest lock proof."""


class LocksPending(Refused):
    """The act needs a direction without pending locks."""


class PartyMissing(Refused):
    """This console does not hold the party that must act."""


class NodeStopped(FatalError):
    """A write failed half-way: the node must be opened again from its journal."""


class JournalLost(FatalError):
    """The journal is missing, corrupt or another's: what was signed is unknown, so nothing more is signed."""
