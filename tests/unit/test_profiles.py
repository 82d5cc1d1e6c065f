"""By day every run tries the same examples; each night tries new ones, keeps what fails, and prints it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Some installed package has a folder `tests` of its own.
CONFTEST = f"""
import sys, types
tests = sys.modules["tests"] = types.ModuleType("tests")
tests.__path__ = [{str(ROOT / "tests")!r}]
from tests.conftest import pytest_report_header
"""
DRAWS = """
from hypothesis import given, settings, strategies
from tests.support.campaign import SEED, campaign

@settings(max_examples=200)
@given(strategies.integers())
def test_draws(number):
    print("drew", number)

def test_tells():
    print("seed", SEED, campaign(3, 3).max_examples, campaign(3, 3).derandomize)

@given(strategies.integers())
def test_fails(number):
    assert number < 100
"""


def run(folder: Path, profile: str, *, beside: str = "", **more: str) -> str:
    """Return the output of a run under CI, where hypothesis would choose defaults of its own.

    Args:
        beside: source of a further module that is imported.
    """
    (folder / "beside.py").write_text(beside)
    (folder / "conftest.py").write_text(CONFTEST + "import beside\n")
    (folder / "test_it.py").write_text(DRAWS)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LAYER2_", "HYPOTHESIS_"))}
    env |= {"CI": "true", "HYPOTHESIS_PROFILE": profile, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **more}
    words = ["-m", "pytest", "-p", "no:ape_test", "-p", "no:cacheprovider", "-s", "test_it.py"]
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False
    ).stdout


def drawn(output: str) -> list[str]:
    return re.findall(r"^.*drew (.*)$", output, re.MULTILINE)


@pytest.mark.slow
def test_the_daily_run_draws_the_same_each_time(tmp_path: Path) -> None:
    first, second = run(tmp_path, "dev"), run(tmp_path, "dev")
    assert len(drawn(first)) >= 200
    assert drawn(first) == drawn(second)
    assert "seed 0 3 True" in first
    assert "examples: dev" in first
    assert not (tmp_path / ".hypothesis" / "examples").exists()


@pytest.mark.slow
def test_the_daily_run_draws_the_same_whatever_else_is_imported(tmp_path: Path) -> None:
    """Hypothesis would draw constants that stand in local modules, too."""
    constants = f"NUMBERS = {list(range(1_000_003, 1_000_123, 3))}"
    assert drawn(run(tmp_path, "dev", beside=constants)) == drawn(run(tmp_path, "dev"))


@pytest.mark.slow
def test_the_nightly_run_draws_anew_keeps_what_fails_and_prints_it(tmp_path: Path) -> None:
    first, second = run(tmp_path, "nightly"), run(tmp_path, "nightly")
    assert drawn(first) != drawn(second)
    seeds = [re.search(r"examples: nightly, LAYER2_SEED=(\d+)", output) for output in (first, second)]
    assert all(seeds)
    assert len({found[1] for found in seeds if found}) == 2
    assert seeds[0] is not None
    assert f"seed {seeds[0][1]} 60 False" in first
    assert any((tmp_path / ".hypothesis" / "examples").iterdir())
    assert "number=100" in first
    assert "@reproduce_failure" in first


@pytest.mark.slow
def test_a_night_can_be_repeated_by_its_seed(tmp_path: Path) -> None:
    assert "seed 7 60 False" in run(tmp_path, "nightly", LAYER2_SEED="7")
