"""One connection per kind of chain, and a contract that logs what it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layer2.ethereum import devnet
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address

# LOG1 with the first calldata word as topic and the rest as data.
LOGGER_INIT = bytes.fromhex("70600035602036038060206000376000a1006000526011600ff3")


@pytest.fixture(scope="package")
def anvil_node() -> Iterator[AnvilNode]:
    with AnvilNode() as node:
        yield node


@pytest.fixture(params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A chain in its first state: each kind in turn."""
    if request.param == "tester":
        yield devnet.tester_connection()
        return
    node: AnvilNode = request.getfixturevalue("anvil_node")
    start = node.connection.snapshot()
    yield node.connection
    node.connection.revert(start)


@pytest.fixture
def operator(connection: Connection) -> Sender:
    return Sender(connection, connection.signers(3)[0])


@pytest.fixture
def payer(connection: Connection) -> Sender:
    return Sender(connection, connection.signers(3)[1])


def deploy_logger(sender: Sender) -> Address:
    created = sender.send(None, LOGGER_INIT, gas=200_000).contract_address
    assert created is not None
    return created
