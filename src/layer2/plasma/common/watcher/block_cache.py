"""Bodies of blocks that a watcher has seen, and where in them outputs are spent: one SQLite file, durable at once.

What the index says is looked up in a body before it is believed: rows of a block that was taken back do no harm.
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

__all__ = ["WatchStore"]

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


class WatchStore:
    """Bodies by the hash of their header, and payments that are in no block. One thread at a time.

    Raises:
        JournalError, JournalFull: the disk refuses.
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
        return f"<WatchStore {self.path or 'in memory'} bodies={len(self)}>"

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM bodies")[0][0])

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    # ------------------------------------------------------------------------------------------------------- bodies

    def put(self, header: bytes, number: int, body: bytes, records: Sequence[bytes]) -> None:
        """Keep the body of block `number` and index its records; all of it or nothing, durable when this returns."""
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
        """A body; None if it is not here, or is damaged: it can be fetched again."""
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
        """Where an output may be spent: block, index, input; oldest first."""
        for place, at in self._rows(
            "SELECT place, input FROM spends WHERE position = ? ORDER BY place", _signed(position)
        ):
            yield place >> 16, place & 0xFFFF, at

    def places(self, hashed: bytes) -> Iterator[tuple[int, int]]:
        """Where a transaction may be included: block and index; oldest first."""
        for (place,) in self._rows("SELECT place FROM places WHERE hash = ? ORDER BY place", hashed[:_HASH_BYTES]):
            yield place >> 16, place & 0xFFFF

    # --------------------------------------------------------------------------------------------- payments in no block

    def learn(self, record: bytes, positions: Iterable[int]) -> None:
        """Keep a signed payment that is in no block, or not yet. Durable when this returns.

        Beside one with other signatures: none of them is bound to it by a block, and only one may be right.
        """
        hashed = sha256(record).digest()
        self._write(
            ("INSERT OR IGNORE INTO loose_spends VALUES (?, ?)", [(_signed(one), hashed) for one in positions]),
            ("INSERT OR IGNORE INTO loose VALUES (?, ?)", [(hashed, record)]),
        )

    def loose(self, position: int) -> Iterator[bytes]:
        """Records of such payments that spend an output."""
        query = "SELECT record FROM loose JOIN loose_spends USING (hash) WHERE position = ?"
        for (record,) in self._rows(query, _signed(position)):
            yield bytes(record)

    def all_loose(self) -> list[bytes]:
        """Records of all such payments."""
        return [bytes(record) for (record,) in self._rows("SELECT record FROM loose")]

    # ------------------------------------------------------------------------------------------------------- inside

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
        return kind(f"watcher's store {self.path}: {failure}", hint="move the file away: bodies can be fetched again")


def _signed(number: int) -> int:
    """SQLite's integers have a sign."""
    return number - (1 << 64) if number >> 63 else number
