"""Channels and the watchtower of the ape console, accepting ape accounts."""

from __future__ import annotations

from pathlib import Path

from ape.api import AccountAPI
from ape.managers.chain import ChainManager

from layer2.ape.connection import connection_from_ape
from layer2.channels.contract.hub import Profile
from layer2.channels.hub import HubFacade
from layer2.channels.watchtower.watchtower import Answer, Watchtower
from layer2.ethereum.signer import Signer, as_signer

__all__ = ["ConsoleChannels", "ConsoleTower"]


class ConsoleTower:
    """A watchtower for every channel of this console. Its only key is its own, which pays for gas."""

    def __init__(self, account: AccountAPI) -> None:
        self.account = account
        self.signer = as_signer(account)
        self.hubs: list[HubFacade] = []
        self._towers: dict[str, Watchtower] = {}

    def __repr__(self) -> str:
        return f"<Watchtower {self.address} hubs={len(self.hubs)}>"

    @property
    def address(self) -> str:
        """Account address of the watchtower."""
        return self.signer.address

    @property
    def balance(self) -> int:
        """Ether balance of the watchtower in wei."""
        return int(self.account.balance)

    def step(self) -> list[Answer]:
        """Read the newest proofs of all parties here, then take all due actions: answer outdated proofs, unlock."""
        answers: list[Answer] = []
        for hub in self.hubs:
            tower = self._towers.get(hub.address)
            if tower is None:
                tower = self._towers[hub.address] = Watchtower(hub.connection, hub, hub.sender(self.signer))
            for party in hub.parties:
                tower.attach(party)
            answers += tower.step()
            for party in hub.parties:
                for one in party.channels:
                    party.refresh(one)
        return answers


class ConsoleChannels:
    """The channel family on the chain of ape's provider. `operator` deploys unless another sender is given."""

    family = "channels"

    def __init__(self, chain: ChainManager, tower: ConsoleTower, operator: AccountAPI) -> None:
        self._chain = chain
        self._operator = operator
        self._tower = tower

    def __repr__(self) -> str:
        return "<channels: deploy(), at(address); help_l2(channels) shows the rest>"

    def deploy(
        self,
        *,
        sender: AccountAPI | Signer | None = None,
        profile: Profile | None = None,
        store: str | Path | None = None,
    ) -> HubFacade:
        """Deploy a hub; `profile` sets the bounds of windows and locks, `store` the folder of the journals."""
        connection = connection_from_ape(self._chain.provider)
        hub = HubFacade.deploy(connection, as_signer(sender or self._operator), profile=profile, store=store)
        return self._kept(hub)

    def at(self, address: str, *, store: str | Path | None = None) -> HubFacade:
        """Bind a hub that is already deployed."""
        return self._kept(HubFacade.at(connection_from_ape(self._chain.provider), address, store=store))

    def _kept(self, hub: HubFacade) -> HubFacade:
        self._tower.hubs.append(hub)
        return hub
