"""`layer2 bench rate plasma`: every figure of the tables is measured, also by a run of small blocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.support.tools import load

from layer2.cli.common.tables import flatten
from layer2_bench.commands import command
from layer2_bench.rate_operator import OperatorStage
from layer2_bench.rate_plasma import run_plasma_rate

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    return run_plasma_rate(share=32)


def test_a_small_run_measures_every_figure(small: dict[str, Any]) -> None:
    core, http = small["core"], small["http"]
    assert core["transactions"] == 3 * (65_520 // 32)
    assert core["transactions_per_second"] > 100
    assert core["with_workers"]["processes"] == 2
    assert core["limit_per_second"] > core["transactions_per_cpu_second"] > 100
    assert http["payments_per_second"] > 50
    assert 0 < http["ratio_to_limit"] < 1


def test_memory_is_more_than_the_rows_alone(small: dict[str, Any]) -> None:
    memory = small["memory"]
    for who in ("operator", "watcher"):
        assert memory["limit_bytes_per_output"] < memory[f"{who}_bytes_per_output"] < 1_000


def test_the_committed_measurement_has_the_same_figures(small: dict[str, Any]) -> None:
    committed = json.loads((ROOT / "bench" / "results" / "plasma_rate.json").read_text(encoding="utf-8"))
    assert [name for name, _ in flatten(committed)] == [name for name, _ in flatten(small)]
    assert committed["block"]["transactions"] == committed["validation"]["transactions"] == 65_536


def test_the_table_of_the_page_is_written_from_it(small: dict[str, Any]) -> None:
    lines = load("readme_tables").plasma_rate_table(small).splitlines()
    assert len(lines) == 2 + 11
    core = small["core"]
    assert f"| {core['transactions_per_cpu_second']:,} | {core['limit_per_second']:,} |  |" in lines[2]
    assert f"| {core['transactions_per_second']:,} |  | >= 8,000 |" in lines[3]


def test_a_payment_that_is_refused_ends_the_measurement(tmp_path: Path) -> None:
    stage = OperatorStage(tmp_path, 4)
    first, second = stage.payments(2)
    with pytest.raises(AssertionError, match="1 payments were refused"):
        stage.accept([first, second[:-64] + first[-64:]])
    with pytest.raises(AssertionError, match="for 2 payments"):
        stage.make(2)
    assert stage.root.head()[1] == stage.operator.store.made[-1].number
    stage.operator.close()


def test_a_family_without_rates_is_refused() -> None:
    ended = CliRunner().invoke(command, ["rate", "lightning"])
    assert ended.exit_code == 2
    assert "'lightning' is not one of" in ended.output
