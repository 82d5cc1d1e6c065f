"""`layer2 doctor`: checks of the installation."""

from __future__ import annotations

import importlib
import importlib.util
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from layer2.cli.common.tables import show
from layer2.primitives.errors import Layer2Error

__all__ = ["CHECKS", "command"]

MAX_CODE = 24_576
"""Maximum size in bytes of a deployable contract (EIP-170)."""

CHECKS: list[tuple[str, bool, Callable[[], str]]] = []
"""Checks with name, True if required, and a function that returns its result or raises."""


def check(name: str, *, required: bool = True) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register a check under a name."""

    def register(function: Callable[[], str]) -> Callable[[], str]:
        CHECKS.append((name, required, function))
        return function

    return register


@check("Python")
def _python() -> str:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise Layer2Error(f"{platform.python_version()}", hint="use 3.11, 3.12 or 3.13")
    return platform.python_version()


@check("keccak")
def _keccak() -> str:
    from layer2.primitives.hashing import BACKEND, assert_fast_backend

    assert_fast_backend()
    return BACKEND


@check("signatures")
def _signatures() -> str:
    from layer2.primitives.ecdsa import PrivateKey, recover

    key, digest = PrivateKey((1).to_bytes(32, "big")), bytes(32)
    if recover(digest, key.sign(digest)) != key.address:
        raise Layer2Error("coincurve does not recover its own signature", hint="install coincurve again")
    return "coincurve"


@check("channels")
def _channels() -> str:
    return _family("channels", (), ("ChannelHub",))


@check("rollup", required=False)
def _rollup() -> str:
    judges = ("StateVerifier", "SignatureVerifier", "EndpointVerifier")
    return _family("rollup", ("pyblst", "numpy", "numba", "ckzg"), ("Rollup", *judges))


@check("plasma", required=False)
def _plasma() -> str:
    return _family("plasma", (), ("RootChain", "CoinChain"))


@check("contracts")
def _contracts() -> str:
    from layer2.ethereum.artifacts import load_manifest, source_checksum

    packaged = str(load_manifest().get("source_checksum", ""))
    sources = Path(__file__).resolve().parents[3] / "contracts"
    if sources.is_dir() and packaged != source_checksum(sources):
        raise Layer2Error("the packaged contracts are older than contracts/", hint="run: make artifacts")
    return f"sources {packaged[:12]}"


def _family(name: str, needed: tuple[str, ...], contracts: tuple[str, ...]) -> str:
    """Check the packages and contracts of a family, and return the contracts' sizes."""
    from layer2.ethereum.artifacts import load_artifact

    missing = [one for one in needed if importlib.util.find_spec(one) is None]
    if missing:
        raise Layer2Error(f"{', '.join(missing)} not installed", hint=f"pip install 'layer2[{name}]'")
    # An installed package may still fail to load.
    importlib.import_module(f"layer2.{name}.{'hub' if name == 'channels' else 'facade'}")
    made = [load_artifact(one) for one in contracts]
    broken = [one.name for one in made if not 0 < len(one.runtime) <= MAX_CODE]
    if broken:
        raise Layer2Error(f"{', '.join(broken)} cannot be deployed", hint="install layer2 again")
    return ", ".join(f"{one.name} {len(one.runtime):,} bytes" for one in made)


@check("journal")
def _journal() -> str:
    import sqlite3
    import tempfile

    from layer2.store.journal import Journal

    with tempfile.TemporaryDirectory(prefix="layer2-doctor-") as folder:
        path = Path(folder) / "probe.journal"
        with Journal(path, kind="doctor") as journal:
            journal.append_durable("probe", b"1")
        with Journal(path, kind="doctor") as journal:
            if [entry.payload for entry in journal.read("probe")] != [b"1"]:
                raise Layer2Error("the written data could not be read back", hint="check the file system")
    return f"SQLite {sqlite3.sqlite_version}"


@check("in-process chain", required=False)
def _tester() -> str:
    from layer2.ethereum.devnet import tester_connection

    return f"chain {tester_connection(1).chain_id}"


@check("anvil", required=False)
def _anvil() -> str:
    from layer2.ethereum.anvil import find_anvil

    answer = subprocess.run([str(find_anvil()), "--version"], capture_output=True, text=True, timeout=10, check=False)
    return (answer.stdout or answer.stderr).splitlines()[0].strip()


@check("ape", required=False)
def _ape() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"eth-ape {version('eth-ape')}"
    except PackageNotFoundError:
        raise Layer2Error("not installed", hint="pip install 'layer2[ape]' for scripts and console") from None


def _node(network: str) -> str:
    from layer2.cli.common.workspace import resolve_url
    from layer2.ethereum.connection import Connection

    connection = Connection.connect(resolve_url(network))
    kind = "development chain" if connection.is_dev else "chain"
    return f"{kind} {connection.chain_id} at block {connection.block_number():,}"


@click.command("doctor")
@click.option(
    "--network", envvar="LAYER2_NETWORK", show_envvar=True, help="Also try this node (URL, socket path or anvil)."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(network: str | None, as_json: bool) -> int:
    """Check that everything layer2 needs is installed and intact; exit code 2 if a requirement is missing."""
    checks = list(CHECKS)
    if network:
        checks.append((f"node {network}", True, lambda: _node(network)))
    rows: list[dict[str, str]] = []
    for name, required, function in checks:
        try:
            found, state = function(), "ok"
        except (Layer2Error, ImportError, AttributeError, OSError, subprocess.SubprocessError) as failure:
            found, state = str(failure), "missing" if required else "absent"
        rows.append({"name": name, "state": state, "found": found})
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    else:
        _show(rows)
    missing = [row["name"] for row in rows if row["state"] == "missing"]
    if missing:
        click.echo(f"layer2: missing: {', '.join(missing)}", err=True)
    return 2 if missing else 0


def _show(rows: list[dict[str, str]]) -> None:
    table = Table(title="layer2 doctor")
    for title in ("check", "state", "found"):
        table.add_column(title, overflow="fold")
    styles = {"ok": "green", "absent": "yellow", "missing": "red"}
    for row in rows:
        # `Text` prevents square brackets in a hint from being parsed as markup.
        table.add_row(row["name"], Text(row["state"], styles[row["state"]]), Text(row["found"]))
    show(table)
