"""State derived from a contract's events, each of which can be reverted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, MutableMapping
from typing import TypeVar

from layer2.ethereum.contract import Event
from layer2.primitives.errors import RangeError

__all__ = ["EventProjection"]

K = TypeVar("K")
V = TypeVar("V")


class EventProjection:
    """Projection of events into state. `undo` reverts the last event, back to the limit set by `forget`.

    A subclass has a method `_on_NAME(args, event)` for each event that it handles, and changes its mappings with `_put`
    only.
    """

    def __init__(self) -> None:
        self._done: deque[tuple[int, list[Callable[[], None]]]] = deque()
        self._now: list[Callable[[], None]] = []
        self.taken = 0
        """Number of applied events, without the reverted ones."""

    def take(self, event: Event) -> None:
        """Apply an event. Every event counts as one step to undo, even if its handler raises."""
        self.pad(event.log.block_number, self.taken)
        method = getattr(self, f"_on_{event.name}", None)
        if method is not None:
            method(event.args, event)

    def pad(self, block: int, before: int) -> None:
        """Count an undecodable event, unless it was counted since `before`, so that it can be reverted."""
        if self.taken == before:
            self._now = []
            self._done.append((block, self._now))
            self.taken += 1

    def undo(self) -> None:
        """Revert the last event; raise RangeError if it is forgotten."""
        self.taken -= 1
        if not self._done:
            raise RangeError("events of the chain below are taken back that are forgotten", hint="read all anew")
        for one in reversed(self._done.pop()[1]):
            one()

    def forget(self, block: int) -> None:
        """Prune the undo records of events before a block; these events can no longer be reverted."""
        while self._done and self._done[0][0] < block:
            self._done.popleft()

    def _put(self, mapping: MutableMapping[K, V], key: K, value: V | None) -> None:
        """Set a value, or remove it if None; the change is reverted with the event."""
        before = mapping.get(key)
        _set(mapping, key, value)
        self._now.append(lambda: _set(mapping, key, before))


def _set(mapping: MutableMapping[K, V], key: K, value: V | None) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value
