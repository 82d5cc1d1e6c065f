from __future__ import annotations

from collections.abc import Iterator

import pytest

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.testing import deploy_mock
from layer2.testing.isolation import isolated


@pytest.fixture(scope="package")
def chain() -> Connection:
    return tester_connection()


@pytest.fixture(scope="package")
def deployer(chain: Connection) -> Sender:
    return Sender(chain, chain.signers(1)[0])


@pytest.fixture(scope="package")
def kinds(deployer: Sender) -> Contract:
    return deploy_mock("RevertKinds", sender=deployer)


@pytest.fixture(scope="package")
def inner(deployer: Sender) -> Contract:
    return deploy_mock("RevertKinds", sender=deployer)


@pytest.fixture
def connection(chain: Connection, kinds: Contract, inner: Contract) -> Iterator[Connection]:
    with isolated(chain):
        yield chain
