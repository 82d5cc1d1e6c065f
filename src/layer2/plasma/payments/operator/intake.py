"""The operator's promises: what it accepts is durable and askable, and works on top of the blocks it made."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from layer2.plasma.common.block_store import BlockStore
from layer2.plasma.common.errors import BlockLost
from layer2.plasma.common.operator_journal import Made, Promises, judged, unjudged
from layer2.plasma.common.tx_status import REMEMBERED, Fate, Fates
from layer2.plasma.payments.chain.events import Chain
from layer2.plasma.payments.operator.mempool import Pending, Pool, Vouched, fields_of
from layer2.plasma.payments.utxo.batch_signatures import check_in_parts
from layer2.plasma.payments.utxo.chain_view import Books
from layer2.plasma.payments.utxo.checkpoint import Freezer
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.utxo.spend_rules import basis_of
from layer2.plasma.payments.utxo.utxo_set import Ledger
from layer2.plasma.protocol.packed import Fields, packed_of
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import Transaction, decode_transaction
from layer2.primitives.errors import Layer2Error, MalformedError, RangeError
from layer2.primitives.hashing import keccak, sha256
from layer2.primitives.worker_pool import Workers
from layer2.store.journal import fault_point

__all__ = ["Acceptance", "record_of"]

MOST_PENDING = 200_000


def record_of(one: Signed) -> bytes:
    """A payment with its signatures as one piece: `packed | signatures(64 each)`."""
    return one.transaction.packed + b"".join(one.signatures)


class Acceptance:
    """The half of an operator that takes payments; it sends nothing to the chain. See `Operator`."""

    def __init__(
        self,
        chain: Chain,
        folder: str | Path,
        *,
        policy: FeePolicy,
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
        self._prefix = chain.domain.prefix
        self._margin = margin
        self._fates = Fates()
        self._pool = Pool(most_pending, policy)
        self._turn = 0
        self._bases: dict[bytes, bytes] = {}
        """Of payments of blocks under which the chain has changed while nobody looked."""
        self.halted: BlockLost | None = None
        """Why nothing is accepted any more: the chain has what this operator cannot stand for."""
        # First of all: whoever holds it is the only one who touches the folder.
        self._promises = Promises(self.folder / "operator.journal", chain.chain_id, chain.address)
        try:
            self.store = BlockStore(self.folder / "bodies")
            self.freezer = Freezer(self.folder / "ledger", f"{chain.address} on chain {chain.chain_id}", "operator")
            self.books = self._new_books()
            self._reload()
        except BaseException:
            self._promises.release()
            raise

    # ------------------------------------------------------------------------------------------------ what is known

    @property
    def ledger(self) -> Ledger:
        """The outputs there are, after the last block made."""
        return self.books.ledger

    @property
    def policy(self) -> FeePolicy:
        """What payments have to pay."""
        return self._pool.policy

    @property
    def waiting(self) -> int:
        """How many payments are pending."""
        return len(self._pool.pending)

    @property
    def most_pending(self) -> int:
        """How many it keeps."""
        return self._pool.most

    @property
    def pending(self) -> tuple[Transaction, ...]:
        """Accepted payments that are in no block yet."""
        return tuple(one.transaction for one in self.pending_payments)

    @property
    def pending_payments(self) -> tuple[Signed, ...]:
        """The same with their signatures."""
        with self.lock:
            records = [one.record for one in self._pool.pending.values()]
        return tuple(_signed_of(record) for record in records)

    def spender(self, position: int) -> bytes | None:
        """The hash of the pending payment that spends an output."""
        return self._pool.claimed.get(position)

    def fate(self, hashed: bytes) -> Fate | None:
        """What became of an accepted payment, by its transaction's hash; None for one that is not known (any more)."""
        with self.lock:
            return Fate("pending") if hashed in self._pool.pending else self._fates.get(hashed)

    def follow(self) -> None:
        """What came in, leaves, or was taken back on the chain counts before anything is promised."""
        with self._following:
            # Asked without the lock: whoever accepts does not wait for the chain.
            news = self.chain.news()
            with self.lock:
                try:
                    touched = self.books.take(news)
                except RangeError as failure:
                    self.halted = BlockLost(
                        f"the chain's node tells what cannot be: {failure}", hint="check the node, and start again"
                    )
                    raise self.halted from failure
                if news.new or news.removed:
                    self._turn += 1
                self._drop(self._pool.impossible(self.ledger, touched))

    # ----------------------------------------------------------------------------------------------------- accepting

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment; its hash. Durable when it returns. Raises what `submit_many` gives."""
        refusal = self.submit_many([payment])[0]
        if refusal is not None:
            raise refusal
        return payment.transaction.hash

    def submit_many(self, payments: Sequence[Signed]) -> list[Layer2Error | None]:
        """Accept what is acceptable, with one commit; for each its refusal or None.

        Refusals: InputUnknown, InputSpent, OutputExiting, SignatureWrong, Overspent, Expired, FeeTooLow, KindWrong,
        MempoolFull; MalformedError for what is no payment. Raises BlockLost once that has stopped the operator.
        """
        self.follow()
        return self.accept([self.vouch([record_of(one) for one in payments])])[0]

    def vouch(self, records: Sequence[bytes]) -> Vouched:
        """Judge signatures, for `accept`. Nothing is promised by this, and nothing held up."""
        with self.lock:
            batch = self._pool.screen(records, self.ledger)
        looked = [at for at in range(len(records)) if at not in batch.refused]
        hashes, leaves, owners = check_in_parts(self.workers, self._prefix, [records[at] for at in looked])
        for place, at in enumerate(looked):
            batch.digests[at], batch.leaves[at], batch.owners[at] = hashes[place], leaves[place], owners[place]
        return batch

    def accept(self, batches: Sequence[Vouched]) -> list[list[Layer2Error | None]]:
        """Accept what is acceptable of several submissions, in order and with one commit; durable when it returns."""
        with self.lock:
            if self.halted is not None:
                raise self.halted
            fault_point("operator.accept.before")
            fresh: list[bytes] = []
            before = len(self._pool.pending)
            try:
                results = []
                for batch in batches:
                    refusals, new = self._pool.admit(batch, self.ledger, self._fates)
                    results.append(refusals)
                    fresh += new
                pending = self._pool.pending
                self._promises.accept([judged(pending[hashed].record, pending[hashed].basis) for hashed in fresh])
                self._promises.commit()
            except BaseException:
                # Nothing of it was promised: it must not get into a block either.
                for hashed in list(self._pool.pending)[before:]:
                    self._pool.remove(hashed)
                raise
            for hashed in fresh:
                self._fates.forget(hashed)
            fault_point("operator.accept.durable")
            return results

    # ------------------------------------------------------------------------------------------------------- inside

    def _drop(self, reasons: Mapping[bytes, Layer2Error]) -> None:
        """Say durably that payments have become impossible."""
        if not reasons:
            return
        for hashed, fault in reasons.items():
            self._promises.drop(hashed, str(fault))
        self._promises.commit()
        for hashed, fault in reasons.items():
            self._pool.remove(hashed)
            self._fates.drop(hashed, str(fault))

    def _reload(self) -> None:
        """After a start: the blocks are made again, and what is in none of them is pending again."""
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
            self._fates.include(one.number, hashes)
            for hashed in hashes:
                left.pop(hashed, None)
        for hashed, reason in stored.dropped.items():
            if left.pop(hashed, None) is not None:
                self._fates.drop(hashed, reason)
        for hashed, row in left.items():
            self._pend(hashed, *unjudged(row))
        self._drop(self._pool.impossible(self.ledger, list(self._pool.claimed)))

    def _thaw(self, blocks: Sequence[Made]) -> int:
        """What the chain says, and on top of it the ledger as it was kept, if it is of these; how many it has."""
        news = self.chain.news()
        self.books.take(news)
        kept = self.freezer.load()
        if kept is None:
            return 0
        if kept.number > len(blocks) or kept.history != _history(blocks[: kept.number]):
            self.freezer.drop("it is of blocks that this operator does not stand for")
            return 0
        self.store.stand(blocks[: kept.number])
        try:
            if self.books.thaw(kept):
                return kept.number
            self.freezer.drop("it is of deposits that the chain does not have")
        except MalformedError as failure:
            self.freezer.drop(str(failure))
        self.store.made.clear()
        # Deposits may count by now that only it would have needed.
        self.books = self._new_books()
        self.books.take(news)
        return 0

    def _remember(self, blocks: Sequence[Made], left: dict[bytes, bytes]) -> None:
        """The fates of what the last of these hold; nothing of that is `left` to be pending."""
        found: list[tuple[int, list[bytes]]] = []
        count = 0
        for one in reversed(blocks):
            hashes = [keccak(b"\x02" + packed_of(record)) for record in self.store.load(one)]
            known = [hashed for hashed in hashes if left.pop(hashed, None) is not None]
            found.append((one.number, hashes))
            count += one.count
            # The journal forgets what is in blocks, the oldest first.
            if not known and count >= REMEMBERED:
                break
        for number, hashes in reversed(found):
            self._fates.include(number, hashes)

    def _freeze(self) -> None:
        """Keep the ledger, once enough has happened since the last time. Not while somebody else makes blocks."""
        with self.lock:
            made = self.store.made
            if not self.freezer.due(sum(one.count for one in made[self.freezer.number :])):
                return
            frozen = self.books.freeze(_history(made))
        # To disk without the lock: who accepts does not wait for it.
        self.freezer.save(frozen)

    def _new_books(self) -> Books:
        return Books(Ledger(), self._margin, self.store.find)

    def _pend(self, hashed: bytes, record: bytes, basis: bytes) -> Fields:
        """A payment that was accepted once is pending again."""
        one = fields_of(record)
        self._pool.add(hashed, Pending(record, keccak(b"\x00" + packed_of(record)), basis), one)
        return one

    def _require(
        self, block: Made, fields: Sequence[Fields], hashes: Sequence[bytes], rows: Mapping[bytes, bytes]
    ) -> None:
        """The deposits that a block of ours spends must be there, or be noted as lost if others are in their places."""
        last = max((position for one in fields for position in one.inputs), default=0)
        if last >> 63 and not self.books.require(last >> 24 & (1 << 39) - 1):
            raise BlockLost(
                f"block {block.number} spends deposit {last >> 24 & (1 << 39) - 1}, which the chain does not have",
                hint="connect to the chain it was made for, and wait until its node has synchronised",
            )

        if self.books.rests(fields) != block.rests:
            # What the journal has forgotten was judged by nobody knows what.
            for one, hashed in zip(fields, hashes, strict=True):
                if one.inputs and one.inputs[-1] >> 63:
                    basis = unjudged(rows[hashed])[1] if hashed in rows else b""
                    self._bases[hashed] = basis
                    self.books.compare(one, basis)

    def _basis(self, record: bytes) -> bytes:
        """What a payment of one of the blocks was judged by; nothing if nobody knows."""
        known = self._bases.get(keccak(b"\x02" + packed_of(record))) if self._bases else None
        return basis_of(self.ledger, fields_of(record)) if known is None else known

    def _again(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Payments of a block that is none after all are pending again, if they still can be: record and basis."""
        reasons: dict[bytes, Layer2Error] = {}
        for record, basis in rows:
            hashed = keccak(b"\x02" + packed_of(record))
            self._fates.forget(hashed)
            one = self._pend(hashed, record, basis)
            reasons |= self._pool.impossible(self.ledger, one.inputs[:1])
        self._drop(reasons)


def _history(blocks: Sequence[Made]) -> bytes:
    return sha256(b"".join([one.encoded for one in blocks]))


def _signed_of(record: bytes) -> Signed:
    packed = packed_of(record)
    signatures = tuple(record[at : at + 64] for at in range(len(packed), len(record), 64))
    return Signed(decode_transaction(packed), signatures)
