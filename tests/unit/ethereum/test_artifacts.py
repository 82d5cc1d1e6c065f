"""Packaged artifacts load by name; what is missing is said."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest

from layer2.ethereum.artifacts import artifact_names, load_artifact, load_manifest, source_checksum
from layer2.ethereum.contract import init_code
from layer2.ethereum.errors import AbiError, ArtifactError
from layer2.primitives.hashing import keccak


def test_every_packaged_mock_loads_and_its_selectors_are_those_of_its_abi() -> None:
    assert artifact_names(mocks=True)
    for name in artifact_names(mocks=True):
        artifact = load_artifact(name, mocks=True)
        assert artifact.name == name
        for signature, selector in artifact.method_identifiers.items():
            assert keccak(signature.encode())[:4].hex() == selector


def test_packaged_manifests_are_compiled_from_the_sources_of_this_checkout() -> None:
    contracts = Path(__file__).parents[3] / "contracts"
    for mocks in (False, True):
        assert source_checksum(contracts) == load_manifest(mocks)["source_checksum"], "run: make compile"


def test_unknown_contract_is_refused_with_the_known_names() -> None:
    with pytest.raises(ArtifactError, match="RevertKinds"):
        load_artifact("NoSuchContract", mocks=True)


def test_wrong_constructor_arguments_and_interfaces_are_refused() -> None:
    artifact = load_artifact("RevertKinds", mocks=True)
    assert init_code(artifact) == artifact.bytecode
    with pytest.raises(AbiError, match="1 arguments given, 0 needed"):
        init_code(artifact, [1])
    with pytest.raises(AbiError, match="interface"):
        init_code(load_artifact("ITokensReceived", mocks=True))


def test_checksum_follows_names_and_content_of_the_sources(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    source = tmp_path / "lib" / "A.sol"
    source.write_text("contract A {}")
    compiler = {"version": "0.8.37"}
    first = source_checksum(tmp_path, compiler)
    assert source_checksum(tmp_path, {"version": "0.8.36"}) != first
    (tmp_path / "notes.txt").write_text("not a source")
    assert source_checksum(tmp_path, compiler) == first
    source.write_text("contract A { }")
    second = source_checksum(tmp_path, compiler)
    source.rename(tmp_path / "A.sol")
    assert len({first, second, source_checksum(tmp_path, compiler)}) == 3


def test_a_run_on_artifacts_of_other_sources_is_stopped(tmp_path: Path) -> None:
    from tests.conftest import require_fresh

    contracts = Path(__file__).parents[3] / "contracts"
    require_fresh(contracts)
    changed = tmp_path / "contracts"
    shutil.copytree(contracts, changed, ignore=shutil.ignore_patterns(".cache"))
    require_fresh(changed)
    source = changed / "lib" / "Words.sol"
    source.write_text(source.read_text() + "\n// A comment counts, too.\n")
    with pytest.raises(pytest.UsageError, match="make artifacts"):
        require_fresh(changed)


def test_a_wheel_has_no_mocks_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "artifacts").mkdir()
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    load_manifest.cache_clear()
    try:
        with pytest.raises(ArtifactError, match=r"mocks\.json is missing; mocks are part of a checkout"):
            load_artifact("MockToken", mocks=True)
        with pytest.raises(ArtifactError, match=r"manifest\.json is missing; install layer2 again"):
            load_artifact("ChannelHub")
    finally:
        load_manifest.cache_clear()
