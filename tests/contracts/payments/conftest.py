from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.chains import steady_chain
from tests.support.payments.builder import ETHER, World, deposit_id, packed
from tests.support.payments.in_flight import Game

from layer2.ethereum.connection import Connection
from layer2.testing.isolation import isolated


@pytest.fixture(scope="package")
def deployed() -> World:
    return World(steady_chain())


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    with isolated(deployed.connection):
        yield deployed


@pytest.fixture
def connection(world: World) -> Connection:
    return world.connection


@pytest.fixture
def game(world: World) -> Game:
    one, two = world.deposit(world.payer), world.deposit(world.successor)
    data = packed([one.position, two.position], [(world.payee, 0, ETHER), (world.payer, 0, ETHER)])
    owners = [world.payer, world.successor]
    return Game(world, [one.proof, two.proof], owners, [deposit_id(1), deposit_id(2)], data)
