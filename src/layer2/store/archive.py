"""A store of pieces known by their hashes: written once, never changed, durable when `put` returns (SQLite)."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from layer2.store.errors import JournalError

__all__ = ["Archive"]

_SCHEMA = "CREATE TABLE IF NOT EXISTS pieces (key BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID"


class Archive:
    """Pieces by key in one file (None: in memory). Safe to use from several threads.

    What is read is not checked here: whoever knows what a key is the hash of must do so.

    Raises:
        JournalError: the file is no archive, or the disk refuses.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._lock = threading.Lock()
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._base = sqlite3.connect(str(path or ":memory:"), isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.execute(_SCHEMA)
        except sqlite3.Error as failure:
            raise JournalError(
                f"archive {path}: {failure}", hint="move the file away: what it held can be fetched again"
            ) from failure

    def __repr__(self) -> str:
        return f"<Archive pieces={len(self)}>"

    def __len__(self) -> int:
        with self._lock:
            return int(self._base.execute("SELECT count(*) FROM pieces").fetchone()[0])

    def get(self, key: bytes) -> bytes | None:
        """A piece; None if it is not here."""
        with self._lock:
            row = self._base.execute("SELECT data FROM pieces WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, key: bytes, data: bytes) -> None:
        """Keep a piece; durable when this returns. One that is here already stays as it is."""
        with self._lock:
            self._base.execute("INSERT OR IGNORE INTO pieces VALUES (?, ?)", (key, data))

    def drop(self, key: bytes) -> None:
        """Forget a piece, for one that turned out to be damaged."""
        with self._lock:
            self._base.execute("DELETE FROM pieces WHERE key = ?", (key,))

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()
