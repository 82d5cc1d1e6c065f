"""Validates payments against the blocks made so far, persists them and tracks their status."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from layer2.node.intake import Intake, Refusals
from layer2.node.tx_status import REMEMBERED, TxStatusIndex
from layer2.plasma.common.block_store import BlockStore
from layer2.plasma.common.errors import BlockLost
from layer2.plasma.common.operator_journal import OperatorJournal, SealedBlock, judged, unjudged
from layer2.plasma.payments.chain.events import Chain
from layer2.plasma.payments.operator.mempool import Mempool, Pending, VerifiedBatch, fields_of
from layer2.plasma.payments.utxo.batch_signatures import check_in_parts
from layer2.plasma.payments.utxo.chain_view import DepositAndExitIndex
from layer2.plasma.payments.utxo.checkpoint import CheckpointStore
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.utxo.spend_rules import basis_of
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.packed import Fields, packed_of
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import Transaction, decode_transaction
from layer2.primitives.errors import Layer2Error, MalformedError, RangeError
from layer2.primitives.hashing import keccak, sha256
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["TransactionIntake", "record_of"]

MOST_PENDING = 200_000


def record_of(one: Signed) -> bytes:
    """Return a payment and its signatures as one record: `packed | signatures(64 each)`."""
    return one.transaction.packed + b"".join(one.signatures)


class TransactionIntake:
    """The payments of an operator on top of its blocks; it sends nothing to L1. See `Operator`."""

    def __init__(
        self,
        chain: Chain,
        folder: str | Path,
        *,
        policy: FeePolicy,
        margin: int,
        most_pending: int,
        workers: WorkerPool | None,
    ) -> None:
        self.chain = chain
        self.folder = Path(folder)
        self.workers = workers or WorkerPool()
        self._following = threading.Lock()
        self._prefix = chain.domain.prefix
        self._margin = margin
        self._pool = Mempool(most_pending, policy)
        self._turn = 0
        self._bases: dict[bytes, bytes] = {}
        """Bases of payments in blocks whose deposits changed on L1 while this process was not running."""
        # The journal is opened first, because its lock protects the whole folder.
        self._promises = OperatorJournal(self.folder / "operator.journal", chain.chain_id, chain.address)
        self._tx_statuses = TxStatusIndex()
        self._intake: Intake[VerifiedBatch, Pending] = Intake(
            self._promises,
            self._pool,
            self._tx_statuses,
            lambda batch: self._pool.admit(batch, self.ledger, self._tx_statuses),
            lambda one: judged(one.record, one.basis),
            "operator",
        )
        self.lock = self._intake.lock
        """Held while related state is read or written."""
        try:
            self.store = BlockStore(self.folder / "bodies")
            whose = f"{chain.address} on chain {chain.chain_id}"
            self.checkpoints = CheckpointStore(self.folder / "ledger", whose, "operator")
            self.books = self._new_books()
            self._reload()
        except BaseException:
            self._promises.close()
            raise

    # -------------------------------------------------------------------------------------------------------- state

    @property
    def ledger(self) -> UtxoSet:
        """The unspent outputs after the last block made."""
        return self.books.ledger

    @property
    def policy(self) -> FeePolicy:
        """The required fees."""
        return self._pool.policy

    @property
    def pending(self) -> tuple[Transaction, ...]:
        """Accepted payments that are in no block yet."""
        return tuple(one.transaction for one in self.pending_payments)

    @property
    def pending_payments(self) -> tuple[Signed, ...]:
        """Accepted payments that are in no block yet, with their signatures."""
        with self.lock:
            records = [one.record for one in self._pool.pending.values()]
        return tuple(_signed_of(record) for record in records)

    def spender(self, position: int) -> bytes | None:
        """Return the hash of the pending payment that spends an output; None if there is none."""
        return self._pool.claimed.get(position)

    def follow(self) -> None:
        """Apply new L1 events (deposits, exits, reorganisations) and drop the payments they make impossible."""
        with self._following:
            # L1 is queried without the lock, so that `accept` does not wait for it.
            news = self.chain.news()
            with self.lock:
                try:
                    touched = self.books.take(news)
                except RangeError as failure:
                    halted = self._intake.halted = BlockLost(
                        f"inconsistent events from the L1 node: {failure}", hint="check the node, and start again"
                    )
                    raise halted from failure
                if news.new or news.removed:
                    self._turn += 1
                self._intake.drop(self._pool.impossible(self.ledger, touched))

    # -------------------------------------------------------------------------------------------------------- intake

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment and return its hash; it is durable when this returns.

        Raises:
            Rejected, MalformedError: the rejection that `submit_many` returns for it.
        """
        refusal = self.submit_many([payment])[0]
        if refusal is not None:
            raise refusal
        return payment.transaction.hash

    def submit_many(self, payments: Sequence[Signed]) -> Refusals:
        """Accept all acceptable payments with one commit; return the rejection or None for each.

        Rejections are InputUnknown, InputSpent, OutputExiting, SignatureWrong, Overspent, Expired, FeeTooLow, KindWrong
        and MempoolFull; MalformedError for records that are not valid payments.

        Raises:
            BlockLost: the operator has halted.
        """
        self.follow()
        return self._intake.accept([self.verify_batch([record_of(one) for one in payments])])[0]

    def verify_batch(self, records: Sequence[bytes]) -> VerifiedBatch:
        """Verify signatures, as preparation for `accept`; nothing is accepted, and the lock is not held meanwhile."""
        with self.lock:
            batch = self._pool.prevalidate(records, self.ledger)
        looked = [at for at in range(len(records)) if at not in batch.refused]
        hashes, leaves, owners = check_in_parts(self.workers, self._prefix, [records[at] for at in looked])
        for place, at in enumerate(looked):
            batch.digests[at], batch.leaves[at], batch.owners[at] = hashes[place], leaves[place], owners[place]
        return batch

    # ----------------------------------------------------------------------------------------------------- internal

    def _reload(self) -> None:
        """Rebuild the blocks from the journal at startup; accepted payments in no block become pending again."""
        stored = self._promises.read()
        left = dict(stored.records)
        thawed = self._thaw(stored.blocks)
        self._remember(stored.blocks[:thawed], left)
        for one in stored.blocks[thawed:]:
            records = self.store.load(one)
            self.store.made.append(one)
            fields = [fields_of(record) for record in records]
            hashes = [keccak(b"\x02" + packed_of(record)) for record in records]
            self._require(one, fields, hashes, stored.records)
            self.books.apply(one.number, fields, hashes.copy)
            self._tx_statuses.include(one.number, hashes)
            for hashed in hashes:
                left.pop(hashed, None)
        for hashed, reason in stored.dropped.items():
            if left.pop(hashed, None) is not None:
                self._tx_statuses.drop(hashed, reason)
        for hashed, row in left.items():
            self._pend(hashed, *unjudged(row))
        self._intake.drop(self._pool.impossible(self.ledger, list(self._pool.claimed)))

    def _thaw(self, blocks: Sequence[SealedBlock]) -> int:
        """Read L1, then restore the ledger checkpoint if it matches; return the number of blocks it covers."""
        news = self.chain.news()
        self.books.take(news)
        kept = self.checkpoints.load()
        if kept is None:
            return 0
        if kept.number > len(blocks) or kept.history != _history(blocks[: kept.number]):
            self.checkpoints.drop("it is of blocks that this operator does not stand for")
            return 0
        self.store.stand(blocks[: kept.number])
        try:
            if self.books.restore(kept):
                return kept.number
            self.checkpoints.drop("it is of deposits that the chain does not have")
        except MalformedError as failure:
            self.checkpoints.drop(str(failure))
        self.store.made.clear()
        # Without the checkpoint, deposits that it alone needed must not count any more.
        self.books = self._new_books()
        self.books.take(news)
        return 0

    def _remember(self, blocks: Sequence[SealedBlock], left: dict[bytes, bytes]) -> None:
        """Restore the status of payments in the latest of these blocks, and remove all of them from `left`."""
        found: list[tuple[int, list[bytes]]] = []
        count = 0
        for one in reversed(blocks):
            hashes = [keccak(b"\x02" + packed_of(record)) for record in self.store.load(one)]
            known = [hashed for hashed in hashes if left.pop(hashed, None) is not None]
            found.append((one.number, hashes))
            count += one.count
            # Stop here, because the journal prunes included payments, oldest first.
            if not known and count >= REMEMBERED:
                break
        for number, hashes in reversed(found):
            self._tx_statuses.include(number, hashes)

    def _freeze(self) -> None:
        """Save a ledger checkpoint if enough transactions followed the last one; no block may be made meanwhile."""
        with self.lock:
            made = self.store.made
            if not self.checkpoints.due(sum(one.count for one in made[self.checkpoints.number :])):
                return
            frozen = self.books.freeze(_history(made))
        # The checkpoint is written without the lock, so that `accept` does not wait for the disk.
        self.checkpoints.save(frozen)

    def _new_books(self) -> DepositAndExitIndex:
        return DepositAndExitIndex(UtxoSet(), self._margin, self.store.find)

    def _pend(self, hashed: bytes, record: bytes, basis: bytes) -> Fields:
        """Add a previously accepted payment to the pending ones."""
        one = fields_of(record)
        self._pool.add(hashed, Pending(record, keccak(b"\x00" + packed_of(record)), basis), one)
        return one

    def _require(
        self, block: SealedBlock, fields: Sequence[Fields], hashes: Sequence[bytes], rows: Mapping[bytes, bytes]
    ) -> None:
        """Require the deposits that a block spends, and record those that L1 has replaced by others as lost.

        Raises:
            BlockLost: L1 does not have such a deposit.
        """
        last = max((position for one in fields for position in one.inputs), default=0)
        if last >> 63 and not self.books.require(last >> 24 & (1 << 39) - 1):
            raise BlockLost(
                f"block {block.number} spends deposit {last >> 24 & (1 << 39) - 1}, which the chain does not have",
                hint="connect to the chain of this journal, and wait until its node is synchronised",
            )

        if self.books.rests(fields) != block.rests:
            # The basis of a payment that the journal has pruned is unknown.
            for one, hashed in zip(fields, hashes, strict=True):
                if one.inputs and one.inputs[-1] >> 63:
                    basis = unjudged(rows[hashed])[1] if hashed in rows else b""
                    self._bases[hashed] = basis
                    self.books.compare(one, basis)

    def _basis(self, record: bytes) -> bytes:
        """Return the basis by which a payment of a block was judged; empty if it is unknown."""
        known = self._bases.get(keccak(b"\x02" + packed_of(record))) if self._bases else None
        return basis_of(self.ledger, fields_of(record)) if known is None else known

    def _again(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Make payments of a discarded block pending again if they are still possible; rows are record and basis."""
        reasons: dict[bytes, Layer2Error] = {}
        for record, basis in rows:
            hashed = keccak(b"\x02" + packed_of(record))
            self._tx_statuses.forget([hashed])
            one = self._pend(hashed, record, basis)
            reasons |= self._pool.impossible(self.ledger, one.inputs[:1])
        self._intake.drop(reasons)


def _history(blocks: Sequence[SealedBlock]) -> bytes:
    return sha256(b"".join([one.encoded for one in blocks]))


def _signed_of(record: bytes) -> Signed:
    packed = packed_of(record)
    signatures = tuple(record[at : at + 64] for at in range(len(packed), len(record), 64))
    return Signed(decode_transaction(packed), signatures)
