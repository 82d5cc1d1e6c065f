"""Rows of a journal: their format, and the checksums that chain them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import sha256

__all__ = ["GENESIS", "INSERT", "SCHEMA", "UPSERT", "Entry", "link", "meta_row", "verified"]

GENESIS = bytes(32)
SCHEMA = """
CREATE TABLE journal_rows (
    sequence INTEGER PRIMARY KEY, stream TEXT NOT NULL, payload BLOB NOT NULL, checksum BLOB NOT NULL
) STRICT;
CREATE INDEX rows_by_stream ON journal_rows (stream, sequence);
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
INSERT = "INSERT INTO journal_rows VALUES (?, ?, ?, ?)"
UPSERT = "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)"


def link(head: bytes, sequence: int, stream: bytes, payload: bytes) -> bytes:
    """Return the checksum of a row after `head`; lengths come first, so that the encoding is unambiguous."""
    return sha256(head + b"%d|%d|%s|" % (sequence, len(stream), stream) + payload).digest()


def meta_row(key: str, value: bytes) -> tuple[str, bytes, bytes]:
    """Return a metadata row: key, value and checksum."""
    name = key.encode()
    return key, value, sha256(b"%d|%s|" % (len(name), name) + value).digest()


def verified(database: sqlite3.Connection) -> tuple[int, bytes]:
    """Return the next sequence number and the head of the chain; raise ValueError if a checksum differs."""
    head, last = GENESIS, 0
    # Read as bytes, because a flipped bit may make a name invalid UTF-8.
    query = "SELECT sequence, CAST(stream AS BLOB), payload, checksum FROM journal_rows ORDER BY sequence"
    for sequence, stream, payload, checksum in database.execute(query):
        if sequence != last + 1:
            raise ValueError(f"row {last + 1} is missing")
        head = link(head, sequence, stream, payload)
        if head != checksum:
            raise ValueError(f"row {sequence} was changed")
        last = sequence
    if database.execute("SELECT value FROM meta WHERE key = 'journal.head'").fetchone() != (
        last.to_bytes(8, "big") + head,
    ):
        raise ValueError(f"rows after {last} are missing")
    for key, value, checksum in database.execute("SELECT key, value, checksum FROM meta"):
        if meta_row(key, value)[2] != checksum:
            raise ValueError(f"the value {key} was changed")
    return last + 1, head


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: its sequence number in the whole journal, its stream, and its payload."""

    sequence: int
    stream: str
    payload: bytes
