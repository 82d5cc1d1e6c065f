"""Log sync shared by all watchers: read each log once, store it, undo reorganisations, restart from scratch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ReorgTooDeep
from layer2.ethereum.log_follower import LogFollower
from layer2.ethereum.records import Log
from layer2.plasma.common.watcher.alerts import Alert, AlertKind, Report
from layer2.plasma.common.watcher.journal import WatcherStore
from layer2.primitives.errors import Layer2Error, RangeError

__all__ = ["LogSync"]


class LogSync(ABC):
    """The log sync of a watcher. Subclasses interpret the logs; see `Watcher` for the arguments."""

    _memory: WatcherStore
    _follower: LogFollower
    _head: int
    _gap: str
    """Description of a known gap in the node's logs; empty if there is none."""

    def __init__(self, contract: Contract, start_block: int, confirmations: int, memory: int) -> None:
        self.connection = contract.connection
        self._address = contract.address
        self._start_block, self._confirmations, self._depth = start_block, confirmations, memory
        self._read_again = 0

    @abstractmethod
    def _reset(self) -> None:
        """Reset to the state before the first log."""

    @abstractmethod
    def _apply(self, removed: int, new: Sequence[Log], report: Report) -> None:
        """Undo this number of logs, then apply the new ones; raise RangeError if that is impossible."""

    @abstractmethod
    def _settled(self, oldest: int) -> None:
        """Discard undo data for L1 blocks before `oldest`, which are final."""

    def _doubts(self) -> str:
        """Return the reason to sync again from scratch; empty if there is none."""
        return self._gap

    def _follow_from_memory(self) -> LogFollower:
        return LogFollower(
            self.connection,
            self._address,
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
        gap = self._doubts()
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
        self._settled(update.head - 2 * self._depth)

    def _start_over(self, report: Report, why: str) -> None:
        self._memory.start_over()
        self._reset()
        self._follower = self._follow_from_memory()
        report.findings.append(Alert(AlertKind.CHAIN_REWRITTEN, self._head, why))
