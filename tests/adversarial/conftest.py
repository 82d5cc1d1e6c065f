"""A hub with money in it, two parties, and a stranger; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.testing.bench.world import GasWorld


@pytest.fixture(scope="package")
def stage() -> GasWorld:
    return GasWorld(new_chain())


@pytest.fixture
def world(stage: GasWorld) -> Iterator[GasWorld]:
    before = stage.connection.snapshot()
    yield stage
    stage.connection.revert(before)
