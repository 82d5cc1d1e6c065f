"""A rollup to attack, on each kind of chain and each way of publishing data; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.rollup.devnet import LocalRollup

DATA = ("calldata",)
"""Ways of publishing entries and roots."""


@pytest.fixture(scope="module", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield new_chain()
        return
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture(params=DATA)
def data(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def people(chain: Connection) -> SimpleNamespace:
    names = ("sequencer", "payer", "payee", "stranger", "attacker", "challenger")
    return SimpleNamespace(**dict(zip(names, chain.signers(len(names)), strict=True)))


def local_rollup(chain: Connection, people: SimpleNamespace, folder: Path, data: str, **options: object) -> LocalRollup:
    """A rollup whose entries and roots are published in the way `data`."""
    more: dict[str, object] = {} if data == "calldata" else {"data": data}
    return LocalRollup(
        chain,
        people.sequencer,
        challenger=people.challenger,
        folder=folder,
        **{**more, **options},  # type: ignore[arg-type]
    )


@pytest.fixture
def l2(chain: Connection, people: SimpleNamespace, data: str, tmp_path: Path) -> Iterator[LocalRollup]:
    before = chain.snapshot()
    yield local_rollup(chain, people, tmp_path, data)
    chain.revert(before)
