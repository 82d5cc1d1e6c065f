"""A rollup to attack, on each kind of chain and each way of publishing data; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.campaign import NIGHTLY

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.tester_backend import TesterBackend
from layer2.rollup.devnet import LocalRollup

HERE = Path(__file__).parent
DAILY_WITH_BLOBS = {"test_criteria", "test_kill", "test_reorgs"}
"""Modules that use a node in every run of the suite. The others do so at night: a blob costs a second of it, and what
blobs change (encoding, openings, expiry) has tests of its own among the contracts and in `integration/rollup`."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if NIGHTLY:
        return
    left = [one for one in items if _is_for_the_night(one)]
    config.hook.pytest_deselected(items=left)
    items[:] = [one for one in items if not _is_for_the_night(one)]


def _is_for_the_night(item: pytest.Item) -> bool:
    kind = getattr(item, "callspec", None) and item.callspec.params.get("chain")  # type: ignore[attr-defined]
    return item.path.parent == HERE and kind == "anvil" and item.path.stem not in DAILY_WITH_BLOBS


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
