"""A plasma chain with an operator who does not obey; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.chains import steady_chain
from tests.support.payments.watcher_world import World

from layer2.ethereum.connection import Connection


@pytest.fixture(scope="package")
def chain() -> Connection:
    return steady_chain()


@pytest.fixture
def world(chain: Connection, tmp_path: Path) -> Iterator[World]:
    before = chain.snapshot()
    one = World(chain, tmp_path)
    yield one
    one.close()
    chain.revert(before)
