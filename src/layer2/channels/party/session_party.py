"""`SessionParty`: pays from the owner's channels with a session key, within a cap and a time enforced on chain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from layer2.channels.contract.hub import HubContract
from layer2.channels.party.channel_table import ChannelEntry, ChannelTable
from layer2.channels.party.errors import BalanceTooLow, Refused
from layer2.channels.party.events import Adopted
from layer2.channels.party.party import Party
from layer2.channels.party.signature_verifier import VoucherVerifier
from layer2.channels.party.state import State
from layer2.channels.party.store import open_table
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import RIGHT_TO_ACCEPT, RIGHT_TO_PAY
from layer2.channels.protocol.session_keys import FOREVER, SessionGrant
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import SignatureError

__all__ = ["SessionParty"]


class SessionKey:
    """A session key of `owner`: it signs counters and acceptances, each within the grant of its channel."""

    def __init__(self, signer: Signer, owner: Address, table: ChannelTable) -> None:
        self._signer = signer
        self._owner = owner
        self._table = table
        self._grants: dict[bytes, SessionGrant] = {}

    def keep(self, grant: SessionGrant) -> None:
        """Store the grant of its channel; durable on return."""
        channel_id = grant.session.channel_id
        with self._table.lock:
            self._table.put_meta("grant/" + channel_id.hex(), grant.encode(), "party.note")
            self._grants[channel_id] = grant

    def grant(self, channel_id: bytes) -> SessionGrant:
        """Return the grant for a channel; raise `Refused` if there is none."""
        found = self._grants.get(channel_id)
        if found is not None:
            return found
        data = self._table.meta("grant/" + channel_id.hex())
        if not data:
            raise Refused(
                f"session {self._signer.address}: no grant for channel {channel_id.hex()[:8]}",
                hint="ask the owner for one and accept it",
            )
        found = self._grants[channel_id] = SessionGrant.decode(data)
        return found

    def now(self) -> int:
        """Return the time by the chain's clock."""
        return self._table.clock.now()

    def counter_signer(self, entry: ChannelEntry, exposure: int, now: int) -> Callable[[bytes], bytes]:
        """Return a signer of counters up to the grant's cap; raise if the grant has ended or is too small."""
        grant = self.grant(entry.state.key.id)
        session = grant.session
        if not session.rights & RIGHT_TO_PAY or now > session.valid_until:
            raise Refused(
                f"channel {entry.stream[:8]}: the session has rights {session.rights} until {session.valid_until}, "
                f"it is {now}",
                hint="ask the owner for a new grant",
            )
        if exposure > session.cap:
            raise BalanceTooLow(
                f"channel {entry.stream[:8]}: the session may promise {session.cap} in all, {exposure} needed",
                hint="ask the owner for a higher cap",
            )
        return lambda digest: grant.proof(self._signer.sign_digest(digest))

    def accept_signer(self, entry: ChannelEntry) -> Callable[[bytes], bytes]:
        """Return a signer of acceptances; raise `Refused` unless the grant allows them without an end."""
        grant = self.grant(entry.state.key.id)
        session = grant.session
        if not session.rights & RIGHT_TO_ACCEPT or session.valid_until != FOREVER:
            raise Refused(
                f"channel {entry.stream[:8]}: the session has rights {session.rights} until {session.valid_until}, "
                f"accepting locks needs the right {RIGHT_TO_ACCEPT} without an end",
                hint="ask the owner for such a grant, or for vouchers instead of locks",
            )
        return lambda digest: grant.proof(self._signer.sign_digest(digest))

    def sign(self, digest: bytes) -> bytes:
        """Raise `Refused`: only the owner signs closes, withdrawals, moves and grants."""
        raise Refused(
            f"session {self._signer.address}: only counters can be signed with a session key",
            hint=f"let the owner {self._owner} close, withdraw, move or delegate",
        )


class SessionParty(Party):
    """A node of the channel's owner that holds only a session key: it pays, receives and locks, but never closes.

    Intended for a server or an agent: a stolen key can spend only the rest of the grants, until they end.
    """

    def __init__(self, signer: Signer, table: ChannelTable, owner: Address, confirmations: int | None) -> None:
        self._session = SessionKey(signer, owner, table)
        super().__init__(signer, table, address=owner, key=self._session, confirmations=confirmations)

    @classmethod
    def open_for(
        cls, signer: Signer, owner: str, hub: HubContract, path: str | Path, *, confirmations: int | None = None
    ) -> SessionParty:
        """Open the node of a session key of `owner` on the journal at `path`."""
        address = to_address(owner)
        table = open_table(path, hub, signer, address, create=True)
        return cls(signer, table, address, confirmations)

    def accept(self, key: ChannelKey, grant: SessionGrant) -> State:
        """Add a channel under a grant; durable on return. A later grant replaces an earlier one.

        Raises:
            SignatureError: the grant is for another channel or key, or neither signed nor registered by the owner.
        """
        session = grant.session
        fits = session.channel_id == key.id and session.key == self.signer.address and grant.owner == self.address
        owner = VoucherVerifier(self.hub, key, self.address, self._table.clock)
        if not fits or not owner.verify_grant(session, grant.owner_signature):
            raise SignatureError(
                f"session {self.signer.address}: {grant!r} is not a grant of {self.address} for it in channel "
                f"{key.id.hex()[:8]}",
                hint="ask the owner for a grant to this key, in this channel, at this hub, signed or registered",
            )
        self._session.keep(grant)
        self.join(key)
        with self._table.lock:
            entry = self._table.entry(key.id)
            mine = entry.state.mine
            if grant.amount > mine.amount or grant.nonce > mine.used_nonce:
                self._table.note(entry, Adopted(plain=grant.amount, used_nonce=grant.nonce))
            return entry.state

    def grant(self, channel_id: bytes) -> SessionGrant:
        """Return the grant for a channel; raise `Refused` if there is none."""
        return self._session.grant(channel_id)
