"""Imports go down the floors and packages only, ape stays in its rooms, and files stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "layer2"

FLOORS = {
    "primitives": 1,
    "ethereum": 2,
    "store": 2,
    "node": 3,
    "channels": 4,
    "rollup": 4,
    "plasma": 4,
    "ape": 5,
    "api": 5,
    "testing": 5,
    "cli": 6,
}
# `layer2` itself holds the version and public names, `artifacts` holds data.
GROUND = {"", "artifacts"}
# Packages of a family, each of which imports only from those before it; "" is the family's own root.
PACKAGES = {
    "channels": ["bindings", "protocol", "contract", "model", "party", "", "watchtower"],
    "rollup": ["protocol", "state", "l1", "derivation", "sequencer", "validator", "wallet", ""],
    "plasma": [
        "protocol",
        "common",
        "common/watcher",
        "payments",
        "payments/bindings",
        "payments/chain",
        "payments/model",
        "payments/utxo",
        "payments/operator",
        "payments/watcher",
        "payments/wallet",
        "coins/bindings",
        "coins/protocol",
        "coins/chain",
        "coins/model",
        "coins/operator",
        "coins/watcher",
        "coins/wallet",
        "coins",
        "",
    ],
    "api": ["", "http", "rollup", "plasma"],
    "cli": ["common", "deploy", "", "channels", "rollup", "coins", "plasma"],
    "testing": [
        "",
        "contracts",
        "revert_checks",
        "fuzz",
        "adversaries",
        "adversaries/channels",
        "adversaries/rollup",
        "adversaries/payments",
        "adversaries/coins",
        "search",
        "search/channels",
        "search/rollup",
        "search/payments",
        "search/coins",
        "search/plasma",
    ],
}
# Demonstration and measurements lie beside the library, outside the wheel: they import it, and it never imports them.
CHECKOUT = [ROOT / "src" / "layer2_demo", ROOT / "src" / "layer2_bench"]
# Besides the tests, scripts/ and ape_console_extras.py.
APE_ROOM = SOURCE / "ape"

PUBLIC = SOURCE / "__init__.py"

MAX_LINES = 350
# Path: why this file may be longer. An entry whose file became shorter fails the test.
LONG_FILES: dict[str, str] = {}


def imported(source: str, package: str) -> Iterator[str]:
    """Every module that `source` imports, inside functions too; relative ones resolved against `package`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
            # `from layer2 import channels` names the package after the keyword.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room(module: str) -> str | None:
    """The package of ours that `module` lies in, "" for `layer2` itself, None if it is not ours."""
    parts = module.split(".")
    if parts[0] != "layer2":
        return None
    return parts[1] if len(parts) > 1 and (parts[1] in FLOORS or (SOURCE / parts[1]).is_dir()) else ""


def wrong_imports(home: str, source: str, package: str) -> list[str]:
    """What a file of the package `home` imports from its own floor or above."""
    wrong = []
    for module in imported(source, package):
        target = room(module)
        if target is None or target in GROUND or target == home:
            continue
        if FLOORS[target] >= FLOORS.get(home, 0):
            wrong.append(module)
    return wrong


def package(module: str) -> str:
    """The package of ours that a module, or a name in one, lies in, as a folder below its family."""
    parts = module.split(".")[2:]
    family = SOURCE / module.split(".")[1]
    while parts and not family.joinpath(*parts).is_dir():
        parts.pop()
    return "/".join(parts)


def later_packages(family: str, home: str, source: str) -> list[str]:
    """What a file of the package `home` of a family imports from packages that come after it."""
    order = PACKAGES[family]
    wrong = []
    for module in imported(source, ".".join(("layer2", family, *home.split("/")))):
        if module.split(".")[:2] == ["layer2", family] and order.index(package(module)) > order.index(home):
            wrong.append(module)
    return wrong


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


LIBRARY = python_files(SOURCE)
WITHOUT_APE = [path for path in [*LIBRARY, *python_files(ROOT / "tools", *CHECKOUT)] if APE_ROOM not in path.parents]
# Generated modules are as long as their contract.
MEASURED = [
    *(path for path in python_files(ROOT / "src", ROOT / "scripts") if path.parent.name != "bindings"),
    *(path for path in sorted((ROOT / "contracts").rglob("*.sol")) if ".cache" not in path.parts),
]


def test_every_package_has_a_floor() -> None:
    packages = {path.parent.relative_to(SOURCE).parts[0] for path in LIBRARY if path.parent != SOURCE}
    assert packages - GROUND <= set(FLOORS)


def test_imports_go_down_only() -> None:
    wrong = {}
    # `layer2` itself offers public names, which are imported when they are used.
    assert set(imported(PUBLIC.read_text().partition("if TYPE_CHECKING")[0], "layer2")) == {
        "__future__.annotations",
        "typing.TYPE_CHECKING",
        "layer2.primitives.public_names.public_names",
    }
    for path in LIBRARY:
        if path == PUBLIC:
            continue
        folders = path.parent.relative_to(SOURCE).parts
        wrong[name(path)] = wrong_imports(
            folders[0] if folders else "", path.read_text(), ".".join(("layer2", *folders))
        )
    assert {path: modules for path, modules in wrong.items() if modules} == {}


def test_the_library_imports_nothing_that_the_wheel_lacks() -> None:
    outside = tuple(folder.name for folder in CHECKOUT)
    for path in LIBRARY:
        found = [module for module in imported(path.read_text(), "layer2") if module.startswith(outside)]
        assert found == [], name(path)
    assert all(python_files(folder) for folder in CHECKOUT)
    assert next(imported("from layer2_demo import audit", "layer2")).startswith(outside)


@pytest.mark.parametrize("family", PACKAGES)
def test_every_package_of_a_family_has_its_place(family: str) -> None:
    folders = {path.parent.relative_to(SOURCE / family).as_posix() for path in python_files(SOURCE / family)}
    assert {"" if folder == "." else folder for folder in folders} - {""} == set(PACKAGES[family]) - {""}


def test_a_package_imports_only_from_packages_before_it() -> None:
    wrong = {}
    for family in PACKAGES:
        # A package may offer what lies below it.
        for path in python_files(SOURCE / family):
            if path.name != "__init__.py":
                home = "/".join(path.parent.relative_to(SOURCE / family).parts)
                wrong[name(path)] = later_packages(family, home, path.read_text())
    assert {path: modules for path, modules in wrong.items() if modules} == {}


def test_the_lowest_floor_does_no_io() -> None:
    banned = {"web3", "sqlite3", "socket", "asyncio", "requests", "aiohttp", "subprocess", "pathlib", "os", "time"}
    banned |= {"random", "secrets", "eth_account"}
    for path in python_files(SOURCE / "primitives"):
        found = {module.split(".")[0] for module in imported(path.read_text(), "layer2.primitives")}
        assert not found & banned, name(path)


def test_ape_is_imported_in_its_rooms_only() -> None:
    for path in WITHOUT_APE:
        found = {module.split(".")[0] for module in imported(path.read_text(), "layer2")}
        assert not {module for module in found if module == "ape" or module.startswith("ape_")}, name(path)


def test_no_file_is_long_without_a_reason() -> None:
    lines = {name(path): len(path.read_text().splitlines()) for path in MEASURED}
    assert {path: count for path, count in lines.items() if count > MAX_LINES and path not in LONG_FILES} == {}
    assert {path for path in LONG_FILES if lines.get(path, 0) <= MAX_LINES} == set()


def test_every_long_file_is_there_and_says_why() -> None:
    assert len(LONG_FILES) <= 3
    for path, reason in LONG_FILES.items():
        assert (ROOT / path).is_file()
        assert len(reason) > 20


# ------------------------------------------------------------------------------------------- the check can fail


@pytest.mark.parametrize(
    ("home", "source"),
    [
        ("primitives", "import layer2.store.journal"),
        ("store", "from layer2.ethereum import Connection"),
        ("ethereum", "from layer2.store.journal import Journal"),
        ("store", "from layer2.node.intake import Intake"),
        ("node", "from layer2.rollup.sequencer.journal import SequencerJournal"),
        ("channels", "from layer2 import rollup"),
        ("channels", "def late():\n    from layer2.testing import reverts"),
        ("plasma", "from ..channels import Channel"),
        ("testing", "from layer2.ape import signer"),
        ("", "from .primitives import errors"),
    ],
)
def test_an_import_upwards_or_sideways_is_found(home: str, source: str) -> None:
    assert wrong_imports(home, source, f"layer2.{home}".rstrip("."))


@pytest.mark.parametrize(
    ("family", "home", "source"),
    [
        ("channels", "protocol", "from layer2.channels.party.party import Party"),
        ("channels", "party", "from layer2.channels import watchtower"),
        ("plasma", "common/watcher", "from layer2.plasma.payments.chain import contract"),
        ("plasma", "payments/operator", "def late():\n    import layer2.plasma.payments.wallet.wallet"),
        ("rollup", "wallet", "from layer2.rollup.facade import LocalRollup"),
    ],
)
def test_an_import_of_a_later_package_is_found(family: str, home: str, source: str) -> None:
    assert later_packages(family, home, source)


def test_an_import_of_an_earlier_package_or_of_another_family_passes() -> None:
    source = "from layer2.channels.protocol import messages\nfrom layer2.ethereum.sender import Sender"
    assert later_packages("channels", "party", source) == []


@pytest.mark.parametrize(
    ("home", "source"),
    [
        ("channels", "from layer2.store import journal\nfrom layer2.primitives.errors import Layer2Error"),
        ("channels", "from . import ledger\nfrom .node import Node\nimport layer2.channels.contract.channel_view"),
        ("cli", "from layer2 import __version__\nfrom layer2.ape import signer"),
        ("store", "import os\nfrom sqlite3 import connect"),
        ("rollup", "from layer2.node.intake import Intake"),
        ("node", "from layer2.store.journal import Journal"),
    ],
)
def test_an_import_downwards_or_at_home_passes(home: str, source: str) -> None:
    assert wrong_imports(home, source, f"layer2.{home}") == []


def test_the_walk_sees_the_house() -> None:
    assert len(LIBRARY) > 40
    assert any(path.suffix == ".sol" for path in MEASURED)
