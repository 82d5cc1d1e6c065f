"""Print which gas figures differ from those of another commit, as a table in Markdown.

 python tools/gas_difference.py origin/main

Compared are the committed snapshots (`tests/snapshots/gas-*.json`), which a test holds against the contracts, and the
measurements (`bench/results/*gas.json`). The script needs only the standard library and git.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = ("tests/snapshots/gas-*.json", "bench/results/*gas.json")


def figures(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, int]]:
    """Yield every whole number of a JSON document with the names that lead to it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from figures(inner, (*path, str(name)))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield " ".join(path), value


def changes(before: Any, after: Any) -> list[tuple[str, int | None, int | None]]:
    """Return each figure that differs, with its value before and after; None where it is absent."""
    old, new = dict(figures(before)), dict(figures(after))
    return [(name, old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)]


def row(name: str, old: int | None, new: int | None) -> str:
    """Return a row of the table."""
    shown = ["" if one is None else f"{one:,}" for one in (old, new)]
    change = f"{new - old:+,} ({100 * (new - old) / old:+.1f} %)" if old and new is not None else ""
    return f"| {name} | {shown[0]} | {shown[1]} | {change} |"


def at_commit(commit: str, name: str) -> Any:
    """Return a JSON file as it is at a commit, or an empty mapping if it is not there."""
    command = ["git", "show", f"{commit}:{name}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def main(arguments: list[str]) -> int:
    """Print the table, or one line if nothing differs; return 2 if the commit is unknown."""
    if len(arguments) != 1:
        print("usage: gas_difference.py COMMIT", file=sys.stderr)
        return 2
    known = subprocess.run(["git", "rev-parse", "--verify", "-q", f"{arguments[0]}^{{commit}}"], cwd=ROOT, check=False,
                           stdout=subprocess.DEVNULL)  # fmt: skip
    if known.returncode:
        print(f"gas_difference.py: no commit {arguments[0]}", file=sys.stderr)
        return 2
    rows = []
    for path in sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern)):
        name = path.relative_to(ROOT).as_posix()
        found = changes(at_commit(arguments[0], name), json.loads(path.read_text(encoding="utf-8")))
        rows += [row(f"{path.stem}: {figure}", old, new) for figure, old, new in found]
    if rows:
        print("\n".join(["| gas | before | after | change |", "|---|--:|--:|--:|", *rows]))
    else:
        print("No gas figure differs.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
