"""The on-chain half of a `Channel`: deposits, closing, disputes, settlement, claims and exits."""

from __future__ import annotations

import functools
from typing import TypeVar

from layer2.channels.contract.calls import lock_proof
from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.contract.hub import HubContract, HubReceipt
from layer2.channels.party.errors import ChannelNotActive, LockRefused, PartyMissing, Refused
from layer2.channels.party.party import Party
from layer2.channels.party.transition import State
from layer2.channels.permissions import Rule, Who, acts, side_of
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.proofs import CloseTerms, LockPayment, Payment
from layer2.channels.senders import Senders
from layer2.ethereum.assets import Asset, allow, asset_at
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.errors import MalformedError
from layer2.primitives.units import parse_duration

__all__ = ["ChannelOnChain", "Who"]

Proof = TypeVar("Proof", bound=Payment | LockPayment)


class ChannelOnChain:
    """On-chain methods of a channel; `parties` are the nodes held in this process, by side."""

    def __init__(self, hub: HubContract, senders: Senders, key: ChannelKey, parties: dict[str, Party]) -> None:
        if not parties:
            raise PartyMissing(f"channel {key.id.hex()[:8]}: no party given", hint="pass the signer of one side")
        self.hub = hub
        self._senders = senders
        self.key = key
        self.parties = parties
        for party in parties.values():
            party.join(key)

    @property
    def id(self) -> bytes:
        """Id of the channel."""
        return self.key.id

    @functools.cached_property
    def asset(self) -> Asset:
        """Asset that the channel pays in; parses and formats amounts."""
        return asset_at(self.hub.connection, self.key.token)

    def view(self) -> ChannelView:
        """Return the channel's current on-chain state."""
        return self.hub.view(self.key)

    def refresh(self) -> None:
        """Update the parties held here from the chain."""
        for party in self.parties.values():
            party.refresh(self.id)

    # -------------------------------------------------------------------------------------------- funding

    @acts(Rule.NAMED)
    def deposit(self, amount: str | int, sender: Who = None, *, side: str | None = None) -> HubReceipt:
        """Deposit for the sender's side (by default A); approve tokens to the hub first if needed.

        `side`: "A" or "B", the side that is credited. Required if the sender is not a party.
        """
        if side is None:
            side = self._side(sender, "A")
        elif side not in ("A", "B"):
            raise MalformedError(f"deposit: side {side!r:.20} given, A or B needed")
        units = self.asset.parse(amount)
        paying = self._sender(sender, side)
        if self.key.token != ZERO_ADDRESS:
            allow(paying, self.key.token, self.hub.address, units)
        amounts = (units, 0) if side == "A" else (0, units)
        return self._done(self.hub.deposit(paying, self.key, *amounts))

    @acts(Rule.PARTY)
    def withdraw(
        self,
        amount: str | int,
        sender: Who = None,
        *,
        peer_amount: str | int = 0,
        valid: str | int = "10 minutes",
    ) -> HubReceipt:
        """Withdraw with both signatures: `amount` to the sender's side (default A), `peer_amount` to the other side."""
        side = self._side(sender, "A")
        mine, theirs = self.asset.parse(amount), self.asset.parse(peer_amount)
        outs = (mine, theirs) if side == "A" else (theirs, mine)
        until = self.hub.connection.timestamp() + parse_duration(valid)
        self.refresh()
        first = self._party(side).closing.sign_withdraw(self.id, *outs, until)
        second = self._party(_other(side)).closing.sign_withdraw(self.id, *outs, until, peer=first)
        signatures = (first.signature, second.signature) if side == "A" else (second.signature, first.signature)
        paying = self._sender(sender, side)
        return self._done(self.hub.withdraw(paying, self.key, *outs, until, *signatures))

    @acts(Rule.PARTY)
    def move(
        self, to: ChannelOnChain, amount: str | int, sender: Who = None, *, valid: str | int = "10 minutes"
    ) -> HubReceipt:
        """Move `amount` of the sender's side, co-signed, into its side of another channel of the same token."""
        side = self._side(sender, "A")
        units = self.asset.parse(amount)
        if not isinstance(to, ChannelOnChain):
            raise MalformedError(f"move: {type(to).__name__} given, a channel needed", hint="give the other channel")
        owner = self._party(side).address
        into_a = to.key.a == owner
        if not into_a and to.key.b != owner:
            raise PartyMissing(
                f"channel {to.id.hex()[:8]}: {owner} is not a party", hint="move to a channel of its own"
            )
        outs = (units, 0) if side == "A" else (0, units)
        amounts = (*outs, *((units, 0) if into_a else (0, units)))
        until = self.hub.connection.timestamp() + parse_duration(valid)
        self.refresh()
        first = self._party(side).closing.sign_move(self.id, to.key, amounts, until)
        second = self._party(_other(side)).closing.sign_move(self.id, to.key, amounts, until, peer=first)
        signatures = (first.signature, second.signature) if side == "A" else (second.signature, first.signature)
        paying = self._sender(sender, side)
        receipt = self._done(self.hub.move(paying, self.key, to.key, amounts, until, *signatures))
        to.refresh()
        return receipt

    # -------------------------------------------------------------------------------------------- closing

    @acts(Rule.PAYEE)
    def close(self, terms: CloseTerms | None = None, *, sender: Who = None) -> HubReceipt | CloseTerms:
        """Close cooperatively.

        With both parties held here, or with the peer's `terms`, the close is submitted. Otherwise the signed terms are
        returned, to be sent to the peer. The payee of a simplex channel closes it alone.
        """
        if terms is not None and not isinstance(terms, CloseTerms):
            raise MalformedError(f"close: {type(terms).__name__} given, the peer's CloseTerms needed")
        if self.key.simplex:
            return self._close_simplex(sender)
        side = self._side(sender, next(iter(self.parties)))
        if terms is None and len(self.parties) == 1:
            return self._party(side).closing.sign_close(self.id)
        if terms is None:
            terms = self._party(_other(side)).closing.sign_close(self.id)
        mine = self._party(side).closing.sign_close(self.id, peer=terms)
        signatures = (mine.signature, terms.signature) if side == "A" else (terms.signature, mine.signature)
        paying = self._sender(sender, side)
        return self._done(self.hub.close(paying, self.key, mine.sent_a, mine.sent_b, *signatures))

    @acts(Rule.PARTY)
    def dispute(self, voucher: Payment | LockPayment | None = None, sender: Who = None) -> HubReceipt:
        """Start a unilateral close with a proof: by default the newest that the sender received, if any.

        A voucher that the sender signed itself is posted after the start. An honest party never needs this; it
        simulates a dispute with an outdated voucher.
        """
        side = self._side(sender, next(iter(self.parties)))
        paying = self._sender(sender, side)
        proof = self._party(side).proofs.newest_received(self.id) if voucher is None else self._own(voucher)
        if proof is None:
            return self._done(self.hub.start_close(paying, self.key))
        if isinstance(proof, LockPayment):
            return self._done(self.hub.post_locks(paying, self.key, _other(side), lock_proof(proof)))
        if self._signer_of(proof) == _other(side):
            return self._done(self.hub.start_close(paying, self.key, proof.amount, proof.signature))
        self.hub.start_close(paying, self.key)
        return self._done(self.hub.post(paying, self.key, side, proof.amount, proof.signature))

    @acts(Rule.ANYBODY)
    def post(self, voucher: Payment | LockPayment | None = None, sender: Who = None) -> HubReceipt:
        """Post a newer proof during the dispute: by default the newest that the sender received."""
        side = self._side_or(sender, next(iter(self.parties)))
        proof = self._party(side).proofs.newest_received(self.id) if voucher is None else self._own(voucher)
        if proof is None:
            raise ChannelNotActive(
                f"channel {self.id.hex()[:8]}: side {side} has no payment to post", hint="call settle()"
            )
        paying = self._sender(sender, side)
        if isinstance(proof, LockPayment):
            return self._done(self.hub.post_locks(paying, self.key, _other(side), lock_proof(proof)))
        return self._done(self.hub.post(paying, self.key, self._signer_of(proof), proof.amount, proof.signature))

    @acts(Rule.PARTY)
    def answer(self, sender: Who = None) -> HubReceipt:
        """Answer an old lock proof of the sender's own direction with the newest one that its receiver accepted."""
        side = self._side(sender, next(iter(self.parties)))
        newest = self._party(side).proofs.accepted(self.id, side)
        if newest is None:
            raise ChannelNotActive(
                f"channel {self.id.hex()[:8]}: no lock proof of side {side} is accepted", hint="call settle()"
            )
        proof, accept = newest
        paying = self._sender(sender, side)
        return self._done(self.hub.post_locks(paying, self.key, side, lock_proof(proof), accept))

    @acts(Rule.PARTY)
    def unlock(self, sender: Who = None) -> HubReceipt:
        """Resolve on chain, during a dispute, the incoming locks whose preimage, voucher or evidence is known."""
        side = self._side(sender, next(iter(self.parties)))
        node = self._party(side)
        proof = node.state(self.id).theirs.proof
        paying = self._sender(sender, side)
        openings = node.openings(self.id)
        if not openings:
            raise LockRefused(
                f"channel {self.id.hex()[:8]}: side {side} knows no resolution of its {len(proof.locks)} locks",
                hint="supply a preimage, voucher or evidence first",
            )
        return self._done(self.hub.unlock(paying, self.key, _other(side), proof.limit, proof.locks, openings))

    @acts(Rule.ANYBODY)
    def settle(self, sender: Who = None) -> HubReceipt:
        """Pay both parties by the posted counters after the challenge window."""
        side = self._side_or(sender, next(iter(self.parties)))
        return self._done(self.hub.settle(self._sender(sender, side), self.key))

    # -------------------------------------------------------------------------------------------- simplex

    @acts(Rule.ANYBODY)
    def claim(self, voucher: Payment | None = None, sender: Who = None) -> HubReceipt:
        """Pay a simplex payee for the given voucher, by default for its newest one."""
        proof = self._newest_voucher() if voucher is None else self._own(voucher)
        paying = self._sender(sender, next(reversed(self.parties)))
        return self._done(self.hub.claim_voucher(paying, self.key, proof.amount, proof.signature))

    @acts(Rule.PAYER)
    def request_exit(self, sender: Who = None) -> HubReceipt:
        """Start a simplex payer's exit; the payee can claim until the exit is executed."""
        return self._done(self.hub.request_exit(self._sender(sender, "A"), self.key))

    @acts(Rule.ANYBODY)
    def exit(self, sender: Who = None) -> HubReceipt:
        """Pay a simplex payer the unclaimed balance after the exit delay."""
        return self._done(self.hub.exit(self._sender(sender, "A"), self.key))

    def _close_simplex(self, sender: Who) -> HubReceipt:
        received = self._party("B").proofs.newest_received(self.id)
        amount, signature = (0, b"") if received is None else (received.amount, received.signature)
        self._party("B").closing.sign_close(self.id)
        return self._done(self.hub.close_simplex(self._sender(sender, "B"), self.key, amount, signature))

    # -------------------------------------------------------------------------------------------- helpers

    def _state(self) -> State:
        return next(iter(self.parties.values())).state(self.id)

    def _newest_voucher(self) -> Payment:
        proof = self._party("B").proofs.newest_received(self.id)
        if not isinstance(proof, Payment):
            raise ChannelNotActive(f"channel {self.id.hex()[:8]}: no voucher to claim", hint="receive a payment first")
        return proof

    def _own(self, proof: Proof) -> Proof:
        """Return the proof unchanged; raise if it is not a proof of this channel."""
        if not isinstance(proof, Payment | LockPayment):
            raise MalformedError(
                f"channel {self.id.hex()[:8]}: {type(proof).__name__} given, a Payment or LockPayment needed"
            )
        if proof.channel_id != self.id:
            raise Refused(
                f"channel {self.id.hex()[:8]}: the proof is of channel {proof.channel_id.hex()[:8]}",
                hint="use it in its own channel",
            )
        return proof

    def _signer_of(self, payment: Payment | LockPayment) -> str:
        for side, party in self.parties.items():
            if party.proofs.signed_by_me(payment):
                return side
        return "B" if "A" in self.parties and len(self.parties) == 1 else "A"

    def _party(self, side: str) -> Party:
        party = self.parties.get(side)
        if party is None:
            owner = self.key.a if side == "A" else self.key.b
            raise PartyMissing(
                f"channel {self.id.hex()[:8]}: side {side} ({owner}) has no signer in this process",
                hint="exchange messages with it",
            )
        return party

    def _side(self, who: Who, default: str) -> str:
        if who is None:
            return default if default in self.parties else next(iter(self.parties))
        return side_of(self.key, who)

    def _side_or(self, who: Who, default: str) -> str:
        """Return the side of a party, or `default` for an account that is not a party."""
        return self._side(None if who is not None and who.address not in (self.key.a, self.key.b) else who, default)

    def _sender(self, who: Who, side: str) -> Sender:
        return self._senders.of(self._party(side) if who is None else who)

    def _done(self, receipt: HubReceipt) -> HubReceipt:
        self.refresh()
        return receipt


def _other(side: str) -> str:
    return "B" if side == "A" else "A"
