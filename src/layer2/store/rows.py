"""Rows of a journal: their format, and the checksums that chain them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

__all__ = ["GENESIS", "INSERT", "SCHEMA", "UPSERT", "Entry", "link", "meta_row"]

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


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: its sequence number in the whole journal, its stream, and its payload."""

    sequence: int
    stream: str
    payload: bytes
