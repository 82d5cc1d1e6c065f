"""What must not drift unseen: gas, sizes, storage, selectors; and the rules of the house for contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layer2.channels.bindings.errors import HubError
from layer2.ethereum.artifacts import artifact_names, load_artifact
from layer2.testing.snapshots import Snapshots
from layer2.testing.source_checks import manifest_differences, name_collisions, unused_errors
from layer2_bench.gas_channels import run_gas

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
DEPLOYABLES = (
    "ChannelHub",
    "CoinFlip",
    "Rollup",
    "StateVerifier",
    "SignatureVerifier",
    "EndpointVerifier",
    "RootChain",
    "CoinChain",
)

# Rows that stay above the cheapest system, each for what the extra gas buys.
ABOVE_ANCHOR = {
    "erc20.open": "the hub measures what really arrived, the anchor books what was promised",
    "erc20.fund_peer": "the hub measures what really arrived, the anchor books what was promised",
    "deploy.hub": "one contract for all tokens and all kinds of channels",
}


@pytest.fixture(scope="module")
def snapshots() -> Snapshots:
    return Snapshots(ROOT / "tests" / "snapshots")


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return run_gas()


def test_gas_is_what_it_was(snapshots: Snapshots, measured: dict[str, Any]) -> None:
    figures = {name: row["gas"] for name, row in measured["operations"].items()} | measured["unanchored"]
    snapshots.compare("gas-channels", figures, exact=True)


def test_every_operation_meets_its_target(measured: dict[str, Any]) -> None:
    missed = {name: row for name, row in measured["operations"].items() if row["gas"] > row["target"]}
    assert len(measured["operations"]) == 24
    assert missed == {}


def test_only_reasoned_rows_are_above_their_anchor(measured: dict[str, Any]) -> None:
    anchored = {name: row for name, row in measured["operations"].items() if row["anchor"]}
    above = {name for name, row in anchored.items() if row["gas"] > row["anchor"]["gas"]}
    assert above == set(ABOVE_ANCHOR)


@pytest.mark.anvil
def test_gas_on_anvil_is_the_same(measured: dict[str, Any]) -> None:
    real = run_gas("anvil")["operations"]
    # Timestamps, salts and signatures differ between runs in their zero bytes.
    off = {name: row["gas"] - measured["operations"][name]["gas"] for name, row in real.items()}
    assert {name: by for name, by in off.items() if abs(by) > 600} == {}


@pytest.mark.parametrize("name", DEPLOYABLES)
def test_storage_layout_is_what_it_was(snapshots: Snapshots, name: str) -> None:
    snapshots.storage_layout(load_artifact(name))


@pytest.mark.parametrize("name", DEPLOYABLES)
def test_selectors_are_what_they_were(snapshots: Snapshots, name: str) -> None:
    snapshots.selectors(load_artifact(name))


def test_sizes_are_what_they_were(snapshots: Snapshots) -> None:
    snapshots.sizes(*(load_artifact(name) for name in DEPLOYABLES))


def test_no_error_is_declared_in_vain() -> None:
    assert unused_errors(CONTRACTS) == []


def test_no_two_contracts_share_a_name() -> None:
    assert name_collisions(CONTRACTS) == []


def test_manifests_hold_every_contract() -> None:
    listed = [*artifact_names(), *artifact_names(mocks=True)]
    assert manifest_differences(CONTRACTS, listed) == []


def test_python_errors_mirror_the_hubs_one_to_one() -> None:
    declared = {
        entry["name"]: tuple(item["name"] for item in entry["inputs"])
        for entry in load_artifact("ChannelHub").abi
        if entry["type"] == "error"
    }
    assert {name: kind.FIELDS for name, kind in HubError.kinds().items()} == declared
