"""The coin operator: accepts transfers, builds blocks, submits their roots, and serves their data and proofs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from layer2.ethereum.sender import Sender
from layer2.node.intake import accepted
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.operator.intake import TransferIntake
from layer2.plasma.coins.operator.mempool import Waiting
from layer2.plasma.coins.protocol.coin_history import Evidence, Moved
from layer2.plasma.coins.protocol.errors import BodyMissing
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import SignedCoin
from layer2.plasma.coins.protocol.transfer_batch import judged, read_record, record_of
from layer2.plasma.common.block_store import BodyStore
from layer2.plasma.common.block_submitter import BlockSubmitter
from layer2.plasma.common.errors import DepositsMissing, StateUnknown
from layer2.plasma.common.operator_journal import Discarded, SealedBlock
from layer2.plasma.protocol.params import COIN_LEVELS, MAX_TRANSACTIONS
from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import InputError, RangeError
from layer2.primitives.worker_pool import WorkerPool
from layer2.store.journal import fault_point

__all__ = ["FAULT_POINTS", "CoinOperator", "CoinState"]

FAULT_POINTS = (
    "coins.accept.before",
    "coins.accept.durable",
    "coins.make.before",
    "coins.body.durable",
    "coins.block.durable",
    "coins.submit.before",
    "coins.submit.after",
    "coins.compact.before",
)

MOST_EVIDENCE = 256
"""Maximum number of blocks in one response of proofs for a coin."""
_MOST_LEAVES = 200_000
"""Maximum number of transfers whose trees are rebuilt for one response."""
_MOST_PENDING = 200_000
_PATIENCE = 64
"""Ethereum blocks to wait for a reverted deposit to return, before an unsubmitted block that moves it is discarded."""


@dataclass(frozen=True, slots=True)
class CoinState:
    """State of a coin as known to its operator.

    Attributes:
        owner, last_block: Owner and block of the last transfer, as of the last block made.
        state: "free", "pending", "leaving" or "paid".
    """

    coin: int
    record: CoinRecord
    owner: Address
    last_block: int
    state: str
    pending: SignedCoin | None = None


class CoinOperator(TransferIntake, BlockSubmitter[SparseTree, CoinHeader]):
    """Operator of one coin chain. `step()` follows the chain, builds a block if transfers are pending, and submits it.

    A transfer that `submit` accepts is in the journal before it returns, and is included in a block as long as its
    signer owns the coin; `fate` returns its status. A block and its data are durable before submission. After a crash
    or a reorganisation, missing blocks are submitted again unchanged. Without transfers no block is built. The class is
    thread-safe: `step` does not block `accept` while it waits for the chain.

    Args:
        sender: Sender that submits blocks; None for an operator that only stores and serves data.
        folder: Folder of the journal and the block data.
        start_block: Ethereum block of the contract's deployment, or an earlier one.
        margin: Ethereum blocks above a deposit before its coin can be transferred: the maximum reorganisation depth.
        most_pending: Maximum number of pending transfers.
        capacity: Maximum number of transfers of a block.
        workers: Workers that verify signatures; by default the calling thread verifies them.

    Raises:
        JournalMismatch, JournalCorrupt, BlockLost: The journal does not match the chain; nothing has been signed.
    """

    points = "coins"
    store: BodyStore[SparseTree]

    def __init__(
        self,
        chain: CoinChain,
        sender: Sender | None,
        folder: str | Path,
        *,
        start_block: int = 0,
        margin: int = 12,
        most_pending: int = _MOST_PENDING,
        capacity: int = MAX_TRANSACTIONS,
        workers: WorkerPool | None = None,
    ) -> None:
        if not 0 < capacity <= MAX_TRANSACTIONS or margin < 0:
            raise RangeError(f"capacity {capacity}, margin {margin}", hint="capacity from 1, margin from 0")
        super().__init__(
            chain, folder, start_block=start_block, margin=margin, most_pending=most_pending, workers=workers
        )
        self.sender = sender
        self.capacity = capacity
        self._stepping = threading.Lock()

    def __repr__(self) -> str:
        return f"<CoinOperator coins={len(self.ledger)} blocks={len(self.store)} pending={self.waiting}>"

    # ------------------------------------------------------------------------------------------------------- answers

    def coin(self, coin: int) -> CoinState:
        """Return the state of a coin; raise StateUnknown if it was not deposited."""
        with self.lock:
            record, held = self.chain_state.records.get(coin), self.ledger.get(coin)
            if record is None or held is None:
                raise StateUnknown(f"coin {coin:#x} does not exist", hint="check its number; wait for its deposit")
            pending = self.pending(coin)
            state = "pending" if pending else "free"
            if coin in self.chain_state.leaving:
                state = "leaving"
            if coin in self.chain_state.paid:
                state = "paid"
            return CoinState(coin, record, to_address(held.owner), held.last_block, state, pending)

    def coins_of(self, owner: str, skip: int = 0, count: int = 100) -> list[CoinState]:
        """Return an owner's unpaid coins in order of receipt."""
        with self.lock:
            mine = (coin for coin in self.ledger.coins_of(address_bytes(owner)) if coin not in self.chain_state.paid)
            return [self.coin(coin) for coin in islice(mine, skip, skip + count)]

    def coin_evidence(self, coin: int, first: int, count: int = MOST_EVIDENCE) -> list[Evidence]:
        """Return proofs for a coin from submitted blocks, starting with block `first`; at most `count`, or fewer.

        The list is empty if there are no more blocks.

        Raises:
            RangeError: The coin or the block number is out of range.
        """
        if not 0 <= coin < 1 << COIN_LEVELS or first < 1:
            raise RangeError(f"coin {coin:#x}, block {first}", hint="a coin has 64 bits, blocks count from 1")
        with self.lock:
            end = min(self.chain_state.next_block, len(self.store) + 1, first + min(count, MOST_EVIDENCE))
        found: list[Evidence] = []
        leaves = 0
        for number in range(first, end):
            leaves += self.store.block(number).count
            if found and leaves > _MOST_LEAVES:
                break
            proof = self.store.tree(number).proof(coin)
            moved = self._moved(coin, number)
            found.append(proof if moved is None else Moved(moved, proof.siblings))
        return found

    def coin_body(self, number: int) -> bytes:
        """Return the data of a block; raise BodyMissing if it is unavailable."""
        try:
            return self.store.path(number).read_bytes()
        except StateUnknown as missing:
            raise BodyMissing(str(missing.args[0]), hint=missing.hint) from None

    # ------------------------------------------------------------------------------------------------------- inside

    @property
    def posted(self) -> Mapping[int, CoinHeader]:
        """Headers of the submitted blocks by number."""
        return self.chain_state.headers

    def _put(self, one: SealedBlock) -> None:
        if self.sender is None:
            raise InputError(f"{self.chain.address}: no sender to submit with", hint="pass the operator's sender")
        self.chain.submit(self.sender, one.number, one.root)

    def _moved(self, coin: int, number: int) -> SignedCoin | None:
        with self.lock:
            if not self.ledger.moves(coin, number):
                return None
        rows = map(read_record, self.store.records(number))
        return next(one for one in rows if one.transaction.coin == coin)

    def _make(self) -> SealedBlock | None:
        while True:
            with self.lock:
                fault_point("coins.make.before")
                turn, number = self._turn, self.next_number
                pending, dropped = self._pool.choose(number, self.capacity)
                self._intake.drop(dropped)
                chosen = sorted(pending.values(), key=lambda one: one.signed.transaction.coin)
                rests = self.ledger.rests([one.signed.transaction for one in chosen])
            if not chosen:
                return None
            records = [one.record for one in chosen]
            tree = self.store.plant(records)
            made = self.store.write(number, tree.root, records, rests)
            fault_point("coins.body.durable")
            with self.lock:
                if turn != self._turn:
                    # An exit or a reorganisation intervened, so the selection is repeated.
                    continue
                self._stand_for(made, pending, chosen, records, tree)
            return made

    def _stand_for(
        self,
        made: SealedBlock,
        hashes: Iterable[bytes],
        chosen: Sequence[Waiting],
        records: list[bytes],
        tree: SparseTree,
    ) -> None:
        self._promises.append(made)
        self._promises.commit()
        fault_point("coins.block.durable")
        for hashed in hashes:
            self._pool.remove(hashed)
        self.store.add(made, records, tree)
        signers, bases = [one.signer for one in chosen], [one.basis for one in chosen]
        self._apply(made, [one.signed for one in chosen], signers, bases)

    def _settle_lost(self) -> None:
        """Handle deposits that the chain reverted: wait for them, or discard the blocks that move them.

        Submitted blocks do no harm, because their transfers of a coin that is deposited later are ignored.
        """
        with self.lock:
            if self._shaken is None:
                return
            for number in range(len(self.chain_state.headers) + 1, self.next_number):
                batch = [read_record(record) for record in self.store.records(number)]
                gone, other = self.ledger.misfits(number, [one.transaction for one in batch])
                if other or (gone and self.chain_state.head > self._shaken + _PATIENCE):
                    self._discard(number)
                    break
                if gone:
                    raise DepositsMissing(
                        f"a reorganisation removed the deposits of coins {gone[:5]}, which block {number} transfers",
                        hint="they usually return within minutes; step again",
                    )
            self._shaken = None

    def _discard(self, first: int) -> None:
        """Discard block `first` and its successors, which were never submitted.

        Their transfers become pending again if they are still valid.
        """
        numbers = range(first, len(self.store) + 1)
        batches = {number: [read_record(record) for record in self.store.records(number)] for number in numbers}
        gone = [(one, self.ledger.judged_by(one.transaction, number)) for number in numbers for one in batches[number]]
        back = self._first_of_each(gone)
        # The journal is written first: if the write fails, nothing has changed and the step is retried.
        self._promises.append(Discarded(first), *accepted([judged(record_of(one), basis) for one, basis in back]))
        self._promises.commit()
        for number in reversed(numbers):
            self.ledger.undo(number, [one.transaction for one in batches[number]])
            self.store.drop_last()
        self._again(back)
