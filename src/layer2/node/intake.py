"""Durable intake: verified transactions enter the mempool together with one commit, or none of them does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from layer2.node.event_log import EventLog
from layer2.node.tx_status import TxStatus, TxStatusIndex
from layer2.primitives.errors import Layer2Error
from layer2.store.fault_points import fault_point

__all__ = ["Accepted", "Dropped", "Intake", "Pool", "RecordCodec", "Refusals", "records_in"]

Batch = TypeVar("Batch")
Pending = TypeVar("Pending")
Event = TypeVar("Event")
Refusals = list[Layer2Error | None]
"""The rejection of each transaction of a batch, or None."""

_RUN = 1024


@dataclass(frozen=True, slots=True)
class Accepted:
    """Recorded when transactions were accepted, in this order."""

    records: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Recorded when an accepted transaction became impossible."""

    hashed: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class RecordCodec:
    """Codec of the two events of every intake, and the identity of records.

    Attributes:
        join: encodes records as one row.
        split: decodes a row; raises MalformedError.
        hashes: returns the hash of each record's transaction.
    """

    join: Callable[[Sequence[bytes]], bytes]
    split: Callable[[bytes], list[bytes]]
    hashes: Callable[[Sequence[bytes]], list[bytes]]

    def encode(self, event: Accepted | Dropped) -> tuple[str, bytes]:
        """Return the stream and the payload of an event."""
        if isinstance(event, Accepted):
            return "txs", self.join(event.records)
        return "drop", event.hashed + event.reason.encode()

    def decode(self, stream: str, payload: bytes) -> Accepted | Dropped:
        """Return the event of a row; raise MalformedError or KeyError if it is not one."""
        if stream == "txs":
            return Accepted(self.split(payload))
        if stream == "drop":
            return Dropped(payload[:32], payload[32:].decode(errors="replace"))
        raise KeyError(stream)


def accepted(records: Sequence[bytes]) -> list[Accepted]:
    """Return the events that accept these records, at most 1,024 in each; an empty list for no records."""
    return [Accepted(records[at : at + _RUN]) for at in range(0, len(records), _RUN)]


def records_in(event: Event) -> int:
    """Return the number of records that an event accepts."""
    return len(event.records) if isinstance(event, Accepted) else 0


class Pool(Protocol[Pending]):
    """Mempool of an intake.

    Attributes:
        pending: pending transactions by hash, in order of acceptance.
        most: maximum number of pending transactions.
    """

    pending: dict[bytes, Pending]
    most: int

    def remove(self, hashed: bytes) -> None:
        """Remove a pending transaction."""
        ...


class Intake(Generic[Batch, Pending]):
    """The intake of one node.

    Args:
        log: log of the node's events.
        pool: mempool.
        tx_statuses: statuses of the transactions that left it.
        admit: admits a batch to the mempool; returns the rejection of each transaction, or None.
        row_of: returns the record by which the journal restores a pending transaction.
        points: prefix of the fault points' names.
        events: returns events to record before newly pending transactions.
        rolled_back: called when a batch was removed from the mempool again.

    Attributes:
        lock: held while related state is read or written.
        halted: set when L1 contradicts the node; nothing is accepted any more.
    """

    def __init__(
        self,
        log: EventLog[Any],
        pool: Pool[Pending],
        tx_statuses: TxStatusIndex,
        admit: Callable[[Batch], Refusals],
        row_of: Callable[[Pending], bytes],
        points: str,
        events: Callable[[], Iterable[object]] = tuple,
        rolled_back: Callable[[], object] = tuple,
    ) -> None:
        self.lock = threading.RLock()
        self.halted: Layer2Error | None = None
        self.tx_statuses = tx_statuses
        self.log, self.pool = log, pool
        self._admit, self._row_of, self._events, self._rolled_back = admit, row_of, events, rolled_back
        self._before, self._durable = f"{points}.accept.before", f"{points}.accept.durable"

    def __repr__(self) -> str:
        return f"<Intake pending={len(self.pool.pending)} halted={self.halted!r}>"

    def accept(
        self, batches: Sequence[Batch], more: Callable[[list[Refusals]], Iterable[object]] = lambda _: ()
    ) -> list[Refusals]:
        """Accept the valid transactions of several batches, in order and with one commit; durable on return.

        Args:
            more: returns further events to record in the same commit, given the rejections.

        Raises:
            Layer2Error: the intake has halted, or the journal failed; nothing was accepted.
        """
        with self.lock:
            if self.halted is not None:
                raise self.halted
            fault_point(self._before)
            pending, before = self.pool.pending, len(self.pool.pending)
            try:
                results = [self._admit(batch) for batch in batches]
                # Only the new ones are visited, because there may be many older ones.
                fresh = list(islice(reversed(pending), len(pending) - before))[::-1]
                rows = list(map(self._row_of, map(pending.__getitem__, fresh)))
                self.log.append(*self._events(), *accepted(rows), *more(results))
                self.log.commit()
            except BaseException:
                # None of these transactions is durable, so none of them may be included.
                self.log.discard()
                for hashed in list(pending)[before:]:
                    self.pool.remove(hashed)
                self._rolled_back()
                raise
            self.tx_statuses.forget(fresh)
            fault_point(self._durable)
            return results

    def drop(self, reasons: Mapping[bytes, object], number: int = 0) -> None:
        """Record durably that transactions have become impossible, then remove them.

        Args:
            reasons: reason by hash.
            number: number of the newest block.
        """
        if not reasons:
            return
        texts = {hashed: str(reason) for hashed, reason in reasons.items()}
        self.log.append(*(Dropped(*row) for row in texts.items()))
        for hashed, text in texts.items():
            # A mempool that was rebuilt has removed them already: they must not be unknown if the disk is full.
            self.tx_statuses.drop(hashed, text, number)
        self.log.commit()
        for hashed in texts:
            self.pool.remove(hashed)

    def rows(self) -> list[bytes]:
        """Return the records of all pending transactions."""
        return [self._row_of(one) for one in self.pool.pending.values()]

    def tx_status(self, hashed: bytes) -> TxStatus | None:
        """Return the status of an accepted transaction; None if it is unknown, or its status was pruned."""
        with self.lock:
            return TxStatus("pending") if hashed in self.pool.pending else self.tx_statuses.get(hashed)
