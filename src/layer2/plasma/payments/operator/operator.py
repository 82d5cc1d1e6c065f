"""The operator: accepts payments, makes blocks of them, and submits each block to L1 exactly once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from layer2.node.intake import accepted
from layer2.plasma.common.block_store import BlockStore
from layer2.plasma.common.block_submitter import BlockSubmitter
from layer2.plasma.common.errors import DepositsMissing, StateUnknown
from layer2.plasma.common.operator_journal import Discarded, SealedBlock, judged
from layer2.plasma.payments.chain.events import Chain
from layer2.plasma.payments.operator.exit_data import ExitData
from layer2.plasma.payments.operator.intake import MOST_PENDING, TransactionIntake
from layer2.plasma.payments.operator.mempool import fields_of
from layer2.plasma.payments.utxo.fees import MOST_COLLECTED, FeePolicy, collect
from layer2.plasma.protocol.blocks import BlockTree, Header, signatures_hash
from layer2.plasma.protocol.packed import FEE, Fields, inputs_of, packed_of
from layer2.plasma.protocol.params import MAX_OUTPUTS, MAX_TRANSACTIONS
from layer2.plasma.protocol.positions import decode_position
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.worker_pool import WorkerPool
from layer2.store.journal import fault_point

__all__ = ["FAULT_POINTS", "Operator"]

FAULT_POINTS = (
    "operator.accept.before",
    "operator.accept.durable",
    "operator.make.before",
    "operator.body.durable",
    "operator.block.durable",
    "operator.submit.before",
    "operator.submit.after",
    "operator.compact.before",
    "operator.frozen.before",
    "operator.frozen.durable",
)

_RESERVED = MOST_COLLECTED // MAX_OUTPUTS
"""Transactions at the end of a block that are reserved for fee collection."""
_PATIENCE = 64
"""L1 blocks for which a deposit may be missing before an unsubmitted block that spends it is discarded."""
_SPARE = 4
"""Divisor of the grace period: this fraction of it is reserved for submitting a block that spends an exiting output."""


class Operator(TransactionIntake, BlockSubmitter[BlockTree, Header]):
    """The operator of one plasma chain; `step()` follows L1, makes a block of pending payments and submits it.

    An accepted payment is in the journal before `submit` returns. It is included in a block as long as the outputs it
    spends remain spendable; `fate` returns its status. A block and its body are durable before the block is submitted.
    A block that L1 lacks after a crash or a reorganisation is submitted again unchanged. Only if it can no longer be
    valid, it is remade without the invalid payments. Thread-safe: `step` does not block `accept` while it waits for L1.

    Args:
        folder: directory of the journal and of the block bodies.
        fee_owner: the address that collects fees; if None, fees stay in the contract forever.
        policy: the required fees; none by default.
        margin: number of L1 blocks above a deposit before it can be spent: the depth of the deepest reorganisation
            tolerated.
        most_pending: maximum number of pending payments.
        capacity: maximum number of transactions in a block.
        workers: processes that verify signatures; by default the calling thread verifies them.

    Raises:
        JournalMismatch, JournalCorrupt, BlockLost: the journal does not match L1; nothing has been signed.
    """

    points = "operator"
    store: BlockStore

    def __init__(
        self,
        chain: Chain,
        folder: str | Path,
        *,
        fee_owner: str | None = None,
        policy: FeePolicy | None = None,
        margin: int = 12,
        most_pending: int = MOST_PENDING,
        capacity: int = MAX_TRANSACTIONS,
        workers: WorkerPool | None = None,
    ) -> None:
        if not _RESERVED < capacity <= MAX_TRANSACTIONS or margin < 0:
            raise RangeError(
                f"capacity {capacity}, margin {margin}", hint=f"capacity from {_RESERVED + 1}, margin from 0"
            )
        super().__init__(
            chain, folder, policy=policy or FeePolicy(), margin=margin, most_pending=most_pending, workers=workers
        )
        self.fee_owner = fee_owner
        self.capacity = capacity
        self._stepping = threading.Lock()

    def __repr__(self) -> str:
        return f"<Operator blocks={len(self.store)} pending={self.waiting}>"

    def exit_kit(self, position: int) -> ExitData:
        """Return the exit proof of an output, spent or not.

        Raises:
            StateUnknown: L1 lacks the block or deposit, or the position holds no output.
        """
        place = decode_position(position)
        if place.deposit:
            with self.lock:
                deposit = self.books.deposits.get(place.deposit)
            if deposit is None:
                raise StateUnknown(f"deposit {place.deposit} does not exist yet", hint="wait for it")
            return ExitData.of_deposit(deposit)
        header = self.header(place.block)
        if place.transaction >= header.count:
            raise StateUnknown(
                f"block {place.block} has {header.count} transactions, {place.transaction} asked", hint="count from 0"
            )
        record = self.store.records(place.block)[place.transaction]
        packed = packed_of(record)
        if place.output >= packed[1] & 15:
            raise StateUnknown(f"no output {place.output} at {position:#x}", hint="count from 0")
        signatures = tuple(record[at : at + 64] for at in range(len(packed), len(record), 64))
        return ExitData(position, packed, header, self.store.tree(place.block).proof(place.transaction), signatures)

    # ----------------------------------------------------------------------------------------------------- internal

    @property
    def posted(self) -> Mapping[int, Header]:
        """Headers of the blocks on L1, by number."""
        return self.books.posted

    def _missing(self) -> SealedBlock | None:
        self._give_up_late()
        return super()._missing()

    def _put(self, one: SealedBlock) -> None:
        self.chain.submit(one.number, one.root, one.count)

    def _agree(self, one: SealedBlock, header: Header) -> bool:
        return (one.root, one.count) == (header.root, header.count)

    def _make(self) -> SealedBlock | None:
        while True:
            with self.lock:
                fault_point("operator.make.before")
                turn, number = self._turn, self.ledger.head + 1
                hashes, fields, fees, dropped = self._pool.choose(self.ledger, self.capacity - _RESERVED)
                self._intake.drop(dropped)
                chosen = [self._pool.pending[hashed] for hashed in hashes]
                rests = self.books.rests(fields)
            if not chosen:
                return None
            records = [one.record for one in chosen]
            leaves = [one.leaf for one in chosen]
            for one in collect(number, self.fee_owner, fees, self.policy) if self.fee_owner else ():
                records.append(one.packed)
                leaves.append(one.leaf)
                fields.append(fields_of(one.packed))
            tree = BlockTree.of_leaves(leaves, signatures_hash(records))
            made = self.store.write(number, tree.root, records, rests)
            fault_point("operator.body.durable")
            with self.lock:
                if turn != self._turn:
                    # An exit or a reorganisation arrived meanwhile, so the payments are selected again.
                    continue
                self._stand_for(made, hashes, fields, records, tree)
            return made

    def _stand_for(
        self, made: SealedBlock, hashes: list[bytes], fields: list[Fields], records: list[bytes], tree: BlockTree
    ) -> None:
        self._promises.append(made)
        self._promises.commit()
        fault_point("operator.block.durable")
        for hashed in hashes:
            self._pool.remove(hashed)
        every = hashes + [keccak(b"\x02" + packed_of(record)) for record in records[len(hashes) :]]
        self.books.apply(made.number, fields, every.copy)
        self.store.add(made, records, tree)
        self._tx_statuses.include(made.number, hashes)

    def _settle_lost(self) -> None:
        """Handle deposits removed by a reorganisation: wait for them, or discard the blocks that spend them."""
        with self.lock:
            lost = self.books.lost
            if not lost:
                return
            hopeless = any(since < 0 or self.books.head > since + _PATIENCE for since in lost.values())
            first = next(
                (
                    one.number
                    for one in self.store
                    if self.books.spends_lost([fields_of(record) for record in self.store.records(one.number)])
                ),
                None,
            )
            if first is not None and first in self.books.posted:
                raise self._halt(
                    f"block {first} is on the chain and spends deposits {sorted(lost)}, which are not",
                    "a reorganisation was deeper than the margin: stop, and let owners exit",
                )
            if not hopeless:
                raise DepositsMissing(
                    f"a reorganisation removed deposits {sorted(lost)}, which blocks from {first} on spend",
                    hint="they usually return within minutes; step again",
                )
            if first is not None:
                self._discard(first)
            self.books.settle_lost()
            self._bases.clear()
            self._intake.drop(self._pool.impossible(self.ledger, list(self._pool.claimed)))

    def _give_up_late(self) -> None:
        """Discard unsubmitted blocks that spend exiting outputs too late to be valid."""
        with self.lock:
            waiting = [one.number for one in self.store if one.number not in self.posted]
            inputs = ({at for record in self.store.records(number) for at in inputs_of(record)} for number in waiting)
            leaving = [self.books.leaving_among(one) for one in inputs]
        first = next((number for number, one in zip(waiting, leaving, strict=True) if self._is_late(*one)), None)
        if first is None:
            return
        with self.lock:
            if first not in self.posted:
                self._discard(first)
                self._intake.drop(self._pool.impossible(self.ledger, list(self._pool.claimed)))

    def _is_late(self, left: bool, since: int | None) -> bool:
        return left or (since is not None and self.chain.age(since) > self.chain.grace - self.chain.grace // _SPARE)

    def _discard(self, first: int) -> None:
        """Discard this block and its successors, which are not on L1; their payments become pending again."""
        if len(self.store) - first + 1 > self.ledger.undoable:
            raise self._halt(f"block {first} is too old to be taken back", "stop, and let owners exit")
        numbers = range(first, len(self.store) + 1)
        gone = [(record, self._basis(record)) for number in numbers for record in self.store.records(number)]
        back = [(record, basis) for record, basis in gone if record[0] != FEE]
        # The journal comes first: if the write fails, nothing has changed and the next step tries again.
        self._promises.append(Discarded(first), *accepted([judged(record, basis) for record, basis in back]))
        self._promises.commit()
        for _ in numbers:
            self.books.undo()
            self.store.drop_last()
        self._again(back)
        if first <= self.checkpoints.number:
            self.checkpoints.drop(f"block {first} is none after all")

    def _tidy(self) -> None:
        super()._tidy()
        self._freeze()
