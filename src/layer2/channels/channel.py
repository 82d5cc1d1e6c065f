"""`Channel`: the user interface of one channel, for both of its parties or for one of them."""

from __future__ import annotations

import secrets

from layer2.channels.channel_onchain import ChannelOnChain
from layer2.channels.party.errors import LockRefused, Refused
from layer2.channels.permissions import Rule, Who, acts
from layer2.channels.protocol.locks import HASH_LOCK, VOUCHER_LOCK, Lock, virtual_channel_id
from layer2.channels.protocol.messages import RIGHT_TO_PAY
from layer2.channels.protocol.proofs import Acceptance, LockPayment, Payment, PaymentRequest
from layer2.channels.protocol.session_keys import SessionGrant
from layer2.primitives.display import time_left
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import sha256
from layer2.primitives.units import parse_duration

__all__ = ["Channel"]


class Channel(ChannelOnChain):
    """Off-chain methods of a channel; the on-chain methods are inherited.

    Amounts are `"0.001 ether"`, `"12 wei"`, for tokens `"5 USD"` or `"5 token"`, or integers in smallest units. If both
    parties are held in this process, each signed message is delivered to the other party immediately. Otherwise it is
    returned, and the caller sends it to the peer, which passes it to its own `receive`.
    """

    def __repr__(self) -> str:
        state = self._state()
        a, b = state.balance, state.peer_balance
        if state.side == "B":
            a, b = b, a
        count = state.mine.payments + state.theirs.payments
        pending = len(state.mine.locks) + len(state.theirs.locks)
        locks = f" locks={pending}" if pending else ""
        return (
            f"<Channel {self.id.hex()[:4]}.. {state.phase} payer={self.asset.format(a)} "
            f"payee={self.asset.format(b)} payments={count}{locks}>"
        )

    @property
    def phase(self) -> str:
        """Phase of the channel: `new`, `open`, `closing`, `disputed` or `closed`."""
        return self._state().phase

    @property
    def balances(self) -> tuple[int, int]:
        """Balances of A and B, in token units, if the channel closed now at the newest counters."""
        state = self._state()
        pair = (state.balance, state.peer_balance)
        return pair if state.side == "A" else (pair[1], pair[0])

    # ----------------------------------------------------------------------------------------- paying

    @acts(Rule.PARTY)
    def pay(self, amount: str | int, sender: Who = None) -> Payment:
        """Sign a payment, persist it, deliver it to a peer held in this process, and return the voucher."""
        return self.pay_many(amount, 1, sender)[0]

    @acts(Rule.PARTY)
    def pay_many(self, amount: str | int, count: int, sender: Who = None) -> list[Payment]:
        """Make `count` payments of `amount`, one voucher each; each side persists all of them with one commit."""
        side = self._side(sender, "A")
        payments = self._party(side).pay_many(self.id, self.asset.parse(amount), count)
        peer = self.parties.get(_other(side))
        if peer is not None:
            peer.receive_many(payments)
        return payments

    def receive(self, proof: Payment | LockPayment) -> int:
        """Accept a proof signed by the peer and return the token units that it paid.

        After a lock proof, send the result of `acceptance()` back to the peer.
        """
        proof = self._own(proof)
        node = self._party(next(iter(self.parties)) if len(self.parties) == 1 else _other(self._signer_of(proof)))
        if isinstance(proof, Payment):
            return node.receive(proof)
        before = node.state(self.id).theirs.amount
        node.locks.receive_locks(proof)
        return node.state(self.id).theirs.amount - before

    @acts(Rule.PARTY)
    def acceptance(self, sender: Who = None) -> Acceptance | None:
        """Return the acceptance of the newest lock proof that the sender (by default B) received, to be sent back."""
        return self._party(self._side(sender, "B")).copy_for_peer(self.id).acceptance

    def accepted(self, acceptance: Acceptance) -> Payment | None:
        """Store the peer's acceptance of locks; return a plain voucher for the peer when no lock is left."""
        return self._party(acceptance.side).locks.take_accept(acceptance)

    def verify(self, payment: Payment) -> int:
        """Return the token units that a voucher adds to the newest one held; raise if the voucher is not acceptable."""
        payment = self._own(payment)
        side = next(iter(self.parties)) if len(self.parties) == 1 else _other(self._signer_of(payment))
        return self._party(side).verify(payment)

    def request(
        self, amount: str | int, memo: str = "", *, valid: str | int = "1 hour", preimage: bytes | None = None
    ) -> PaymentRequest:
        """Create a payment request for the payer's `honour`; with a `preimage`, the payment is locked to its hash."""
        units = self.asset.parse(amount)
        if units <= 0:
            raise RangeError(f"request: amount {units} given, at least 1 needed", hint="ask for a positive amount")
        until = self.hub.connection.timestamp() + parse_duration(valid)
        return PaymentRequest(self.id, units, until, memo, b"" if preimage is None else sha256(preimage))

    @acts(Rule.PARTY)
    def honour(self, request: PaymentRequest, sender: Who = None) -> Payment | LockPayment:
        """Pay a payment request."""
        if not isinstance(request, PaymentRequest):
            raise MalformedError(f"honour: {type(request).__name__} given, a PaymentRequest needed")
        if request.channel_id != self.id:
            raise Refused(
                f"channel {self.id.hex()[:8]}: the request is for channel {request.channel_id.hex()[:8]}",
                hint="use it in its own channel",
            )
        now = self.hub.connection.timestamp()
        if now > request.valid_until:
            raise Refused(
                f"channel {self.id.hex()[:8]}: the request was valid until {time_left(request.valid_until, now)}",
                hint="ask for a new one",
            )
        if request.condition:
            left = max(1, request.valid_until - now)
            return self.conditional(request.amount, hash_lock=request.condition, expiry=left, sender=sender)
        return self.pay(request.amount, sender)

    @acts(Rule.PARTY)
    def grant(
        self,
        key: str,
        allowance: str | int,
        *,
        valid: str | int = "1 day",
        rights: int = RIGHT_TO_PAY,
        sender: Who = None,
    ) -> SessionGrant:
        """Authorise `key` (an address) to pay up to `allowance` for the sender's side, for `valid` from now.

        Send the grant to the holder of the key, which drives the channel with it:
        `hub.session(signer, channel.key, grant)`.
        """
        until = self.hub.connection.timestamp() + parse_duration(valid)
        node = self._party(self._side(sender, "A"))
        return node.grant_session(self.id, key, self.asset.parse(allowance), until, rights)

    # ---------------------------------------------------------------------------------------- locking

    @acts(Rule.PARTY)
    def conditional(
        self,
        amount: str | int,
        *,
        hash_lock: bytes | None = None,
        preimage: bytes | None = None,
        expiry: str | int = "1 hour",
        sender: Who = None,
    ) -> LockPayment:
        """Lock `amount` to a SHA-256 hash (or to that of `preimage`) for `expiry` from now."""
        if (hash_lock is None) == (preimage is None):
            raise LockRefused("conditional: exactly one of hash_lock and preimage is needed", hint="give one of them")
        condition = sha256(preimage) if preimage is not None else hash_lock or b""
        return self.lock(amount, HASH_LOCK, condition, expiry=expiry, sender=sender)

    @acts(Rule.PARTY)
    def virtual(
        self,
        amount: str | int,
        *,
        payer: str,
        payee: str,
        salt: bytes | None = None,
        expiry: str | int = "1 hour",
        sender: Who = None,
    ) -> LockPayment:
        """Lock up to `amount` for vouchers of the virtual channel between `payer` and `payee`."""
        condition = virtual_channel_id(payer, payee, secrets.token_bytes(32) if salt is None else salt)
        return self.lock(amount, VOUCHER_LOCK, condition, expiry=expiry, sender=sender)

    @acts(Rule.PARTY)
    def lock(
        self, amount: str | int, kind: int, condition: bytes, *, expiry: str | int, sender: Who = None
    ) -> LockPayment:
        """Lock `amount` to a condition of any kind, for `expiry` from now."""
        side = self._side(sender, "A")
        units = self.asset.parse(amount)
        until = self.hub.connection.timestamp() + parse_duration(expiry)
        return self._hand(side, self._party(side).locks.add_lock(self.id, Lock(units, until, kind, condition)))

    @acts(Rule.PARTY)
    def fulfil(self, resolution: bytes, condition: bytes | None = None, sender: Who = None) -> LockPayment:
        """Present the receiver's resolution (for a hash lock, the preimage) and pay the locks that it opens off chain.

        `sender` is the side that pays the lock (by default A).
        """
        side = self._side(sender, "A")
        wanted = sha256(resolution) if condition is None else condition
        peer = self.parties.get(_other(side))
        if peer is not None:
            peer.locks.learn(self.id, wanted, resolution)
        return self._hand(side, self._party(side).locks.fulfil(self.id, wanted, resolution))

    def learn(self, resolution: bytes, condition: bytes | None = None) -> int:
        """Record, as the receiver, the resolution of an incoming lock; return the token units that it pays."""
        wanted = sha256(resolution) if condition is None else condition
        for party in self.parties.values():
            if any(lock.condition == wanted for lock in party.state(self.id).theirs.locks):
                return party.locks.learn(self.id, wanted, resolution)
        raise LockRefused(
            f"channel {self.id.hex()[:8]}: no incoming lock has this condition", hint="check the preimage"
        )

    @acts(Rule.PARTY)
    def expire(self, sender: Who = None) -> LockPayment | None:
        """Drop the sender's own expired locks unpaid; return `None` if none has expired."""
        side = self._side(sender, "A")
        proof = self._party(side).locks.expire(self.id)
        return None if proof is None else self._hand(side, proof)

    @acts(Rule.PARTY)
    def give_up(self, lock: Lock, sender: Who = None) -> LockPayment | None:
        """Give up an incoming lock as its receiver (by default B), so that a failed payment need not wait for expiry.

        If both parties are held here, the payer drops the lock immediately. Otherwise notify the payer, and accept its
        proof without the lock.
        """
        side = self._side(sender, "B")
        self._party(side).locks.give_up(self.id, lock)
        payer = self.parties.get(_other(side))
        return None if payer is None else self._hand(_other(side), payer.locks.drop(self.id, lock))

    def _hand(self, side: str, proof: LockPayment) -> LockPayment:
        peer = self.parties.get(_other(side))
        if peer is not None:
            level = self._party(side).locks.take_accept(peer.locks.receive_locks(proof))
            if level is not None:
                peer.receive(level)
        return proof


def _other(side: str) -> str:
    return "B" if side == "A" else "A"
