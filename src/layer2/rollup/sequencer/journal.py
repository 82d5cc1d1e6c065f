"""The sequencer's journal: accepted operations and key registrations, bound to one rollup on one chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from layer2.node.event_log import EventLog
from layer2.node.intake import Accepted, Dropped, RecordCodec, records_in
from layer2.primitives.errors import MalformedError
from layer2.rollup.protocol.batch_signatures import digests_of
from layer2.rollup.protocol.errors import JournalMismatch
from layer2.rollup.protocol.messages import rollup_domain
from layer2.rollup.protocol.signed_operation import join_records, malformed, split_records
from layer2.rollup.sequencer.key_registrations import Opening
from layer2.store.journal import Journal

__all__ = ["KIND", "RESYNC", "JournalContents", "Named", "SequencerJournal"]

KIND = "rollup.sequencer"

RESYNC = "move the journal away and start again: the state comes from the chain, only what was pending is lost"
"""Recovery hint for a journal that cannot be used."""

_RUN = 1024
"""Maximum number of operations in one row when the journal is rewritten."""


@dataclass(frozen=True, slots=True)
class Named:
    """Recorded with the owner of an account that operations accepted from now on name."""

    index: int
    owner: bytes


SequencerEvent = Accepted | Dropped | Named | Opening
Operation = tuple[bytes, bytes, bytes]
"""A record, and the owners of its sender and of its receiver (empty for an address) at its acceptance."""


@dataclass(frozen=True, slots=True)
class _Codec:
    records: RecordCodec

    def encode(self, event: SequencerEvent) -> tuple[str, bytes]:
        if isinstance(event, Named):
            return "owner", event.index.to_bytes(4, "big") + event.owner
        if isinstance(event, Opening):
            return "key", event.token.to_bytes(2, "big") + event.key + event.payment
        return self.records.encode(event)

    def decode(self, stream: str, payload: bytes) -> SequencerEvent:
        if stream not in ("owner", "key"):
            return self.records.decode(stream, payload)
        if len(payload) != (36 if stream == "owner" else 130):
            raise ValueError(f"{len(payload)} bytes of {stream}")
        if stream == "owner":
            return Named(int.from_bytes(payload[:4], "big"), payload[4:])
        return Opening(payload[2:98], int.from_bytes(payload[:2], "big"), payload[98:])


@dataclass(frozen=True, slots=True)
class JournalContents:
    """Contents of a journal.

    Attributes:
        digests: returns the digests of records.
        records: operations by digest, in order of acceptance.
        keys: key registrations.
        dropped: reasons of dropped operations, by digest.
    """

    digests: Callable[[Sequence[bytes]], list[bytes]]
    records: dict[bytes, Operation] = field(default_factory=dict)
    keys: list[Opening] = field(default_factory=list)
    dropped: dict[bytes, str] = field(default_factory=dict)
    _owners: dict[int, bytes] = field(default_factory=dict)

    @property
    def owners(self) -> dict[int, bytes]:
        """Last recorded owner of each account that an operation names."""
        return {index: owner for operation in self.records.values() for index, owner in _named(operation)}

    def apply(self, event: SequencerEvent) -> None:
        """Apply an event; raise KeyError if an operation names an account without a recorded owner."""
        if isinstance(event, Accepted):
            for digest, record in zip(self.digests(event.records), event.records, strict=True):
                sender, receiver = _accounts(record)
                # An operation that was dropped and then accepted again takes its new place.
                self.records.pop(digest, None)
                self.dropped.pop(digest, None)
                self.records[digest] = record, self._owners[sender], b"" if record[0] else self._owners[receiver]
        elif isinstance(event, Dropped):
            self.dropped[event.hashed] = event.reason
        elif isinstance(event, Named):
            self._owners[event.index] = event.owner
        else:
            self.keys.append(event)

    def events(self) -> Iterator[SequencerEvent]:
        """Yield the events that restore the contents; an account's owner precedes the operations that name it."""
        yield from self.keys
        owners: dict[int, bytes] = {}
        run: list[bytes] = []
        for operation in self.records.values():
            fresh = {index: owner for index, owner in _named(operation) if owners.get(index) != owner}
            if run and (fresh or len(run) == _RUN):
                yield Accepted(run)
                run = []
            yield from (Named(*row) for row in fresh.items())
            owners |= fresh
            run.append(operation[0])
        if run:
            yield Accepted(run)
        yield from (Dropped(*row) for row in self.dropped.items())


class SequencerJournal(EventLog[SequencerEvent]):
    """Durable log of accepted operations and key registrations; its size is the number of operations.

    Raises:
        JournalMismatch: the journal belongs to another rollup or chain.
    """

    def __init__(self, source: Journal | str | Path, chain_id: int, rollup: str) -> None:
        prefix = rollup_domain(chain_id, rollup).prefix
        self._codec_of_records = RecordCodec(join_records, _split, lambda records: digests_of(prefix, records))
        super().__init__(
            source,
            _Codec(self._codec_of_records),
            kind=KIND,
            bound_to=f"{rollup} on chain {chain_id}",
            recovery=RESYNC,
            size_of=records_in,
        )

    def read(self) -> JournalContents:
        """Return the contents of the journal; raise JournalCorrupt if an entry is not valid."""
        found = JournalContents(self._codec_of_records.hashes)
        self.replay(found.apply)
        return found

    def keep(self, stored: JournalContents, entry: int) -> None:
        """Replace the journal's contents with `stored`, because all entries up to `entry` are final."""
        self.journal.put_meta("settled", entry.to_bytes(8, "big"))
        self.rewrite(stored.events())

    @property
    def settled(self) -> int:
        """Number of entries whose operations have been removed from the journal."""
        return int.from_bytes(self.journal.get_meta("settled") or b"", "big")

    def note_final(self, entry: int, record: bytes) -> None:
        """Record the hash of a final entry; it becomes durable with the next commit."""
        self.journal.put_meta("final", entry.to_bytes(8, "big") + record)

    def check_final(self, hashes: Sequence[bytes]) -> None:
        """Raise JournalMismatch unless the chain contains the last entry recorded by `note_final`.

        Args:
            hashes: hashes of the chain's entries, in order.
        """
        noted = self.journal.get_meta("final")
        if noted is None:
            return
        entry = int.from_bytes(noted[:8], "big")
        if entry > len(hashes) or hashes[entry - 1] != noted[8:]:
            raise JournalMismatch(
                f"the journal {self.journal.path} has a final entry {entry} that is not on the chain",
                hint=RESYNC,
            )


def _split(payload: bytes) -> list[bytes]:
    records = split_records(payload)
    if any(malformed(record) for record in records):
        raise MalformedError(f"{len(payload)} bytes are not operations")
    return records


def _accounts(record: bytes) -> tuple[int, int]:
    """Return the sender and receiver accounts of an operation; the receiver is meaningless for a withdrawal."""
    return int.from_bytes(record[1:5], "big"), int.from_bytes(record[44:48], "big")


def _named(operation: Operation) -> Iterator[tuple[int, bytes]]:
    record, owner, receiving = operation
    sender, receiver = _accounts(record)
    yield sender, owner
    if not record[0]:
        yield receiver, receiving
