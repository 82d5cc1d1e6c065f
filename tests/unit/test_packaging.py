"""What the wheel says of itself: every package that is imported is declared, by a range, and each extra is known."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from layer2.cli.common.extras import EXTRAS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported() -> dict[str, set[str]]:
    """Return the packages of others that the library imports, each with the files that do."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in {one.partition(".")[0] for one in names} - set(sys.stdlib_module_names) - {"layer2"}:
                found.setdefault(name, set()).add(path.name)
    return found


def declared() -> set[str]:
    """Return the names of all distributions that a plain installation and the extras bring."""
    rows = [*PROJECT["dependencies"], *(row for extra in PROJECT["optional-dependencies"].values() for row in extra)]
    return {row.partition(">")[0].strip() for row in rows}


def distributions() -> dict[str, set[str]]:
    """Return the distributions that bring each importable package, in the form in which names are compared."""
    return {
        name: {one.replace("_", "-").lower() for one in brought} for name, brought in packages_distributions().items()
    }


def test_every_package_that_is_imported_is_declared() -> None:
    brought = distributions()
    missing = {name: files for name, files in imported().items() if not brought.get(name, set()) & declared()}
    assert missing == {}


def test_versions_are_ranges_and_the_lock_pins_them() -> None:
    rows = [*PROJECT["dependencies"], *(row for extra in PROJECT["optional-dependencies"].values() for row in extra)]
    assert all(">=" in row and ",<" in row and "==" not in row for row in rows)
    pinned = {one["name"] for one in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]}
    assert {name.lower() for name in declared()} <= pinned


@pytest.mark.parametrize("package", sorted(EXTRAS))
def test_the_extra_that_a_missing_package_is_told_by_is_there(package: str) -> None:
    names = {row.partition(">")[0] for row in PROJECT["optional-dependencies"][EXTRAS[package]]}
    assert distributions()[package] & names
