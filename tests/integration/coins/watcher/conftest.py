"""A coin chain to watch; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.coins.watcher_world import CoinWorld

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain


@pytest.fixture(scope="package")
def chain() -> Connection:
    return new_chain()


@pytest.fixture
def world(chain: Connection, tmp_path: Path) -> Iterator[CoinWorld]:
    before = chain.snapshot()
    one = CoinWorld(chain, tmp_path)
    yield one
    one.close()
    chain.revert(before)
