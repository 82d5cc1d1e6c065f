"""Every test that the threat model names exists, and every attack there names one."""

from __future__ import annotations

import re
from pathlib import Path

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
