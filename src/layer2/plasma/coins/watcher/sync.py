"""Synchronisation of the coin watcher: contract events, block data and the coin index, persisted across restarts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from layer2.ethereum.contract import Event
from layer2.ethereum.records import Log
from layer2.plasma.coins.chain.block_sources import BodiesOf, CoinSource
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.exit_proofs import Call, exit_kit
from layer2.plasma.coins.chain.state import CoinChainState, Doubt
from layer2.plasma.coins.protocol.coin_history import History
from layer2.plasma.coins.protocol.errors import CoinRefused
from layer2.plasma.coins.protocol.records import CoinHeader
from layer2.plasma.coins.protocol.transfer import SignedCoin, coin_tree, decode_coin_body
from layer2.plasma.coins.watcher.coin_index import CoinIndex
from layer2.plasma.coins.watcher.exit_rules import subject_of
from layer2.plasma.common.watcher.alerts import Alert, AlertKind, Report
from layer2.plasma.common.watcher.block_cache import BlockCache
from layer2.plasma.common.watcher.block_sources import Sources
from layer2.plasma.common.watcher.journal import WatcherStore
from layer2.plasma.common.watcher.log_sync import LogSync
from layer2.plasma.protocol.malformed import BodyMalformed
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import Layer2Error, RangeError

__all__ = ["CoinWatchState"]

_ONCE = {"OperatorProposed": AlertKind.OPERATOR_ANNOUNCED, "OperatorChanged": AlertKind.OPERATOR_CHANGED}


class CoinWatchState(LogSync):
    """Chain and block state of a coin watcher. See `CoinWatcher`."""

    def __init__(
        self,
        chain: CoinChain,
        sources: CoinSource | Sequence[CoinSource],
        folder: str | Path | None,
        *,
        coins: Collection[int] | None,
        start_block: int,
        confirmations: int,
        memory: int,
    ) -> None:
        super().__init__(chain.contract, start_block, confirmations, memory)
        self.chain = chain
        given = sources if isinstance(sources, Sequence) else [sources]
        self.sources = Sources([BodiesOf(one) for one in given])
        self._coins = coins
        path = None if folder is None else Path(folder)
        identity = f"coins {chain.address} on chain {self.connection.chain_id}"
        self._memory = WatcherStore(None if path is None else path / "watcher.journal", identity)
        try:
            self.store = BlockCache(None if path is None else path / "watcher.bodies")
            self._reset()
            self._memory.replay(self._replay_news, lambda number, header, fault: None)
            self._follower = self._follow_from_memory()
        except BaseException:
            self._memory.close()
            raise

    def close(self) -> None:
        """Close the files."""
        self._memory.close()
        self.store.close()

    # ---------------------------------------------------------------------------------------------------- what it has

    def rumoured(self, coin: int) -> bool:
        """Return True if rejected data for a missing block contains a transfer of the coin."""
        return any(coin in coins for coins in self._rumours.values())

    def missing(self) -> list[int]:
        """Return the blocks whose data is missing."""
        return [number for number in range(self.books.head + 1, self.view.posted + 1) if not self.books.saw(number)]

    def history(self, coin: int) -> History:
        """Return the history that a coin's next owner needs; raise StateUnknown if the data of a block is missing."""
        return self.books.history(coin)

    def kit(self, coin: int) -> Call:
        """Return the exit call of a coin's owner; raise CoinRefused if the coin is unknown or paid.

        After an invalid transfer the exit uses the state before it, because later states can be challenged.
        """
        standing, safe = self.books.standing(coin), self.books.safe(coin)
        if standing is None or safe is None or coin in self.view.paid:
            raise CoinRefused(f"coin {coin} is not there, or is paid", hint="wait for its deposit")
        return exit_kit(safe if safe.owner == standing.owner else standing)

    def kits(self, owner: str) -> dict[int, Call]:
        """Return the exit calls of all unpaid coins of an owner, by coin."""
        mine = self.books.coins_of(to_address(owner))
        return {coin: self.kit(coin) for coin in mine if coin not in self.view.paid}

    # -------------------------------------------------------------------------------------------------------- chain

    def _reset(self) -> None:
        self.view = CoinChainState(self.chain, operator=self.chain.operator())
        view, store = self.view, self.store
        self.books = CoinIndex(self.chain.domain, view.records, view.headers, store.body, self._coins)
        self._late: set[int] = set()
        self._rumours: dict[int, set[int]] = {}
        """Coins moved by rejected data of each missing block, which nothing confirms or refutes."""
        self._closed: set[Doubt] = set()
        self._head = 0
        self._gap = ""

    def _settled(self, oldest: int) -> None:
        self.view.prune(oldest)

    def _apply(self, removed: int, new: Sequence[Log], report: Report) -> None:
        for _ in range(removed):
            self.view.revert()
        if removed:
            self.books.cut(self.view.posted)
            self._closed.clear()
        for log in new:
            self._take(log, report)

    def _take(self, log: Log, report: Report) -> None:
        before, operator = self.view.applied, self.view.operator
        try:
            event = self.chain.contract.decode_log(log)
            if event is None:
                event = Event("", {}, log.log_index, log)
            self.view.apply(event)
        except (Layer2Error, LookupError, TypeError, ValueError) as failure:
            report.findings.append(Alert(AlertKind.EVENT_ODD, log.tx_hash, f"block {log.block_number}: {failure!r}"))
            if self.view.applied == before:
                self.view.skip(log.block_number)
            if isinstance(failure, RangeError):
                self._gap = str(failure)
            return
        # The constructor emits this event for the first operator, which is not a change.
        same = event.name == "OperatorChanged" and self.view.operator == operator
        if event.name in _ONCE and not same:
            told = ", ".join(f"{name} {value}" for name, value in event.args.items())
            report.findings.append(Alert(_ONCE[event.name], 0, told))

    def _replay_news(self, removed: int, new: list[Log]) -> None:
        self._apply(removed, new, Report())

    # ------------------------------------------------------------------------------------------------------- bodies

    def _fetch(self, report: Report, now: int, patience: int) -> None:
        self.sources.begin()
        for number in self.missing():
            header = self.view.headers[number]
            batch = self._kept(header)
            if batch is None:
                batch = self._asked(header, report)
            if batch is None:
                if now - header.time >= patience:
                    self._late.add(number)
                continue
            self.books.see(number, batch)
            if number in self._late:
                self._late.discard(number)
                report.findings.append(Alert(AlertKind.BLOCK_SHOWN, number, f"after {now - header.time} s"))
        missing = set(self.missing())
        self._late &= missing
        self._rumours = {number: coins for number, coins in self._rumours.items() if number in missing}

    def _kept(self, header: CoinHeader) -> list[SignedCoin] | None:
        body = self.store.body(header.hash)
        return None if body is None else decode_coin_body(body)

    def _asked(self, header: CoinHeader, report: Report) -> list[SignedCoin] | None:
        def read(body: bytes) -> tuple[bytes, list[SignedCoin]]:
            batch = decode_coin_body(body)
            if coin_tree(batch).root != header.root:
                moved = {one.transaction.coin for one in batch}
                self._rumours.setdefault(header.number, set()).update(moved)
                raise BodyMalformed(f"{len(batch)} transfers do not lead to the root of block {header.number}")
            return body, batch

        found, said = self.sources.ask(header.number, read)
        report.findings += [Alert(AlertKind.SOURCE_FAULTY, header.number, text) for text in said]
        if found is None:
            return None
        body, batch = found
        self.store.put(header.hash, header.number, body, ())
        return batch

    def _advance(self) -> None:
        """Apply blocks to the index as far as data is available; faults are stored in `faults`."""
        while self.books.advance() is not None:
            pass

    def _standing_of_blocks(self, now: int) -> list[Alert]:
        found = []
        for coin, faults in self.books.faults.items():
            gone = self.view.paid.get(coin, 1 << 62)
            for one in faults:
                record = self.view.records.get(coin)
                void = record is None or one.number < record.birth or gone <= self.view.posted_in.get(one.number, 0)
                kind = AlertKind.TRANSFER_VOID if void else AlertKind.TRANSFER_INVALID
                detail = f"coin {coin}, block {one.number}: {one.why}"
                found.append(Alert(kind, subject_of(coin, one.number), detail))
        for number in sorted(self._late):
            since = self.view.headers[number].time
            found.append(Alert(AlertKind.BLOCK_WITHHELD, number, f"since {since}, {now - since} s"))
        return found
