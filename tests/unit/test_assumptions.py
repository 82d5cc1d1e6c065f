"""Facts about our dependencies that the code relies on: an upgrade that changes one fails here, by name."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SOLC = "0.8.37"
SOLC_BUILD = "0.8.37+commit.f401782d"


def toml(name: str) -> dict[str, Any]:
    with (ROOT / name).open("rb") as file:
        return tomllib.load(file)


@pytest.fixture(scope="module")
def ape_config() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "ape-config.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def forge_profile() -> dict[str, Any]:
    return dict(toml("foundry.toml")["profile"]["default"])


@pytest.mark.parametrize(
    ("package", "pinned"),
    [
        ("eth-ape", "0.8.51"),
        ("ape-foundry", "0.8.12"),
        ("ape-solidity", "0.8.6"),
        ("evm-trace", "0.2.6"),
        ("web3", "7.16.0"),
        ("eth-account", "0.13.7"),
        ("eip712", "0.3.3"),
        ("eth-tester", "0.13.0b1"),
        ("py-evm", "0.12.1b1"),
        ("coincurve", "21.0.0"),
    ],
)
def test_pin_is_what_is_installed(package: str, pinned: str) -> None:
    assert version(package) == pinned


def test_every_tool_of_the_workshop_is_pinned_exactly() -> None:
    """What the wheel needs is declared by ranges (`test_packaging`), and pinned in the lock."""
    groups = toml("pyproject.toml")["dependency-groups"]
    declared = [entry for entries in groups.values() for entry in entries]
    loose = [entry for entry in declared if "==" not in entry and not entry.startswith("layer2[")]
    assert not loose


def test_ape_is_left_out_where_the_numpy_it_needs_has_no_wheels() -> None:
    project = toml("pyproject.toml")["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert all(one.endswith("python_version < '3.13'") for one in project["optional-dependencies"]["ape"])
    assert (3, 11) <= sys.version_info[:2] <= (3, 12)
    assert version("numpy").startswith("1.26.")


def test_ape_plugins_named_in_config_are_the_installed_ones(ape_config: dict[str, Any]) -> None:
    for plugin in ape_config["plugins"]:
        assert version(f"ape-{plugin['name']}") == plugin["version"]


def test_keccak_backend_is_the_compiled_one() -> None:
    from eth_hash.auto import keccak

    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert type(keccak.hasher).__module__ in ("builtins", "eth_hash.backends.pysha3") or "sha3" in repr(keccak.hasher)


def test_eth_keys_picks_coincurve_by_itself() -> None:
    from eth_keys.backends import get_backend
    from eth_keys.backends.coincurve import CoinCurveECCBackend

    assert isinstance(get_backend(), CoinCurveECCBackend)


def test_eth_account_signs_low_s() -> None:
    from eth_account import Account

    half = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2
    account = Account.from_key(b"\x01" * 32)
    assert all(account.unsafe_sign_hash(bytes([n]) * 32).s <= half for n in range(1, 65))


def test_eip712_domain_override_leaks_to_the_class() -> None:
    """The reason for our own typed messages; if this fails the library was repaired and the note can go."""
    from eip712.messages import EIP712Domain, EIP712Message
    from eth_pydantic_types import abi

    class Leaky(EIP712Message):
        eip712_domain = EIP712Domain(name="leaky", chainId=1)
        value: abi.uint256

    before = Leaky(value=1).signable_message.header
    assert Leaky(value=1).signable_message.header == before
    Leaky(value=1, eip712_chainId=2)
    assert Leaky(value=1).signable_message.header != before


def test_solc_for_py_solc_x_is_the_pinned_build() -> None:
    from solcx.install import get_executable

    done = subprocess.run([get_executable(SOLC), "--version"], capture_output=True, text=True, check=True)
    assert SOLC_BUILD in done.stdout


def test_solc_compiles_standard_json() -> None:
    import solcx

    source = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37; contract Empty {}"
    settings = {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}, "evmVersion": "prague"}
    given = {"language": "Solidity", "sources": {"Empty.sol": {"content": source}}, "settings": settings}
    compiled = solcx.compile_standard(given, solc_version=SOLC)
    assert compiled["contracts"]["Empty.sol"]["Empty"]["evm"]["bytecode"]["object"]


def test_one_compiler_version_everywhere(ape_config: dict[str, Any], forge_profile: dict[str, Any]) -> None:
    assert str(ape_config["solidity"]["version"]) == SOLC
    assert forge_profile["solc"] == f".venv/solcx/solc-v{SOLC}"
    assert json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]["solc"] == SOLC
    bootstrap = (ROOT / "tools" / "bootstrap_solc.py").read_text(encoding="utf-8")
    assert f'BUILD = "{SOLC_BUILD}"' in bootstrap


def test_ape_and_forge_compile_alike(ape_config: dict[str, Any], forge_profile: dict[str, Any]) -> None:
    solidity = ape_config["solidity"]
    assert solidity["evm_version"] == forge_profile["evm_version"] == ape_config["foundry"]["evm_version"]
    assert solidity["via_ir"] is forge_profile["via_ir"]
    assert solidity["optimize"] is forge_profile["optimizer"]
    assert solidity["optimization_runs"] == forge_profile["optimizer_runs"]
    assert solidity["import_remapping"] == forge_profile["remappings"]
    assert ape_config["contracts_folder"] == forge_profile["src"]


def test_default_chain_is_in_process_and_anvil_gets_its_own_port(ape_config: dict[str, Any]) -> None:
    assert ape_config["ethereum"]["local"]["default_provider"] == "test"
    assert ape_config["foundry"]["host"] == "auto"


def test_anvil_is_the_platform_binary_not_the_npm_wrapper() -> None:
    found = shutil.which("anvil")
    if found is None:
        pytest.skip("no anvil is published for this machine")
    with open(found, "rb") as file:
        assert file.read(2) != b"#!"
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    assert re.search(r"1\.7\.1", done.stdout)


def test_eth_tester_runs_prague() -> None:
    from eth_tester import EthereumTester, PyEVMBackend

    block = EthereumTester(PyEVMBackend()).get_block_by_number("latest")
    assert "blob_gas_used" in block


def test_sqlite_offers_write_ahead_logging(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "probe.db") as database:
        assert database.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    assert sqlite3.sqlite_version_info >= (3, 35)
