"""A rollup in which payer and payee hold ether, all of it final; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.rollup.native_pairing import native_pairing

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection
from layer2.rollup.devnet import LocalRollup


@pytest.fixture(scope="package")
def chain() -> Iterator[Connection]:
    with native_pairing():
        yield tester_connection()


@pytest.fixture(scope="package")
def people(chain: Connection) -> SimpleNamespace:
    names = ("sequencer", "payer", "payee", "buyer", "attacker")
    return SimpleNamespace(**dict(zip(names, chain.signers(len(names)), strict=True)))


@pytest.fixture
def fresh(chain: Connection) -> Iterator[Connection]:
    """The chain as it began, and nothing is left on it."""
    before = chain.snapshot()
    yield chain
    chain.revert(before)


@pytest.fixture
def l2(fresh: Connection, people: SimpleNamespace, tmp_path: Path) -> Iterator[LocalRollup]:
    made = LocalRollup(fresh, people.sequencer, folder=tmp_path)
    for one in (people.payer, people.payee):
        made.wallet(one).deposit("5 ether")
    made.post()
    made.settle()
    yield made
    made.close()
