"""Every test that a specification names exists, and every corner of the rollup's transition names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROLLUP = (ROOT / "docs" / "rollup-specification.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("family", ["rollup", "plasma"])
def test_every_named_test_exists(family: str) -> None:
    page = (ROOT / "docs" / f"{family}-specification.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    known: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        known |= set(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(named) > 15
    assert sorted(named - known) == []


def test_every_corner_names_a_test() -> None:
    rows = ROLLUP.split("### 4.1 Corners")[1].split("## 5.")[0].strip().splitlines()[2:]
    tens, ones = ("", "x"), ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
    numbers = [ten + one for ten in tens for one in ones][1:]
    assert [row.split("|")[1].strip() for row in rows] == [*numbers, "xx"]
    assert [row for row in rows if "`test_" not in row] == []
