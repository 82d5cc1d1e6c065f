"""The journal: one fsync per group, one holder, and damage that is found when it is opened."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layer2.primitives.errors import FatalError, RecoverableError
from layer2.primitives.rejections import JournalMismatch
from layer2.store.errors import (
    JournalCorrupt,
    JournalError,
    JournalFull,
    JournalLocked,
    JournalMissing,
    JournalVersion,
)
from layer2.store.journal import Entry, Journal

KIND = "node"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.journal"


def filled(path: Path, rows: int = 3) -> None:
    with Journal(path, kind=KIND) as journal:
        for number in range(1, rows + 1):
            journal.append("sent", b"voucher %d" % number)
        journal.put_meta("cursor", b"block 7")
        journal.commit()


def tamper(path: Path, statement: str) -> None:
    """Change the file behind the journal's back."""
    with sqlite3.connect(path) as database:
        assert database.execute(statement).rowcount == 1
    database.close()


# ------------------------------------------------------------------------------------------------ write and read


def test_what_was_committed_is_there_after_opening_again(path: Path) -> None:
    filled(path)
    with Journal(path, kind=KIND) as journal:
        assert list(journal.read()) == [Entry(n, "sent", b"voucher %d" % n) for n in (1, 2, 3)]
        assert journal.get_meta("cursor") == b"block 7"
        assert journal.last_sequence == 3
        assert journal.append_durable("sent", b"voucher 4") == 4
    with Journal(path, kind=KIND) as journal:
        assert journal.last_sequence == 4


def test_what_was_not_committed_is_gone_after_opening_again(path: Path) -> None:
    with Journal(path, kind=KIND) as journal:
        journal.append_durable("sent", b"kept")
        assert journal.append("sent", b"dropped") == 2
        journal.put_meta("cursor", b"dropped")
        assert journal.get_meta("cursor") == b"dropped"
        assert [entry.payload for entry in journal.read()] == [b"kept"]
    with Journal(path, kind=KIND) as journal:
        assert [entry.payload for entry in journal.read()] == [b"kept"]
        assert journal.get_meta("cursor") is None
        assert journal.append("sent", b"next") == 2


def test_streams_are_read_apart_and_from_a_place(path: Path) -> None:
    with Journal(path, kind=KIND) as journal:
        for stream in ("sent", "received", "sent"):
            journal.append(stream, stream.encode())
        journal.commit()
        assert [entry.sequence for entry in journal.read()] == [1, 2, 3]
        assert [entry.sequence for entry in journal.read("sent")] == [1, 3]
        assert [entry.sequence for entry in journal.read("sent", after=1)] == [3]
        assert list(journal.read("nobody")) == []


def test_a_buffer_changed_after_the_append_does_not_change_the_row(path: Path) -> None:
    buffer: Any = bytearray(b"voucher")
    with Journal(path, kind=KIND) as journal:
        journal.append("sent", buffer)
        buffer[:] = b"changed"
        journal.commit()
    with Journal(path, kind=KIND) as journal:
        assert [entry.payload for entry in journal.read()] == [b"voucher"]


def test_a_group_is_one_transaction_with_its_metadata(path: Path) -> None:
    with Journal(path, kind=KIND) as journal:
        statements: list[str] = []
        journal._database.set_trace_callback(statements.append)
        for number in range(50):
            journal.append("sent", b"%d" % number)
        journal.put_meta("cursor", b"50")
        assert statements == []
        journal.commit()
        assert [s for s in statements if s.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]
        statements.clear()
        journal.commit()
        assert statements == []


def test_commits_are_synced_to_disk_in_wal_mode(path: Path) -> None:
    with Journal(path, kind=KIND) as journal:
        assert journal._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_the_keys_of_the_journal_itself_cannot_be_set(path: Path) -> None:
    with Journal(path, kind=KIND) as journal, pytest.raises(JournalError, match="reserved by the journal"):
        journal.put_meta("journal.head", b"")


# -------------------------------------------------------------------------------------------------------- holder


def test_a_journal_is_bound_once_and_for_all(path: Path) -> None:
    with Journal(path, kind=KIND, bound_to="this contract"):
        pass
    with Journal(path, kind=KIND) as journal:
        journal.bind("this contract")
        with pytest.raises(JournalMismatch, match="is of this contract, this is that contract"):
            journal.bind("that contract")
        assert Journal.open(journal, kind=KIND, bound_to="this contract", recovery="") is journal
    with pytest.raises(JournalMismatch):
        Journal.open(path, kind=KIND, bound_to="that contract", recovery="")
    # A refused journal is let go.
    with Journal.open(path, kind=KIND, bound_to="this contract", recovery="") as journal:
        assert journal.path == path


def test_a_second_holder_is_refused_until_the_first_lets_go(path: Path) -> None:
    first = Journal(path, kind=KIND)
    with pytest.raises(JournalLocked, match="stop that process first"):
        Journal(path, kind=KIND)
    first.close()
    Journal(path, kind=KIND).close()


def test_another_process_is_refused(path: Path) -> None:
    program = "import sys; from layer2.store.journal import Journal; Journal(sys.argv[1], kind='node')"
    command = [sys.executable, "-c", program, str(path)]
    with Journal(path, kind=KIND):
        held = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert held.returncode == 1
    assert "JournalLocked" in held.stderr
    free = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert free.returncode == 0, free.stderr


def test_a_journal_that_failed_to_open_is_not_held(path: Path) -> None:
    filled(path)
    with pytest.raises(JournalVersion):
        Journal(path, kind="watchtower")
    Journal(path, kind=KIND).close()


def test_a_closed_journal_takes_nothing_and_may_be_closed_again(path: Path) -> None:
    journal = Journal(path, kind=KIND)
    journal.close()
    with Journal(path, kind=KIND) as successor:
        journal.close()
        for refused in (lambda: journal.append("sent", b""), lambda: journal.put_meta("k", b""), journal.commit):
            with pytest.raises(JournalError, match="it is closed"):
                refused()
        assert successor.append_durable("sent", b"still held") == 1
        with pytest.raises(JournalLocked):
            Journal(path, kind=KIND)


# -------------------------------------------------------------------------------------------------------- damage


def test_an_untouched_journal_opens(path: Path) -> None:
    filled(path)
    Journal(path, kind=KIND, must_exist=True).close()


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE journal_rows SET payload = CAST('voucher 9' AS BLOB) WHERE sequence = 2", "row 2 was changed"),
        ("UPDATE journal_rows SET stream = 'rent' WHERE sequence = 2", "row 2 was changed"),
        ("UPDATE journal_rows SET stream = CAST(x'ff' AS TEXT) WHERE sequence = 2", "row 2 was changed"),
        ("UPDATE journal_rows SET checksum = zeroblob(32) WHERE sequence = 3", "row 3 was changed"),
        ("DELETE FROM journal_rows WHERE sequence = 1", "row 1 is missing"),
        ("DELETE FROM journal_rows WHERE sequence = 2", "row 2 is missing"),
        ("DELETE FROM journal_rows WHERE sequence = 3", "rows after 2 are missing"),
        ("UPDATE journal_rows SET sequence = 9 WHERE sequence = 3", "row 3 is missing"),
        ("DELETE FROM meta WHERE key = 'journal.head'", "rows after 3 are missing"),
        ("UPDATE meta SET value = x'00' WHERE key = 'cursor'", "the value cursor was changed"),
        ("UPDATE meta SET key = 'other' WHERE key = 'cursor'", "the value other was changed"),
        ("DELETE FROM meta WHERE key = 'journal.kind'", "its header is gone"),
    ],
)
def test_a_changed_row_is_found(path: Path, statement: str, what: str) -> None:
    filled(path)
    tamper(path, statement)
    with pytest.raises(JournalCorrupt, match=f"is damaged: {what}; ask the peer"):
        Journal(path, kind=KIND, recovery="ask the peer")


def test_swapped_rows_are_found(path: Path) -> None:
    filled(path)
    for before, after in ((1, 99), (2, 1), (99, 2)):
        tamper(path, f"UPDATE journal_rows SET sequence = {after} WHERE sequence = {before}")
    with pytest.raises(JournalCorrupt, match="row 1 was changed"):
        Journal(path, kind=KIND)


def test_a_byte_flipped_in_the_file_is_found(path: Path) -> None:
    filled(path)
    raw = bytearray(path.read_bytes())
    place = raw.index(b"voucher 2")
    raw[place + 8] ^= 1
    path.write_bytes(raw)
    with pytest.raises(JournalCorrupt, match="row 2 was changed"):
        Journal(path, kind=KIND)


def test_rows_and_streams_cannot_trade_bytes(path: Path) -> None:
    with Journal(path, kind=KIND) as journal:
        journal.append_durable("a", b"b|c")
    tamper(path, "UPDATE journal_rows SET stream = 'a|b', payload = CAST('c' AS BLOB)")
    with pytest.raises(JournalCorrupt):
        Journal(path, kind=KIND)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path: Path) -> None:
    path.write_bytes(b"not a database at all " * 400)


@pytest.mark.parametrize("spoil", [truncated, overwritten])
def test_a_spoilt_file_is_found(path: Path, spoil: Callable[[Path], None]) -> None:
    filled(path, rows=300)
    spoil(path)
    with pytest.raises(JournalCorrupt):
        Journal(path, kind=KIND)


# ------------------------------------------------------------------------------------------------------ identity


def test_a_journal_of_another_kind_is_refused(path: Path) -> None:
    filled(path)
    with pytest.raises(JournalVersion, match="is a node journal, need watchtower"):
        Journal(path, kind="watchtower")


def test_another_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE wallet (coin TEXT)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(JournalVersion, match="a database but not a journal"):
        Journal(path, kind=KIND)
    assert path.read_bytes() == before


def test_an_older_schema_is_opened_and_a_newer_one_refused(path: Path) -> None:
    Journal(path, kind=KIND, schema_version=2).close()
    Journal(path, kind=KIND, schema_version=3).close()
    with pytest.raises(JournalVersion, match="has schema 2, this program supports up to 1; update layer2"):
        Journal(path, kind=KIND, schema_version=1)


def test_a_journal_that_must_exist_is_not_made(path: Path) -> None:
    with pytest.raises(JournalMissing, match="ask the peer"):
        Journal(path, kind=KIND, must_exist=True, recovery="ask the peer")
    assert not path.exists()
    Journal(path, kind=KIND).close()
    Journal(path, kind=KIND, must_exist=True).close()


def test_a_journal_that_was_emptied_does_not_start_anew(path: Path) -> None:
    filled(path)
    path.write_bytes(b"")
    with pytest.raises(JournalMissing, match="is empty"):
        Journal(path, kind=KIND, must_exist=True)


def test_a_folder_is_made_for_a_new_journal(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "node.journal"
    Journal(path, kind=KIND).close()
    assert path.exists()


def test_a_path_that_cannot_be_a_file_is_refused_with_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "node.journal"):
        with pytest.raises(JournalError):
            Journal(path, kind=KIND)


# ----------------------------------------------------------------------------------------------- failed writes


def test_a_full_disk_drops_the_whole_group_and_the_journal_goes_on(path: Path) -> None:
    with Journal(path, kind=KIND) as journal:
        journal.append_durable("sent", b"before")
        (pages,) = journal._database.execute("PRAGMA page_count").fetchone()
        journal._database.execute(f"PRAGMA max_page_count = {pages + 2}")
        journal.append("sent", b"small")
        journal.append("sent", bytes(100_000))
        journal.put_meta("cursor", b"too far")
        with pytest.raises(JournalFull, match="no space to write .*; free disk space and try again"):
            journal.commit()
        assert [entry.payload for entry in journal.read()] == [b"before"]
        assert journal.get_meta("cursor") is None
        assert journal.last_sequence == 1
        # There is room for something small, and once space is freed for the rest.
        assert journal.append_durable("sent", b"small") == 2
        journal._database.execute("PRAGMA max_page_count = 1000000")
        assert journal.append_durable("sent", bytes(100_000)) == 3
    with Journal(path, kind=KIND) as journal:
        assert [len(entry.payload) for entry in journal.read()] == [6, 5, 100_000]


def test_a_full_disk_can_be_recovered_from_and_a_broken_one_not() -> None:
    assert issubclass(JournalFull, RecoverableError)
    assert issubclass(JournalError, FatalError)
    assert not issubclass(JournalFull, JournalError)


def test_after_any_other_failed_write_the_journal_must_be_opened_again(path: Path) -> None:
    with Journal(path, kind=KIND) as journal:
        journal.append_durable("sent", b"before")
        journal._database.execute("PRAGMA query_only = 1")
        journal.append("sent", b"lost")
        with pytest.raises(JournalError, match="cannot use the node journal"):
            journal.commit()
        journal._database.execute("PRAGMA query_only = 0")
        with pytest.raises(JournalError, match="accepts no writes: a write failed; open it again"):
            journal.append("sent", b"refused")
        assert [entry.payload for entry in journal.read()] == [b"before"]
    with Journal(path, kind=KIND) as journal:
        assert journal.append_durable("sent", b"after") == 2


def test_an_interrupted_commit_keeps_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(name: str) -> None:
        if name == "journal.in-commit":
            raise KeyboardInterrupt

    with Journal(path, kind=KIND) as journal:
        journal.append("sent", b"lost")
        monkeypatch.setattr("layer2.store.journal.fault_point", interrupt)
        with pytest.raises(KeyboardInterrupt):
            journal.commit()
        assert list(journal.read()) == []
        with pytest.raises(JournalError, match="a commit was interrupted"):
            journal.commit()
    monkeypatch.undo()
    with Journal(path, kind=KIND) as journal:
        assert journal.last_sequence == 0


def test_a_rewritten_journal_holds_the_new_rows_alone_and_goes_on(tmp_path) -> None:
    path = tmp_path / "rewritten.journal"
    with Journal(path, kind="test") as journal:
        for number in range(100):
            journal.append("old", b"%d" % number)
        journal.commit()
        journal.put_meta("mark", b"1")
        journal.rewrite([("new", b"a"), ("new", b"b")])
        journal.append_durable("new", b"c")
    with Journal(path, kind="test") as journal:
        assert [one.payload for one in journal.read()] == [b"a", b"b", b"c"]
        assert journal.get_meta("mark") == b"1"
        journal.rewrite([])
        assert journal.last_sequence == 0
    with Journal(path, kind="test") as journal:
        assert list(journal.read()) == []


def test_a_journal_is_not_rewritten_over_rows_that_are_not_committed(tmp_path) -> None:
    with Journal(tmp_path / "open.journal", kind="test") as journal:
        journal.append("new", b"a")
        with pytest.raises(JournalError, match="not committed"):
            journal.rewrite([])
        journal.commit()
        assert [one.payload for one in journal.read()] == [b"a"]
