from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.contracts.plasma.builder import World

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection
from layer2.testing.isolation import isolated


@pytest.fixture(scope="package")
def deployed() -> World:
    return World(tester_connection())


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    with isolated(deployed.connection):
        yield deployed


@pytest.fixture
def connection(world: World) -> Connection:
    return world.connection
