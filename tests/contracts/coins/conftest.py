"""A coin chain in this process; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.chains import steady_chain
from tests.support.coins.builder import Stage

from layer2.testing.isolation import isolated


@pytest.fixture(scope="package")
def built() -> Stage:
    return Stage(steady_chain())


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    with isolated(built.connection):
        yield built
