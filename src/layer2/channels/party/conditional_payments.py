"""Conditional payments of a node: locks signed and received, fulfilled, given up and dropped.

A lock proof signed by this party counts in full until the peer's `Accept` of a newer one is held. A lock proof of the
peer is accepted durably when it is received.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from layer2.channels.party.chain_sync import ChainSync
from layer2.channels.party.channel_table import Change, ChannelEntry, ChannelTable, change
from layer2.channels.party.errors import CounterNotNewer, LockRefused, Refused
from layer2.channels.party.event_codec import encode_event
from layer2.channels.party.events import (
    Claimable,
    LocksAccepted,
    LocksGivenUp,
    LocksReceived,
    LocksSigned,
    Signed,
)
from layer2.channels.party.lock_resolution import worth
from layer2.channels.party.party_key import PartyKey
from layer2.channels.party.policy import LockPolicy
from layer2.channels.party.state import Proof, State
from layer2.channels.party.transition import apply
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.messages import Accept
from layer2.channels.protocol.proofs import Acceptance, LockPayment, Payment
from layer2.primitives.errors import SignatureError
from layer2.store.journal import fault_point

__all__ = ["EXPIRY_MARGIN", "ConditionalPayments"]

EXPIRY_MARGIN = 60
"""Seconds after a lock's expiry before its sender drops it unpaid, because block times are not exact clocks."""


class ConditionalPayments:
    """Locks: add, fulfil and expire as the sender; receive, learn and give up as the receiver.

    Reading the state and signing are one step under one lock; reads of the chain happen before it.

    Attributes:
        policy: limits on the locks that are accepted and signed.
    """

    def __init__(self, table: ChannelTable, sync: ChainSync, key: PartyKey, policy: LockPolicy) -> None:
        self.policy = policy
        self._table = table
        self._sync = sync
        self._key = key
        self._hub = table.hub
        self._clock = table.clock

    # ------------------------------------------------------------------------------------------- as the sender

    def add_lock(self, channel_id: bytes, lock: Lock) -> LockPayment:
        """Sign a proof with one more lock; durable on return."""
        return self.add_locks(channel_id, (lock,))

    def add_locks(self, channel_id: bytes, locks: Sequence[Lock]) -> LockPayment:
        """Sign a proof with all these additional locks; durable on return."""
        latest = self._clock.now() + self._hub.max_lock_duration()
        for lock in locks:
            if lock.expiry > latest:
                raise LockRefused(
                    f"channel {channel_id.hex()[:8]}: a lock expires at {lock.expiry}, by {latest} needed",
                    hint="choose an earlier expiry",
                )
        base_fee = self._clock.base_fee()

        def grown(state: State) -> tuple[int, tuple[Lock, ...]]:
            after = (*state.mine.locks, *locks)
            name = channel_id.hex()[:8]
            self.policy.check(name, after, state.mine.locks, state.key.token, base_fee)
            return state.mine.amount, after

        return self._sign_locks(channel_id, grown)

    def fulfil(self, channel_id: bytes, condition: bytes, resolution: bytes) -> LockPayment:
        """Pay every lock with a condition that the peer resolved, and drop these locks from the proof.

        One resolution opens all locks with the condition.
        """
        entry = self._table.signing(channel_id)
        values = self._worths(entry, _found(entry.state.mine.locks, condition, channel_id), resolution)

        def paid(state: State) -> tuple[int, tuple[Lock, ...]]:
            gone = [lock for lock in state.mine.locks if lock in values]
            if not gone:
                raise _no_lock(channel_id, condition)
            rest = tuple(lock for lock in state.mine.locks if lock not in values)
            return state.mine.amount + sum(values[lock] for lock in gone), rest

        return self._sign_locks(channel_id, paid)

    def expire(self, channel_id: bytes) -> LockPayment | None:
        """Drop, unpaid, the locks past their expiry and margin; return `None` if there are none."""
        latest = self._hub.connection.timestamp() - EXPIRY_MARGIN
        if all(lock.expiry >= latest for lock in self._table.signing(channel_id).state.mine.locks):
            return None
        return self._sign_locks(
            channel_id, lambda state: (state.mine.amount, tuple(x for x in state.mine.locks if x.expiry >= latest))
        )

    def drop(self, channel_id: bytes, lock: Lock) -> LockPayment:
        """Drop, unpaid, a lock that the peer has given up; the lock counts until the peer accepts the new proof."""

        def without(state: State) -> tuple[int, tuple[Lock, ...]]:
            if lock not in state.mine.locks:
                raise _no_lock(channel_id, lock.condition)
            at = state.mine.locks.index(lock)
            return state.mine.amount, (*state.mine.locks[:at], *state.mine.locks[at + 1 :])

        return self._sign_locks(channel_id, without)

    def retract(self, channel_id: bytes) -> LockPayment:
        """Sign the accepted proof again under a nonce above those of the proofs that the peer refused to accept.

        The refused proofs count until the peer accepts this one.
        """
        return self._sign_locks(channel_id, lambda state: (state.mine.amount, state.mine.locks))

    def take_accept(self, acceptance: Acceptance) -> Payment | None:
        """Store the peer's `Accept` of a proof this party signed; durable on return.

        A known acceptance changes nothing. When no lock is left, a plain voucher of the same amount is signed and
        returned for the peer, so that an idle channel no longer needs its lock proof.
        """
        entry = self._table.signing(acceptance.channel_id)
        now = self._key.now()
        mine = entry.state.mine
        proof = next((one for one in (mine.proof, *mine.offers) if one.nonce == acceptance.nonce), None)
        if proof is None or not acceptance.accepts(_payment(acceptance.channel_id, proof)):
            raise CounterNotNewer(
                f"channel {entry.stream[:8]}: the acceptance of nonce {acceptance.nonce} names no proof signed here",
                hint="ask the peer which proof it holds",
            )
        self.check_accept(entry, proof, acceptance.signature)
        with self._table.lock:
            state, changes = entry.state, []
            if any(one.nonce == acceptance.nonce for one in state.mine.offers):
                changes.append(change(entry, LocksAccepted(acceptance.nonce, acceptance.signature)))
                state = changes[0].after
            level = self._levelling(entry, state, now)
            if level is not None:
                changes.append(level)
            if changes:
                fault_point("party.receive.before")
                self._table.persist(changes, "party.receive")
            mine = entry.state.mine
            quiet = not mine.locks and not mine.offers and mine.plain == mine.proof.amount and mine.plain
            return Payment(acceptance.channel_id, mine.plain, mine.voucher) if quiet else None

    # ----------------------------------------------------------------------------------------- as the receiver

    def receive_locks(self, payment: LockPayment, *, resync: bool = False) -> Acceptance:
        """Accept the peer's lock proof and return the acceptance, which is durable on return.

        For the newest proof, received again, the existing acceptance is returned.
        """
        entry = self._table.signing(payment.channel_id)
        held = self._held(entry, payment)
        if held is not None:
            return held
        self._sync.require_fresh(payment.channel_id)
        now, horizon, base_fee = self._clock.now(), self._hub.max_lock_duration(), self._clock.base_fee()
        theirs = entry.state.theirs
        running = sum(x.amount for x in theirs.locks if x not in payment.locks and now <= x.expiry)
        if running > payment.amount - theirs.amount:
            # Locks that have not expired by the clock are dropped unpaid: only the chain has the exact time.
            self._clock.tick(self._hub.connection.latest())
            now = self._clock.now()
        self._check_locks_signed(entry, payment)
        payer = "B" if entry.state.side == "A" else "A"
        with self._table.lock:
            held = self._held(entry, payment)
            if held is not None:
                return held
            old = entry.state.theirs.locks
            if not resync:
                self.policy.check(entry.stream[:8], payment.locks, old, entry.state.key.token, base_fee)
            event = LocksReceived(
                payment.amount, payment.nonce, payment.locks, payment.signature, b"", now, horizon, resync
            )
            # The rules are checked before anything is signed; they do not depend on the acceptance.
            apply(entry.state, event)
            fault_point("party.receive.before")
            accept = self._key.accept_signer(entry)(payment.accept_message(payer).digest(self._hub.domain))
            self._table.persist([change(entry, replace(event, accept=accept))], "party.receive")
            return Acceptance(payment.channel_id, payer, payment.nonce, payment.proof_hash, accept)

    def learn(self, channel_id: bytes, condition: bytes, resolution: bytes) -> int:
        """Record the resolution (preimage, voucher or evidence) of the incoming locks with a condition.

        Returns the total token units that it pays.
        """
        entry = self._table.entry(channel_id)
        locks = _found(entry.state.theirs.locks, condition, channel_id)
        values = self._worths(entry, locks, resolution)
        with self._table.lock:
            state, changes = entry.state, []
            for lock, value in values.items():
                known = state.claim_of(lock)
                if lock in state.theirs.locks and (known is None or value > known[0]):
                    event = Claimable(lock, value, resolution)
                    changes.append(Change(entry, encode_event(event), apply(state, event)))
                    state = changes[-1].after
            if changes:
                fault_point("party.note.before")
                self._table.persist(changes, "party.note")
        return sum(values[lock] for lock in locks)

    def give_up(self, channel_id: bytes, lock: Lock) -> None:
        """Permit the peer to drop an incoming lock unpaid before its expiry; durable on return.

        Used when a payment failed further along its route: notify the peer and accept its proof without the lock, which
        then need not wait for its expiry.
        """
        with self._table.lock:
            self._table.note(self._table.entry(channel_id), LocksGivenUp(lock))

    # ---------------------------------------------------------------------------------------------- signatures

    def _sign_locks(self, channel_id: bytes, wanted: Callable[[State], tuple[int, tuple[Lock, ...]]]) -> LockPayment:
        now = self._key.now()
        with self._table.lock:
            entry = self._table.signing(channel_id)
            amount, locks = wanted(entry.state)
            nonce = entry.state.mine.used_nonce + 1
            # The rules are checked before anything is signed; they do not depend on the signature.
            apply(entry.state, LocksSigned(amount, nonce, locks, b""))
            unsigned = LockPayment(channel_id, amount, nonce, locks, b"")
            sign = self._key.counter_signer(entry, unsigned.limit, now)
            fault_point("party.sign.before")
            signature = sign(unsigned.message().digest(self._hub.domain))
            self._table.persist([change(entry, LocksSigned(amount, nonce, locks, signature))], "party.sign")
            return LockPayment(channel_id, amount, nonce, locks, signature)

    def _levelling(self, entry: ChannelEntry, state: State, now: int) -> Change | None:
        """Return the plain voucher for the amount of the last lock proof, if no lock is left."""
        mine = state.mine
        if mine.locks or mine.offers or mine.proof.amount <= mine.plain:
            return None
        try:
            sign = self._key.counter_signer(entry, mine.proof.amount, now)
        except Refused:
            return None  # the session is over: the owner signs the next voucher
        digest = self._table.voucher_digest(entry, mine.proof.amount)
        event = Signed(mine.proof.amount, sign(digest), 0)
        return Change(entry, encode_event(event), apply(state, event))

    def _held(self, entry: ChannelEntry, payment: LockPayment) -> Acceptance | None:
        """Return the acceptance of a proof that is already the newest one."""
        proof = entry.state.theirs.proof
        if (payment.nonce, payment.amount, payment.locks) != (proof.nonce, proof.amount, proof.locks):
            return None
        payer = "B" if entry.state.side == "A" else "A"
        return Acceptance(payment.channel_id, payer, proof.nonce, payment.proof_hash, proof.accept)

    def _check_locks_signed(self, entry: ChannelEntry, payment: LockPayment) -> None:
        digest = payment.message().digest(self._hub.domain)
        if not entry.verifier.verify(digest, payment.signature, payment.limit):
            raise SignatureError(
                f"channel {entry.stream[:8]}: lock proof {payment.nonce} is not signed by {entry.verifier.peer}",
                hint="check the hub's address and chain id on the other side",
            )

    def check_accept(self, entry: ChannelEntry, proof: Proof, signature: bytes) -> None:
        """Raise `SignatureError` unless the peer signed the acceptance of a proof of this party."""
        payment = _payment(entry.state.key.id, proof)
        message = Accept(entry.state.key.id, entry.state.side == "B", proof.nonce, payment.proof_hash)
        if not entry.verifier.verify_accept(message.digest(self._hub.domain), signature):
            raise SignatureError(
                f"channel {entry.stream[:8]}: the acceptance of lock proof {proof.nonce} is not signed by "
                f"{entry.verifier.peer}",
                hint="ask the peer to accept it with its own key, or a session key without an end",
            )

    def _worths(self, entry: ChannelEntry, locks: Sequence[Lock], resolution: bytes) -> dict[Lock, int]:
        """Return the token units that a resolution takes from each lock; may call the chain."""
        values: dict[Lock, int] = {}
        for lock in locks:
            value = worth(self._hub, entry.state.key.id, lock, resolution)
            if value is None:
                raise LockRefused(
                    f"channel {entry.stream[:8]}: the resolution does not fit the lock's condition "
                    f"{lock.condition.hex()[:8]}",
                    hint="check the preimage, voucher or evidence",
                )
            values[lock] = value
        return values


def _payment(channel_id: bytes, proof: Proof) -> LockPayment:
    return LockPayment(channel_id, proof.amount, proof.nonce, proof.locks, proof.signature)


def _found(locks: tuple[Lock, ...], condition: bytes, channel_id: bytes) -> list[Lock]:
    found = [lock for lock in locks if lock.condition == condition]
    if not found:
        raise _no_lock(channel_id, condition)
    return found


def _no_lock(channel_id: bytes, condition: bytes) -> CounterNotNewer:
    return CounterNotNewer(
        f"channel {channel_id.hex()[:8]}: no pending lock has the condition {condition.hex()[:8]}",
        hint="list the pending locks with state().mine.locks or .theirs.locks",
    )
