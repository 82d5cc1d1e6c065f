"""An append-only journal with group commit on SQLite (WAL, synchronous=FULL).

Appends are buffered in memory and written by `commit()` in one transaction and one fsync, together with changed
metadata. Each row has a checksum chained over all rows before it, and the head of the chain is stored separately: a
flipped bit, a lost tail or a removed row is detected when the journal is opened. Each metadata value has its own
checksum. The chain cannot detect a file that was restored completely from an older copy.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from layer2.primitives.rejections import JournalMismatch
from layer2.store.errors import JournalCorrupt, JournalError, JournalFull, JournalMissing, JournalVersion
from layer2.store.exclusive import Holder
from layer2.store.fault_points import fault_point
from layer2.store.rows import GENESIS, INSERT, SCHEMA, UPSERT, Entry, link, meta_row, verified

__all__ = ["Entry", "Journal", "fault_point"]


class Journal:
    """One journal file, held by one process at a time. Threads must synchronise their access.

    Args:
        path: the file; created, with its folder, if it does not exist.
        kind: the purpose of the journal; a file of another kind is refused.
        schema_version: version of the payloads; a file of a newer one is refused.
        must_exist: refuse to create a new journal if the file is missing.
        recovery: instructions for a lost or damaged journal, for the error's hint.
        bound_to: the contract, chain or owner that the journal belongs to, if any (`bind`).

    Raises:
        JournalMissing: the file is missing or empty, and `must_exist` is set.
        JournalLocked: another process, or this one, holds the journal.
        JournalVersion: the file is of another kind, of a newer schema, or not a journal.
        JournalCorrupt: a checksum differs.
        JournalMismatch: the journal is bound to something else.
        JournalError: the file cannot be used.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        kind: str,
        schema_version: int = 1,
        must_exist: bool = False,
        recovery: str = "restore a backup",
        bound_to: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.kind = kind
        self.recovery = recovery
        self._pending: list[tuple[int, str, bytes, bytes]] = []
        self._pending_meta: dict[str, bytes] = {}
        self._unusable: str | None = None
        self._closed = False
        self._next: int = 1
        self._head: bytes = GENESIS
        self._durable: tuple[int, bytes] = (1, GENESIS)
        if must_exist and not self.path.exists():
            raise JournalMissing(f"no {kind} journal at {self.path}", hint=recovery)
        self._holder = Holder(self.path, kind)
        try:
            self._open(schema_version, must_exist, bound_to)
        except BaseException:
            self._holder.release()
            raise

    @classmethod
    def open(cls, source: Journal | str | Path, *, kind: str, bound_to: str, recovery: str) -> Journal:
        """Return a bound journal: `source` itself if it is open already, else the journal at that path."""
        if not isinstance(source, Journal):
            return cls(source, kind=kind, recovery=recovery, bound_to=bound_to)
        source.bind(bound_to)
        return source

    # ------------------------------------------------------------------------------------------------- writing

    def append(self, stream: str, payload: bytes) -> int:
        """Buffer one row and return its sequence number. Nothing is durable before `commit()`."""
        if self._unusable:
            raise self._refusal()
        sequence = self._next
        payload = bytes(payload)  # a mutable buffer could change before the commit
        checksum = link(self._head, sequence, stream.encode(), payload)
        self._pending.append((sequence, stream, payload, checksum))
        self._head = checksum
        self._next = sequence + 1
        return sequence

    def put_meta(self, key: str, value: bytes) -> None:
        """Set a value in the same transaction as the pending rows."""
        if key.startswith("journal."):
            raise JournalError(f"{key} is reserved by the journal")
        if self._unusable:
            raise self._refusal()
        self._pending_meta[key] = bytes(value)

    def commit(self) -> None:
        """Make everything buffered durable with one fsync.

        Raises:
            JournalFull: the disk is full. The whole group is discarded, on disk and in memory.
            JournalCorrupt: the file is damaged; further writes are refused as for JournalError.
            JournalError: the file cannot be written. The content of the disk is unknown, so this object refuses further
                writes until the journal is reopened.
        """
        if self._unusable:
            raise self._refusal()
        if not self._pending and not self._pending_meta:
            return
        fault_point("journal.before-commit")
        with self._transaction():
            if self._pending:
                self._database.executemany(INSERT, self._pending)
                head = (self._next - 1).to_bytes(8, "big") + self._head
                self._database.execute(UPSERT, meta_row("journal.head", head))
            if self._pending_meta:
                self._database.executemany(UPSERT, [meta_row(*item) for item in self._pending_meta.items()])
            fault_point("journal.in-commit")
        fault_point("journal.after-commit")

    def discard(self) -> None:
        """Discard all rows and values buffered since the last commit.

        Used by a writer that was interrupted before its commit, so that the next commit does not include partial work.
        """
        self._drop_pending()

    @property
    def usable(self) -> bool:
        """True while the journal accepts writes."""
        return self._unusable is None

    @property
    def durable_sequence(self) -> int:
        """Sequence number of the newest row on disk; 0 for an empty journal."""
        return self._durable[0] - 1

    def append_durable(self, stream: str, payload: bytes) -> int:
        """Append one row and commit."""
        sequence = self.append(stream, payload)
        self.commit()
        return sequence

    def rewrite(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Replace all rows with the given (stream, payload) pairs, in one transaction, numbered from 1.

        Used when older rows are no longer needed. Uncommitted rows are not allowed; pending metadata is written too.
        Raises the errors of `commit`, after which the journal is unchanged.
        """
        if self._unusable:
            raise self._refusal()
        if self._pending:
            raise JournalError(f"{len(self._pending)} rows are not committed", hint="commit before rewriting")
        fresh, head = [], GENESIS
        for sequence, (stream, payload) in enumerate(rows, 1):
            head = link(head, sequence, stream.encode(), payload)
            fresh.append((sequence, stream, payload, head))
        metadata = {**self._pending_meta, "journal.head": len(fresh).to_bytes(8, "big") + head}
        with self._transaction():
            self._database.execute("DELETE FROM journal_rows")
            self._database.executemany(INSERT, fresh)
            self._database.executemany(UPSERT, [meta_row(*item) for item in metadata.items()])
            self._next, self._head = len(fresh) + 1, head
            fault_point("journal.in-rewrite")

    def bind(self, owner: str) -> None:
        """Bind a new journal durably to its owner; raise JournalMismatch if it is bound to another one."""
        known = self.get_meta("journal.owner")
        if known is None:
            self._pending_meta["journal.owner"] = owner.encode()
            self.commit()
        elif known != owner.encode():
            raise JournalMismatch(
                f"the journal {self.path} is of {known.decode(errors='replace')}, this is {owner}",
                hint="name another journal",
            )

    # ------------------------------------------------------------------------------------------------- reading

    def read(self, stream: str | None = None, after: int = 0) -> Iterator[Entry]:
        """Yield durable rows with a sequence number above `after`, of one stream or of all, in order."""
        query = "SELECT sequence, stream, payload FROM journal_rows WHERE sequence > ?"
        parameters: tuple[object, ...] = (after,)
        if stream is not None:
            query += " AND stream = ?"
            parameters = (after, stream)
        for sequence, name, payload in self._database.execute(query + " ORDER BY sequence", parameters):
            yield Entry(sequence, name, payload)

    def streams(self) -> list[str]:
        """Return the names of all streams with durable rows, in the order of their first rows."""
        query = "SELECT stream FROM journal_rows GROUP BY stream ORDER BY MIN(sequence)"
        return [name for (name,) in self._database.execute(query)]

    def get_meta(self, key: str) -> bytes | None:
        """Return a value, including a pending one; None if it was never set."""
        if key in self._pending_meta:
            return self._pending_meta[key]
        row = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def metas(self, prefix: str) -> list[tuple[str, bytes]]:
        """Return durable values whose keys begin with `prefix`, in the order of their keys."""
        query = "SELECT key, value FROM meta WHERE key >= ? AND key < ? ORDER BY key"
        return [(key, bytes(value)) for key, value in self._database.execute(query, (prefix, prefix + "\U0010ffff"))]

    @property
    def last_sequence(self) -> int:
        """Sequence number of the newest row, including pending ones; 0 for an empty journal."""
        return self._next - 1

    # ----------------------------------------------------------------------------------------------- life cycle

    def close(self) -> None:
        """Release the file and discard uncommitted data. Further calls have no effect."""
        if self._closed:
            return
        self._closed = True
        self._unusable = "it is closed"
        self._drop_pending()
        self._database.close()
        self._holder.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Journal {self.kind} {self.path} rows={self.last_sequence} pending={len(self._pending)}>"

    def _open(self, schema_version: int, must_exist: bool, bound_to: str | None) -> None:
        try:
            self._database = sqlite3.connect(self._holder.path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._translate(error) from error
        try:
            tables = {name for (name,) in self._database.execute("SELECT name FROM sqlite_master")}
            if tables and not {"meta", "journal_rows"} <= tables:
                raise JournalVersion(f"{self.path} is a database but not a journal", hint="use another file")
            if not tables and must_exist:
                raise JournalMissing(f"the {self.kind} journal at {self.path} is empty", hint=self.recovery)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            if not tables:
                self._create(schema_version)
            self._check_kind(schema_version)
            self._verify()
            if bound_to is not None:
                self.bind(bound_to)
        except BaseException as error:
            self._database.close()
            if isinstance(error, sqlite3.Error):
                raise self._translate(error) from error
            raise

    def _create(self, schema_version: int) -> None:
        self._database.execute("BEGIN EXCLUSIVE")
        for statement in SCHEMA.split(";"):
            if statement.strip():
                self._database.execute(statement)
        own = {"journal.kind": self.kind.encode(), "journal.version": b"%d" % schema_version}
        own["journal.head"] = bytes(8) + GENESIS
        self._database.executemany(UPSERT, [meta_row(*item) for item in own.items()])
        self._database.execute("COMMIT")

    def _check_kind(self, schema_version: int) -> None:
        kind, version = self.get_meta("journal.kind"), self.get_meta("journal.version")
        if kind is None or version is None or not version.isdigit():
            raise self._corrupt("its header is gone")
        if kind != self.kind.encode():
            raise JournalVersion(
                f"{self.path} is a {kind.decode(errors='replace')} journal, need {self.kind}",
                hint="use another file",
            )
        if int(version) > schema_version:
            raise JournalVersion(
                f"{self.path} has schema {int(version)}, this program supports up to {schema_version}",
                hint="update layer2",
            )

    def _verify(self) -> None:
        """Verify the whole chain when the journal is opened, so that damage is found early."""
        try:
            self._durable = self._next, self._head = verified(self._database)
        except ValueError as fault:
            raise self._corrupt(str(fault)) from None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write in one transaction; after any failure memory and disk agree, or the journal refuses further writes."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
            self._durable = (self._next, self._head)
            self._pending.clear()
            self._pending_meta.clear()
        except sqlite3.Error as error:
            refusal = self._translate(error)
            if not isinstance(refusal, JournalFull) or not self._roll_back():
                self._unusable = "a write failed"
            self._drop_pending()
            raise refusal from error
        except BaseException:
            self._unusable = "a commit was interrupted"
            self._roll_back()
            self._drop_pending()
            raise

    def _drop_pending(self) -> None:
        self._pending.clear()
        self._pending_meta.clear()
        self._next, self._head = self._durable

    def _roll_back(self) -> bool:
        """Roll back the open transaction, if SQLite has not done so itself; return True on success."""
        try:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        except sqlite3.Error:
            return False
        return True

    def _refusal(self) -> JournalError:
        return JournalError(
            f"the {self.kind} journal {self.path} accepts no writes: {self._unusable}", hint="open it again"
        )

    def _corrupt(self, what: str) -> JournalCorrupt:
        return JournalCorrupt(f"the {self.kind} journal {self.path} is damaged: {what}", hint=self.recovery)

    def _translate(self, error: sqlite3.Error) -> Exception:
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if code is not None else None
        if primary == sqlite3.SQLITE_FULL:
            return JournalFull(f"no space to write {self.path}", hint="free disk space and try again")
        if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return self._corrupt(str(error))
        return JournalError(f"cannot use the {self.kind} journal {self.path}: {error}")
