"""What the wheel says of itself: every package that is imported is declared, by a range, and each extra is known."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported() -> dict[str, set[str]]:
    """Return the packages of others that the library imports, each with the files that do."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "src" / "layer2").rglob("*.py"):
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


@cache
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


def optional_imports(source: str) -> Iterator[tuple[str, str]]:
    """Yield each package that a file imports outside `if TYPE_CHECKING`, with the extra it is imported under, or ""."""

    def walk(node: ast.AST, extra: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], extra) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], extra
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        elif isinstance(node, ast.With):
            found = re.fullmatch(r"needs\('(\w+)'\)", ast.unparse(node.items[0].context_expr))
            extra = found[1] if found else extra
        for child in ast.iter_child_nodes(node):
            yield from walk(child, extra)

    yield from walk(ast.parse(source), "")


def undeclared(source: str) -> list[tuple[str, str]]:
    """Return the imports that fail on a plain installation without naming an extra that brings the package."""
    names = {row: {one.partition(">")[0] for one in PROJECT["optional-dependencies"][row]} for row in EXTRAS}
    plain = {row.partition(">")[0] for row in PROJECT["dependencies"]}
    brought = distributions()
    wrong = []
    for package, extra in optional_imports(source):
        if package in sys.stdlib_module_names or package == "layer2" or brought.get(package, set()) & plain:
            continue
        if not brought.get(package, set()) & names.get(extra, set()):
            wrong.append((package, extra))
    return wrong


EXTRAS = PROJECT["optional-dependencies"]


def test_every_import_of_an_optional_package_names_its_extra() -> None:
    library = [path for path in (ROOT / "src" / "layer2").rglob("*.py") if path.parent.name != "ape"]
    assert {path.name: wrong for path in library if (wrong := undeclared(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "def late():\n    from numba import njit",
        'with needs("devnet"):\n    import pyblst',
        'with needs("none"):\n    import numpy',
        "with suppress(ImportError):\n    import numpy",
    ],
)
def test_an_optional_package_without_its_extra_is_found(source: str) -> None:
    assert undeclared(source)


@pytest.mark.parametrize(
    "source",
    [
        'with needs("rollup"):\n    import numpy as np',
        "import json, web3",
        "from layer2.rollup import Wallet",
        "if TYPE_CHECKING:\n    from eth_tester import EthereumTester",
    ],
)
def test_an_optional_package_with_its_extra_passes(source: str) -> None:
    assert undeclared(source) == []
