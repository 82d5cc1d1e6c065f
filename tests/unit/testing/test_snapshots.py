from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.testing.snapshots import UPDATE_VARIABLE, Snapshots, selectors_of, storage_layout_of


@dataclass
class FakeReceipt:
    gas_used: int


def test_gas_is_recorded_then_compared_and_drift_fails(tmp_path: Path) -> None:
    Snapshots(tmp_path, update=True).gas("hub", "open a channel with ether", FakeReceipt(100))
    compare = Snapshots(tmp_path, update=False)
    assert compare.gas("hub", "open a channel with ether", FakeReceipt(100)) == 100
    with pytest.raises(AssertionError, match=r"open a channel with ether: 100 -> 97 \(-3\)"):
        compare.gas("hub", "open a channel with ether", FakeReceipt(97))
    with pytest.raises(AssertionError, match="close a channel: new: 5"):
        compare.gas("hub", "close a channel", FakeReceipt(5))


def test_the_environment_decides_between_comparing_and_updating(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(UPDATE_VARIABLE, raising=False)
    assert not Snapshots(tmp_path).update
    monkeypatch.setenv(UPDATE_VARIABLE, "1")
    assert Snapshots(tmp_path).update


def test_an_update_keeps_other_sentences_and_sorts(tmp_path: Path) -> None:
    update = Snapshots(tmp_path, update=True)
    update.gas("hub", "z comes last", FakeReceipt(2))
    update.gas("hub", "a comes first", FakeReceipt(1))
    text = (tmp_path / "gas-hub.json").read_text()
    assert list(json.loads(text)) == ["a comes first", "z comes last"]
    assert text.endswith("}\n")


def test_a_gas_key_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sentence"):
        Snapshots(tmp_path, update=True).gas("hub", "open", FakeReceipt(1))


def test_an_exact_snapshot_notices_what_is_gone(tmp_path: Path) -> None:
    Snapshots(tmp_path, update=True).compare("sizes", {"one": 1, "two": 2}, exact=True)
    with pytest.raises(AssertionError, match=r"two: gone \(was 2\)"):
        Snapshots(tmp_path, update=False).compare("sizes", {"one": 1}, exact=True)
    Snapshots(tmp_path, update=False).compare("sizes", {"one": 1})


def test_the_size_limit_is_inclusive(tmp_path: Path) -> None:
    artifact = load_artifact("SmartWallet", mocks=True)
    update = Snapshots(tmp_path, update=True)
    update.sizes(replace(artifact, runtime=bytes(24_576)))
    with pytest.raises(AssertionError, match="24577 bytes"):
        update.sizes(replace(artifact, runtime=bytes(24_577)))


def test_changed_init_code_is_drift(tmp_path: Path) -> None:
    artifact = load_artifact("SmartWallet", mocks=True)
    Snapshots(tmp_path, update=True).sizes(artifact)
    compare = Snapshots(tmp_path, update=False)
    compare.sizes(artifact)
    with pytest.raises(AssertionError, match="SmartWallet"):
        compare.sizes(replace(artifact, bytecode=artifact.bytecode + b"\x00"))


def test_storage_layout_opens_structs(tmp_path: Path) -> None:
    layout = storage_layout_of(load_artifact("ReentrantReceiver", mocks=True))
    assert layout["target"] == {"slot": 0, "offset": 0, "bytes": 20, "type": "address"}
    members = layout["record"]["members"]
    assert {name: (one["slot"], one["offset"]) for name, one in members.items()} == {
        "remaining": (0, 0),
        "attempts": (0, 4),
        "successes": (0, 8),
        "reason": (0, 12),
        "inside": (0, 16),
        "used": (0, 17),
    }


def test_selectors_name_functions_errors_and_events(tmp_path: Path) -> None:
    selectors = selectors_of(load_artifact("MockToken", mocks=True))
    assert selectors["function transfer(address,uint256)"] == "0xa9059cbb"
    assert selectors["function permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"] == "0xd505accf"
    assert selectors["error ERC20InsufficientBalance(address,uint256,uint256)"] == "0xe450d38c"
    assert selectors["event Transfer(address,address,uint256)"] == (
        "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    )
    artifact = load_artifact("MockToken", mocks=True)
    Snapshots(tmp_path, update=True).selectors(artifact)
    Snapshots(tmp_path, update=False).selectors(artifact)
    fewer = [entry for entry in artifact.abi if entry["type"] != "error"]
    with pytest.raises(AssertionError, match=r"gone"):
        Snapshots(tmp_path, update=False).selectors(replace(artifact, abi=fewer))
