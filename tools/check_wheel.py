"""Build the wheel, install it into fresh environments, and probe what a user gets.

 python tools/check_wheel.py                              every Python of `requires-python` that is found here
 python tools/check_wheel.py --python 3.12                one Python, which must be found
 python tools/check_wheel.py --extra rollup --extra ""    some extras only; "" is the plain installation

Each environment holds the wheel plainly, with one extra, or with all of them; `wheel_probe.py` then runs in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".venv" / "bin" / "uv"
PROBE = ROOT / "tools" / "wheel_probe.py"
README = ROOT / "README.md"

NEEDED = ("layer2/py.typed", "layer2/artifacts/manifest.json", "layer2/contracts/interfaces/IChannelHub.sol")
UNWANTED = ("layer2_demo/", "layer2_bench/", "tests/", "layer2/artifacts/mocks.json")
PREFIX = "Programming Language :: Python :: 3."
WITHOUT_APE = 13
"""First minor version of Python for which the extra `ape` installs nothing."""


def project() -> dict[str, Any]:
    """Return the `[project]` table of pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        table: dict[str, Any] = tomllib.load(file)["project"]
    return table


def pythons(classifiers: Sequence[str]) -> list[str]:
    """Return the versions of Python that the classifiers name."""
    return [f"3.{row.removeprefix(PREFIX)}" for row in classifiers if row.startswith(PREFIX)]


def content_problems(names: Sequence[str]) -> list[str]:
    """Return a line for each file that the wheel lacks, and for each that belongs to a checkout only."""
    lacking = [f"the wheel lacks {name}" for name in NEEDED if name not in names]
    return lacking + [f"the wheel holds {name}" for name in names if name.startswith(UNWANTED)]


def extras_of(chosen: Sequence[str], python: str) -> list[str]:
    """Return those of the extras that install something on a Python."""
    late = int(python.partition(".")[2]) >= WITHOUT_APE
    return [extra for extra in chosen if not (late and extra == "ape")]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command outside the checkout's own environment, and return its result."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True, check=False)


def build(folder: Path) -> Path:
    """Build the wheel into a folder and return its path."""
    built = run(UV, "build", "--quiet", "--wheel", ROOT, "--out-dir", folder)
    if built.returncode:
        raise SystemExit(f"the wheel cannot be built:\n{built.stderr}")
    return next(folder.glob("*.whl"))


def probe(wheel: Path, python: str, extras: Sequence[str], folder: Path) -> bool:
    """Install the wheel with extras into a new environment, probe it, and print the result; True if all is well."""
    title = f"Python {python}, {'layer2[' + ','.join(extras) + ']' if extras else 'layer2'}:"
    wanted = f"layer2[{','.join(extras)}] @ {wheel.as_uri()}"
    steps: tuple[tuple[str | Path, ...], ...] = (
        (UV, "venv", "--quiet", "--python", python, folder),
        (UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", wanted),
        (folder / "bin" / "layer2", "--version"),
        (folder / "bin" / "python", "-I", PROBE, README, *extras),
    )
    done = None
    for step in steps:
        done = run(*step)
        if done.returncode:
            print(title, "failed:", " ".join(str(part) for part in step[:3]), done.stdout + done.stderr, flush=True)
            return False
    print(title, done.stdout.strip() if done else "", flush=True)
    return True


def main() -> int:
    """Probe every chosen combination; return 1 if one fails."""
    table = project()
    parser = argparse.ArgumentParser(description="Build the wheel, install it afresh, and probe it.")
    parser.add_argument("--python", action="append", help="a version of Python that must be here (default: all found)")
    parser.add_argument("--extra", action="append", help='an extra, or "" for the plain installation (default: each)')
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="layer2-wheel-") as name:
        folder = Path(name)
        wheel = build(folder)
        with zipfile.ZipFile(wheel) as packed:
            for problem in content_problems(packed.namelist()):
                print(problem)
                failed = True
        for python in options.python or pythons(table["classifiers"]):
            if run(UV, "python", "find", "--no-python-downloads", python).returncode:
                print(f"Python {python}: not found", flush=True)
                failed |= bool(options.python)
                continue
            known = extras_of(list(table["optional-dependencies"]), python)
            each = [[], *([extra] for extra in known), known]
            chosen = [[extra] if extra else [] for extra in extras_of(options.extra, python)] if options.extra else each
            for number, extras in enumerate(chosen):
                failed |= not probe(wheel, python, extras, folder / f"{python}-{number}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
