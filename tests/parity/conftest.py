from __future__ import annotations

import pytest
from tests.support.chains import steady_chain

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import RootChain
from layer2.testing import deploy_mock


@pytest.fixture(scope="package")
def devnet() -> Connection:
    return steady_chain()


@pytest.fixture(scope="package")
def operator(devnet: Connection) -> Sender:
    return Sender(devnet, devnet.signers(1)[0])


@pytest.fixture(scope="package")
def plasma_bench(operator: Sender) -> Contract:
    """The libraries of plasma, callable."""
    return deploy_mock("PlasmaBench", sender=operator)


@pytest.fixture(scope="module")
def coin_bench(operator: Sender) -> Contract:
    """A coin chain whose evidence can be asked about."""
    return deploy_mock("CoinBench", (operator.address, 1_000, 1_500, 5, 3, 1), sender=operator)


@pytest.fixture(scope="package")
def root_chain(operator: Sender) -> RootChain:
    return RootChain.deploy(operator, operator.address)
