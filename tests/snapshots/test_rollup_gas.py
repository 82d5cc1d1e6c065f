"""Every operation of the rollup at or below its target, and every dispute in one transaction. On anvil."""

from __future__ import annotations

from typing import Any

import pytest

from layer2_bench.gas_rollup import run_rollup_gas

pytestmark = pytest.mark.anvil

TX_GAS_CAP = 16_777_216
"""EIP-7825."""


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return run_rollup_gas("anvil")


def test_every_operation_of_the_rollup_meets_its_target(measured: dict[str, Any]) -> None:
    rows = measured["operations"]
    assert len(rows) == 19
    targeted = {name: row for name, row in rows.items() if row["target"] is not None}
    assert len(targeted) == 15
    assert {name: row for name, row in targeted.items() if row["gas"] > row["target"]} == {}


def test_every_operation_of_the_rollup_is_below_its_anchor(measured: dict[str, Any]) -> None:
    anchored = {name: row for name, row in measured["operations"].items() if row["anchor"]}
    assert len(anchored) >= 14
    assert {name: row for name, row in anchored.items() if row["gas"] > row["anchor"]["gas"]} == {}


def test_every_dispute_fits_one_transaction(measured: dict[str, Any]) -> None:
    rows = {**{name: row["gas"] for name, row in measured["operations"].items()}, **measured["unanchored"]}
    disputes = {name: gas for name, gas in rows.items() if name.startswith("dispute.")}
    assert len(disputes) > 15
    assert {name: gas for name, gas in disputes.items() if gas > TX_GAS_CAP} == {}
