"""Every test that the threat model names exists, and every attack there names one."""

from __future__ import annotations

import re
from pathlib import Path

from layer2.ethereum.artifacts import load_artifact

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
NAMED = set(re.findall(r"`(test_\w+)`", PAGE))


def test_every_named_test_exists() -> None:
    known: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        known |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
    assert sorted(NAMED - known) == []


def test_every_attack_names_a_test() -> None:
    rows = PAGE.split("| attack | answer | tested by |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(rows) > 30
    assert [row for row in rows if "`test_" not in row] == []


def test_every_function_of_the_rollup_that_changes_something_is_judged() -> None:
    table = PAGE.split("| function | worst case tried | answer | tested by |")[1].split("\n\n")[0]
    functions = {
        str(entry["name"])
        for entry in load_artifact("Rollup").abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }
    named = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines()[2:])))
    assert sorted(functions - named) == []
    assert [row for row in table.splitlines()[2:] if "`test_" not in row] == []
