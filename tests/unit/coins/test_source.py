"""Bodies of coin blocks: any source of bodies gives them, and says so when it has none."""

from __future__ import annotations

import pytest

from layer2.plasma.coins.chain.block_sources import BodyMissing, CoinBodies
from layer2.plasma.common.watcher.block_sources import LocalBodies
from layer2.store.file_store import FileStore


class Folder:
    def __init__(self, files: FileStore, count: int) -> None:
        self.files, self.count = files, count

    def __len__(self) -> int:
        return self.count

    def path(self, number: int):
        return self.files.path(f"{number}.body")


@pytest.fixture
def source(tmp_path):
    files = FileStore(tmp_path)
    files.put("1.body", b"")
    files.put("2.body", b"a body")
    return CoinBodies(LocalBodies(Folder(files, 2)))


def test_a_body_is_given_as_it_lies_there_an_empty_one_too(source):
    assert source.coin_body(2) == b"a body"
    assert source.coin_body(1) == b""


@pytest.mark.parametrize("number", [0, 3, -1])
def test_what_is_not_there_is_missing_and_not_empty(source, number):
    with pytest.raises(BodyMissing, match=f"no data of coin block {number}"):
        source.coin_body(number)
