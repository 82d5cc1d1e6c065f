"""`Channel`: one channel as a person drives it, with both parties in one console or with one of them."""

from __future__ import annotations

import secrets

from layer2.channels.channel_onchain import ChannelOnChain
from layer2.channels.party.errors import LockRefused, Refused
from layer2.channels.permissions import Rule, Who, acts
from layer2.channels.protocol.locks import HASH_LOCK, VOUCHER_LOCK, Lock, virtual_channel_id
from layer2.channels.protocol.messages import RIGHT_TO_PAY
from layer2.channels.protocol.proofs import Acceptance, LockPayment, Payment, PaymentRequest
from layer2.channels.protocol.session_keys import SessionGrant
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import sha256
from layer2.primitives.units import parse_duration

__all__ = ["Channel"]


class Channel(ChannelOnChain):
    """Off-chain verbs and, inherited, the on-chain ones.

    Amounts are `"0.001 ether"`, `"12 wei"`, for tokens `"5 USD"` or `"5 token"`, or smallest units. What one party
    signs is handed to the other at once when both are held here; otherwise it is returned, to be sent and given to the
    peer's `receive`.
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
            f"<Channel {self.id.hex()[:4]}.. {state.phase} payer={self.asset.number(a)} "
            f"payee={self.asset.number(b)} payments={count}{locks}>"
        )

    @property
    def phase(self) -> str:
        """`new`, `open`, `closing`, `disputed` or `closed`."""
        return self._state().phase

    @property
    def balances(self) -> tuple[int, int]:
        """What A and B get if the channel ends now by the newest counters, token units."""
        state = self._state()
        pair = (state.balance, state.peer_balance)
        return pair if state.side == "A" else (pair[1], pair[0])

    # ----------------------------------------------------------------------------------------- paying

    @acts(Rule.PARTY)
    def pay(self, amount: str | int, sender: Who = None) -> Payment:
        """Pay: sign, make durable, hand over. Returns the voucher."""
        return self.pay_many(amount, 1, sender)[0]

    @acts(Rule.PARTY)
    def pay_many(self, amount: str | int, count: int, sender: Who = None) -> list[Payment]:
        """Pay `count` times `amount`; each a voucher of its own, made durable together on either side."""
        side = self._side(sender, "A")
        payments = self._party(side).pay_many(self.id, self.asset.parse(amount), count)
        peer = self.parties.get(_other(side))
        if peer is not None:
            peer.receive_many(payments)
        return payments

    def receive(self, proof: Payment | LockPayment) -> int:
        """Accept what the peer signed; returns what it paid, token units. For a lock proof send `acceptance()` back."""
        proof = self._own(proof)
        node = self._party(next(iter(self.parties)) if len(self.parties) == 1 else _other(self._signer_of(proof)))
        if isinstance(proof, Payment):
            return node.receive(proof)
        before = node.state(self.id).theirs.amount
        node.receive_locks(proof)
        return node.state(self.id).theirs.amount - before

    @acts(Rule.PARTY)
    def acceptance(self, sender: Who = None) -> Acceptance | None:
        """What the sender of locks needs back: the acceptance of the newest lock proof received (by B if not said)."""
        return self._party(self._side(sender, "B")).copy_for_peer(self.id).acceptance

    def accepted(self, acceptance: Acceptance) -> Payment | None:
        """Keep the peer's acceptance of locks; returns a plain voucher for it when no lock is left."""
        return self._party(acceptance.side).take_accept(acceptance)

    def verify(self, payment: Payment) -> int:
        """What the voucher would pay its receiver beyond what it holds; raises if it is not acceptable."""
        payment = self._own(payment)
        side = next(iter(self.parties)) if len(self.parties) == 1 else _other(self._signer_of(payment))
        return self._party(side).verify(payment)

    def request(
        self, amount: str | int, memo: str = "", *, valid: str | int = "1 hour", preimage: bytes | None = None
    ) -> PaymentRequest:
        """Ask for a payment; with a `preimage`, for one locked to its hash. Hand it to the payer's `honour`."""
        units = self.asset.parse(amount)
        if units <= 0:
            raise RangeError(f"request: amount {units} given, at least 1 needed", hint="ask for a positive amount")
        until = self.hub.connection.timestamp() + parse_duration(valid)
        return PaymentRequest(self.id, units, until, memo, b"" if preimage is None else sha256(preimage))

    @acts(Rule.PARTY)
    def honour(self, request: PaymentRequest, sender: Who = None) -> Payment | LockPayment:
        """Pay what a request asks for."""
        if not isinstance(request, PaymentRequest):
            raise MalformedError(f"honour: {type(request).__name__} given, a PaymentRequest needed")
        if request.channel_id != self.id:
            raise Refused(
                f"channel {self.id.hex()[:8]}: the request is for channel {request.channel_id.hex()[:8]}",
                hint="honour it in its own channel",
            )
        now = self.hub.connection.timestamp()
        if now > request.valid_until:
            raise Refused(
                f"channel {self.id.hex()[:8]}: the request was valid until {request.valid_until}, it is {now}",
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
        """Let the holder of `key` (an address) pay up to `allowance` for the sender's side, for `valid` from now.

        Hand it over and drive the channel there with `hub.session(signer, channel.key, grant)`.
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
        """Lock `amount` to any condition."""
        side = self._side(sender, "A")
        units = self.asset.parse(amount)
        until = self.hub.connection.timestamp() + parse_duration(expiry)
        return self._hand(side, self._party(side).add_lock(self.id, Lock(units, until, kind, condition)))

    @acts(Rule.PARTY)
    def fulfil(self, resolution: bytes, condition: bytes | None = None, sender: Who = None) -> LockPayment:
        """Show the receiver's resolution (for a hash lock the preimage) and have what it opens paid off chain.

        `sender` is the side that pays the lock (A if not said).
        """
        side = self._side(sender, "A")
        wanted = sha256(resolution) if condition is None else condition
        peer = self.parties.get(_other(side))
        if peer is not None:
            peer.learn(self.id, wanted, resolution)
        return self._hand(side, self._party(side).fulfil(self.id, wanted, resolution))

    def learn(self, resolution: bytes, condition: bytes | None = None) -> int:
        """As the receiver: record what takes an incoming lock; returns what it pays."""
        wanted = sha256(resolution) if condition is None else condition
        for party in self.parties.values():
            if any(lock.condition == wanted for lock in party.state(self.id).theirs.locks):
                return party.learn(self.id, wanted, resolution)
        raise LockRefused(
            f"channel {self.id.hex()[:8]}: no incoming lock has this condition", hint="check the preimage"
        )

    @acts(Rule.PARTY)
    def expire(self, sender: Who = None) -> LockPayment | None:
        """Drop the sender's own expired locks unpaid; `None` when there is none."""
        side = self._side(sender, "A")
        proof = self._party(side).expire(self.id)
        return None if proof is None else self._hand(side, proof)

    @acts(Rule.PARTY)
    def give_up(self, lock: Lock, sender: Who = None) -> LockPayment | None:
        """Give an incoming lock up, as its receiver (B if not said): a payment that failed waits for no expiry.

        With both parties here the payer drops it at once; else tell the payer, and accept its proof without the lock.
        """
        side = self._side(sender, "B")
        self._party(side).give_up(self.id, lock)
        payer = self.parties.get(_other(side))
        return None if payer is None else self._hand(_other(side), payer.drop(self.id, lock))

    def _hand(self, side: str, proof: LockPayment) -> LockPayment:
        peer = self.parties.get(_other(side))
        if peer is not None:
            level = self._party(side).take_accept(peer.receive_locks(proof))
            if level is not None:
                peer.receive(level)
        return proof


def _other(side: str) -> str:
    return "B" if side == "A" else "A"
