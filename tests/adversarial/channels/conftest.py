"""A hub with money in it, two parties, and a stranger, on each kind of chain; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.testing.adversaries.channels.world import GasWorld


@pytest.fixture(scope="package", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def stage(request: pytest.FixtureRequest) -> Iterator[GasWorld]:
    if request.param == "tester":
        yield GasWorld(new_chain())
        return
    with AnvilNode() as node:
        yield GasWorld(node.connection)


@pytest.fixture
def world(stage: GasWorld) -> Iterator[GasWorld]:
    before = stage.connection.snapshot()
    yield stage
    stage.connection.revert(before)
