"""Typed events of a node in a journal bound to one contract, from which a restart restores the node's state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from layer2.primitives.errors import Layer2Error
from layer2.store.errors import JournalCorrupt
from layer2.store.journal import Journal

__all__ = ["EventCodec", "EventLog"]

Event = TypeVar("Event")


class EventCodec(Protocol[Event]):
    """Codec of events as rows of a journal."""

    def encode(self, event: Event) -> tuple[str, bytes]:
        """Return the stream and the payload of an event."""
        ...

    def decode(self, stream: str, payload: bytes) -> Event:
        """Return the event of a row; raise Layer2Error, ValueError, KeyError or TypeError if it is not valid."""
        ...


class EventLog(Generic[Event]):
    """Durable log of events; appended events are buffered until `commit`.

    Args:
        source: path of the journal, or an open journal, which `close` leaves open.
        bound_to: the contract and chain that the events belong to.
        recovery: instructions for a lost or damaged journal.
        size_of: size of an event; by default 1.

    Attributes:
        size: sum of the sizes of all events, known once they were replayed.

    Raises:
        JournalMismatch: the journal is bound to another contract or chain.
    """

    def __init__(
        self,
        source: Journal | str | Path,
        codec: EventCodec[Event],
        *,
        kind: str,
        bound_to: str,
        recovery: str,
        size_of: Callable[[Event], int] = lambda _: 1,
    ) -> None:
        self.journal = Journal.open(source, kind=kind, bound_to=bound_to, recovery=recovery)
        self._opened = self.journal is not source
        self._codec, self._size_of = codec, size_of
        self.size = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.journal} size={self.size}>"

    def replay(self, apply: Callable[[Event], object]) -> None:
        """Apply all durable events in order; raise JournalCorrupt for one that is not valid, or not at its place."""
        self.size = 0
        for entry in self.journal.read():
            try:
                event = self._codec.decode(entry.stream, entry.payload)
                apply(event)
            except (Layer2Error, ValueError, KeyError, TypeError) as fault:
                raise JournalCorrupt(
                    f"the {self.journal.kind} journal {self.journal.path} is damaged: "
                    f"row {entry.sequence} is not valid",
                    hint=self.journal.recovery,
                ) from fault
            self.size += self._size_of(event)

    def append(self, *events: Event) -> None:
        """Buffer events."""
        for event in events:
            self.journal.append(*self._codec.encode(event))
            self.size += self._size_of(event)

    def commit(self) -> None:
        """Make all buffered events durable."""
        self.journal.commit()

    def discard(self) -> None:
        """Discard all buffered events."""
        self.journal.discard()

    def rewrite(self, events: Iterable[Event]) -> None:
        """Replace all events."""
        kept = list(events)
        self.journal.rewrite(map(self._codec.encode, kept))
        self.size = sum(map(self._size_of, kept))

    def close(self) -> None:
        """Close the journal, if it was opened here."""
        if self._opened:
            self.journal.close()
