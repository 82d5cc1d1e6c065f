"""A journal has one holder, whatever name leads to it, and nobody else reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from layer2.store.errors import JournalError, JournalLocked
from layer2.store.journal import Journal

KIND = "node"


def modes(folder: Path) -> dict[str, int]:
    return {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir() if one.is_file()}


def linked(path: Path, how: str) -> Path:
    """Another name of a journal, in a folder of its own."""
    other = path.parent.parent / how / "other.journal"
    other.parent.mkdir()
    if how == "symbolic":
        other.symlink_to(path)
    elif how == "hard":
        os.link(path, other)
    else:
        other.parent.rmdir()
        other.parent.symlink_to(path.parent)
        other = other.parent / path.name
    return other


@pytest.mark.parametrize("how", ["symbolic", "hard", "folder"])
def test_another_name_of_a_held_journal_does_not_open_it(tmp_path: Path, how: str) -> None:
    path = tmp_path / "own" / "node.journal"
    Journal(path, kind=KIND).close()
    other = linked(path, how)
    with Journal(path, kind=KIND) as journal:
        with pytest.raises(JournalLocked):
            Journal(other, kind=KIND)
        program = f"from layer2.store.journal import Journal; Journal({str(other)!r}, kind={KIND!r})"
        refused = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert refused.returncode == 1
        assert "JournalLocked" in refused.stderr
        journal.append_durable("sent", b"still mine")
    with Journal(other, kind=KIND) as journal:
        assert journal.last_sequence == 1


def test_a_lock_file_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node.journal.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError):
        Journal(tmp_path / "node.journal", kind=KIND)
    assert not (tmp_path / "elsewhere").exists()


def test_only_the_owner_reads_a_journal_wherever_it_lies(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal(tmp_path / "new" / "node.journal", kind=KIND) as journal:
            journal.append_durable("sent", b"voucher")
            held = modes(tmp_path / "new")
    finally:
        os.umask(before)
    assert set(held) >= {"node.journal", "node.journal.lock", "node.journal-wal"}
    assert set(held.values()) == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_journal_that_others_could_read_is_closed_to_them_when_it_is_opened(tmp_path: Path) -> None:
    Journal(tmp_path / "node.journal", kind=KIND).close()
    (tmp_path / "node.journal").chmod(0o644)
    Journal(tmp_path / "node.journal", kind=KIND).close()
    assert modes(tmp_path)["node.journal"] == 0o600
