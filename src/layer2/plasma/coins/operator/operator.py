"""The operator of coins: takes transfers, makes blocks of them, commits to each on the chain, and shows them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.operator.intake import CoinAcceptance
from layer2.plasma.coins.operator.mempool import Waiting
from layer2.plasma.coins.protocol.coin_history import Evidence, Moved
from layer2.plasma.coins.protocol.errors import BodyMissing
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import SignedCoin
from layer2.plasma.coins.protocol.transfer_batch import judged, read_record, record_of
from layer2.plasma.common.block_store import BodyStore
from layer2.plasma.common.block_submitter import Posting
from layer2.plasma.common.errors import DepositsMissing, StateUnknown
from layer2.plasma.common.operator_journal import Made
from layer2.plasma.protocol.params import COIN_LEVELS, MAX_TRANSACTIONS
from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import InputError, RangeError
from layer2.primitives.worker_pool import Workers
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
"""Blocks of one answer about a coin."""
_MOST_LEAVES = 200_000
"""Transfers whose trees are made anew for one answer."""
_MOST_PENDING = 200_000
_PATIENCE = 64
"""Blocks of the chain that a deposit may be gone before a block that moves it, and is not there, is given up."""


@dataclass(frozen=True, slots=True)
class CoinState:
    """A coin as its operator sees it.

    Attributes:
        owner, last_block: after the last block made.
        state: free, pending, leaving or paid.
    """

    coin: int
    record: CoinRecord
    owner: Address
    last_block: int
    state: str
    pending: SignedCoin | None = None


class CoinOperator(CoinAcceptance, Posting[SparseTree, CoinHeader]):
    """One coin chain's operator. `step()` follows the chain, makes a block when something is pending, and submits it.

    What `submit` has accepted is in the journal before it returns, and gets into a block as long as the coin is its
    signer's; `fate` says what became of it. A block is durable, body and all, before the chain hears of it; what the
    chain does not have after a crash or a reorganisation is submitted again, never another one in its place. Without
    transfers there is no block. Safe to use from several threads: `step` waits for the chain without holding up
    `accept`.

    Args:
        sender: submits blocks; None for one that only keeps and shows.
        folder: for the journal and the bodies of blocks.
        start_block: of the chain, at which the contract was deployed, or before.
        margin: blocks of the chain above a deposit before it can be transferred: as deep as a reorganisation may go.
        most_pending: transfers that are kept at most.
        capacity: transfers of a block at most.
        workers: where signatures are checked; in the calling thread without it.

    Raises:
        JournalForeign, JournalCorrupt, BlockLost: the journal does not fit the chain; nothing has been signed.
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
        workers: Workers | None = None,
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
        """A coin; raises StateUnknown for one that was not made."""
        with self.lock:
            record, held = self.sight.records.get(coin), self.ledger.get(coin)
            if record is None or held is None:
                raise StateUnknown(f"coin {coin} is not there", hint="check its number; wait for its deposit")
            pending = self.pending(coin)
            state = "pending" if pending else "free"
            if coin in self.sight.leaving:
                state = "leaving"
            if coin in self.sight.paid:
                state = "paid"
            return CoinState(coin, record, to_address(held.owner), held.last_block, state, pending)

    def coins_of(self, owner: str, skip: int = 0, count: int = 100) -> list[CoinState]:
        """Somebody's coins that were not paid, in the order in which they came."""
        with self.lock:
            mine = (coin for coin in self.ledger.coins_of(address_bytes(owner)) if coin not in self.sight.paid)
            return [self.coin(coin) for coin in islice(mine, skip, skip + count)]

    def coin_evidence(self, coin: int, first: int, count: int = MOST_EVIDENCE) -> list[Evidence]:
        """What blocks from `first` on say about a coin, of those that the chain has: at most `count`, or fewer.

        Empty when there is nothing more. Raises RangeError for what is no coin or no block.
        """
        if not 0 <= coin < 1 << COIN_LEVELS or first < 1:
            raise RangeError(f"coin {coin}, block {first}", hint="a coin has 64 bits, blocks count from 1")
        with self.lock:
            end = min(self.sight.next_block, len(self.store) + 1, first + min(count, MOST_EVIDENCE))
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
        """The body of a block; raises BodyMissing."""
        try:
            return self.store.path(number).read_bytes()
        except StateUnknown as missing:
            raise BodyMissing(str(missing.args[0]), hint=missing.hint) from None

    # ------------------------------------------------------------------------------------------------------- inside

    @property
    def posted(self) -> Mapping[int, CoinHeader]:
        """The blocks that the chain has, by number."""
        return self.sight.headers

    def _put(self, one: Made) -> None:
        if self.sender is None:
            raise InputError(f"{self.chain.address}: nobody to submit for", hint="pass the operator's sender")
        self.chain.submit(self.sender, one.number, one.root)

    def _moved(self, coin: int, number: int) -> SignedCoin | None:
        with self.lock:
            if not self.ledger.moves(coin, number):
                return None
        rows = map(read_record, self.store.records(number))
        return next(one for one in rows if one.transaction.coin == coin)

    def _make(self) -> Made | None:
        while True:
            with self.lock:
                fault_point("coins.make.before")
                turn, number = self._turn, self.next_number
                chosen, dropped = self._pool.choose(number, self.capacity)
                self._drop(dropped)
                chosen.sort(key=lambda one: one.signed.transaction.coin)
                rests = self.ledger.rests([one.signed.transaction for one in chosen])
            if not chosen:
                return None
            records = [one.record for one in chosen]
            tree = self.store.plant(records)
            made = self.store.write(number, tree.root, records, rests)
            fault_point("coins.body.durable")
            with self.lock:
                if turn != self._turn:
                    # Something left through the contract meanwhile: chosen anew.
                    continue
                self._stand_for(made, chosen, records, tree)
            return made

    def _stand_for(self, made: Made, chosen: Sequence[Waiting], records: list[bytes], tree: SparseTree) -> None:
        self._promises.make(made)
        self._promises.commit()
        fault_point("coins.block.durable")
        for one in chosen:
            self._pool.remove(one.signed.transaction.coin)
        self.store.add(made, records, tree)
        signers, bases = [one.signer for one in chosen], [one.basis for one in chosen]
        self._apply(made, [one.signed for one in chosen], signers, bases)

    def _settle_lost(self) -> None:
        """Deposits that the chain took back: wait for them, or give up the blocks that move them.

        Blocks that the chain has do no harm: what they say about a coin that is made later means nothing.
        """
        with self.lock:
            if self._shaken is None:
                return
            for number in range(len(self.sight.headers) + 1, self.next_number):
                batch = [read_record(record) for record in self.store.records(number)]
                gone, other = self.ledger.misfits(number, [one.transaction for one in batch])
                if other or (gone and self.sight.head > self._shaken + _PATIENCE):
                    self._discard(number)
                    break
                if gone:
                    raise DepositsMissing(
                        f"the chain took back the deposits of coins {gone[:5]}, which block {number} moves",
                        hint="they usually come again within minutes; step again",
                    )
            self._shaken = None

    def _discard(self, first: int) -> None:
        """Blocks that the chain never had, and never can have: what is left of their transfers is pending again."""
        numbers = range(first, len(self.store) + 1)
        batches = {number: [read_record(record) for record in self.store.records(number)] for number in numbers}
        gone = [(one, self.ledger.judged_by(one.transaction, number)) for number in numbers for one in batches[number]]
        back = self._first_of_each(gone)
        # In the journal first: what the disk refuses has not happened, and is tried again.
        self._promises.undo(first)
        self._promises.accept([judged(record_of(one), basis) for one, basis in back])
        self._promises.commit()
        for number in reversed(numbers):
            self.ledger.undo(number, [one.transaction for one in batches[number]])
            self.store.drop_last()
        self._again(back)

    def _pending_records(self) -> list[bytes]:
        return [judged(one.record, one.basis) for one in self._pool.waiting.values()]
