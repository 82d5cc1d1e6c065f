"""Validates transfers against the operator's own blocks, persists them and tracks their status."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from layer2.ethereum.contract import Event
from layer2.ethereum.event_stream import EventBatch
from layer2.node.intake import Intake, Refusals
from layer2.node.tx_status import TxStatusIndex
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.plasma.coins.operator.mempool import CoinMempool, VerifiedTransfers, Waiting
from layer2.plasma.coins.operator.owner_table import CoinLedger
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import SignedCoin
from layer2.plasma.coins.protocol.transfer_batch import (
    TRANSFERS,
    UNKNOWN,
    join_body,
    judged,
    plant,
    read_record,
    record_of,
    signers_of,
    split_run,
    unjudged,
)
from layer2.plasma.common.block_store import BodyStore
from layer2.plasma.common.errors import BlockLost
from layer2.plasma.common.operator_journal import OperatorJournal, SealedBlock
from layer2.primitives.errors import RangeError
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["TransferIntake"]

_KIND = "plasma.coin-operator"


class TransferIntake:
    """Base of `CoinOperator` that accepts transfers; it sends no transactions."""

    def __init__(
        self,
        chain: CoinChain,
        folder: str | Path,
        *,
        start_block: int,
        margin: int,
        most_pending: int,
        workers: WorkerPool | None,
    ) -> None:
        self.chain = chain
        self.folder = Path(folder)
        self.workers = workers or WorkerPool()
        self._following = threading.Lock()
        self.store: BodyStore[SparseTree] = BodyStore(self.folder / "bodies", join_body, split_run, plant)
        self.chain_state = CoinChainState(chain, start_block=start_block)
        self.ledger = CoinLedger()
        self._pool = CoinMempool(most_pending, margin, self.chain_state, self.ledger)
        self._turn = 0
        self._shaken: int | None = None
        """Head of the chain at the last change of deposits that blocks may depend on; None if nothing is unresolved."""
        place = self.folder / "operator.journal"
        self._promises = OperatorJournal(place, chain.connection.chain_id, chain.address, kind=_KIND, runs=TRANSFERS)
        self._tx_statuses = TxStatusIndex()
        self._intake: Intake[VerifiedTransfers, Waiting] = Intake(
            self._promises,
            self._pool,
            self._tx_statuses,
            lambda batch: self._pool.admit(batch, self.next_number),
            lambda one: judged(one.record, one.basis),
            "coins",
        )
        self.lock = self._intake.lock
        """Lock held while related state is read or written."""
        try:
            self._reload()
        except BaseException:
            self._promises.close()
            raise

    # ------------------------------------------------------------------------------------------------ what is known

    @property
    def margin(self) -> int:
        """Number of Ethereum blocks above a deposit before its coin can be transferred."""
        return self._pool.margin

    @property
    def next_number(self) -> int:
        """Number of the next block to build."""
        return len(self.store) + 1

    def pending(self, coin: int) -> SignedCoin | None:
        """Return the accepted transfer of a coin that no block includes yet, or None."""
        found = self._pool.of(coin)
        return None if found is None else found.signed

    def follow(self) -> None:
        """Apply new and reverted events of the chain before any transfer is accepted."""
        with self._following:
            # The chain is read without the lock, so that `accept` does not wait for the node.
            news = self.chain_state.poll()
            with self.lock:
                touched = self._take(news)
                self._intake.drop(self._pool.impossible(touched, self.next_number))

    # ----------------------------------------------------------------------------------------------------- accepting

    def submit(self, signed: SignedCoin) -> bytes:
        """Accept a transfer durably and return its hash; raise the rejection that `submit_many` would return."""
        refusal = self.submit_many([signed])[0]
        if refusal is not None:
            raise refusal
        return signed.transaction.hash

    def submit_many(self, batch: Sequence[SignedCoin]) -> Refusals:
        """Accept all valid transfers in one commit; return the rejection or None of each.

        Rejections: UnknownCoin, CoinSpent, CoinExiting, SignatureWrong, Expired and MempoolFull; MalformedError for an
        invalid encoding.

        Raises:
            BlockLost: A lost block has stopped the operator.
        """
        self.follow()
        return self._intake.accept([self.verify_batch([record_of(one) for one in batch])])[0]

    def verify_batch(self, records: Sequence[bytes]) -> VerifiedTransfers:
        """Decode records and verify signatures for `accept`. Nothing is accepted, and no lock is held."""
        batch = VerifiedTransfers(records)
        found = signers_of(self.workers, self.chain.domain, list(batch.signed.values()))
        batch.signers = dict(zip(batch.signed, found, strict=True))
        return batch

    # ------------------------------------------------------------------------------------------------------- inside

    def _take(self, news: EventBatch[Event]) -> set[int]:
        """Apply events and return the coins whose pending transfers may have become invalid."""
        try:
            self.chain_state.take(news)
        except RangeError as failure:
            halted = BlockLost(f"inconsistent events from the L1 node: {failure}", hint="check the node")
            self._intake.halted = halted
            raise halted from failure
        touched: set[int] = set()
        for _, event in news.removed:
            if event.name == "CoinDeposited":
                self.ledger.unmade(event.args["coin"])
                touched.add(event.args["coin"])
                self._shaken = news.head
        for _, event in news.new:
            if event.name == "CoinDeposited":
                self.ledger.made(event.args["coin"], self.chain_state.records[event.args["coin"]])
            if event.name in ("CoinDeposited", "ExitStarted"):
                touched.add(event.args["coin"])
        if news.new or news.removed:
            self._turn += 1
        return touched

    def _reload(self) -> None:
        """Restore the blocks from the journal; accepted transfers that no block includes become pending again."""
        stored = self._promises.read()
        self._take(self.chain_state.poll())
        # Deposits that the chain reverted while this process was stopped are not among the events.
        self._shaken = self.chain_state.head if stored.blocks else None
        left = dict(stored.records)
        for made in stored.blocks:
            batch = [read_record(record) for record in self.store.load(made)]
            self.store.made.append(made)
            hashes = self._apply(made, batch, self._depositors(batch), self._bases(made, batch, stored.records))
            for hashed in hashes:
                left.pop(hashed, None)
        for hashed, reason in stored.dropped.items():
            if left.pop(hashed, None) is not None:
                self._tx_statuses.drop(hashed, reason)
        self._add([(read_record(record), basis) for record, basis in map(unjudged, left.values())])
        self._intake.drop(self._pool.impossible(list(self._pool.claimed), self.next_number))

    def _apply(
        self, made: SealedBlock, batch: Sequence[SignedCoin], signers: Sequence[bytes], bases: Sequence[bytes]
    ) -> list[bytes]:
        """Apply a block and return the hashes of its transfers; `batch` is sorted by coin, as in the block data."""
        transfers = [one.transaction for one in batch]
        self.ledger.apply(made.number, transfers, signers, bases)
        hashes = [one.hash for one in transfers]
        self._tx_statuses.include(made.number, hashes)
        return hashes

    def _bases(self, made: SealedBlock, batch: Sequence[SignedCoin], rows: Mapping[bytes, bytes]) -> list[bytes]:
        """Return the basis of each transfer of a block, in order; `rows` are the journal's remaining rows."""
        if made.rests == self.ledger.rests([one.transaction for one in batch]):
            return [self.ledger.basis(one.transaction.coin) for one in batch]
        hashes = (one.transaction.hash for one in batch)
        return [unjudged(rows[hashed])[1] if hashed in rows else UNKNOWN for hashed in hashes]

    def _depositors(self, batch: Sequence[SignedCoin]) -> list[bytes]:
        """Return the signer of each transfer that spends a deposit, in order; empty bytes for the others.

        The deposit may have changed since the transfer was accepted.
        """
        first = [one for one in batch if not one.transaction.prev_block]
        found = iter(signers_of(self.workers, self.chain.domain, first))
        return [b"" if one.transaction.prev_block else next(found) for one in batch]

    def _add(self, batch: Iterable[tuple[SignedCoin, bytes]]) -> None:
        """Make accepted transfers pending again, each with its basis."""
        rows = list(batch)
        found = signers_of(self.workers, self.chain.domain, [one for one, _ in rows])
        for (one, basis), signer in zip(rows, found, strict=True):
            self._pool.add(one.transaction.hash, Waiting(record_of(one), one, signer, basis))

    def _first_of_each(self, batch: Sequence[tuple[SignedCoin, bytes]]) -> list[tuple[SignedCoin, bytes]]:
        """Return the first transfer of each coin from discarded blocks, which alone can be included next."""
        first: dict[int, tuple[SignedCoin, bytes]] = {}
        for one, basis in batch:
            if one.transaction.coin not in self._pool.claimed:
                first.setdefault(one.transaction.coin, (one, basis))
        return list(first.values())

    def _again(self, batch: Sequence[tuple[SignedCoin, bytes]]) -> None:
        """Make transfers of discarded blocks pending again with their bases, if they are still valid."""
        self._tx_statuses.forget(one.transaction.hash for one, _ in batch)
        self._add(batch)
        coins = [one.transaction.coin for one, _ in batch]
        self._intake.drop(self._pool.impossible(coins, self.next_number))
