"""State derived from a contract's events, each of which a reorganisation can revert."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, MutableMapping
from functools import cached_property
from typing import TypeVar

from layer2.ethereum.contract import Contract, Event
from layer2.ethereum.event_stream import EventBatch, EventStream
from layer2.primitives.errors import RangeError

__all__ = ["EventProjection"]

K = TypeVar("K")
V = TypeVar("V")


class EventProjection:
    """State of a contract as far as its events were applied; several readers may share one.

    A subclass has a method `_on_NAME(args, event)` for each event that it handles, and changes its mappings with `_put`
    only. A reader without a journal calls `step`; one that stores logs itself calls `apply`, `revert` and `prune`.

    Args:
        start_block: an L1 block at or before the contract's deployment.
        confirmations: number of L1 blocks above a block before it is read.

    Attributes:
        head: newest L1 block at the last read.
        read: True after the first read.
        applied: number of applied events, without the reverted ones.
    """

    def __init__(self, contract: Contract, *, start_block: int = 0, confirmations: int = 0) -> None:
        self.start_block = start_block
        self.head = 0
        self.read = False
        self.applied = 0
        self._contract = contract
        self._confirmations = confirmations
        self._lock = threading.Lock()
        self._done: deque[tuple[int, list[Callable[[], object]]]] = deque()

    @cached_property
    def _stream(self) -> EventStream[Event]:
        return EventStream(
            self._contract, lambda event: event, start_block=self.start_block, confirmations=self._confirmations
        )

    # ------------------------------------------------------------------------------------------------------ reading

    def step(self) -> None:
        """Read new events and apply them. Raise the errors of `LogFollower.step` and `take`."""
        with self._lock:
            self.take(self.poll())

    def poll(self) -> EventBatch[Event]:
        """Return the events since the last read; the caller must pass them to `take`."""
        return self._stream.news()

    def take(self, batch: EventBatch[Event]) -> None:
        """Revert and apply the events of a batch, and prune what can no longer be reverted.

        Raises:
            RangeError: an event contradicts the others: the node omits logs, so the state is unreliable.
        """
        self.head = batch.head
        for _ in batch.removed:
            self.revert()
        failures = []
        for _, event in batch.new:
            try:
                self.apply(event)
            except RangeError as failure:
                failures.append(failure)
        self.prune(batch.oldest)
        self.read = True
        if failures:
            raise failures[0]

    # --------------------------------------------------------------------------------------------------- projection

    def apply(self, event: Event) -> None:
        """Apply an event. Every event counts as one step to revert, even if its handler raises."""
        self.skip(event.log.block_number)
        handler = getattr(self, f"_on_{event.name}", None)
        if handler is not None:
            handler(event.args, event)

    def skip(self, block: int) -> None:
        """Count an event of a block without effect, for example an undecodable one, so that it can be reverted."""
        self._done.append((block, []))
        self.applied += 1

    def on_revert(self, undo: Callable[[], object]) -> None:
        """Register a further function that reverts the last event's effects elsewhere."""
        self._done[-1][1].append(undo)

    def revert(self) -> None:
        """Revert the last event; raise RangeError if its undo record was pruned."""
        self.applied -= 1
        if not self._done:
            raise RangeError("the L1 node reverts events that can no longer be reverted", hint="read all events again")
        for undo in reversed(self._done.pop()[1]):
            undo()

    def prune(self, block: int) -> None:
        """Discard the undo records of events before a block; these events can no longer be reverted."""
        while self._done and self._done[0][0] < block:
            self._done.popleft()

    def _put(self, mapping: MutableMapping[K, V], key: K, value: V | None) -> None:
        """Set a value, or remove it if None; the change is reverted with the event."""
        before = mapping.get(key)
        _set(mapping, key, value)
        self.on_revert(lambda: _set(mapping, key, before))


def _set(mapping: MutableMapping[K, V], key: K, value: V | None) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value
