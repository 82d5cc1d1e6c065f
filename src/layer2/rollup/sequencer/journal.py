"""The sequencer's journal: accepted operations and key registrations, bound to one rollup on one chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from layer2.primitives.errors import MalformedError
from layer2.rollup.protocol.errors import JournalMismatch
from layer2.rollup.protocol.signed_operation import join_records, malformed, split_records
from layer2.rollup.sequencer.key_registrations import Opening
from layer2.store.errors import JournalCorrupt
from layer2.store.journal import Entry, Journal

__all__ = ["KIND", "RESYNC", "SequencerJournal", "JournalContents"]

KIND = "rollup.sequencer"

RESYNC = "move the journal away and start again: the state comes from the chain, only what was pending is lost"
"""Recovery hint for a journal that cannot be used."""


_RUN = 1024
"""Maximum number of operations in one row when the journal is rewritten."""


@dataclass(frozen=True, slots=True)
class JournalContents:
    """Contents of a journal.

    Attributes:
        records: operations in order of acceptance.
        parties: owners of the sender and of the receiver (empty for an address) of each operation at its acceptance.
        keys: key registrations.
        dropped: reasons of dropped operations, by digest.
    """

    records: list[bytes]
    parties: list[tuple[bytes, bytes]]
    keys: list[Opening]
    dropped: dict[bytes, str]

    @property
    def owners(self) -> dict[int, bytes]:
        """Last recorded owner of each account."""
        found: dict[int, bytes] = {}
        for record, parties in zip(self.records, self.parties, strict=True):
            found.update(_named(record, parties))
        return found


class SequencerJournal:
    """Durable journal of accepted operations and key registrations; writes are buffered until `commit`.

    Raises:
        JournalMismatch: the journal belongs to another rollup or chain.
        JournalCorrupt: the journal contains data that this program never wrote.
    """

    def __init__(self, journal: Journal | str | Path, chain_id: int, rollup: str) -> None:
        self._opened = isinstance(journal, str | Path)
        self.journal = journal if isinstance(journal, Journal) else Journal(journal, kind=KIND, recovery=RESYNC)
        self.operations = 0
        """Number of operations in the journal."""
        try:
            self._claim(f"{rollup} on chain {chain_id}")
        except BaseException:
            self.release()
            raise

    def __repr__(self) -> str:
        return f"<SequencerJournal {self.journal.path} operations={self.operations}>"

    def release(self) -> None:
        """Close the journal, if it was opened by this object."""
        if self._opened:
            self.journal.close()

    def _claim(self, own: str) -> None:
        journal = self.journal
        known = journal.get_meta("rollup")
        if known is None:
            journal.put_meta("rollup", own.encode())
            journal.commit()
        elif known != own.encode():
            raise JournalMismatch(
                f"the journal {journal.path} is of rollup {known.decode(errors='replace')}, this is {own}",
                hint="name another journal",
            )

    def read(self) -> JournalContents:
        """Return the contents of the journal."""
        records: list[bytes] = []
        parties: list[tuple[bytes, bytes]] = []
        owners: dict[int, bytes] = {}
        for entry in self.journal.read():
            if entry.stream == "owner":
                if len(entry.payload) != 36:
                    raise self._corrupt(entry.sequence)
                owners[int.from_bytes(entry.payload[:4], "big")] = entry.payload[4:]
            elif entry.stream == "ops":
                rows = self._split(entry)
                try:
                    parties += [_parties(row, owners) for row in rows]
                except KeyError as fault:
                    raise self._corrupt(entry.sequence) from fault
                records += rows
        keys, dropped = [], {}
        for entry in self.journal.read("key"):
            if len(entry.payload) != 130:
                raise self._corrupt(entry.sequence)
            token, key, payment = entry.payload[:2], entry.payload[2:98], entry.payload[98:]
            keys.append(Opening(key, int.from_bytes(token, "big"), payment))
        for entry in self.journal.read("drop"):
            dropped[entry.payload[:32]] = entry.payload[32:].decode(errors="replace")
        self.operations = len(records)
        return JournalContents(records, parties, keys, dropped)

    def name(self, owners: Iterable[tuple[int, bytes]]) -> None:
        """Record the owners of accounts named by operations that are accepted from now on."""
        for index, owner in owners:
            self.journal.append("owner", index.to_bytes(4, "big") + owner)

    def accept(self, records: Sequence[bytes]) -> None:
        """Record accepted operations."""
        if records:
            self.journal.append("ops", join_records(records))
            self.operations += len(records)

    def open(self, openings: Iterable[Opening]) -> None:
        """Record key registrations."""
        for one in openings:
            self.journal.append("key", _key_row(one))

    def drop(self, digest: bytes, reason: str) -> None:
        """Record that an operation has become impossible. It stays dropped even after a reorganisation."""
        self.journal.append("drop", digest + reason.encode())

    def commit(self) -> None:
        """Make all buffered writes durable."""
        self.journal.commit()

    def keep(self, stored: JournalContents, entry: int) -> None:
        """Replace the journal's contents with `stored`, because all entries up to `entry` are final."""
        self.journal.put_meta("settled", entry.to_bytes(8, "big"))
        rows = [("key", _key_row(one)) for one in stored.keys]
        rows += _rows(stored)
        rows += [("drop", digest + reason.encode()) for digest, reason in stored.dropped.items()]
        self.journal.rewrite(rows)
        self.operations = len(stored.records)

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
                f"the journal {self.journal.path} knows a final entry {entry} that the chain does not have",
                hint=RESYNC,
            )

    def _split(self, entry: Entry) -> list[bytes]:
        try:
            rows = split_records(entry.payload)
        except MalformedError as fault:
            raise self._corrupt(entry.sequence) from fault
        if any(malformed(row) for row in rows):
            raise self._corrupt(entry.sequence)
        return rows

    def _corrupt(self, sequence: int) -> JournalCorrupt:
        return JournalCorrupt(
            f"the {KIND} journal {self.journal.path} is damaged: row {sequence} is none of ours", hint=RESYNC
        )


def _key_row(one: Opening) -> bytes:
    return one.token.to_bytes(2, "big") + one.key + one.payment


def _accounts(record: bytes) -> tuple[int, int]:
    """Return the sender and receiver accounts of an operation; the receiver is meaningless for a withdrawal."""
    return int.from_bytes(record[1:5], "big"), int.from_bytes(record[44:48], "big")


def _parties(record: bytes, owners: Mapping[int, bytes]) -> tuple[bytes, bytes]:
    sender, receiver = _accounts(record)
    return owners[sender], b"" if record[0] else owners[receiver]


def _named(record: bytes, parties: tuple[bytes, bytes]) -> Iterator[tuple[int, bytes]]:
    sender, receiver = _accounts(record)
    yield sender, parties[0]
    if not record[0]:
        yield receiver, parties[1]


def _rows(stored: JournalContents) -> list[tuple[str, bytes]]:
    """Return the journal rows of stored operations; an account's owner row precedes the operations that name it."""
    rows: list[tuple[str, bytes]] = []
    owners: dict[int, bytes] = {}
    run: list[bytes] = []
    for record, parties in zip(stored.records, stored.parties, strict=True):
        fresh = {index: owner for index, owner in _named(record, parties) if owners.get(index) != owner}
        if run and (fresh or len(run) == _RUN):
            rows.append(("ops", join_records(run)))
            run = []
        rows += [("owner", index.to_bytes(4, "big") + owner) for index, owner in fresh.items()]
        owners |= fresh
        run.append(record)
    if run:
        rows.append(("ops", join_records(run)))
    return rows
