"""Keep how long each test module takes, so that the longest start first and `make test` leaves the slow ones out.

`make durations` runs the whole suite and writes `tests/durations.json`: seconds of one core for each module that takes
a second or more. The figures decide only about order and selection, so they are measured again when the suite's time
has moved, not with each change.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
DURATIONS = ROOT / "tests" / "durations.json"
LEAST = 1.0


def seconds_by_module(reports: Iterable[Path]) -> dict[str, float]:
    """Read JUnit reports of pytest and return the seconds of each module, longest first.

    A module that is in several reports counts with the sum: its tests are spread over them.
    """
    spent: dict[str, float] = defaultdict(float)
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            spent[module_path(case.get("classname", ""))] += float(case.get("time", 0))
    longest_first = sorted(spent.items(), key=lambda row: -row[1])
    return {name: round(taken, 1) for name, taken in longest_first if taken >= LEAST}


def module_path(classname: str) -> str:
    """Return the path of a test module from JUnit's dotted name, which may end in a class."""
    parts = classname.split(".")
    last = max(at for at, part in enumerate(parts) if part.startswith("test_"))
    return "/".join(parts[: last + 1]) + ".py"


def main() -> None:
    """Write the table of the reports given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["test", "anvil"], help="which run the reports are of")
    parser.add_argument("reports", nargs="+", type=Path, help="files written by pytest --junitxml")
    wanted = parser.parse_args()
    table = json.loads(DURATIONS.read_text(encoding="utf-8")) if DURATIONS.exists() else {}
    table[wanted.kind] = seconds_by_module(wanted.reports)
    DURATIONS.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{len(table[wanted.kind])} modules, {sum(table[wanted.kind].values()):.0f} s of one core")


if __name__ == "__main__":
    main()
