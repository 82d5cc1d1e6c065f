"""Every operation of the plasma chains at or below its target, in full blocks. On anvil."""

from __future__ import annotations

from typing import Any

import pytest

from layer2_bench.gas_plasma import run_plasma_gas

pytestmark = pytest.mark.anvil

BLOCK_GAS = 36_000_000

# Rows that stay above the cheapest system, each for what the extra gas buys.
ABOVE_ANCHOR = {
    "deploy.total": "in-flight exits and challenges of data, which the anchor does not have",
    "exit.claim": "older exits stay covered, the owner gets the bond and the caller a bounty",
}


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return run_plasma_gas("anvil")


def test_every_operation_of_plasma_meets_its_target(measured: dict[str, Any]) -> None:
    rows = measured["operations"]
    assert len(rows) == 26
    assert all(row["target"] for row in rows.values())
    assert {name: row for name, row in rows.items() if row["gas"] > row["target"]} == {}


def test_only_reasoned_rows_of_plasma_are_above_their_anchor(measured: dict[str, Any]) -> None:
    anchored = {name: row for name, row in measured["operations"].items() if row["anchor"]}
    assert len(anchored) >= 25
    assert {name for name, row in anchored.items() if row["gas"] > row["anchor"]["gas"]} == set(ABOVE_ANCHOR)


def test_a_block_of_the_chain_below_takes_the_claims_of_a_thousand_exits(measured: dict[str, Any]) -> None:
    assert 1_000 * measured["operations"]["exit.claim_batched"]["gas"] < BLOCK_GAS
