"""The deployed hub among people who call what they like; a channel is read once in a block."""

from __future__ import annotations

from tests.support.block_machine import Play

from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.contract.hub import HubContract, Profile
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.primitives.typed_data import TypedMessage

UNIT = 10**15
"""Worth more than what a tower pays to defend it."""
DELAY, MAX_LOCKS = 3_000, 6_000
NAP = DELAY // 5
"""The honest side looks as often as this at least, seconds: five times in a window, as a tower promises."""
PEOPLE = ("honest", "payer", "payee", "stranger", "first tower", "second tower")


class HubPlay(Play):
    """A hub on a chain of its own. `begin` before each run."""

    def __init__(self) -> None:
        super().__init__(PEOPLE, NAP)
        profile = Profile(60, 2 * DELAY, MAX_LOCKS)
        self.contract = HubContract.deploy_contract(self.connection, self.signers["stranger"], profile)
        self.hub = HubContract(self.contract)
        self._views: dict[bytes, ChannelView] = {}
        self.keep()

    def view(self, key: ChannelKey) -> ChannelView:
        """The channel as the chain has it, read once in a block."""
        found = self._views.get(key.id)
        if found is None:
            found = self._views[key.id] = self.hub.view(key)
        return found

    def changed(self) -> None:
        self._views.clear()

    def sign(self, who: str, message: TypedMessage) -> bytes:
        return self.signers[who].sign_digest(message.digest(self.hub.domain))
