"""Contents of the ape console: the families, a watchtower, units and help, all accepting ape accounts."""

from __future__ import annotations

from pathlib import Path

from ape.api import AccountAPI
from ape.managers.chain import ChainManager

from layer2.ape.connection import connection_from_ape
from layer2.channels.contract.hub import Profile
from layer2.channels.hub import HubFacade
from layer2.channels.party.party import Party
from layer2.channels.watchtower.watchtower import Answer, Watchtower
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.errors import InputError

__all__ = ["HELP", "ConsoleChannels", "ConsoleHub", "ConsoleTower"]

HELP = """\
channels.deploy(sender=operator)       a hub on this chain          channels.at("0x..")     one that is there already
hub.open(payer, payee, deposit="5 ether", dispute="1 hour")         a channel; token="0x..", simplex=True if wanted
ch.pay("0.1 ether")                    off the chain, signed and on disk      ch.pay("0.1 ether", sender=payee)  back
ch.pay_many("1 gwei", 1000)            many, one commit             ch.balances, ch.phase, ch.view()
ch.conditional("1 ether", preimage=s)  pay for a secret             ch.fulfil(s)            show it and be paid
ch.withdraw("1 ether")                 both sign, the channel stays open
ch.close()                             both sign, the channel ends
ch.dispute(old, sender=payer)          post a proof and start the window
watchtower.step()                      answer for everybody here    chain.mine(deltatime=3601)   let time pass
ch.settle(sender=payee)                pay both when the window is over

l2 = rollup.devnet(sequencer=operator) a rollup with all its parts   a, b = l2.wallet(payer), l2.wallet(payee)
a.deposit("2 ether")                   pay in; there at once        a.send(b, "0.3 ether")   a wallet, address or number
a.send_many([(b, "1 gwei"), (7, 5)])   many, one submission         a.balance(), a.accounts, a.history(), a.proof(1)
l2.seal().post()                       frames to the main chain     l2.root == l2.rebuild_from_l1().root
a.withdraw("1 ether"), l2.post()       out, after the next final assertion: l2.settle(), a.claim_all()
bad = l2.propose(fault="inflate", sender=attacker)                  a lie: inflate, deflate, noise
l2.challenger.step(), bad.status       proven wrong in one transaction
alone = l2.wallet(payer, with_sequencer=False)                      force(), include(), freeze(), escape(), refund()

pc = plasma.devnet(operator=operator)  a plasma chain with its operator
pc.wallet(payer).deposit("1 ether")    pay in                       pc.wallet(payer).send(payee, "0.4 ether")
pc.operator.submit_block()             pending payments to a block  pc.wallet(payee).utxos(), .history()
pc.wallet(payee).exit_all()            out, whatever the operator does
chain.mine(deltatime=pc.exit_period), pc.claim_all()                paid when the time is over
coin = pc.coins.wallet(payer).deposit_nft(nft, 7)                   an NFT that changes hands with its history
pc.coins.wallet(payer).send(coin, payee), pc.coins.operator.submit_block()
pc.coins.wallet(payee).receive(coin)   checked, and his             .exit(coin), pc.coins.claim_all()
roles: operator payer payee challenger attacker watchtower          amounts: "1.5 ether", "3 gwei", or units"""


class ConsoleHub(HubFacade):
    """A hub that accepts an ape account for any signer."""

    def party(self, signer: Signer | Party | AccountAPI) -> Party:
        """Return the node of an account."""
        found = super().party(signer)
        self.known[found.address] = found
        return found

    @property
    def known(self) -> dict[str, Party]:
        """Nodes of this console."""
        return vars(self).setdefault("_known", {})  # type: ignore[no-any-return]


class ConsoleTower:
    """A watchtower for every channel of this console. Its only key is its own, which pays for gas."""

    def __init__(self, account: AccountAPI) -> None:
        self.account = account
        self.signer = as_signer(account)
        self.hubs: list[ConsoleHub] = []
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
            for party in hub.known.values():
                tower.attach(party)
            answers += tower.step()
            for party in hub.known.values():
                for one in party.channels:
                    party.refresh(one)
        return answers


class ConsoleChannels:
    """The channel family on the chain of ape's provider."""

    def __init__(self, chain: ChainManager, tower: ConsoleTower) -> None:
        self._chain = chain
        self._tower = tower

    def __repr__(self) -> str:
        return "<channels: deploy(sender=operator), at(address); help_l2() for more>"

    def deploy(
        self, *, sender: AccountAPI | Signer, profile: Profile | None = None, store: str | Path | None = None
    ) -> ConsoleHub:
        """Deploy a hub; `profile` sets the bounds of windows and locks, `store` the folder of the journals."""
        connection = connection_from_ape(self._chain.provider)
        hub = ConsoleHub.deploy(connection, as_signer(sender), profile=profile, store=store)
        return self._kept(hub)

    def at(self, address: str, *, store: str | Path | None = None) -> ConsoleHub:
        """Bind a hub that is already deployed."""
        return self._kept(ConsoleHub.at(connection_from_ape(self._chain.provider), address, store=store))

    def _kept(self, hub: HubFacade) -> ConsoleHub:
        if not isinstance(hub, ConsoleHub):
            raise InputError(f"{hub!r}: not made by this console", hint="use channels.deploy or channels.at")
        self._tower.hubs.append(hub)
        return hub
