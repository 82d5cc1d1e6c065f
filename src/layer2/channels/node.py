"""`Party`: one signer in its channels: pays, receives, locks, closes, recovers. It persists before it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.channels.contract import HubContract
from layer2.channels.events import Adopted, Received, Signed
from layer2.channels.ledger import apply, check_pay
from layer2.channels.locks import locks_hash
from layer2.channels.messages import RIGHT_TO_PAY, LockVoucher, Session
from layer2.channels.nodebase import FAULT_POINTS, Kept
from layer2.channels.nodeclose import ClosingNode
from layer2.channels.proofs import LockPayment, Payment, PeerCopy
from layer2.channels.records import pack_vouchers
from layer2.channels.refusals import BalanceTooLow, CounterNotNewer
from layer2.channels.sessions import SessionGrant, SessionProof, is_session_proof, signed_for
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import InputError, SignatureError
from layer2.primitives.hashing import keccak
from layer2.store.journal import fault_point

__all__ = ["FAULT_POINTS", "Party"]


class Party(ClosingNode):
    """One signer with its channels. Amounts in token units. Safe to use from several threads.

    Every signed message is durable before it is returned, every received one before it is acknowledged; after a
    crash the same journal gives the same state. `pay_many` and `receive_many` share one commit among a batch.
    """

    @classmethod
    def open(
        cls,
        signer: Signer,
        hub: HubContract,
        path: str | Path,
        *,
        create: bool = True,
        confirmations: int = 0,
    ) -> Party:
        """Open the node on the journal at `path`. With `create=False` a missing journal is refused."""
        journal = cls.open_journal(path, create=create)
        try:
            return cls(signer, hub, journal, confirmations=confirmations)
        except BaseException:
            journal.close()
            raise

    # ------------------------------------------------------------------------------------------------- paying

    def pay(self, channel_id: bytes, amount: int) -> Payment:
        """Sign `amount` more away; durable when it returns."""
        return self.pay_many(channel_id, amount, 1)[0]

    def pay_many(self, channel_id: bytes, amount: int, count: int) -> list[Payment]:
        """Sign `count` payments of `amount` each, made durable together with one commit."""
        if count < 1:
            raise CounterNotNewer(f"pay_many: {count} payments given, at least 1 needed", hint="pay at least once")
        with self._lock:
            entry = self._signing(channel_id)
            state = entry.state
            check_pay(state, amount)
            check_pay(state, amount * count)
            counter = state.mine.amount
            sign = self._counter_signer(entry, counter + amount * count)
            outer, inner = self._prefix, entry.voucher_head
            fault_point("party.sign.before")
            payments = []
            for _ in range(count):
                counter += amount
                digest = keccak(outer + keccak(inner + counter.to_bytes(32, "big")))
                payments.append(Payment(channel_id, counter, sign(digest)))
            after = apply(state, Signed(counter, payments[-1].signature, count))
            self._write(entry.stream, pack_vouchers(True, payments, count), "party.sign")
            entry.state = after
            return payments

    def newest_signed(self, channel_id: bytes) -> Payment | LockPayment | None:
        """The newest proof this node signed, to be said again after a crash or a lost message."""
        return _proof(self._entry(channel_id), mine=True)

    def newest_received(self, channel_id: bytes) -> Payment | LockPayment | None:
        """The newest proof this node holds from the peer: what it would post."""
        return _proof(self._entry(channel_id), mine=False)

    def signed_by_me(self, proof: Payment | LockPayment) -> bool:
        """Whether this party signed the proof, by its own key or by a session key it named."""
        try:
            digest = self._digest_of(self._entry(proof.channel_id), proof)
            return signed_for(self.hub.domain, proof.channel_id, self.address, digest, proof.signature)
        except InputError:
            return False

    def grant_session(
        self, channel_id: bytes, key: str, allowance: int, valid_until: int, rights: int = RIGHT_TO_PAY
    ) -> SessionGrant:
        """Let `key` sign up to `allowance` token units beyond the present counter, until second `valid_until`.

        While it is in use, pay with the session only: two keys that sign at once contradict each other's counters.
        `resync` with the peer's copy takes over what the session has paid.
        """
        with self._lock:
            entry = self._signing(channel_id)
            mine = entry.state.mine
            if allowance <= 0 or mine.locked + allowance > entry.state.available + mine.locked:
                raise BalanceTooLow(
                    f"channel {entry.stream[:8]}: an allowance of {allowance} asked, 1 to {entry.state.available} "
                    "available",
                    hint="allow less, or deposit more first",
                )
            cap = mine.amount + mine.locked + allowance
            session = Session(channel_id, to_address(key), cap, valid_until, rights)
            return SessionGrant(
                session, self.address, self._sign(session.digest(self.hub.domain)), mine.amount, mine.nonce
            )

    # ---------------------------------------------------------------------------------------------- receiving

    def verify(self, payment: Payment) -> int:
        """What a voucher would pay more than the newest one held; raises if it is not acceptable. Writes nothing."""
        entry = self._entry(payment.channel_id)
        apply(entry.state, Received(payment.amount, payment.signature))
        self._check_voucher(entry, payment)
        return payment.amount - entry.state.theirs.amount

    def receive(self, payment: Payment) -> int:
        """Accept a voucher; durable when it returns what it paid. The newest one again pays 0."""
        entry = self._entry(payment.channel_id)
        if payment.amount == entry.state.theirs.amount and payment.signature == entry.state.theirs.signature:
            return 0
        return self.receive_many([payment])

    def receive_many(self, payments: Sequence[Payment]) -> int:
        """Accept vouchers of one channel in order, all or none, made durable with one commit; returns their sum."""
        if not payments:
            return 0
        channel_id = payments[0].channel_id
        with self._lock:
            entry = self._entry(channel_id)
            state = entry.state
            if entry.frozen:
                self._signing(channel_id)
            last = payments[-1]
            after = apply(state, Received(last.amount, last.signature, len(payments)))
            self._check_vouchers(entry, payments)
            fault_point("party.receive.before")
            self._write(entry.stream, pack_vouchers(False, payments, len(payments)), "party.receive")
            entry.state = after
            return last.amount - state.theirs.amount

    def _check_vouchers(self, entry: Kept, payments: Sequence[Payment]) -> None:
        outer, inner, channel_id = self._prefix, entry.voucher_head, entry.state.key.id
        verify = entry.verifier.verify
        before = entry.state.theirs.amount
        for one, amount, signature in payments:
            if amount <= before or one != channel_id:
                raise CounterNotNewer(
                    f"channel {entry.stream[:8]}: counter {amount} of channel {one.hex()[:8]} given, "
                    f"above {before} needed",
                    hint="send a batch of one channel, oldest first",
                )
            before = amount
            if not verify(keccak(outer + keccak(inner + amount.to_bytes(32, "big"))), signature, amount):
                raise SignatureError(
                    f"channel {entry.stream[:8]}: the voucher up to {amount} is not signed by {entry.verifier.peer}",
                    hint="check the hub's address and chain id on the other side",
                )

    def _check_voucher(self, entry: Kept, payment: Payment) -> None:
        self._check_vouchers(entry, [payment])

    def must_be_on_chain_by(self, channel_id: bytes) -> int | None:
        """The last second at which the newest proof held must be posted: the end of its session, or the expiry of a
        lock whose resolution is known. `None` when it can wait for ever.
        """
        theirs = self._entry(channel_id).state.theirs
        state = self._entry(channel_id).state
        ends = [lock.expiry for lock in theirs.locks if state.claim_of(lock) is not None]
        if is_session_proof(theirs.signature):
            ends.append(SessionProof.parse(channel_id, theirs.signature).session.valid_until)
        return min(ends, default=None)

    # --------------------------------------------------------------------------------------------- recovering

    def copy_for_peer(self, channel_id: bytes) -> PeerCopy:
        """What a peer that lost its journal needs from this node."""
        state = self.state(channel_id)
        return PeerCopy(
            channel_id,
            self.newest_received(channel_id),
            self.newest_signed(channel_id),
            state.theirs.nonce,
            state.mine.nonce,
        )

    @classmethod
    def recover(cls, signer: Signer, hub: HubContract, path: str | Path, *, confirmations: int = 0) -> Party:
        """Start over with a new journal at `path` after the old one was lost: join(key, frozen=True), then resync."""
        return cls.open(signer, hub, path, create=True, confirmations=confirmations)

    def resync(self, copy: PeerCopy) -> Party:
        """Adopt the peer's copy: my own newest proof, my signature checked, and then the peer's newest.

        Safe because counters only grow: an older copy than the truth cannot take anything back that I signed.
        """
        with self._lock:
            entry = self._entry(copy.channel_id)
            mine = copy.received
            if mine is None:
                self._note(entry, Adopted(0, 0, (), False, b""))
            else:
                if not self.signed_by_me(mine):
                    raise SignatureError(
                        f"channel {entry.stream[:8]}: the peer's copy up to {mine.amount} is not signed by "
                        f"{self.address}",
                        hint="ask the peer for the proof it really holds",
                    )
                locks = mine.locks if isinstance(mine, LockPayment) else ()
                nonce = mine.nonce if isinstance(mine, LockPayment) else copy.received_nonce
                bearing = isinstance(mine, LockPayment)
                self._note(entry, Adopted(mine.amount, nonce, locks, bearing, mine.signature))
            entry.frozen = False
            theirs = copy.signed
            if isinstance(theirs, Payment):
                if theirs.amount > entry.state.theirs.amount:
                    self.receive(theirs)
            elif theirs is not None and theirs.nonce > entry.state.theirs.nonce:
                self.receive_locks(theirs, resync=True)
            return self

    def _digest_of(self, entry: Kept, proof: Payment | LockPayment) -> bytes:
        if isinstance(proof, LockPayment):
            message = LockVoucher(
                entry.state.key.id,
                proof.amount,
                proof.nonce,
                proof.locked,
                proof.last_expiry,
                locks_hash(proof.locks),
            )
            return message.digest(self.hub.domain)
        return keccak(self._prefix + keccak(entry.voucher_head + proof.amount.to_bytes(32, "big")))


def _proof(entry: Kept, *, mine: bool) -> Payment | LockPayment | None:
    state = entry.state
    direction = state.mine if mine else state.theirs
    if not direction.signature:
        return None
    if direction.bearing:
        return LockPayment(state.key.id, direction.amount, direction.nonce, direction.locks, direction.signature)
    return Payment(state.key.id, direction.amount, direction.signature)
