"""Interface of the part of a watcher that differs between chains: events, block bodies and their validation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from layer2.ethereum.contract import Event
from layer2.ethereum.event_projection import EventProjection
from layer2.plasma.common.watcher.alerts import Alert, AlertKind
from layer2.plasma.common.watcher.block_cache import BlockCache
from layer2.plasma.common.watcher.journal import WatcherStore
from layer2.plasma.protocol.malformed import BodyMalformed

__all__ = ["BodyForged", "WatchedBlocks", "WatchedHeader", "WatcherFiles"]


class BodyForged(BodyMalformed):
    """A body does not lead to its block's header; `touched` are the outputs or coins that it would move."""

    def __init__(self, message: str, touched: Collection[int]) -> None:
        super().__init__(message)
        self.touched = touched


@dataclass(frozen=True, slots=True)
class WatcherFiles:
    """Stored state of a watcher: journal and block bodies; without a `path` nothing outlives the process."""

    path: Path | None
    identity: str
    memory: WatcherStore
    store: BlockCache


class WatchedHeader(Protocol):
    """The header of a block of either chain."""

    @property
    def hash(self) -> bytes:
        """Hash that identifies the block."""
        ...

    @property
    def time(self) -> int:
        """Unix time of the block's submission."""
        ...


H = TypeVar("H", bound=WatchedHeader)
T = TypeVar("T")


class WatchedBlocks(ABC, Generic[H, T]):
    """State of a chain's events and blocks, with the rules that judge blocks: the part that differs between chains.

    Bodies are read as `T`. `view` is replaced by `reset`.
    """

    view: EventProjection

    @property
    @abstractmethod
    def headers(self) -> Mapping[int, H]:
        """Headers of the blocks on L1 by number."""

    @abstractmethod
    def reset(self) -> None:
        """Reset to the state before the first event."""

    @abstractmethod
    def apply(self, event: Event) -> AlertKind | None:
        """Apply an event, and return the kind of alert that reports it; None for an ordinary event."""

    @abstractmethod
    def reverted(self) -> None:
        """Adapt to a view in which events were reverted."""

    @abstractmethod
    def missing(self) -> list[int]:
        """Return the numbers of the blocks whose body is not available yet."""

    @abstractmethod
    def load(self, number: int, header: H) -> bool:
        """Use the stored body of a block; return False if there is none."""

    @abstractmethod
    def read_body(self, number: int, header: H, body: bytes) -> T:
        """Decode a body; raise BodyForged or another error if it is not that of the block."""

    @abstractmethod
    def keep(self, number: int, header: H, body: bytes, contents: T) -> None:
        """Store and use the body of a block."""

    @abstractmethod
    def advance(self, fetch: Callable[[int, H], bool]) -> None:
        """Validate blocks in order, as far as bodies are available; `fetch` gets a stored body that was lost."""

    @abstractmethod
    def alerts(self) -> list[Alert]:
        """Return alerts about invalid blocks."""

    def prune(self, oldest: int) -> None:
        """Discard undo data for L1 blocks before `oldest`, which are final."""
        self.view.prune(oldest)

    def broken(self) -> str:
        """Return the reason why the events are inconsistent; empty if they are not."""
        return ""

    def start_over(self, why: str) -> None:
        """Discard what is stored of the blocks' state, because the events are read again."""

    def begin_reload(self) -> None:
        """Prepare to read the journal with a stored checkpoint."""

    def end_reload(self) -> bool:
        """Return False if the checkpoint does not match the journal, which must be read again without it."""
        return True

    def replay_verdict(self, number: int, header: bytes, fault: str) -> None:
        """Apply the journal's verdict on a block."""
