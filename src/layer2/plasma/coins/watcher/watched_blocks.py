"""Block state of the coin watcher: contract events, block data and the coin index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from layer2.ethereum.contract import Event
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinChainState, Doubt
from layer2.plasma.coins.protocol.records import CoinHeader
from layer2.plasma.coins.protocol.transfer import SignedCoin, coin_tree, decode_coin_body
from layer2.plasma.coins.watcher.coin_index import CoinIndex
from layer2.plasma.coins.watcher.exit_rules import subject_of
from layer2.plasma.common.watcher.alerts import Alert, AlertKind
from layer2.plasma.common.watcher.watched_blocks import BodyForged, WatchedBlocks, WatcherFiles

__all__ = ["CoinBlocks"]

_ONCE = {"OperatorProposed": AlertKind.OPERATOR_ANNOUNCED, "OperatorChanged": AlertKind.OPERATOR_CHANGED}


class CoinBlocks(WatchedBlocks[CoinHeader, list[SignedCoin]]):
    """State of a coin chain's events and blocks.

    Args:
        coins: Coins to watch; None for all.

    Attributes:
        books: Index of the coins' transfers, with the faults found.
        closed: Challenges of ended exits whose bonds are known to be settled.
    """

    view: CoinChainState

    def __init__(self, chain: CoinChain, files: WatcherFiles, coins: Collection[int] | None) -> None:
        self.chain = chain
        self.coins = coins
        self._store = files.store

    @property
    def headers(self) -> Mapping[int, CoinHeader]:
        """Headers of the blocks on Ethereum by number."""
        return self.view.headers

    def reset(self) -> None:
        """Reset to the state before the first event."""
        self.view = CoinChainState(self.chain, operator=self.chain.operator())
        self.books = CoinIndex(self.chain.domain, self.view.records, self.view.headers, self._store.body, self.coins)
        self.closed: set[Doubt] = set()

    def apply(self, event: Event) -> AlertKind | None:
        """Apply an event, and return the kind of alert that reports it; None for an ordinary event."""
        operator = self.view.operator
        self.view.apply(event)
        # The constructor emits this event for the first operator, which is not a change.
        same = event.name == "OperatorChanged" and self.view.operator == operator
        return None if same else _ONCE.get(event.name)

    def reverted(self) -> None:
        """Cut the index to the remaining blocks."""
        self.books.cut(self.view.posted)
        self.closed.clear()

    def missing(self) -> list[int]:
        """Return the blocks whose data is missing."""
        return [number for number in range(self.books.head + 1, self.view.posted + 1) if not self.books.saw(number)]

    def load(self, number: int, header: CoinHeader) -> bool:
        """Index the stored data of a block; return False if there is none."""
        body = self._store.body(header.hash)
        if body is None:
            return False
        self.books.see(number, decode_coin_body(body))
        return True

    def read_body(self, number: int, header: CoinHeader, body: bytes) -> list[SignedCoin]:
        """Decode the data of a block; raise BodyForged if it does not lead to its root."""
        batch = decode_coin_body(body)
        if coin_tree(batch).root != header.root:
            moved = {one.transaction.coin for one in batch}
            raise BodyForged(f"{len(batch)} transfers do not lead to the root of block {number}", moved)
        return batch

    def keep(self, number: int, header: CoinHeader, body: bytes, contents: list[SignedCoin]) -> None:
        """Store and index the data of a block."""
        self._store.put(header.hash, number, body, ())
        self.books.see(number, contents)

    def advance(self, fetch: Callable[[int, CoinHeader], bool]) -> None:
        """Apply blocks to the index as far as data is available; faults are stored in `books.faults`."""
        while self.books.advance() is not None:
            pass

    def alerts(self) -> list[Alert]:
        """Return alerts about invalid transfers, and about transfers of coins that did not exist."""
        found = []
        for coin, faults in self.books.faults.items():
            gone = self.view.paid.get(coin, 1 << 62)
            for one in faults:
                record = self.view.records.get(coin)
                void = record is None or one.number < record.birth or gone <= self.view.posted_in.get(one.number, 0)
                kind = AlertKind.TRANSFER_VOID if void else AlertKind.TRANSFER_INVALID
                detail = f"coin {coin}, block {one.number}: {one.why}"
                found.append(Alert(kind, subject_of(coin, one.number), detail))
        return found
