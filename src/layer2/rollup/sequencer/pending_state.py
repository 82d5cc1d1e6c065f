"""Pending state of a sequencer: accepted operations on top of the inbox, stored durably, and their statuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path

from layer2.node.intake import Intake
from layer2.node.tx_status import TxStatus, TxStatusIndex
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.compressed_amounts import fee_of
from layer2.rollup.protocol.messages import Withdraw
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.inclusion import included
from layer2.rollup.sequencer.journal import Named, SequencerJournal
from layer2.rollup.sequencer.key_registrations import KeyPolicy, KeyRegistrations
from layer2.rollup.sequencer.mempool import Fees, Mempool, Pending, VerifiedBatch
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
from layer2.rollup.state.forced_queue import TO_THE_END, QueueItem, apply_item
from layer2.rollup.state.operations import move, withdraw
from layer2.rollup.state.overlay import Held
from layer2.rollup.state.state import State, owner_of_address, owner_of_key
from layer2.store.journal import Journal

__all__ = ["PendingState"]


class PendingState:
    """Accepted operations on top of the L1 state; this class neither accepts nor submits operations. See `Sequencer`.

    Args:
        operator: address whose accounts receive fees, unless `fee_account` is given.
    """

    def __init__(
        self,
        rollup: RollupContract,
        operator: str,
        journal: Journal | str | Path,
        replica: Replica,
        *,
        least_fee: int | Mapping[int, int],
        fee_account: int | Mapping[int, int] | None,
        most_pending: int,
        key_policy: KeyPolicy | None,
        verifier: SignatureWorkers | None,
    ) -> None:
        self.rollup = rollup
        self.replica = replica
        self.verifier = verifier or SignatureWorkers()
        self._operator = operator
        self._least_fee = least_fee
        self._fee_account = {0: fee_account} if isinstance(fee_account, int) else fee_account
        self._promises = SequencerJournal(journal, rollup.connection.chain_id, rollup.address)
        self._journal = self._promises.journal
        self._following = threading.Lock()
        self._prefix = rollup.domain.prefix
        if replica.workers is None:
            replica.workers = self.verifier
        self._key_policy = key_policy or KeyPolicy()
        self._openings = KeyRegistrations()
        self._coming = 0
        try:
            self.replica.step()
            self._pool = Mempool(most_pending, self.replica.head)
            self._tx_statuses = TxStatusIndex("posted", until_closed=True)
            self._intake: Intake[VerifiedBatch, Pending] = Intake(
                self._promises,
                self._pool,
                self._tx_statuses,
                lambda batch: self._pool.admit(batch, time.monotonic()),
                itemgetter(0),
                "sequencer",
                events=self._names,
                rolled_back=self._roll_back,
            )
            self.lock = self._intake.lock
            """Lock for reads and writes that must be consistent with each other."""
            if self.replica.missing is None:
                self._promises.check_final([one.record.hash() for one in self.replica.entries])
            self._reload()
        except BaseException:
            self._promises.close()
            raise

    def close(self) -> None:
        """Close the journal; nothing is accepted afterwards."""
        self._promises.close()

    # ------------------------------------------------------------------------------------------------------ queries

    @property
    def pending(self) -> tuple[SignedOp, ...]:
        """Accepted operations that are not in the inbox yet."""
        with self.lock:
            return tuple(SignedOp.decode(record) for record, *_ in self._pool.pending.values())

    @property
    def waiting(self) -> int:
        """Number of pending operations."""
        return len(self._pool.pending)

    @property
    def most_pending(self) -> int:
        """Maximum number of pending operations."""
        return self._pool.most

    @property
    def fees(self) -> Fees:
        """Fee policy of the sequencer."""
        return self._pool.fees

    @property
    def state(self) -> State:
        """State of the inbox with all pending operations, executed again on each access; for inspection and tests."""
        with self.lock:
            state = self.replica.head.copy()
            for item in self._items():
                apply_item(state, item, self.replica.authority)
            for op in self.pending:
                one, fee = op.message, fee_of(op.message.fee)
                if isinstance(one, Withdraw):
                    withdraw(state, one.sender, one.to, one.amount, one.token, fee)
                else:
                    move(state, one.sender, one.to, one.amount, one.token, fee)
            return state

    def ahead(self, account: int) -> Held | None:
        """Return an account as of all pending operations, for reading only; None if it does not exist."""
        return self._pool.account(account)

    def next_nonce(self, account: int) -> int:
        """Return the nonce of an account's next operation, counting pending operations."""
        self.follow()
        with self.lock:
            known = self._pool.account(account)
            return 0 if known is None else known.nonce

    def tx_status(self, digest: bytes) -> TxStatus | None:
        """Return the status of an accepted operation by its signed digest; None for an unknown digest."""
        return self._intake.tx_status(digest)

    def follow(self) -> None:
        """Follow L1, so that posted entries, queue items and reorganisations are applied before anything is accepted.

        L1 is read and signatures are verified without `lock`, which every request takes. Never hold it during this
        call.
        """
        with self._following:
            update = self.replica.poll()
            with self.lock:
                self.replica.take(update)
                if self._reorganisations != self.replica.reorganisations:
                    # Operations of a reverted entry are pending again. They are applied on top of all remaining
                    # entries, or they would be lost.
                    self.replica.advance(TO_THE_END)
                    self._reload()
            before = -1
            while before != len(self.replica.entries):
                before = len(self.replica.entries)
                ready = self.replica.look_ahead()
                with self.lock:
                    self.replica.advance(ready)
                    if self._read != len(self.replica.entries):
                        self._settle()

    @property
    def waiting_keys(self) -> int:
        """Number of keys waiting for an account."""
        return len(self._openings)

    @property
    def key_policy(self) -> KeyPolicy:
        """Price of an account for a key, and the limit on waiting keys."""
        return self._key_policy

    def key_price(self) -> tuple[int, int, int]:
        """Return the price of an account in wei, the account to pay and the minimum fee of the payment; zeros: free."""
        with self.lock:
            if not self._key_policy.fee:
                return 0, 0, 0
            fees = self._pool.fees
            return self._key_policy.fee, fees.accounts.get(0, 0), fees.least_of(0)

    # ---------------------------------------------------------------------------------------------------- internals

    def _consumed(self) -> int:
        entries = self.replica.entries
        return entries[-1].record.queue_end if entries else 0

    def _items(self) -> list[QueueItem]:
        return self.replica.queue[self._consumed() : self._coming]

    def _has_account(self, owner: bytes, token: int) -> bool:
        head = self.replica.head
        return owner in head.keys and any(head.accounts[one].token == token for one in head.owned(owner))

    def _reload(self) -> None:
        """Restore the pending operations from the journal: those accepted that are not in the inbox."""
        stored = self._promises.read()
        self._reorganisations = self.replica.reorganisations
        self._tx_statuses.clear()
        self._openings = KeyRegistrations(stored.keys)
        self._read, self._coming = self._promises.settled, 0
        self._pool.pending.clear()
        self._pool.owners = dict(stored.owners)
        for digest, (record, sender, receiver) in stored.records.items():
            if digest in stored.dropped:
                self._tx_statuses.drop(digest, stored.dropped[digest])
            else:
                self._pool.pending[digest] = record, 0.0, sender, receiver
        self._settle()

    def _settle(self) -> None:
        """Apply pending operations on top of the inbox and of the queue items that the next entry consumes first."""
        entries, head = self.replica.entries, self.replica.head
        self._pool.fees = self._fees(head)
        before = dict(self._pool.pending)
        used, dropped = self._pool.reset(head, self._items(), self.replica.authority)
        reasons: dict[bytes, object] = {**dropped}
        if used:
            fresh = [(at + 1, entries[at]) for at in range(min(self._read, len(entries)), len(entries))]
            places = included([(digest, before[digest][0]) for digest in used], fresh)
            for digest in used:
                if digest in places:
                    self._tx_statuses.include(places[digest], [digest])
                else:
                    reasons[digest] = "its nonce was used by another operation of its account"
        self._read = len(entries)
        self._intake.drop(reasons, len(entries))
        self._openings.settle(
            lambda one: self._has_account(owner_of_key(one.key), one.token), self._was_dropped, len(entries)
        )

    def _was_dropped(self, digest: bytes) -> bool:
        """Return True if an accepted operation can never be executed."""
        tx_status = self._intake.tx_status(digest)
        return tx_status is not None and tx_status.state == "dropped"

    def _names(self) -> list[Named]:
        """Return the owners of newly named accounts, to be recorded."""
        rows, self._pool.unnoted = self._pool.unnoted, []
        return [Named(*row) for row in rows]

    def _roll_back(self) -> None:
        """Restore the pending state after a batch that was not stored; all owners are recorded again."""
        self._pool.owners.clear()
        self._pool.unnoted.clear()
        self._settle()

    def _fees(self, head: State) -> Fees:
        least, accounts = self._least_fee, self._fee_account
        if accounts is None:
            own = head.owned(owner_of_address(self._operator))
            accounts = {head.accounts[index].token: index for index in reversed(own)}
        if isinstance(least, int):
            return Fees(least, {}, accounts)
        return Fees(0, least, accounts)
