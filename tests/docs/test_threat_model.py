"""Every test that the threat model names exists, and every attack there names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from layer2.ethereum.artifacts import load_artifact

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
PLASMA = (ROOT / "docs" / "threat-model-plasma.md").read_text()
FUNCTIONS = "| function | worst case tried | answer | tested by |"


def rows_after(head: str, text: str) -> list[str]:
    """The rows of the table with this head."""
    return text.split(head)[1].split("\n\n")[0].splitlines()[2:]


def changing(contract: str) -> set[str]:
    """Functions of a contract that change something."""
    return {
        str(entry["name"])
        for entry in load_artifact(contract).abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }


@pytest.mark.parametrize("page", [PAGE, PLASMA], ids=["channels and rollup", "plasma"])
def test_every_named_test_exists(page: str) -> None:
    known: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        known |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 50
    assert sorted(named - known) == []


def test_every_attack_names_a_test() -> None:
    rows = rows_after("| attack | answer | tested by |", PAGE)
    assert len(rows) > 30
    assert [row for row in rows if "`test_" not in row] == []


@pytest.mark.parametrize(
    ("group", "least"), [("Encoding and proof", 12), ("The operator", 14), ("Users", 20), ("Infrastructure", 8)]
)
def test_every_attack_on_plasma_names_a_test(group: str, least: int) -> None:
    rows = rows_after("| attack | answer | tested by |", PLASMA.split(f"### {group}\n")[1])
    assert len(rows) >= least
    assert [row for row in rows if "`test_" not in row.split("|")[3]] == []


@pytest.mark.parametrize(
    ("contract", "page"),
    [
        ("Rollup", PAGE),
        ("RootChain", PLASMA.split("### RootChain")[1]),
        ("CoinChain", PLASMA.split("### CoinChain")[1]),
    ],
    ids=["Rollup", "RootChain", "CoinChain"],
)
def test_every_function_that_changes_something_is_judged(contract: str, page: str) -> None:
    rows = rows_after(FUNCTIONS, page)
    named = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in rows)))
    assert sorted(changing(contract) - named) == []
    assert [row for row in rows if "`test_" not in row] == []


def test_no_function_of_plasma_is_judged_that_is_not_there() -> None:
    for contract in ("RootChain", "CoinChain"):
        rows = rows_after(FUNCTIONS, PLASMA.split(f"### {contract}")[1])
        named = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in rows)))
        assert sorted(named - changing(contract)) == []
