"""What every watcher does with the logs of its contract: reads each once, remembers, goes back, begins anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ReorgTooDeep
from layer2.ethereum.log_follower import LogFollower
from layer2.ethereum.records import Log
from layer2.plasma.common.watcher.alerts import Finding, Kind, Report
from layer2.plasma.common.watcher.journal import WatchMemory
from layer2.primitives.errors import Layer2Error, RangeError

__all__ = ["Following"]


class Following(ABC):
    """The part of a watcher that follows. Subclasses say what logs mean to them; see `Watcher` for the arguments."""

    _memory: WatchMemory
    _follower: LogFollower
    _head: int
    _gap: str
    """What a node has left out, if it is known."""

    def __init__(self, contract: Contract, start_block: int, confirmations: int, memory: int) -> None:
        self.connection = contract.connection
        self._address = contract.address
        self._start_block, self._confirmations, self._depth = start_block, confirmations, memory
        self._read_again = 0

    @abstractmethod
    def _reset(self) -> None:
        """Know nothing."""

    @abstractmethod
    def _apply(self, removed: int, new: Sequence[Log], report: Report) -> None:
        """Take so many logs back, then take these; raises RangeError where that cannot be."""

    @abstractmethod
    def _settled(self, oldest: int) -> None:
        """What was before a block of the chain below will not be taken back."""

    def _doubts(self) -> str:
        """Why all should be read anew, or nothing."""
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
        """Read what is new. Raises EthereumError; nothing has changed then."""
        gap = self._doubts()
        if gap and self._head >= self._read_again:
            # The node, or another one, may know better by now; not at every step, should it not.
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
            # What is not durable was not read.
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
        report.findings.append(Finding(Kind.CHAIN_REWRITTEN, self._head, why))
