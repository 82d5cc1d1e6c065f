"""The project's own tools: what they must notice, and what they must not be fooled by."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_under_test", ROOT / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def artifacts() -> ModuleType:
    return load("compile_artifacts")


@pytest.fixture
def slither() -> ModuleType:
    return load("run_slither")


def finding(impact: str, check: str = "reentrancy-eth", description: str = "Hub.close (Hub.sol)") -> dict[str, Any]:
    return {"impact": impact, "check": check, "description": description}


def test_checksum_depends_on_contents_paths_and_settings(artifacts: ModuleType) -> None:
    files = {"contracts/a.sol": b"a", "contracts/b.sol": b"b"}
    base = artifacts.source_checksum(files, {"runs": 1})
    assert artifacts.source_checksum(dict(reversed(files.items())), {"runs": 1}) == base
    assert artifacts.source_checksum({**files, "contracts/a.sol": b"c"}, {"runs": 1}) != base
    assert artifacts.source_checksum({"contracts/a.sol": b"a", "contracts/c.sol": b"b"}, {"runs": 1}) != base
    assert artifacts.source_checksum(files, {"runs": 2}) != base


def test_storage_layout_does_not_depend_on_syntax_tree_ids(artifacts: ModuleType) -> None:
    def layout(first: int, second: int) -> dict[str, Any]:
        kind = f"t_mapping(t_struct(Key){first}_storage,t_struct(State){second}_storage)"
        return {
            "storage": [{"astId": first, "slot": "0", "type": kind}],
            "types": {kind: {"label": "mapping"}},
        }

    assert artifacts.stable_layout(layout(12, 345)) == artifacts.stable_layout(layout(7, 8))
    assert artifacts.stable_layout(layout(12, 345)) != artifacts.stable_layout(layout(7, 7))


def test_stale_manifest_is_named_and_a_current_one_is_not(artifacts: ModuleType, tmp_path: Path) -> None:
    fresh = {"compiler": {}, "source_checksum": "1", "contracts": {"Hub": {"abi": []}}}
    stored = tmp_path / "manifest.json"
    assert artifacts.differences(stored, fresh) == ["manifest.json is missing"]
    stored.write_text(artifacts.text(fresh), encoding="utf-8")
    assert artifacts.differences(stored, fresh) == []
    changed = {**fresh, "contracts": {"Hub": {"abi": [1]}}}
    assert artifacts.differences(stored, changed) == ["manifest.json: Hub"]
    assert artifacts.differences(stored, {**fresh, "source_checksum": "2"}) == [
        "manifest.json: compiler or source checksum"
    ]


@pytest.mark.parametrize(
    ("output", "count"),
    [
        ("INFO:Slither:. analyzed (33 contracts with 102 detectors), 39 result(s) found", 33),
        ("INFO:Slither:. analyzed (0 contracts with 102 detectors), 0 result(s) found", 0),
        ("", 0),
    ],
)
def test_number_of_analysed_contracts_is_read(slither: ModuleType, output: str, count: int) -> None:
    assert slither.analysed(output) == count


def test_only_accepted_findings_pass(slither: ModuleType) -> None:
    accepted = [{"check": "reentrancy-eth", "where": "Hub.close", "reason": "checked"}]
    assert slither.judge([finding("High"), finding("Low", "naming")], accepted) == ([], [])
    other = finding("Medium", description="Hub.open (Hub.sol)")
    assert slither.judge([finding("High"), other], accepted) == ([other], [])


def test_acceptance_that_matches_nothing_is_reported(slither: ModuleType) -> None:
    accepted = [{"check": "reentrancy-eth", "where": "Hub.gone", "reason": "checked"}]
    assert slither.judge([], accepted) == ([], accepted)


def test_acceptance_without_a_reason_is_refused(
    slither: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = tmp_path / "allow.toml"
    monkeypatch.setattr(slither, "ALLOWED", allowed)
    allowed.write_text('[[allow]]\ncheck = "a"\nwhere = "b"\nreason = "c"\n')
    assert len(slither.allowances()) == 1
    allowed.write_text('[[allow]]\ncheck = "a"\nwhere = "b"\nreason = " "\n')
    with pytest.raises(SystemExit, match="needs check, where and reason"):
        slither.allowances()
