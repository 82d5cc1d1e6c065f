"""A rollup to attack, on each kind of chain and each way of publishing data; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.tester_backend import TesterBackend
from layer2.rollup.devnet import LocalRollup


@pytest.fixture(scope="module", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield new_chain()
        return
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture
def data(chain: Connection) -> str:
    """How entries and roots are published: calldata on the chain in this process, blobs on a real node."""
    return "calldata" if isinstance(chain.backend, TesterBackend) else "blobs"


@pytest.fixture(scope="module")
def people(chain: Connection) -> SimpleNamespace:
    names = ("sequencer", "payer", "payee", "stranger", "attacker", "challenger")
    return SimpleNamespace(**dict(zip(names, chain.signers(len(names)), strict=True)))


def local_rollup(chain: Connection, people: SimpleNamespace, folder: Path, data: str, **options: object) -> LocalRollup:
    """A rollup whose entries and roots are published in the way `data`."""
    return LocalRollup(
        chain,
        people.sequencer,
        challenger=people.challenger,
        folder=folder,
        **{"data": data, **options},  # type: ignore[arg-type]
    )


@pytest.fixture
def local() -> Callable[..., LocalRollup]:
    """Makes another rollup, with other options."""
    return local_rollup


@pytest.fixture
def l2(chain: Connection, people: SimpleNamespace, data: str, tmp_path: Path) -> Iterator[LocalRollup]:
    before = chain.snapshot()
    made = local_rollup(chain, people, tmp_path, data)
    yield made
    made.close()
    chain.revert(before)
