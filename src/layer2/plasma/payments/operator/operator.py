"""The operator: takes payments, makes blocks of them, and commits to each on the chain, once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from layer2.plasma.common.block_store import BlockStore
from layer2.plasma.common.block_submitter import Posting
from layer2.plasma.common.errors import DepositsMissing, StateUnknown
from layer2.plasma.common.operator_journal import Made, judged
from layer2.plasma.payments.chain.events import Chain
from layer2.plasma.payments.operator.exit_data import ExitKit
from layer2.plasma.payments.operator.intake import MOST_PENDING, Acceptance
from layer2.plasma.payments.operator.mempool import fields_of
from layer2.plasma.payments.utxo.fees import MOST_COLLECTED, FeePolicy, collect
from layer2.plasma.protocol.blocks import BlockTree, Header, signatures_hash
from layer2.plasma.protocol.packed import FEE, Fields, inputs_of, packed_of
from layer2.plasma.protocol.params import MAX_OUTPUTS, MAX_TRANSACTIONS
from layer2.plasma.protocol.positions import decode_position
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.worker_pool import Workers
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
"""Places at the end of a block for fee transactions."""
_PATIENCE = 64
"""Blocks of the chain that a deposit may be gone before a block that spends it, and is not there, is given up."""
_SPARE = 4
"""This part of the time in which blocks may spend what leaves is kept for them to get onto the chain."""


class Operator(Acceptance, Posting[BlockTree, Header]):
    """One plasma chain's operator. `step()` follows the chain, makes a block when something is pending, and submits it.

    What `submit` has accepted is in the journal before it returns, and gets into a block as long as the outputs it
    spends can be spent; `fate` says what became of it. A block is durable, body and all, before the chain hears of it;
    what the chain does not have after a crash or a reorganisation is submitted again, never another one in its place,
    unless it can be valid no more: then it is made anew without what cannot be.
    Safe to use from several threads: `step` waits for the chain without holding up `accept`.

    Args:
        folder: for the journal and the bodies of blocks.
        fee_owner: the address that fees go to; None leaves them in the contract for ever.
        policy: what payments have to pay; nothing without it.
        margin: blocks of the chain above a deposit before it can be spent: as deep as a reorganisation may go.
        most_pending: payments that are kept at most.
        capacity: transactions of a block at most.
        workers: where signatures are checked; in the calling thread without it.

    Raises:
        JournalForeign, JournalCorrupt, BlockLost: the journal does not fit the chain; nothing has been signed.
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
        workers: Workers | None = None,
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

    def exit_kit(self, position: int) -> ExitKit:
        """The proof of an output, spent or not; raises StateUnknown unless the chain has its block or deposit."""
        place = decode_position(position)
        if place.deposit:
            with self.lock:
                deposit = self.books.deposits.get(place.deposit)
            if deposit is None:
                raise StateUnknown(f"deposit {place.deposit} is not there", hint="wait for it")
            return ExitKit.of_deposit(deposit)
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
        return ExitKit(position, packed, header, self.store.tree(place.block).proof(place.transaction), signatures)

    # ------------------------------------------------------------------------------------------------------- inside

    @property
    def posted(self) -> Mapping[int, Header]:
        """The blocks that the chain has, by number."""
        return self.books.posted

    def _missing(self) -> Made | None:
        self._give_up_late()
        return super()._missing()

    def _put(self, one: Made) -> None:
        self.chain.submit(one.number, one.root, one.count)

    def _agree(self, one: Made, header: Header) -> bool:
        return (one.root, one.count) == (header.root, header.count)

    def _make(self) -> Made | None:
        while True:
            with self.lock:
                fault_point("operator.make.before")
                turn, number = self._turn, self.ledger.head + 1
                hashes, fields, fees, dropped = self._pool.choose(self.ledger, self.capacity - _RESERVED)
                self._drop(dropped)
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
                    # Something left through the contract meanwhile: chosen anew.
                    continue
                self._stand_for(made, hashes, fields, records, tree)
            return made

    def _stand_for(
        self, made: Made, hashes: list[bytes], fields: list[Fields], records: list[bytes], tree: BlockTree
    ) -> None:
        self._promises.make(made)
        self._promises.commit()
        fault_point("operator.block.durable")
        for hashed in hashes:
            self._pool.remove(hashed)
        every = hashes + [keccak(b"\x02" + packed_of(record)) for record in records[len(hashes) :]]
        self.books.apply(made.number, fields, every.copy)
        self.store.add(made, records, tree)
        self._fates.include(made.number, hashes)

    def _settle_lost(self) -> None:
        """Deposits that the chain took back: wait for them, or give up the blocks that spend them."""
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
                    f"the chain took back deposits {sorted(lost)}, which blocks from {first} on spend",
                    hint="they usually come again within minutes; step again",
                )
            if first is not None:
                self._discard(first)
            self.books.settle_lost()
            self._bases.clear()
            self._drop(self._pool.impossible(self.ledger, list(self._pool.claimed)))

    def _give_up_late(self) -> None:
        """Blocks that were made and did not get to the chain, and spend what leaves: invalid, from some time on."""
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
                self._drop(self._pool.impossible(self.ledger, list(self._pool.claimed)))

    def _is_late(self, left: bool, since: int | None) -> bool:
        return left or (since is not None and self.chain.age(since) > self.chain.grace - self.chain.grace // _SPARE)

    def _discard(self, first: int) -> None:
        """Blocks that the chain never had, and never can have: what is left of their payments is pending again."""
        if len(self.store) - first + 1 > self.ledger.undoable:
            raise self._halt(f"block {first} is too old to be taken back", "stop, and let owners exit")
        numbers = range(first, len(self.store) + 1)
        gone = [(record, self._basis(record)) for number in numbers for record in self.store.records(number)]
        back = [(record, basis) for record, basis in gone if record[0] != FEE]
        # In the journal first: what the disk refuses has not happened, and is tried again.
        self._promises.undo(first)
        self._promises.accept([judged(record, basis) for record, basis in back])
        self._promises.commit()
        for _ in numbers:
            self.books.undo()
            self.store.drop_last()
        self._again(back)
        if first <= self.freezer.number:
            self.freezer.drop(f"block {first} is none after all")

    def _pending_records(self) -> list[bytes]:
        return [judged(one.record, one.basis) for one in self._pool.pending.values()]

    def _tidy(self) -> None:
        super()._tidy()
        self._freeze()
