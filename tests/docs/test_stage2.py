"""Every tick on the Stage 2 page has a test behind it that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rollup-stage2.md").read_text()
ROWS = re.findall(r"^\| ([SRC]\d[\d.]*) \|(.*)\|$", PAGE, re.MULTILINE)


def known_tests() -> set[str]:
    return {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }


def test_every_criterion_is_on_the_page_once() -> None:
    wanted = [f"S0.{n}" for n in range(1, 7)] + [f"S1.{n}" for n in range(1, 8)] + [f"S2.{n}" for n in range(1, 4)]
    wanted += [f"R{n}" for n in range(1, 6)] + [f"C{n}" for n in range(1, 13)]
    assert [name for name, _ in ROWS] == wanted


def test_every_tick_names_a_test_that_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert sorted(named - known_tests()) == []
    assert [name for name, row in ROWS if "`test_" not in row and "same" not in row] == []
