"""The coin flip on a chain of its own; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender


@pytest.fixture(scope="module")
def chain() -> Connection:
    return new_chain()


@pytest.fixture(scope="module")
def operator(chain: Connection) -> Sender:
    return Sender(chain, chain.signers(1)[0])


@pytest.fixture(scope="module")
def game(operator: Sender) -> Contract:
    return deploy(operator, load_artifact("CoinFlip"))


@pytest.fixture(autouse=True)
def isolated_chain(chain: Connection) -> Iterator[None]:
    before = chain.snapshot()
    yield
    chain.revert(before)
