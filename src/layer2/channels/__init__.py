"""Payment and state channels between two parties: open, pay off chain, close together or by dispute.

The names listed in `__all__` are the public API: documented, and stable within a minor version. Everything else is
internal and may move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from layer2.primitives.public_names import public_names

if TYPE_CHECKING:
    from layer2.channels.channel import Channel
    from layer2.channels.contract.hub import HubContract
    from layer2.channels.hub import HubFacade
    from layer2.channels.party.party import Party
    from layer2.channels.party.policy import ChallengePolicy, LockPolicy
    from layer2.channels.party.session_party import SessionParty
    from layer2.channels.protocol.channel_key import ChannelKey
    from layer2.channels.protocol.proofs import LockPayment, Payment
    from layer2.channels.watchtower.watchtower import Watchtower

__all__ = [
    "ChallengePolicy",
    "Channel",
    "ChannelKey",
    "HubContract",
    "HubFacade",
    "LockPayment",
    "LockPolicy",
    "Party",
    "Payment",
    "SessionParty",
    "Watchtower",
]

__getattr__ = public_names(
    __name__,
    {
        "ChallengePolicy": "channels.party.policy",
        "Channel": "channels.channel",
        "ChannelKey": "channels.protocol.channel_key",
        "HubContract": "channels.contract.hub",
        "HubFacade": "channels.hub",
        "LockPayment": "channels.protocol.proofs",
        "LockPolicy": "channels.party.policy",
        "Party": "channels.party.party",
        "Payment": "channels.protocol.proofs",
        "SessionParty": "channels.party.session_party",
        "Watchtower": "channels.watchtower.watchtower",
    },
)
