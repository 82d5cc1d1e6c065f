"""`Party`: one signer in its channels: pays, receives, locks, closes, recovers. It persists before it sends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.channels.contract.hub import HubContract
from layer2.channels.party.chain_sync import ChainSync
from layer2.channels.party.channel_table import Change, ChannelEntry, ChannelTable
from layer2.channels.party.conditional_payments import ConditionalPayments
from layer2.channels.party.cooperative_close import CooperativeClose
from layer2.channels.party.errors import BalanceTooLow, CounterNotNewer, Refused
from layer2.channels.party.event_codec import encode_event
from layer2.channels.party.events import Adopted, Received, Signed
from layer2.channels.party.held_proofs import HeldProofs
from layer2.channels.party.party_key import OwnerKey, PartyKey
from layer2.channels.party.policy import LockPolicy, confirmations_for
from layer2.channels.party.state import NO_PROOF, Proof, State
from layer2.channels.party.store import FAULT_POINTS, open_table
from layer2.channels.party.transition import apply, check_pay
from layer2.channels.party.virtual_channels import VirtualChannels
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.messages import RIGHT_TO_PAY, Session
from layer2.channels.protocol.proofs import Payment, PeerCopy
from layer2.channels.protocol.session_keys import SessionGrant
from layer2.ethereum.errors import EthereumError
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import keccak
from layer2.store.journal import fault_point

__all__ = ["FAULT_POINTS", "RESYNC_GAP", "Party"]

RESYNC_GAP = 1 << 24
"""Number of lock nonces skipped after a resync: nonces of signed proofs missing from the peer's copy are below it."""


class Party:
    """One signer with its channels. Amounts are in token units. Safe to use from several threads.

    Every signed message is durable before it is returned, and every received one before it is acknowledged; after a
    crash the same journal gives the same state. `pay_many` and `receive_many` share one commit across a batch,
    `pay_each` and `receive_each` across many channels.

    Args:
        address: the party, if the signer holds only a session key of it, which is then the `key`.
        confirmations: blocks required above a block before its money counts; by default 0 on a development chain, else
            `policy.CONFIRMATIONS`.
        lock_policy: limits on the locks it accepts and signs.

    Attributes:
        locks: conditional payments, signed and received.
        closing: messages that both parties sign.
        virtual: vouchers of virtual channels.
        proofs: the newest proofs of both directions.
    """

    def __init__(
        self,
        signer: Signer,
        table: ChannelTable,
        *,
        address: Address | None = None,
        key: PartyKey | None = None,
        confirmations: int | None = None,
        lock_policy: LockPolicy | None = None,
    ) -> None:
        self.signer = signer
        self.address: Address = address or signer.address
        self.hub = table.hub
        self._table = table
        self._lock = table.lock
        self._key: PartyKey = key or OwnerKey(signer)
        self._sync = ChainSync(table, table.hub, self.address, confirmations_for(table.hub.connection, confirmations))
        self.locks = ConditionalPayments(table, self._sync, self._key, lock_policy or LockPolicy())
        self.closing = CooperativeClose(table, self._key)
        self.virtual = VirtualChannels(table, self._key, self.address)
        self.proofs = HeldProofs(table, self._key, self.address)

    @classmethod
    def open(
        cls,
        signer: Signer,
        hub: HubContract,
        path: str | Path,
        *,
        create: bool = True,
        confirmations: int | None = None,
        lock_policy: LockPolicy | None = None,
    ) -> Party:
        """Open the node on the journal at `path`. With `create=False` a missing journal is refused."""
        table = open_table(path, hub, signer, signer.address, create=create)
        try:
            return cls(signer, table, confirmations=confirmations, lock_policy=lock_policy)
        except BaseException:
            table.close()
            raise

    @classmethod
    def recover(cls, signer: Signer, hub: HubContract, path: str | Path, *, confirmations: int | None = None) -> Party:
        """Open a new journal at `path` to replace a lost one; then call join(key, frozen=True) and resync."""
        return cls.open(signer, hub, path, create=True, confirmations=confirmations)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address} channels={len(self._table)}>"

    def close(self) -> None:
        """Close the journal; the node cannot be used afterwards."""
        self._table.close()

    def compact(self) -> int:
        """Rewrite the journal with one row for each channel and return the number of rows. Runs automatically."""
        return self._table.compact()

    # ----------------------------------------------------------------------------------------------- channels

    @property
    def channels(self) -> tuple[bytes, ...]:
        """Ids of the channels in this node, oldest first."""
        return self._table.ids()

    def state(self, channel_id: bytes) -> State:
        """Return the node's view of a channel."""
        return self._table.entry(channel_id).state

    def join(self, key: ChannelKey, *, frozen: bool = False) -> State:
        """Add a channel and read it from the chain; with `frozen`, refuse to sign in it until `resync`."""
        return self._sync.join(key, frozen=frozen)

    def refresh(self, channel_id: bytes) -> State:
        """Update a channel from the chain and journal any change: money `confirmations` deep, disputes immediately."""
        return self._sync.refresh(channel_id)

    def follow(self) -> int:
        """Refresh the channels that the hub's logs mention since the last call; call it every few seconds."""
        return self._sync.follow()

    # --------------------------------------------------------------------------------------------- recovering

    def openings(self, channel_id: bytes, *, consenting: bool = False) -> tuple[Opening, ...]:
        """Return the known resolutions of the incoming locks; with `consenting`, this party's consents too."""
        return self.proofs.openings(channel_id, consenting=consenting)

    def copy_for_peer(self, channel_id: bytes) -> PeerCopy:
        """Return the proofs that a peer needs after it lost its journal."""
        return self.proofs.copy_for_peer(channel_id)

    def resync(self, copy: PeerCopy) -> Party:
        """Adopt the peer's copy: this party's own newest proofs, after signature checks, then the peer's newest proofs.

        Safe because counters only grow: an outdated copy cannot revert anything that was signed here. Lock nonces are
        taken from signed proofs only.
        """
        entry = self._table.entry(copy.channel_id)
        plain, locked = copy.received, copy.received_proof
        for one in (plain, locked):
            if one is not None and (one.channel_id != copy.channel_id or not self.proofs.signed_by_me(one)):
                raise SignatureError(
                    f"channel {entry.stream[:8]}: the peer's copy up to {one.amount} is not signed by {self.address}",
                    hint="ask the peer for the newest proof",
                )
        proof = NO_PROOF
        if locked is not None:
            accept = b"" if copy.acceptance is None else copy.acceptance.signature
            proof = Proof(locked.amount, locked.nonce, locked.locks, locked.signature, accept)
            self.locks.check_accept(entry, proof, accept)
        with self._lock:
            amount, voucher = (0, b"") if plain is None else (plain.amount, plain.signature)
            mine = entry.state.mine
            behind = entry.frozen or proof.nonce > mine.used_nonce or max(amount, proof.amount) > mine.limit
            used = proof.nonce + RESYNC_GAP if behind else proof.nonce
            head = (proof.amount, proof.nonce, proof.locks, proof.signature, proof.accept)
            self._table.note(entry, Adopted(amount, voucher, *head, used))
            entry.frozen = False
        theirs = entry.state.theirs
        if copy.signed is not None and copy.signed.amount > theirs.amount and not theirs.locks:
            self.receive(copy.signed)
        if copy.signed_proof is not None and copy.signed_proof.nonce > entry.state.theirs.used_nonce:
            self.locks.receive_locks(copy.signed_proof, resync=True)
        return self

    # ------------------------------------------------------------------------------------------------- paying

    def pay(self, channel_id: bytes, amount: int) -> Payment:
        """Sign a payment of `amount` more; durable on return."""
        return self.pay_many(channel_id, amount, 1)[0]

    def pay_many(self, channel_id: bytes, amount: int, count: int) -> list[Payment]:
        """Sign `count` payments of `amount` each, made durable with one commit."""
        now = self._key.now()
        with self._lock:
            payments, one = self._signed(self._table.signing(channel_id), None, amount, count, now)
            self._table.persist([one], "party.sign")
            return payments

    def pay_each(self, wanted: Sequence[tuple[bytes, int]]) -> list[Payment]:
        """Sign one payment for each `(channel id, amount)`, all or none, made durable with one commit."""
        now = self._key.now()
        with self._lock:
            payments: list[Payment] = []
            changes: list[Change] = []
            states: dict[bytes, State] = {}
            for channel_id, amount in wanted:
                made, one = self._signed(self._table.signing(channel_id), states.get(channel_id), amount, 1, now)
                states[channel_id] = one.after
                payments += made
                changes.append(one)
            if changes:
                self._table.persist(changes, "party.sign")
            return payments

    def _signed(
        self, entry: ChannelEntry, before: State | None, amount: int, count: int, now: int
    ) -> tuple[list[Payment], Change]:
        if count < 1:
            raise CounterNotNewer(f"pay_many: {count} payments given, at least 1 needed", hint="pay at least once")
        state = entry.state if before is None else before
        check_pay(state, amount)
        check_pay(state, amount * count)
        counter = state.mine.amount
        sign = self._key.counter_signer(entry, counter + amount * count, now)
        channel_id, outer, inner = state.key.id, self._table.voucher_prefix, entry.voucher_head
        fault_point("party.sign.before")
        payments = []
        for _ in range(count):
            counter += amount
            digest = keccak(outer + keccak(inner + counter.to_bytes(32, "big")))
            payments.append(Payment(channel_id, counter, sign(digest)))
        event = Signed(counter, payments[-1].signature, count)
        return payments, Change(entry, encode_event(event), apply(state, event))

    def grant_session(
        self, channel_id: bytes, key: str, allowance: int, valid_until: int, rights: int = RIGHT_TO_PAY
    ) -> SessionGrant:
        """Authorise `key` to sign up to `allowance` token units beyond the current counter, until second `valid_until`.

        While the session is in use, pay with the session only, because two keys that sign concurrently produce
        conflicting counters. `resync` with the peer's copy adopts the session's payments.
        """
        with self._lock:
            entry = self._table.signing(channel_id)
            state = entry.state
            if rights & RIGHT_TO_PAY and not 0 < allowance <= state.available:
                raise BalanceTooLow(
                    f"channel {entry.stream[:8]}: an allowance of {allowance} given, 1 to {state.available} available",
                    hint="allow less, or deposit more first",
                )
            mine = state.mine
            cap = mine.limit + allowance
            session = Session(channel_id, to_address(key), cap, valid_until, rights)
            signature = self._key.sign(session.digest(self.hub.domain))
            return SessionGrant(session, self.address, signature, mine.amount, mine.used_nonce)

    # ---------------------------------------------------------------------------------------------- receiving

    def verify(self, payment: Payment) -> int:
        """Return the units that a voucher adds to the newest one held; raise if not acceptable. Writes nothing."""
        entry = self._table.signing(payment.channel_id)
        apply(entry.state, Received(payment.amount, payment.signature))
        self._check_vouchers(entry, [payment])
        return payment.amount - entry.state.theirs.amount

    def receive(self, payment: Payment) -> int:
        """Accept a voucher and return the units it paid; durable on return. The newest one again pays 0."""
        theirs = self._table.entry(payment.channel_id).state.theirs
        if payment.amount == theirs.plain and payment.signature == theirs.voucher:
            return 0
        return self.receive_many([payment])

    def receive_many(self, payments: Sequence[Payment]) -> int:
        """Accept vouchers of one channel in order, all or none, made durable with one commit; return their sum."""
        if not payments:
            return 0
        entry = self._table.signing(payments[0].channel_id)
        self._sync.require_fresh(payments[0].channel_id)
        self._check_vouchers(entry, payments)
        with self._lock:
            paid, one = self._received(entry, None, payments)
            self._table.persist([one], "party.receive")
            return paid

    def receive_each(self, batches: Sequence[Sequence[Payment]]) -> list[int | Exception]:
        """Accept batches of vouchers of many channels, made durable with one commit.

        Each batch is of one channel, oldest voucher first. Returns, for each batch, the units it paid or the error that
        rejected it: an invalid batch does not affect the others.
        """
        answers: list[int | Exception] = [0] * len(batches)
        checked: list[tuple[int, ChannelEntry, Sequence[Payment]]] = []
        for place, payments in enumerate(batches):
            try:
                if payments:
                    entry = self._table.signing(payments[0].channel_id)
                    self._sync.require_fresh(payments[0].channel_id)
                    self._check_vouchers(entry, payments)
                    checked.append((place, entry, payments))
            except (Refused, SignatureError, EthereumError) as failure:
                answers[place] = failure
        with self._lock:
            changes: list[Change] = []
            states: dict[ChannelEntry, State] = {}
            for place, entry, payments in checked:
                try:
                    paid, one = self._received(entry, states.get(entry), payments)
                except Refused as failure:
                    answers[place] = failure
                    continue
                answers[place], states[entry] = paid, one.after
                changes.append(one)
            if changes:
                self._table.persist(changes, "party.receive")
        return answers

    def _received(self, entry: ChannelEntry, before: State | None, payments: Sequence[Payment]) -> tuple[int, Change]:
        state, last = entry.state if before is None else before, payments[-1]
        event = Received(last.amount, last.signature, len(payments))
        after = apply(state, event)
        if payments[0].amount < state.theirs.amount:
            raise CounterNotNewer(
                f"channel {entry.stream[:8]}: counter {payments[0].amount} given, above {state.theirs.amount} needed",
                hint="send the newest vouchers only",
            )
        fault_point("party.receive.before")
        return last.amount - state.theirs.amount, Change(entry, encode_event(event), after)

    def _check_vouchers(self, entry: ChannelEntry, payments: Sequence[Payment]) -> None:
        """Verify signatures; called without the lock, because a session may require a call to the chain."""
        outer, inner, channel_id = self._table.voucher_prefix, entry.voucher_head, entry.state.key.id
        verify = entry.verifier.verify
        before = entry.state.theirs.plain
        for one, amount, signature in payments:
            if not before < amount < 1 << 128 or one != channel_id:
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
