"""A piece is on the disk, name and bytes, before anybody is told that it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.disks import Disk

from layer2.store.errors import JournalCorrupt
from layer2.store.file_store import FileStore

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads open files by /proc")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_piece_survives_the_power_with_its_name(disk: Disk, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "bodies")
    store.put("one", b"first")
    assert disk.survives(store.path("one")) == b"first"
    store.put("two", b"second")
    assert (disk.survives(store.path("one")), disk.survives(store.path("two"))) == (b"first", b"second")


def test_a_piece_in_the_place_of_another_survives_as_one_of_them(disk: Disk, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "bodies")
    store.put("one", b"first")
    store.put("one", b"other")
    assert disk.survives(store.path("one")) == b"other"


def test_folders_that_are_made_for_pieces_survive_too(disk: Disk, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "deep" / "down" / "bodies")
    store.put("one", b"first")
    assert all(disk.keeps(one) for one in (store.folder, *list(store.folder.parents)[:2]))


def test_what_was_cut_off_is_no_piece(disk: Disk, tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    (tmp_path / "one.part").write_bytes(b"fir")
    assert "one" not in store
    assert not list(FileStore(tmp_path).folder.iterdir())


def test_a_piece_that_changed_is_damaged(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    checksum = store.put("one", b"first")
    assert store.get("one", checksum) == b"first"
    store.path("one").write_bytes(b"other")
    with pytest.raises(JournalCorrupt):
        store.get("one", checksum)
