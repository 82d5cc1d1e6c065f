"""A deployment record is believed only if the chain confirms it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from layer2.ethereum import devnet
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import deploy
from layer2.ethereum.deployments import Deployment, Registry
from layer2.ethereum.errors import DeploymentMismatch, WrongChain
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak


@pytest.fixture
def record(connection: Connection, operator: Sender) -> Deployment:
    artifact = load_artifact("RevertKinds", mocks=True)
    contract = deploy(operator, artifact)
    assert contract.deployment is not None
    return Deployment.record(connection, artifact, contract.deployment, operator.address)


def test_saved_record_comes_back_and_is_checked(connection: Connection, record: Deployment, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    path = registry.save("kinds", record)
    assert path == tmp_path / str(connection.chain_id) / "kinds.json"
    assert registry.load(connection.chain_id, "kinds", connection) == record
    assert registry.names(connection.chain_id) == ["kinds"]
    assert record.runtime_code_hash == "0x" + keccak(connection.code(record.address)).hex()
    assert [entry.name for entry in path.parent.iterdir()] == ["kinds.json"]


def test_record_of_an_unknown_name_says_what_there_is(
    connection: Connection, record: Deployment, tmp_path: Path
) -> None:
    registry = Registry(tmp_path)
    registry.save("kinds", record)
    with pytest.raises(DeploymentMismatch, match="recorded: kinds"):
        registry.load(connection.chain_id, "hub", connection)


def test_changed_code_is_refused(connection: Connection, record: Deployment, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.save("kinds", replace(record, runtime_code_hash="0x" + "11" * 32))
    with pytest.raises(DeploymentMismatch, match="code hash"):
        registry.load(connection.chain_id, "kinds", connection)


def test_address_without_code_is_refused(record: Deployment, tmp_path: Path) -> None:
    fresh = devnet.tester_connection()
    record = replace(record, chain_id=fresh.chain_id)
    Registry(tmp_path).save("kinds", record)
    with pytest.raises(DeploymentMismatch, match="no code"):
        Registry(tmp_path).load(fresh.chain_id, "kinds", fresh)


def test_record_of_another_chain_is_refused(connection: Connection, record: Deployment, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.save("kinds", replace(record, chain_id=1))
    with pytest.raises(WrongChain):
        registry.load(1, "kinds", connection)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": "0x12"}', '{"chain_id": 1, "colour": "red"}'])
def test_damaged_file_is_refused(connection: Connection, tmp_path: Path, text: str) -> None:
    folder = tmp_path / str(connection.chain_id)
    folder.mkdir()
    (folder / "kinds.json").write_text(text)
    with pytest.raises(MalformedError):
        Registry(tmp_path).load(connection.chain_id, "kinds", connection)


@pytest.mark.parametrize("name", ["", "../kinds", "a/b", ".hidden", "x" * 101])
def test_name_that_leaves_the_folder_is_refused(record: Deployment, tmp_path: Path, name: str) -> None:
    with pytest.raises(MalformedError):
        Registry(tmp_path).save(name, record)


def test_constructor_arguments_are_stored_as_json(connection: Connection, operator: Sender, tmp_path: Path) -> None:
    artifact = load_artifact("RevertKinds", mocks=True)
    taking = replace(
        artifact,
        abi=[
            *artifact.abi,
            {
                "type": "constructor",
                "inputs": [{"name": "window", "type": "uint256"}, {"name": "tag", "type": "bytes4"}],
            },
        ],
    )
    args = (2**200, b"\x01\x02\x03\x04")
    contract = deploy(operator, taking, *args)
    assert contract.deployment is not None
    record = Deployment.record(connection, taking, contract.deployment, operator.address, args)
    path = Registry(tmp_path).save("kinds", record)
    assert json.loads(path.read_text())["constructor_args"] == [str(2**200), "0x01020304"]
