"""Watcher skeleton: sync events, fetch and validate block bodies, act, and restart from a journal."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from layer2.ethereum.contract import Contract, Event
from layer2.ethereum.errors import EthereumError, ReorgTooDeep
from layer2.ethereum.log_follower import LogFollower
from layer2.ethereum.records import Log
from layer2.ethereum.sender import Sender
from layer2.plasma.common.watcher.actions import Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import Alert, AlertKind, Report
from layer2.plasma.common.watcher.block_cache import BlockCache
from layer2.plasma.common.watcher.block_sources import BodySource, Sources
from layer2.plasma.common.watcher.journal import WatcherStore
from layer2.plasma.common.watcher.transaction_scheduler import TransactionScheduler
from layer2.plasma.common.watcher.watched_blocks import BodyForged, WatchedBlocks, WatchedHeader, WatcherFiles
from layer2.primitives.errors import Layer2Error, RangeError
from layer2.store.journal import Journal

__all__ = ["ChainWatcher"]

_LOOK_AT_CODE = 64
"""Number of steps between two checks of the contract's code and parameters."""


B = TypeVar("B", bound=WatchedBlocks[Any, Any])


class ChainWatcher(ABC, Generic[B]):
    """Watches one chain: `blocks` holds its state and validates blocks, subclasses judge exits. See `Watcher`.

    Args:
        identity: name of the chain, which binds the stored state to it.
        open_blocks: creates the chain's block state from the opened files.
    """

    def __init__(
        self,
        contract: Contract,
        identity: str,
        sources: Sequence[BodySource],
        folder: str | Path | None,
        open_blocks: Callable[[WatcherFiles], B],
        *,
        sender: Sender | None,
        policy: WatchPolicy | None,
        start_block: int,
        confirmations: int,
        memory: int,
    ) -> None:
        self.contract = contract
        self.connection = contract.connection
        self.sources = Sources(sources)
        self.sender = sender
        self.policy = policy or WatchPolicy()
        self.lock = threading.Lock()
        """Held during a step, except while it waits for a source of bodies."""
        self.plans: tuple[Plan, ...] = ()
        """Calls that were due at the last step, even if this watcher does not send them."""
        self._start_block, self._confirmations, self._depth = start_block, confirmations, memory
        self._scheduler = TransactionScheduler(contract, self._still)
        self._standing: dict[tuple[AlertKind, int | bytes], Alert] = {}
        self._steps = 0
        self._head = self._read_again = 0
        path = None if folder is None else Path(folder)
        identity = f"{identity} on chain {self.connection.chain_id}"
        self._memory = WatcherStore(None if path is None else path / "watcher.journal", identity)
        try:
            self.store = BlockCache(None if path is None else path / "watcher.bodies")
            self.blocks = open_blocks(WatcherFiles(path, identity, self._memory, self.store))
            self._reload()
            self._follower = self._follow_from_memory()
        except BaseException:
            self._memory.close()
            raise

    def close(self) -> None:
        """Close the files."""
        self._memory.close()
        self.store.close()

    @property
    def journal(self) -> Journal | None:
        """The journal; None if nothing is stored on disk."""
        return self._memory.journal

    def missing(self) -> list[int]:
        """Return the numbers of the blocks whose body is not available yet."""
        return self.blocks.missing()

    def rumoured(self, subject: int) -> bool:
        """Return True if a rejected body for a missing block moves the output or coin."""
        return any(subject in touched for touched in self._rumours.values())

    # ---------------------------------------------------------------------------------------------------------- step

    def step(self) -> Report:
        """Read L1, fetch block bodies, validate them, and act; return new alerts and actions.

        Repeated calls are harmless.

        Raises:
            JournalFull, JournalError: the watcher's own disk fails; all other failures become alerts.
        """
        report = Report()
        with self.lock:
            try:
                self._follow(report)
                now = self.connection.timestamp()
                self._fetch(report, now)
                self.blocks.advance(lambda number, header: self._ask(number, header, report))
                standing = self._standing_of_blocks(now) + self._standing_of_contract()
                of_exits, plans = self._judge(now)
                self.plans = tuple(plans)
                self._note(standing + of_exits, report)
                if self.sender is not None:
                    self._scheduler.act(self.sender, self.policy, plans, now, report)
            except EthereumError as failure:
                self._note([*self._standing.values(), Alert(AlertKind.CHAIN_AWAY, 0, str(failure))], report)
        return report

    @abstractmethod
    def _judge(self, now: int) -> tuple[list[Alert], list[Plan]]:
        """Return alerts about exits, and the calls that are due."""

    @abstractmethod
    def _still(self, plan: Plan) -> bool:
        """Return True if a call is still needed on L1, where an event may be newer than those read."""

    def _note(self, standing: Sequence[Alert], report: Report) -> None:
        fresh = {(one.kind, one.subject): one for one in standing}
        report.findings += [one for key, one in fresh.items() if key not in self._standing]
        self._standing = fresh

    def _standing_of_blocks(self, now: int) -> list[Alert]:
        found = self.blocks.alerts()
        for number in sorted(self._late):
            since = self.blocks.headers[number].time
            found.append(Alert(AlertKind.BLOCK_WITHHELD, number, f"since {since}, {now - since} s"))
        return found

    def _standing_of_contract(self) -> list[Alert]:
        """Return an alert if code or parameters have changed, checked every `_LOOK_AT_CODE` steps.

        The contract has neither an owner nor a proxy, so a change means that the node follows another chain.
        """
        self._steps += 1
        if self._steps % _LOOK_AT_CODE != 1:
            return [one for one in self._standing.values() if one.kind is AlertKind.PARAMETERS_CHANGED]
        if not self._memory.is_changed(self.contract):
            return []
        return [Alert(AlertKind.PARAMETERS_CHANGED, 0, "code or parameters have changed")]

    def _time_of(self, block: int) -> int:
        header = self.connection.block(block)
        return self.connection.timestamp() if header is None else header.timestamp

    # -------------------------------------------------------------------------------------------------------- events

    def _follow_from_memory(self) -> LogFollower:
        return LogFollower(
            self.connection,
            self.contract.address,
            start_block=self._start_block,
            confirmations=self._confirmations,
            cursor=self._memory.cursor(),
            memory=self._depth,
        )

    def _follow(self, report: Report) -> None:
        """Read new logs.

        Raises:
            EthereumError: the node failed; nothing has changed.
        """
        gap = self._gap or self.blocks.broken()
        if gap and self._head >= self._read_again:
            # This or another node may have the missing logs by now; the interval limits repeated attempts.
            self._read_again = self._head + self._depth
            self._start_over(report, gap)
        try:
            update = self._follower.step()
        except ReorgTooDeep as failure:
            self._start_over(report, str(failure))
            update = self._follower.step()
        self._head = update.head
        try:
            self._memory.note_news(len(update.removed), update.new, self._follower.cursor)
        except Layer2Error:
            # Logs that are not durable must be read again.
            self._follower = self._follow_from_memory()
            raise
        try:
            self._apply(len(update.removed), update.new, report)
        except RangeError as failure:
            self._start_over(report, str(failure))
            return
        self.blocks.prune(update.head - 2 * self._depth)

    def _start_over(self, report: Report, why: str) -> None:
        self.blocks.start_over(why)
        self._memory.start_over()
        self._reset()
        self._follower = self._follow_from_memory()
        report.findings.append(Alert(AlertKind.CHAIN_REWRITTEN, self._head, why))

    def _apply(self, removed: int, new: Sequence[Log], report: Report) -> None:
        """Revert this number of logs, then apply the new ones; raise RangeError if that is impossible."""
        for _ in range(removed):
            self.blocks.view.revert()
        if removed:
            self.blocks.reverted()
        for log in new:
            self._take(log, report)

    def _take(self, log: Log, report: Report) -> None:
        view, before = self.blocks.view, self.blocks.view.applied
        try:
            event = self.contract.decode_log(log) or Event("", {}, log.log_index, log)
            kind = self.blocks.apply(event)
        except (Layer2Error, LookupError, TypeError, ValueError) as failure:
            report.findings.append(Alert(AlertKind.EVENT_ODD, log.tx_hash, f"block {log.block_number}: {failure!r}"))
            if view.applied == before:
                view.skip(log.block_number)
            if isinstance(failure, RangeError):
                # Description of a gap in the node's logs.
                self._gap = str(failure)
            return
        if kind is not None:
            told = ", ".join(f"{name} {value}" for name, value in event.args.items())
            report.findings.append(Alert(kind, event.args.get("number", 0), told))

    def _reset(self) -> None:
        self.blocks.reset()
        self._late: set[int] = set()
        self._rumours: dict[int, set[int]] = {}
        """Outputs or coins that rejected bodies move, by missing block; neither proven nor refuted."""
        self._gap = ""
        self._head = 0

    def _reload(self) -> None:
        """Restore the state from a checkpoint, or else by reading each block again."""
        self._reset()
        self.blocks.begin_reload()
        self._memory.replay(self._replay_news, self.blocks.replay_verdict)
        if not self.blocks.end_reload():
            self._reset()
            self._memory.replay(self._replay_news, self.blocks.replay_verdict)

    def _replay_news(self, removed: int, new: list[Log]) -> None:
        self._apply(removed, new, Report())

    # -------------------------------------------------------------------------------------------------------- bodies

    def _fetch(self, report: Report, now: int) -> None:
        self.sources.begin()
        for number in self.blocks.missing():
            header = self.blocks.headers[number]
            if self.blocks.load(number, header) or self._ask(number, header, report):
                if number in self._late:
                    self._late.discard(number)
                    report.findings.append(Alert(AlertKind.BLOCK_SHOWN, number, f"after {now - header.time} s"))
            elif now - header.time >= self.policy.patience:
                self._late.add(number)
        missing = set(self.blocks.missing())
        self._late &= missing
        self._rumours = {number: touched for number, touched in self._rumours.items() if number in missing}

    def _ask(self, number: int, header: WatchedHeader, report: Report) -> bool:
        def read(body: bytes) -> tuple[bytes, Any]:
            try:
                return body, self.blocks.read_body(number, header, body)
            except BodyForged as forged:
                self._rumours.setdefault(number, set()).update(forged.touched)
                raise

        self.lock.release()
        try:
            found, said = self.sources.ask(number, read)
        finally:
            self.lock.acquire()
        report.findings += [Alert(AlertKind.SOURCE_FAULTY, number, text) for text in said]
        if found is None:
            return False
        self.blocks.keep(number, header, *found)
        return True
