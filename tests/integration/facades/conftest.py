"""A chain with the objects of all families that a script or a console uses, for a payer, a payee and an attacker."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from layer2.channels.channel import Channel
from layer2.channels.hub import HubFacade
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.plasma.facade import PlasmaFacade
from layer2.rollup.facade import RollupFacade

ETHER = 10**18


@pytest.fixture(scope="session")
def chain() -> Connection:
    return new_chain()


@pytest.fixture(scope="session")
def people(chain: Connection) -> SimpleNamespace:
    names = ("operator", "payer", "payee", "attacker")
    return SimpleNamespace(**dict(zip(names, chain.signers(4), strict=True)))


@pytest.fixture(scope="module")
def hub(chain: Connection, people: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubFacade]:
    made = HubFacade.deploy(chain, people.operator, store=tmp_path_factory.mktemp("hub"))
    yield made
    made.release()


@pytest.fixture
def channel(hub: HubFacade, people: SimpleNamespace) -> Channel:
    """Paid a little both ways, with a lock that waits."""
    made = hub.open(people.payer, people.payee, deposit="2 ether", dispute="1 hour", peer_deposit="1 ether")
    made.pay("0.3 ether")
    made.pay("0.1 ether", sender=people.payee)
    return made


@pytest.fixture
def simplex(hub: HubFacade, people: SimpleNamespace) -> Channel:
    made = hub.open(people.payer, people.payee, deposit="2 ether", dispute="1 hour", simplex=True)
    made.pay("0.3 ether")
    return made


@pytest.fixture(scope="module")
def l2(chain: Connection, people: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollupFacade]:
    made = RollupFacade.devnet(chain, people.operator, folder=tmp_path_factory.mktemp("rollup"))
    made.wallet(people.payer).deposit("2 ether")
    yield made
    made.close()


@pytest.fixture(scope="module")
def plasma(
    chain: Connection, people: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlasmaFacade]:
    made = PlasmaFacade.devnet(chain, people.operator, folder=tmp_path_factory.mktemp("plasma"))
    made.wallet(people.payer).deposit("2 ether")
    assert made.coins.address
    yield made
    made.close()
