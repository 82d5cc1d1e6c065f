"""The archive: what is put stays as it was, also for the next process, and damage is told."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from layer2.store.blob_archive import Archive
from layer2.store.errors import JournalError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "blobs.archive"


def test_a_piece_is_kept_once_and_never_changed(path: Path) -> None:
    archive = Archive(path)
    assert archive.get(b"key") is None
    archive.put(b"key", b"first")
    archive.put(b"key", b"second")
    archive.put(b"other", b"")
    assert (archive.get(b"key"), archive.get(b"other"), len(archive)) == (b"first", b"", 2)
    assert repr(archive) == "<Archive pieces=2>"
    archive.close()
    again = Archive(path)
    assert (again.get(b"key"), len(again)) == (b"first", 2)
    again.close()


def test_a_dropped_piece_makes_room_for_the_right_one(path: Path) -> None:
    archive = Archive(path)
    archive.put(b"key", b"damaged")
    archive.drop(b"key")
    archive.drop(b"never here")
    assert archive.get(b"key") is None
    archive.put(b"key", b"whole")
    assert archive.get(b"key") == b"whole"
    archive.close()


def test_without_a_path_nothing_outlives_it() -> None:
    archive = Archive()
    archive.put(b"key", b"data")
    assert (archive.get(b"key"), Archive().get(b"key")) == (b"data", None)


def test_what_was_put_outlives_a_process_that_is_killed(path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from layer2.store.blob_archive import Archive\n"
        "archive = Archive(sys.argv[1])\n"
        "archive.put(b'key', b'x' * 131072)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -9
    archive = Archive(path)
    assert archive.get(b"key") == b"x" * 131_072
    archive.close()


@pytest.mark.parametrize(
    "content", [b"this is no archive, and never was one " * 40, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_archive_is_told_when_it_is_opened(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(JournalError, match="archive"):
        Archive(path)
    assert path.read_bytes() == content


def test_damage_and_a_closed_file_are_told_when_they_are_met(path: Path) -> None:
    archive = Archive(path)
    for at in range(64):
        archive.put(b"%d" % at, bytes(4096))
    archive.close()
    for refused in (
        lambda: archive.get(b"1"), lambda: archive.put(b"1", b""), lambda: archive.drop(b"1"), lambda: len(archive)
    ):  # fmt: skip
        with pytest.raises(JournalError, match="archive"):
            refused()
    raw = bytearray(path.read_bytes())
    raw[8192:] = b"\xff" * (len(raw) - 8192)
    path.write_bytes(raw)
    damaged = Archive(path)
    with pytest.raises(JournalError, match="archive"):
        for at in range(64):
            damaged.get(b"%d" % at)
    damaged.close()


def test_several_threads_share_one(path: Path) -> None:
    archive, failures = Archive(path), []

    def work(name: int) -> None:
        try:
            for at in range(25):
                archive.put(b"%d/%d" % (name, at), bytes((name,)) * 64)
                assert archive.get(b"%d/%d" % (name, at)) == bytes((name,)) * 64
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(one,)) for one in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    assert len(archive) == 100
    archive.close()
