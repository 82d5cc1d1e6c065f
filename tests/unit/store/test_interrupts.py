"""Ctrl-C anywhere in a write: the journal holds all of it or nothing, and what follows does not contradict it."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.store import journal as module
from layer2.store.errors import JournalError
from layer2.store.journal import Journal

KIND = "node"


def rows(path: Path) -> list[bytes]:
    with Journal(path, kind=KIND) as journal:
        return [entry.payload for entry in journal.read()]


def interrupt_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def passing(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "fault_point", passing)


def test_what_was_discarded_is_not_part_of_the_next_commit(tmp_path: Path) -> None:
    path = tmp_path / "node.journal"
    with Journal(path, kind=KIND) as journal:
        journal.append_durable("sent", b"first")
        journal.append("sent", b"interrupted")
        journal.put_meta("counter", b"interrupted")
        journal.discard()
        assert journal.append_durable("sent", b"second") == 2
        assert (journal.durable_sequence, journal.get_meta("counter")) == (2, None)
    assert rows(path) == [b"first", b"second"]


@pytest.mark.parametrize("point", ["journal.before-commit", "journal.in-commit", "journal.after-commit"])
def test_an_interrupted_commit_leaves_a_journal_that_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    path = tmp_path / "node.journal"
    with Journal(path, kind=KIND) as journal:
        journal.append_durable("sent", b"first")
        interrupt_at(monkeypatch, point)
        with pytest.raises(KeyboardInterrupt):
            journal.append_durable("sent", b"second")
        monkeypatch.undo()
        if point == "journal.in-commit":
            with pytest.raises(JournalError, match="interrupted"):
                journal.append("sent", b"third")
        else:
            journal.discard()
            journal.append_durable("sent", b"third")
    expected = {
        "journal.before-commit": [b"first", b"third"],
        "journal.in-commit": [b"first"],
        "journal.after-commit": [b"first", b"second", b"third"],
    }
    assert rows(path) == expected[point]


def test_an_interrupted_rewrite_keeps_the_rows_it_was_to_replace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "node.journal"
    with Journal(path, kind=KIND) as journal:
        journal.append_durable("sent", b"first")
        interrupt_at(monkeypatch, "journal.in-rewrite")
        with pytest.raises(KeyboardInterrupt):
            journal.rewrite([("sent", b"instead")])
        monkeypatch.undo()
        with pytest.raises(JournalError, match="interrupted"):
            journal.append("sent", b"third")
    assert rows(path) == [b"first"]
