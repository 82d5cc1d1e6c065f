"""Content-addressed archive in SQLite: each item is written once, never changed, and durable when `put` returns."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

from layer2.store.errors import JournalError
from layer2.store.private_files import private_database

__all__ = ["Archive"]

_SCHEMA = "CREATE TABLE IF NOT EXISTS pieces (key BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID"


class Archive:
    """Items by key in one file (None: in memory). Safe to use from several threads.

    Items are not verified on reading: the caller must verify them against the hash that is the key.

    Raises:
        JournalError: the file is not a valid archive, or the disk refuses access.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._lock = threading.Lock()
        self._path = path
        try:
            if path is not None:
                private_database(path)
            self._base = sqlite3.connect(str(path or ":memory:"), isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as failure:
            raise self._refused(failure) from failure

    def __repr__(self) -> str:
        return f"<Archive pieces={len(self)}>"

    def __len__(self) -> int:
        return int(self._run("SELECT count(*) FROM pieces")[0][0])

    def get(self, key: bytes) -> bytes | None:
        """Return an item; None if it is not stored."""
        rows = self._run("SELECT data FROM pieces WHERE key = ?", key)
        return bytes(rows[0][0]) if rows else None

    def put(self, key: bytes, data: bytes) -> None:
        """Store an item; durable on return. An existing item is unchanged."""
        self._run("INSERT OR IGNORE INTO pieces VALUES (?, ?)", key, data)

    def drop(self, key: bytes) -> None:
        """Delete an item that proved to be damaged."""
        self._run("DELETE FROM pieces WHERE key = ?", key)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _run(self, statement: str, *values: bytes) -> list[Any]:
        try:
            with self._lock:
                return self._base.execute(statement, values).fetchall()
        except sqlite3.Error as failure:
            raise self._refused(failure) from failure

    def _refused(self, failure: Exception) -> JournalError:
        return JournalError(
            f"archive {self._path}: {failure}", hint="move the file away: its content can be fetched again"
        )
