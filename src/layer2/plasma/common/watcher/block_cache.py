"""Block bodies that a watcher has fetched, with an index of spends: one SQLite file, durable after each write.

Every index entry is verified against a body before use, so entries of a reorganised block do no harm.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from layer2.plasma.protocol.packed import read, split
from layer2.primitives.hashing import keccak
from layer2.store.errors import JournalError, JournalFull
from layer2.store.fault_points import fault_point
from layer2.store.private_files import private_database

__all__ = ["BlockCache"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS bodies (header BLOB PRIMARY KEY, body BLOB NOT NULL, checksum BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS spends (position INTEGER, place INTEGER, input INTEGER, PRIMARY KEY (position, place, input))
    STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (hash BLOB, place INTEGER, PRIMARY KEY (hash, place)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS loose (hash BLOB PRIMARY KEY, record BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS loose_spends (position INTEGER, hash BLOB, PRIMARY KEY (position, hash))
    STRICT, WITHOUT ROWID;
"""
_HASH_BYTES = 8


class BlockCache:
    """Bodies by header hash, and payments in no block. Not thread-safe.

    Raises:
        JournalError, JournalFull: the disk fails or is full.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = path
        try:
            if path is not None:
                private_database(path)
            self._base = sqlite3.connect(str(path or ":memory:"), isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as failure:
            raise self._refused(failure) from failure

    def __repr__(self) -> str:
        return f"<BlockCache {self.path or 'in memory'} bodies={len(self)}>"

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM bodies")[0][0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    # ------------------------------------------------------------------------------------------------------- bodies

    def put(self, header: bytes, number: int, body: bytes, records: Sequence[bytes]) -> None:
        """Store the body of block `number` and index its records, atomically; durable when this returns."""
        spends: list[tuple[int, int, int]] = []
        places: list[tuple[bytes, int]] = []
        for index, record in enumerate(records):
            parts = split(record)
            one = None if parts is None else read(parts[0])
            if parts is None or one is None:
                continue
            place = number << 16 | index
            places.append((keccak(b"\x02" + parts[0])[:_HASH_BYTES], place))
            spends += [(_signed(position), place, at) for at, position in enumerate(one.inputs)]
        places.sort()
        fault_point("watcher.body.before")
        self._write(
            ("INSERT OR IGNORE INTO spends VALUES (?, ?, ?)", spends),
            ("INSERT OR IGNORE INTO places VALUES (?, ?)", places),
            ("INSERT OR REPLACE INTO bodies VALUES (?, ?, ?)", [(header, body, sha256(body).digest())]),
        )
        fault_point("watcher.body.durable")

    def body(self, header: bytes) -> bytes | None:
        """Return a body; None if it is missing, or damaged and therefore deleted."""
        rows = self._rows("SELECT body, checksum FROM bodies WHERE header = ?", header)
        if not rows:
            return None
        body, checksum = bytes(rows[0][0]), bytes(rows[0][1])
        if sha256(body).digest() == checksum:
            return body
        self._write(("DELETE FROM bodies WHERE header = ?", [(header,)]))
        return None

    def __contains__(self, header: bytes) -> bool:
        return bool(self._rows("SELECT 1 FROM bodies WHERE header = ?", header))

    def spends(self, position: int) -> Iterator[tuple[int, int, int]]:
        """Yield the places where an output may be spent: block, index, input; oldest first."""
        for place, at in self._rows(
            "SELECT place, input FROM spends WHERE position = ? ORDER BY place", _signed(position)
        ):
            yield place >> 16, place & 0xFFFF, at

    def places(self, hashed: bytes) -> Iterator[tuple[int, int]]:
        """Yield the places where a transaction may be included: block and index; oldest first."""
        for (place,) in self._rows("SELECT place FROM places WHERE hash = ? ORDER BY place", hashed[:_HASH_BYTES]):
            yield place >> 16, place & 0xFFFF

    # --------------------------------------------------------------------------------------------- payments in no block

    def learn(self, record: bytes, positions: Iterable[int]) -> None:
        """Store a signed payment that is in no block yet; durable when this returns.

        Copies with different signatures are all kept, because no block binds the payment to one of them and only one
        may be valid.
        """
        hashed = sha256(record).digest()
        self._write(
            ("INSERT OR IGNORE INTO loose_spends VALUES (?, ?)", [(_signed(one), hashed) for one in positions]),
            ("INSERT OR IGNORE INTO loose VALUES (?, ?)", [(hashed, record)]),
        )

    def loose(self, position: int) -> Iterator[bytes]:
        """Yield the records of stored payments in no block that spend an output."""
        query = "SELECT record FROM loose JOIN loose_spends USING (hash) WHERE position = ?"
        for (record,) in self._rows(query, _signed(position)):
            yield bytes(record)

    def all_loose(self) -> list[bytes]:
        """Return the records of all stored payments in no block."""
        return [bytes(record) for (record,) in self._rows("SELECT record FROM loose")]

    # ----------------------------------------------------------------------------------------------------- internal

    def _rows(self, query: str, *values: object) -> list[Any]:
        try:
            return self._base.execute(query, values).fetchall()
        except sqlite3.Error as failure:
            raise self._refused(failure) from failure

    def _write(self, *statements: tuple[str, Sequence[tuple[object, ...]]]) -> None:
        try:
            self._base.execute("BEGIN IMMEDIATE")
            for statement, rows in statements:
                self._base.executemany(statement, rows)
            self._base.execute("COMMIT")
        except sqlite3.Error as failure:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise self._refused(failure) from failure

    def _refused(self, failure: Exception) -> JournalError | JournalFull:
        kind = JournalFull if getattr(failure, "sqlite_errorname", "") == "SQLITE_FULL" else JournalError
        return kind(f"watcher's store {self.path}: {failure}", hint="move the file away: the data can be fetched again")


def _signed(number: int) -> int:
    """Convert an unsigned 64-bit integer to a signed one, because SQLite's integers are signed."""
    return number - (1 << 64) if number >> 63 else number
