"""The user interface of a hub: deploy or bind it, open channels, manage the parties' nodes."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from layer2.channels.channel import Channel
from layer2.channels.contract.hub import DEVNET, PUBLIC, HubContract, Profile
from layer2.channels.party.errors import PartyMissing
from layer2.channels.party.opening_intents import OpeningIntents
from layer2.channels.party.party import Party
from layer2.channels.party.policy import confirmations_for
from layer2.channels.party.session_party import SessionParty
from layer2.channels.permissions import side_of
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.session_keys import SessionGrant
from layer2.channels.senders import Senders
from layer2.ethereum.assets import allow, asset_at
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.ethereum.windows import require_windows
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.errors import MalformedError
from layer2.primitives.units import parse_duration
from layer2.store.private_files import make_folder

__all__ = ["HubFacade"]

OPENING_TIME = 86400
"""Default number of seconds within which a new channel must receive its first deposit."""


class HubFacade(HubContract):
    """A deployed hub, the nodes of the parties in this process, and their transaction senders.

    Args:
        store: directory of the journals; by default `$LAYER2_HOME/channels` or `~/.layer2/channels`. On a development
            chain the default is a temporary directory, because such a chain keeps no state either.
        confirmations: blocks required above a block before its money counts; by default 0 on a development chain, else
            `policy.CONFIRMATIONS`.
    """

    def __init__(
        self, contract: Contract, *, store: str | Path | None = None, confirmations: int | None = None
    ) -> None:
        super().__init__(contract)
        self._senders = Senders(contract.connection)
        self.confirmations = confirmations_for(contract.connection, confirmations)
        self._store = None if store is None else Path(store)
        self._parties: dict[Address, Party] = {}
        self._sessions: dict[tuple[Address, Address], SessionParty] = {}

    @classmethod
    def deploy(
        cls,
        connection: Connection,
        sender: Sender | Signer,
        *,
        profile: Profile | None = None,
        store: str | Path | None = None,
        confirmations: int | None = None,
    ) -> HubFacade:
        """Deploy a hub; `profile` defaults to `DEVNET` on a development chain, else to `PUBLIC`."""
        chosen = profile or (DEVNET if connection.is_dev else PUBLIC)
        contract = cls.deploy_contract(connection, sender, chosen)
        return cls(contract, store=store, confirmations=confirmations)

    @classmethod
    def at(
        cls,
        connection: Connection,
        address: str,
        *,
        store: str | Path | None = None,
        confirmations: int | None = None,
    ) -> HubFacade:
        """Bind a hub that is already deployed."""
        return cls(cls.bind(connection, address), store=store, confirmations=confirmations)

    def __repr__(self) -> str:
        return f"<ChannelHub {self.address} chain={self.connection.chain_id} parties={len(self._parties)}>"

    @property
    def store(self) -> Path:
        """Directory of the journals, created on first access."""
        if self._store is None:
            if self.connection.is_dev:
                self._store = Path(tempfile.mkdtemp(prefix="layer2-channels-"))
                atexit.register(shutil.rmtree, self._store, ignore_errors=True)
            else:
                home = os.environ.get("LAYER2_HOME")
                self._store = (Path(home) if home else Path.home() / ".layer2") / "channels"
        return make_folder(self._store)

    @property
    def parties(self) -> tuple[Party, ...]:
        """Open nodes of the accounts that hold their own keys here."""
        return tuple(self._parties.values())

    def sender(self, who: Signer | Party | Sender) -> Sender:
        """Return the transaction sender of an account; raise SignerUnusable for anything else."""
        return self._senders.of(who)

    def _journal_name(self, whose: str) -> str:
        return f"{self.connection.chain_id}-{self.address[2:10].lower()}-{whose}.journal"

    def party(self, signer: Signer | Party) -> Party:
        """Return the node of an account, opened on its journal on first use; raise SignerUnusable for anything else."""
        if isinstance(signer, Party):
            self._parties.setdefault(signer.address, signer)
            return signer
        signer = as_signer(signer)
        found = self._parties.get(signer.address)
        if found is None:
            path = self.store / self._journal_name(signer.address[2:].lower())
            found = Party.open(signer, self, path, confirmations=self.confirmations)
            self._intents(found).recover(found)
            self._parties[signer.address] = found
        return found

    def session(
        self, signer: Signer, key: ChannelKey, grant: SessionGrant, *, peer: Signer | Party | None = None
    ) -> Channel:
        """Return the channel of a key, driven with a session key on behalf of the grant's owner."""
        signer = as_signer(signer)
        if not isinstance(grant, SessionGrant):
            raise MalformedError(f"session: {type(grant).__name__} given, a SessionGrant needed")
        side = side_of(key, grant.owner)
        whose = (signer.address, grant.owner)
        node = self._sessions.get(whose)
        if node is None:
            path = self.store / self._journal_name(f"{grant.owner[2:].lower()}-by-{signer.address[2:].lower()}")
            node = SessionParty.open_for(signer, grant.owner, self, path, confirmations=self.confirmations)
            self._sessions[whose] = node
        node.accept(key, grant)
        nodes: dict[str, Party] = {side: node}
        if peer is not None:
            other = self.party(peer)
            nodes[side_of(key, other)] = other
        return Channel(self, self._senders, key, nodes)

    def release(self) -> None:
        """Close the journals of all nodes opened here, so that another process can open them."""
        for party in (*self._parties.values(), *self._sessions.values()):
            party.close()
        self._parties.clear()
        self._sessions.clear()

    def key(
        self,
        payer: str,
        payee: str,
        *,
        dispute: str | int = "1 day",
        token: str | None = None,
        simplex: bool = False,
        open_within: str | int = OPENING_TIME,
        salt: int | None = None,
    ) -> ChannelKey:
        """Create a channel key; `dispute` is the challenge window, or the exit delay of a simplex channel."""
        return ChannelKey(
            a=to_address(payer),
            b=to_address(payee),
            token=to_address(token) if token else ZERO_ADDRESS,
            delay=parse_duration(dispute),
            open_before=self.connection.timestamp() + parse_duration(open_within),
            salt=secrets.randbits(64) if salt is None else salt,
            simplex=simplex,
        )

    def open(
        self,
        payer: Signer | Party,
        payee: Signer | Party | str,
        deposit: str | int = 0,
        dispute: str | int = "1 day",
        token: str | None = None,
        simplex: bool = False,
        *,
        peer_deposit: str | int = 0,
        open_within: str | int = OPENING_TIME,
        salt: int | None = None,
    ) -> Channel:
        """Open a channel and deposit for the payer (and, if given, for the payee).

        Amounts are `"5 ether"`, `"12 wei"`, for tokens `"5 USD"` or `"5 token"`, or integers in smallest units. If both
        signers are given, the channel drives both parties; with only the payee's address it drives the payer's side.
        """
        # Validate all arguments before anything is stored.
        who = payer if isinstance(payer, Party) else as_signer(payer)
        to = payee if isinstance(payee, Party) else to_address(payee) if isinstance(payee, str) else as_signer(payee)
        other = to if isinstance(to, str) else to.address
        key = self.key(
            who.address,
            other,
            dispute=dispute,
            token=token,
            simplex=simplex,
            open_within=open_within,
            salt=salt,
        )
        if not self.connection.is_dev:
            require_windows(self.connection, challenge_window=self.window(key))
        asset = asset_at(self.connection, key.token)
        mine, theirs = asset.parse(deposit), asset.parse(peer_deposit)
        if theirs and isinstance(to, str):
            raise PartyMissing(
                f"open: {to} its signer is not in this process, so it cannot deposit", hint="leave out peer_deposit"
            )
        nodes = {"A": self.party(who)} if isinstance(to, str) else {"A": self.party(who), "B": self.party(to)}
        if mine:
            # A refused deposit leaves no channel behind, and a deposit interrupted by a crash is recovered on restart.
            paying = self.sender(nodes["A"])
            with self._intents(nodes["A"]).opening(key, *nodes.values()):
                if key.token != ZERO_ADDRESS:
                    allow(paying, key.token, self.address, mine)
                self.deposit(paying, key, mine)
        channel = Channel(self, self._senders, key, nodes)
        if theirs:
            channel.deposit(theirs, sender=nodes["B"])
        return channel

    def _intents(self, party: Party) -> OpeningIntents:
        return OpeningIntents(
            self.store / self._journal_name(party.address[2:].lower()).replace(".journal", ".opening"), self
        )

    def channel(self, key: ChannelKey, *parties: Signer | Party) -> Channel:
        """Return the channel of a key, driven for the given parties."""
        known = [one if isinstance(one, Party) else as_signer(one) for one in parties]
        sides = [side_of(key, one) for one in known]
        return Channel(
            self, self._senders, key, {side: self.party(one) for side, one in zip(sides, known, strict=True)}
        )

    def collect(self, signer: Signer, token: str = ZERO_ADDRESS) -> str:
        """Withdraw the failed payouts that the hub holds for an account; return the amount as text."""
        signer = as_signer(signer)
        amount = self.owed(signer.address, token)
        self.withdraw_pending(self.sender(signer), token)
        return asset_at(self.connection, token).format(amount)
