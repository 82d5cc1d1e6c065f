"""The coin operator's promises: what it accepts is durable and askable, and works on top of the blocks it made."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.events import CoinMade, CoinNews, ExitBegun
from layer2.plasma.coins.chain.state import CoinSight
from layer2.plasma.coins.operator.mempool import CoinPool, CoinVouched, Waiting
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
from layer2.plasma.common.operator_journal import Made, Promises
from layer2.plasma.common.tx_status import Fate, Fates
from layer2.primitives.errors import Layer2Error, RangeError
from layer2.primitives.worker_pool import Workers
from layer2.store.journal import fault_point

__all__ = ["CoinAcceptance"]

_KIND = "plasma.coin-operator"


class CoinAcceptance:
    """The half of a coin operator that takes transfers; it sends nothing to the chain. See `CoinOperator`."""

    def __init__(
        self,
        chain: CoinChain,
        folder: str | Path,
        *,
        start_block: int,
        margin: int,
        most_pending: int,
        workers: Workers | None,
    ) -> None:
        self.chain = chain
        self.folder = Path(folder)
        self.workers = workers or Workers()
        self.lock = threading.RLock()
        """Held while anything here is read or written that belongs together."""
        self._following = threading.Lock()
        self.store: BodyStore[SparseTree] = BodyStore(self.folder / "bodies", join_body, split_run, plant)
        self.sight = CoinSight(chain, start_block=start_block)
        self.ledger = CoinLedger()
        self._fates = Fates()
        self._pool = CoinPool(most_pending, margin, self.sight, self.ledger)
        self._turn = 0
        self._shaken: int | None = None
        """The head of the chain when it last changed deposits that blocks may stand on; None: all is well."""
        self.halted: BlockLost | None = None
        """Why nothing is accepted any more: the chain has what this operator cannot stand for."""
        place = self.folder / "operator.journal"
        self._promises = Promises(place, chain.connection.chain_id, chain.address, kind=_KIND, runs=TRANSFERS)
        try:
            self._reload()
        except BaseException:
            self._promises.release()
            raise

    # ------------------------------------------------------------------------------------------------ what is known

    @property
    def waiting(self) -> int:
        """How many transfers are pending."""
        return len(self._pool.waiting)

    @property
    def most_pending(self) -> int:
        """How many it keeps."""
        return self._pool.most

    @property
    def margin(self) -> int:
        """Blocks of the chain above a deposit before it can be transferred."""
        return self._pool.margin

    @property
    def next_number(self) -> int:
        """The number of the block to be made next."""
        return len(self.store) + 1

    def pending(self, coin: int) -> SignedCoin | None:
        """The accepted transfer of a coin that is in no block yet."""
        found = self._pool.waiting.get(coin)
        return None if found is None else found.signed

    def fate(self, hashed: bytes) -> Fate | None:
        """What became of an accepted transfer, by its hash; None for one that is not known (any more)."""
        with self.lock:
            return Fate("pending") if hashed in self._pool.hashes else self._fates.get(hashed)

    def follow(self) -> None:
        """What came in, leaves, or was taken back on the chain counts before anything is promised."""
        with self._following:
            # Asked without the lock: whoever accepts does not wait for the chain.
            news = self.sight.read()
            with self.lock:
                touched = self._take(news)
                self._drop(self._pool.impossible(touched, self.next_number))

    # ----------------------------------------------------------------------------------------------------- accepting

    def submit(self, signed: SignedCoin) -> bytes:
        """Accept a transfer; its hash. Durable when it returns. Raises what `submit_many` gives."""
        refusal = self.submit_many([signed])[0]
        if refusal is not None:
            raise refusal
        return signed.transaction.hash

    def submit_many(self, batch: Sequence[SignedCoin]) -> list[Layer2Error | None]:
        """Accept what is acceptable, with one commit; for each its refusal or None.

        Refusals: CoinUnknown, CoinSpent, CoinLeaving, SignatureWrong, Expired, MempoolFull; MalformedError for what is
        no transfer. Raises BlockLost once that has stopped the operator.
        """
        self.follow()
        return self.accept([self.vouch([record_of(one) for one in batch])])[0]

    def vouch(self, records: Sequence[bytes]) -> CoinVouched:
        """Read records and judge signatures, for `accept`. Nothing is promised by this, and nothing held up."""
        batch = CoinVouched(records)
        found = signers_of(self.workers, self.chain.domain, list(batch.signed.values()))
        batch.signers = dict(zip(batch.signed, found, strict=True))
        return batch

    def accept(self, batches: Sequence[CoinVouched]) -> list[list[Layer2Error | None]]:
        """Accept what is acceptable of several submissions, in order and with one commit; durable when it returns."""
        with self.lock:
            if self.halted is not None:
                raise self.halted
            fault_point("coins.accept.before")
            fresh: list[Waiting] = []
            results = []
            try:
                for batch in batches:
                    refusals, new = self._pool.admit(batch, self.next_number)
                    results.append(refusals)
                    fresh += new
                self._promises.accept([judged(one.record, one.basis) for one in fresh])
                self._promises.commit()
            except BaseException:
                # Nothing of it was promised: it must not get into a block either.
                for one in fresh:
                    self._pool.remove(one.signed.transaction.coin)
                raise
            for one in fresh:
                self._fates.forget(one.signed.transaction.hash)
            fault_point("coins.accept.durable")
            return results

    # ------------------------------------------------------------------------------------------------------- inside

    def _take(self, news: CoinNews) -> set[int]:
        """Note what happened; coins about which something may have become impossible."""
        try:
            self.sight.take(news)
        except RangeError as failure:
            self.halted = BlockLost(f"the chain's node tells what cannot be: {failure}", hint="check the node")
            raise self.halted from failure
        touched: set[int] = set()
        for _, one in news.removed:
            if isinstance(one, CoinMade):
                self.ledger.unmade(one.coin)
                touched.add(one.coin)
                self._shaken = news.head
        for _, one in news.new:
            if isinstance(one, CoinMade):
                self.ledger.made(one.coin, one.record)
                touched.add(one.coin)
            elif isinstance(one, ExitBegun):
                touched.add(one.coin)
        if news.new or news.removed:
            self._turn += 1
        return touched

    def _drop(self, reasons: Mapping[int, Layer2Error]) -> None:
        """Say durably that transfers have become impossible."""
        if not reasons:
            return
        hashes = {coin: self._pool.waiting[coin].signed.transaction.hash for coin in reasons}
        for coin, fault in reasons.items():
            self._promises.drop(hashes[coin], str(fault))
        self._promises.commit()
        for coin, fault in reasons.items():
            self._pool.remove(coin)
            self._fates.drop(hashes[coin], str(fault))

    def _reload(self) -> None:
        """After a start: the blocks are made again, and what is in none of them is pending again."""
        stored = self._promises.read()
        self._take(self.sight.read())
        # What the chain took back while nobody looked is not among the news.
        self._shaken = self.sight.head if stored.blocks else None
        left = dict(stored.records)
        for made in stored.blocks:
            batch = [read_record(record) for record in self.store.load(made)]
            self.store.made.append(made)
            hashes = self._apply(made, batch, self._depositors(batch), self._bases(made, batch, stored.records))
            for hashed in hashes:
                left.pop(hashed, None)
        for hashed, reason in stored.dropped.items():
            if left.pop(hashed, None) is not None:
                self._fates.drop(hashed, reason)
        self._add([(read_record(record), basis) for record, basis in map(unjudged, left.values())])
        self._drop(self._pool.impossible(list(self._pool.waiting), self.next_number))

    def _apply(
        self, made: Made, batch: Sequence[SignedCoin], signers: Sequence[bytes], bases: Sequence[bytes]
    ) -> list[bytes]:
        """A block counts; the hashes of its transfers. `batch`: by rising coin, as in the body."""
        transfers = [one.transaction for one in batch]
        self.ledger.apply(made.number, transfers, signers, bases)
        hashes = [one.hash for one in transfers]
        self._fates.include(made.number, hashes)
        return hashes

    def _bases(self, made: Made, batch: Sequence[SignedCoin], rows: Mapping[bytes, bytes]) -> list[bytes]:
        """By place, what the transfers of a block were judged by. `rows`: those that the journal still has."""
        if made.rests == self.ledger.rests([one.transaction for one in batch]):
            return [self.ledger.basis(one.transaction.coin) for one in batch]
        hashes = (one.transaction.hash for one in batch)
        return [unjudged(rows[hashed])[1] if hashed in rows else UNKNOWN for hashed in hashes]

    def _depositors(self, batch: Sequence[SignedCoin]) -> list[bytes]:
        """By place, who signed what spends a deposit: the deposit may be another one by now."""
        first = [one for one in batch if not one.transaction.prev_block]
        found = iter(signers_of(self.workers, self.chain.domain, first))
        return [b"" if one.transaction.prev_block else next(found) for one in batch]

    def _add(self, batch: Iterable[tuple[SignedCoin, bytes]]) -> None:
        """Transfers that were accepted once are pending again; with each what it was judged by."""
        rows = list(batch)
        found = signers_of(self.workers, self.chain.domain, [one for one, _ in rows])
        for (one, basis), signer in zip(rows, found, strict=True):
            self._pool.add(Waiting(record_of(one), one, signer, basis))

    def _first_of_each(self, batch: Sequence[tuple[SignedCoin, bytes]]) -> list[tuple[SignedCoin, bytes]]:
        """Of transfers of blocks that are none after all, those that can come next: of each coin the first."""
        first: dict[int, tuple[SignedCoin, bytes]] = {}
        for one, basis in batch:
            if one.transaction.coin not in self._pool.waiting:
                first.setdefault(one.transaction.coin, (one, basis))
        return list(first.values())

    def _again(self, batch: Sequence[tuple[SignedCoin, bytes]]) -> None:
        """Transfers of blocks that are none after all are pending again, if they still can be; with their bases."""
        for one, _ in batch:
            self._fates.forget(one.transaction.hash)
        self._add(batch)
        coins = [one.transaction.coin for one, _ in batch]
        self._drop(self._pool.impossible(coins, self.next_number))
