"""A chain of each kind with a hub; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from layer2.channels.hub import HubFacade
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer


@dataclass
class People:
    operator: Signer
    payer: Signer
    payee: Signer
    tower: Signer
    attacker: Signer


@pytest.fixture(scope="module", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield tester_connection()
        return
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture(scope="module")
def people(chain: Connection) -> People:
    return People(*chain.signers(5))


@pytest.fixture(scope="module")
def hub_address(chain: Connection, people: People) -> str:
    return HubFacade.deploy(chain, people.operator).address


@pytest.fixture
def hub(chain: Connection, hub_address: str, tmp_path: Path) -> Iterator[HubFacade]:
    snapshot = chain.snapshot()
    made = HubFacade.at(chain, hub_address, store=tmp_path)
    yield made
    made.release()
    chain.revert(snapshot)


@pytest.fixture
def tower_sender(chain: Connection, people: People) -> Sender:
    return Sender(chain, people.tower)
