"""The conditional part of a node: lock-bearing proofs, what resolves them, and their expiry."""

from __future__ import annotations

from eth_abi.abi import encode

from layer2.channels.contract import Delegation
from layer2.channels.events import Claimable, LocksReceived, LocksSigned
from layer2.channels.ledger import apply
from layer2.channels.locks import Lock, locks_hash, virtual_channel_id, voucher_resolution
from layer2.channels.messages import LockVoucher, Voucher, Watch
from layer2.channels.nodebase import Kept, NodeBase
from layer2.channels.proofs import LockPayment
from layer2.channels.records import encode_event
from layer2.channels.refusals import CounterNotNewer, LockRefused
from layer2.channels.resolve import worth
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import keccak
from layer2.store.journal import fault_point

__all__ = ["EXPIRY_MARGIN", "LockingNode"]

EXPIRY_MARGIN = 60
"""Seconds past a lock's expiry before its sender drops it unpaid: block times are not exact clocks."""


class LockingNode(NodeBase):
    """Locks: add, fulfil and expire as the sender; receive and learn as the receiver."""

    def add_lock(self, channel_id: bytes, lock: Lock) -> LockPayment:
        """Sign a proof that bears one more lock; durable when it returns."""
        state = self._signing(channel_id).state
        return self._sign_locks(channel_id, state.mine.amount, (*state.mine.locks, lock))

    def fulfil(self, channel_id: bytes, condition: bytes, resolution: bytes) -> LockPayment:
        """Pay a lock whose resolution the peer showed, and drop it from the proof."""
        state = self._signing(channel_id).state
        lock = _find(state.mine.locks, condition, channel_id)
        value = self._worth(self._entry(channel_id), lock, resolution)
        rest = tuple(one for one in state.mine.locks if one is not lock)
        return self._sign_locks(channel_id, state.mine.amount + value, rest)

    def expire(self, channel_id: bytes) -> LockPayment | None:
        """Drop, unpaid, the locks whose expiry and margin are over; `None` when there is none."""
        entry = self._signing(channel_id)
        latest = self.connection.timestamp() - EXPIRY_MARGIN
        kept = tuple(lock for lock in entry.state.mine.locks if lock.expiry >= latest)
        if kept == entry.state.mine.locks:
            return None
        return self._sign_locks(channel_id, entry.state.mine.amount, kept)

    def receive_locks(self, payment: LockPayment, *, resync: bool = False) -> None:
        """Accept the peer's lock-bearing proof; durable when it returns. The newest one again changes nothing."""
        with self._lock:
            entry = self._signing(payment.channel_id)
            state = entry.state
            if payment.nonce == state.theirs.nonce and payment.signature == state.theirs.signature:
                return
            now = self.connection.timestamp()
            horizon = self.hub.max_lock_duration()
            event = LocksReceived(payment.amount, payment.nonce, payment.locks, payment.signature, now, horizon, resync)
            after = apply(state, event)
            self._check_locks_signed(entry, payment)
            fault_point("party.receive.before")
            self._write(entry.stream, encode_event(event), "party.receive")
            entry.state = after

    def learn(self, channel_id: bytes, condition: bytes, resolution: bytes) -> int:
        """Record how an incoming lock is taken (preimage, voucher or evidence); returns what it pays."""
        with self._lock:
            entry = self._entry(channel_id)
            lock = _find(entry.state.theirs.locks, condition, channel_id)
            value = self._worth(entry, lock, resolution)
            known = entry.state.claim_of(lock)
            if known is None or value > known[0]:
                self._note(entry, Claimable(condition, value, resolution))
            return value

    def resolutions(self, channel_id: bytes) -> list[bytes]:
        """For each incoming lock, in order, what takes it; empty where it is not known."""
        state = self._entry(channel_id).state
        claims = [state.claim_of(lock) for lock in state.theirs.locks]
        return [b"" if claim is None else claim[1] for claim in claims]

    def pay_virtual(self, payee: str, salt: bytes, amount: int) -> bytes:
        """Sign the voucher of a virtual channel to `payee`: cumulative `amount`, durable when it returns.

        Returned in the form that resolves the voucher locks made for it: the payee shows it to its neighbour.
        """
        with self._lock:
            condition = virtual_channel_id(self.address, to_address(payee), salt)
            name = "virtual/" + condition.hex()
            before = int.from_bytes(self._journal.get_meta(name) or b"", "big")
            if amount <= before:
                raise CounterNotNewer(
                    f"virtual channel {condition.hex()[:8]}: counter {amount} given, above {before} needed",
                    hint="vouchers are cumulative: sign the sum of all payments",
                )
            fault_point("party.sign.before")
            signature = self._sign(Voucher(condition, amount).digest(self.hub.domain))
            self._journal.put_meta(name, amount.to_bytes(16, "big"))
            self._write("virtual", condition + amount.to_bytes(16, "big") + signature, "party.sign")
            return voucher_resolution(self.address, to_address(payee), salt, amount, signature)

    def consent(self, channel_id: bytes, tower: str, valid_until: int) -> Delegation:
        """Consent that `tower` (zero address: anybody) posts the newest lock proof received, and only that one."""
        state = self._entry(channel_id).state
        proof = state.theirs
        if not proof.bearing:
            raise LockRefused(
                f"channel {channel_id.hex()[:8]}: the newest proof bears no locks, it needs no consent",
                hint="give the voucher to the tower as it is",
            )
        payment = LockPayment(channel_id, proof.amount, proof.nonce, proof.locks, proof.signature)
        act = self._lock_voucher(self._entry(channel_id), payment).struct_hash()
        return self._delegate(channel_id, tower, act, valid_until)

    def unlock_consent(self, channel_id: bytes, tower: str, valid_until: int) -> tuple[Delegation, tuple[bytes, ...]]:
        """Consent that `tower` resolves the incoming locks exactly as this node could now; with those resolutions."""
        found = tuple(self.resolutions(channel_id))
        hashed = keccak(encode(["bytes[]"], [list(found)]))
        act = keccak(locks_hash(self._entry(channel_id).state.theirs.locks) + hashed)
        return self._delegate(channel_id, tower, act, valid_until), found

    def _delegate(self, channel_id: bytes, tower: str, act: bytes, valid_until: int) -> Delegation:
        message = Watch(channel_id, to_address(tower), act, valid_until)
        return Delegation(to_address(tower), valid_until, self._sign(message.digest(self.hub.domain)))

    def _sign_locks(self, channel_id: bytes, amount: int, locks: tuple[Lock, ...]) -> LockPayment:
        with self._lock:
            entry = self._signing(channel_id)
            now = self.connection.timestamp()
            nonce = entry.state.mine.nonce + 1
            # The rules are checked before anything is signed: the signature is not part of them.
            apply(entry.state, LocksSigned(amount, nonce, locks, b"", now))
            latest = now + self.hub.max_lock_duration()
            for lock in locks:
                if lock.expiry > latest:
                    raise LockRefused(
                        f"channel {entry.stream[:8]}: a lock expires at {lock.expiry}, by {latest} needed",
                        hint="choose an earlier expiry: the hub would not take it",
                    )
            proof = LockPayment(channel_id, amount, nonce, locks, b"")
            sign = self._counter_signer(entry, amount + proof.locked)
            fault_point("party.sign.before")
            signature = sign(self._lock_voucher(entry, proof).digest(self.hub.domain))
            event = LocksSigned(amount, nonce, locks, signature, now)
            after = apply(entry.state, event)
            self._write(entry.stream, encode_event(event), "party.sign")
            entry.state = after
            return LockPayment(channel_id, amount, nonce, locks, signature)

    def _check_locks_signed(self, entry: Kept, payment: LockPayment) -> None:
        digest = self._lock_voucher(entry, payment).digest(self.hub.domain)
        if not entry.verifier.verify(digest, payment.signature, payment.amount + payment.locked):
            raise SignatureError(
                f"channel {entry.stream[:8]}: lock proof {payment.nonce} is not signed by {entry.verifier.peer}",
                hint="check the hub's address and chain id on the other side",
            )

    def _lock_voucher(self, entry: Kept, payment: LockPayment) -> LockVoucher:
        return LockVoucher(
            entry.state.key.id,
            payment.amount,
            payment.nonce,
            payment.locked,
            payment.last_expiry,
            locks_hash(payment.locks),
        )

    def _worth(self, entry: Kept, lock: Lock, resolution: bytes) -> int:
        value = worth(self.hub, entry.state.key.id, lock, resolution)
        if value is None:
            raise LockRefused(
                f"channel {entry.stream[:8]}: the resolution does not fit the lock's condition "
                f"{lock.condition.hex()[:8]}",
                hint="check the preimage, voucher or evidence",
            )
        return value


def _find(locks: tuple[Lock, ...], condition: bytes, channel_id: bytes) -> Lock:
    for lock in locks:
        if lock.condition == condition:
            return lock
    raise CounterNotNewer(
        f"channel {channel_id.hex()[:8]}: no pending lock has the condition {condition.hex()[:8]}",
        hint="list the pending locks with state().mine.locks or .theirs.locks",
    )
