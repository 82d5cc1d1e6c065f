"""Print the line coverage of each package, and fail if one is below its floor.

 python tools/coverage_report.py                    combine what `coverage run` left, and judge it
 python tools/coverage_report.py --only plasma      packages whose name begins so: for a run of a part of the suite
 python tools/coverage_report.py --markdown         the table in Markdown, for a pull request

`make coverage` runs the whole suite first. The floors are in `tests/coverage_floors.toml`. Machine code (numba) and
processes that a test kills leave no record.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ROOT / "tests" / "coverage_floors.toml"
FOLDER = ROOT / ".build" / "coverage"
SOURCE = PurePosixPath("src/layer2")
DEPTH = 2
"""Levels of packages that have a row of their own."""


@dataclass(frozen=True, slots=True)
class Row:
    """Lines of a package: those that ran, all that can run, and the least percentage of them that must."""

    package: str
    covered: int
    lines: int
    floor: float | None

    @property
    def percent(self) -> float:
        """Percentage of the lines that ran, rounded down to a tenth, so that a floor is not reached by rounding."""
        return int(1000 * self.covered / self.lines) / 10

    @property
    def problem(self) -> str:
        """Sentence that names the fault of the row, or an empty one."""
        if self.floor is None:
            return f"{self.package}: no floor in {FLOORS.relative_to(ROOT)}"
        below = self.percent < self.floor
        return f"{self.package}: {self.percent:.1f} % of the lines ran, the floor is {self.floor:g} %" if below else ""


def package_of(file: str) -> str:
    """Return the package of a file, by at most two names below `layer2`; `layer2` for modules of its root."""
    parts = PurePosixPath(file).relative_to(SOURCE).parts[:-1][:DEPTH]
    return ".".join(parts) or "layer2"


def rows_of(files: Mapping[str, tuple[int, int]], floors: Mapping[str, float]) -> list[Row]:
    """Return a row for each package with lines, from the covered and all lines of each file."""
    sums: dict[str, tuple[int, int]] = {}
    for file, (covered, lines) in files.items():
        have = sums.get(package_of(file), (0, 0))
        sums[package_of(file)] = have[0] + covered, have[1] + lines
    return [Row(name, *sums[name], floors.get(name)) for name in sorted(sums) if sums[name][1]]


def problems_of(rows: list[Row], floors: Mapping[str, float]) -> list[str]:
    """Return a line for each package below its floor or without one, and for each floor without a package."""
    absent = sorted(set(floors) - {row.package for row in rows})
    return [row.problem for row in rows if row.problem] + [f"{name}: a floor, and no such package" for name in absent]


def table(rows: list[Row], markdown: bool = False) -> str:
    """Return the rows as a table in plain text or Markdown, with the sum below."""
    total = Row("all", sum(row.covered for row in rows), sum(row.lines for row in rows), None)
    shape = "| {:<24} | {:>7} | {:>7} | {:>6} |" if markdown else "{:<24} {:>7} {:>7} {:>6}"
    lines = [shape.format("package", "lines", "ran %", "floor")]
    if markdown:
        lines.append("|---|--:|--:|--:|")
    for row in (*rows, *([total] if total.lines else [])):
        floor = "" if row.floor is None else f"{row.floor:g}"
        lines.append(shape.format(row.package, row.lines, f"{row.percent:.1f}", floor))
    return "\n".join(lines)


def measured() -> dict[str, tuple[int, int]]:
    """Combine the data of all processes, and return the covered and all lines of each file of the library."""
    report = FOLDER / "coverage.json"
    coverage = [sys.executable, "-m", "coverage"]
    if any(FOLDER.glob(".coverage.*")):
        subprocess.run([*coverage, "combine", "--append", "--quiet"], cwd=ROOT, check=True)
    subprocess.run([*coverage, "json", "--quiet", "-o", str(report)], cwd=ROOT, check=True)
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    return {
        name: (one["summary"]["covered_lines"], one["summary"]["num_statements"])
        for name, one in files.items()
        if name.startswith(f"{SOURCE}/")
    }


def main() -> int:
    """Print the table; return 1 if a package is below its floor."""
    parser = argparse.ArgumentParser(description="Line coverage by package, each with a floor.")
    parser.add_argument("--only", default="", help="judge packages whose name begins so")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    options = parser.parse_args()
    with FLOORS.open("rb") as file:
        floors = {name: floor for name, floor in tomllib.load(file)["floors"].items() if name.startswith(options.only)}
    rows = [row for row in rows_of(measured(), floors) if row.package.startswith(options.only)]
    problems = problems_of(rows, floors)
    print(table(rows, options.markdown))
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
