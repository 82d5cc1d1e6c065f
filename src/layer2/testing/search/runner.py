"""Play the games of the families: `python -m layer2.testing.search [channels|rollup|plasma] --bound small|large`.

The runner prints states, acts, depth and seconds of each search, and its verdict. It exits with 1 if an invariant is
violated, or if a control (a deliberate fault) is not found.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from layer2.testing.search.engine import Game, Outcome, explore

FAMILIES = ("channels", "rollup", "plasma")
BOUNDS = ("small", "large")


@dataclass(frozen=True)
class Line:
    """Result of one search."""

    family: str
    name: str
    control: str
    outcome: Outcome
    seconds: float

    @property
    def ok(self) -> bool:
        """True if the verdict is the expected one."""
        return self.outcome.as_expected(self.control)

    def text(self) -> str:
        """Return the row as printed."""
        found = self.outcome
        title = f"{self.name}: without {self.control}" if self.control else self.name
        head = f"{self.family:8} {title:72} {found.states:>9,} states {found.acts:>11,} acts"
        head += f" {found.depth:>3} steps {self.seconds:>7.1f} s  "
        if found.finding is None:
            return head + ("holds" if self.ok else "NOT FOUND: this control must fall")
        play = "; ".join(found.finding.play)
        return head + (f"found: {found.finding.why}" if self.ok else f"BROKEN: {found.finding.why}\n         {play}")


def games(family: str, bound: str) -> list[Game[Any]]:
    """Return the games of a family in their own order."""
    return list(importlib.import_module(f"layer2.testing.search.{family}.games").games(bound))


def play(family: str, bound: str, index: int) -> Line:
    """Search one game."""
    game = games(family, bound)[index]
    started = time.monotonic()
    outcome = explore(game)
    return Line(family, game.name, game.control, outcome, time.monotonic() - started)


def problems(lines: Sequence[Line], families: Sequence[str]) -> list[str]:
    """Return the problems of a run: wrong verdicts, and families without games or without controls."""
    found = [f"{line.family}: {line.name}" for line in lines if not line.ok]
    if not families:
        found.append("no family has games")
    for family in families:
        kinds = {bool(line.control) for line in lines if line.family == family}
        if kinds != {False, True}:
            found.append(f"{family}: needs games that must hold and controls that must fall")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the requested games; return 0 if every verdict is the expected one."""
    parser = argparse.ArgumentParser(prog="layer2.testing.search", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="family", help=f"one or more of {', '.join(FAMILIES)}; else all")
    parser.add_argument("--bound", choices=BOUNDS, default="small", help="how large the domain is")
    parser.add_argument("--jobs", type=int, default=2, help="searches at the same time")
    given = parser.parse_args(arguments)
    families = list(dict.fromkeys(given.families or FAMILIES))
    if not set(families) <= set(FAMILIES):
        parser.error(f"families are {', '.join(FAMILIES)}, not {' '.join(families)}")
    tasks = [(family, given.bound, index) for family in families for index in range(len(games(family, given.bound)))]
    started = time.monotonic()
    lines: list[Line] = []
    with ProcessPoolExecutor(max(1, given.jobs), multiprocessing.get_context("spawn")) as pool:
        for line in pool.map(play, *zip(*tasks, strict=True)):
            print(line.text(), flush=True)
            lines.append(line)
    wrong = problems(lines, families)
    controls = sum(bool(line.control) for line in lines)
    states = sum(line.outcome.states for line in lines)
    print(
        f"{len(lines) - controls} games and {controls} controls, {states:,} states, "
        f"{time.monotonic() - started:.0f} s: {'; '.join(wrong) or 'all as expected'}"
    )
    return bool(wrong)
