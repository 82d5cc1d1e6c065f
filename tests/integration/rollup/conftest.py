"""A rollup on a chain of each kind; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.rollup.devnet import LocalRollup


@pytest.fixture(scope="module", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield new_chain()
        return
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture(scope="module")
def people(chain: Connection) -> SimpleNamespace:
    names = ("sequencer", "payer", "payee", "stranger", "attacker")
    return SimpleNamespace(**dict(zip(names, chain.signers(5), strict=True)))


@pytest.fixture
def l2(chain: Connection, people: SimpleNamespace, tmp_path: Path) -> Iterator[LocalRollup]:
    before = chain.snapshot()
    made = LocalRollup(chain, people.sequencer, folder=tmp_path)
    yield made
    made.close()
    chain.revert(before)
