"""The project's own tools: what they must notice, and what they must not be fooled by."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support.tools import load

ROOT = Path(__file__).resolve().parents[3]


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


def test_the_sources_of_a_contract_are_those_it_imports(artifacts: ModuleType) -> None:
    files = artifacts.closure(artifacts.sources(), "contracts/channels/ChannelHub.sol")
    assert {"contracts/channels/Locks.sol", "contracts/types/Slots.sol", "contracts/lib/Signatures.sol"} <= set(files)
    assert not any(name.startswith("contracts/rollup") for name in files)
    with pytest.raises(artifacts.CompileError, match=r"a.sol imports gone.sol"):
        artifacts.closure({"a.sol": b'import {Gone} from "./gone.sol";'}, "a.sol")


def changed(artifacts: ModuleType, monkeypatch: pytest.MonkeyPatch, *paths: str) -> None:
    """Change sources without a change of their code."""
    files = artifacts.sources()
    monkeypatch.setattr(artifacts, "sources", lambda: files | {path: files[path] + b"\n" for path in paths})


def test_without_a_change_nothing_is_compiled(artifacts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    before = artifacts.stored_manifests()
    monkeypatch.setattr(artifacts, "compile_sources", lambda files, targets: pytest.fail(f"compiles {targets}"))
    assert artifacts.build(before) == (before, {}, [])


def test_a_changed_contract_is_compiled_alone_to_the_same_artifact(
    artifacts: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packaged entry was made with all contracts in one compilation, as `artifacts-check` demands."""
    before = artifacts.stored_manifests()
    changed(artifacts, monkeypatch, "contracts/channels/conditions/CoinFlip.sol")
    after, fresh, left = artifacts.build(before)
    assert (list(fresh), left) == (["CoinFlip"], [])
    assert {file: manifest["contracts"] for file, manifest in after.items()} == {
        file: manifest["contracts"] for file, manifest in before.items()
    }
    assert after["manifest.json"]["source_checksum"] != before["manifest.json"]["source_checksum"]


def test_a_changed_import_makes_its_users_stale(artifacts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def compile_sources(files: object, targets: list[str]) -> list[tuple[str, Any]]:
        asked.extend(targets)
        return []

    monkeypatch.setattr(artifacts, "compile_sources", compile_sources)
    changed(artifacts, monkeypatch, "contracts/channels/Locks.sol")
    artifacts.build(artifacts.stored_manifests())
    assert "contracts/channels/ChannelHub.sol" in asked
    assert "contracts/channels/HubBase.sol" not in asked


def test_names_leave_other_contracts_stale_and_the_manifest_without_a_checksum(
    artifacts: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "contracts/mocks/MockCondition.sol"
    changed(artifacts, monkeypatch, "contracts/channels/conditions/CoinFlip.sol", other)
    partly, fresh, left = artifacts.build(artifacts.stored_manifests(), ["CoinFlip"])
    assert (list(fresh), left) == (["CoinFlip"], [other])
    assert {manifest["source_checksum"] for manifest in partly.values()} == {""}
    whole, fresh, left = artifacts.build(partly)
    assert (list(fresh), left) == (["MockCondition"], [])
    assert "" not in {manifest["source_checksum"] for manifest in whole.values()}
    with pytest.raises(artifacts.CompileError, match="named CoinFlop"):
        artifacts.build(partly, ["CoinFlop"])


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


# ------------------------------------------------------------------------------------------------------------- proofs


@pytest.fixture
def proofs() -> ModuleType:
    return load("run_proofs")


def answer(check: str, code: int, loops: int = 0) -> dict[str, Any]:
    return {"name": f"{check}(uint256)", "exitcode": code, "num_bounded_loops": loops, "time": [1.0, 1.0, 0.0]}


def test_a_property_must_be_proven_and_a_control_refuted(proofs: ModuleType) -> None:
    checks = ["check_it_holds", "check_CONTROL_it_falls"]

    def verdicts(*answers: dict[str, Any]) -> list[bool]:
        return [one.ok for one in proofs.judge("T", checks, {"test_results": {"T": list(answers)}})]

    assert verdicts(answer(checks[0], 0), answer(checks[1], 1)) == [True, True]
    assert verdicts(answer(checks[0], 1), answer(checks[1], 0)) == [False, False]
    # Out of time, stuck, always reverting, or cut at a loop: nothing of it is a proof, nor a refutation.
    for code in (2, 3, 4, 5):
        assert verdicts(answer(checks[0], code), answer(checks[1], code)) == [False, False]
    assert verdicts(answer(checks[0], 0, loops=1), answer(checks[1], 1)) == [False, True]


def test_a_property_that_was_skipped_stops_the_run(proofs: ModuleType) -> None:
    answers = {"test_results": {"T": [answer("check_it_holds", 0)]}}
    with pytest.raises(proofs.ProofError, match="halmos ran"):
        proofs.judge("T", ["check_it_holds", "check_CONTROL_it_falls"], answers)
    with pytest.raises(proofs.ProofError, match="halmos ran"):
        proofs.judge("T", ["check_it_holds"], {"test_results": {}})


def test_every_function_that_something_is_proven_about_has_a_control(proofs: ModuleType) -> None:
    found = proofs.properties()
    assert {name.removesuffix("Test") for name in found} >= {"HubLocks", "RollupMoney", "RootMoney", "CoinMoney"}
    assert {proofs.subject(check) for check in found["HubDisputeTest"]} == {"post", "startClose", "settle"}


@pytest.mark.parametrize(
    "alone",
    [["check_claim_pays"], ["check_CONTROL_claim_never_works"], ["check_claim_pays", "check_CONTROL_exit_never_works"]],
)
def test_a_proof_without_a_control_of_the_same_function_stops_the_run(
    proofs: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: list[str]
) -> None:
    monkeypatch.setattr(proofs, "PROOFS", tmp_path)
    body = "".join(f"    function {check}(uint256 a) external {{}}\n" for check in alone)
    (tmp_path / "Money.t.sol").write_text(f"contract MoneyTest is Prover {{\n{body}}}\n", encoding="utf-8")
    with pytest.raises(proofs.ProofError, match="has no property, or no control"):
        proofs.properties()


def test_members_of_nested_structs_have_their_place(proofs: ModuleType) -> None:
    layout = {
        "storage": [{"label": "kept", "slot": "3", "offset": 0, "type": "map"}],
        "types": {
            "map": {"value": "outer"},
            "outer": {"members": [{"label": "side", "slot": "2", "offset": 0, "type": "inner"}]},
            "inner": {"members": [{"label": "claim", "slot": "1", "offset": 20, "type": "word"}]},
            "word": {},
        },
    }
    assert [line.split("constant ")[1] for line in proofs.places(layout)] == [
        "kept = 3;",
        "kept_side = 512;",
        "kept_side_claim = 928;",
    ]


# ------------------------------------------------------------------------------------------------------------ mutants


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "tools")
    return load("run_mutants")


def mutation(mutants: ModuleType, **changes: Any) -> Any:
    settings = {"id": "one", "file": "a.py", "old": "x < y", "new": "x <= y", "tests": ("test_a.py::test_it",)}
    return mutants.Mutant(**(settings | changes))


@pytest.fixture
def mutable(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("if x < y:\n    pass\n")
    (tmp_path / "test_a.py").write_text("def test_it() -> None: ...\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "test_b.py").write_text("def test_it() -> None: ...\n")
    return tmp_path


def test_a_list_that_fits_the_code_has_no_problems(mutants: ModuleType, mutable: Path) -> None:
    assert mutants.problems([mutation(mutants)], mutable, least=1) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"old": "x > y"}, "stands 0 times"),
        ({"new": "x < y"}, "changes nothing"),
        ({"file": "b.py"}, "is not there"),
        ({"tests": ("test_b.py",)}, "test_b.py is not there"),
        ({"tests": ("test_a.py::test_other",)}, "test_other is not there"),
        ({"tests": ("more/test_b.py", "more")}, "more/test_b.py lies in more"),
        ({"equivalent": "obviously"}, "too short"),
    ],
)
def test_a_list_that_drifted_is_noticed(
    mutants: ModuleType, mutable: Path, changes: dict[str, Any], problem: str
) -> None:
    found = mutants.problems([mutation(mutants, **changes)], mutable, least=1)
    assert problem in found[0]


def test_a_text_that_stands_twice_and_an_id_that_is_used_twice_are_noticed(mutants: ModuleType, mutable: Path) -> None:
    (mutable / "a.py").write_text("x < y\nx < y\n")
    assert "stands 2 times" in mutants.problems([mutation(mutants)], mutable, least=1)[0]
    (mutable / "a.py").write_text("x < y\n")
    assert mutants.problems([mutation(mutants), mutation(mutants)], mutable, least=1) == ["one: listed twice"]
    assert "2 are needed" in mutants.problems([mutation(mutants)], mutable, least=2)[0]


def test_the_committed_list_is_long_enough_and_fits(mutants: ModuleType) -> None:
    assert mutants.problems(mutants.read_list()) == []


def test_a_part_of_the_list_is_chosen_by_name_and_by_shard(mutants: ModuleType) -> None:
    every = [mutation(mutants, id=f"hub-{number}") for number in range(5)] + [mutation(mutants, id="coin-0")]
    assert len(list(mutants.chosen(every, "", "1/1"))) == 6
    assert [one.id for one in mutants.chosen(every, "hub-0,coin", "1/1")] == ["hub-0", "coin-0"]
    shards = [list(mutants.chosen(every, "", f"{part}/4")) for part in range(1, 5)]
    assert sorted(one.id for shard in shards for one in shard) == sorted(one.id for one in every)
    with pytest.raises(mutants.ListError, match="a shard is"):
        list(mutants.chosen(every, "", "5/4"))


def test_a_verdict_is_current_until_the_file_the_mutation_or_a_test_changes(mutants: ModuleType, mutable: Path) -> None:
    one, other = mutation(mutants), mutation(mutants, id="other", tests=("test_a.py", "more"))
    path = mutable / "verdicts.json"
    record = mutants.Record(path, mutable)
    assert not record.is_current(one)
    record.keep(one, mutants.KILLED)
    record.keep(other, mutants.EQUIVALENT)
    again = mutants.Record(path, mutable)
    assert again.is_current(one)
    assert again.is_current(other)
    assert not again.is_current(mutation(mutants, new="x == y"))
    (mutable / "more" / "test_b.py").write_text("def test_it() -> None: assert 1\n")
    assert again.is_current(one)
    assert not again.is_current(other)
    (mutable / "a.py").write_text("if x < y:\n    return\n")
    assert not again.is_current(one)


def test_a_verdict_that_no_longer_holds_is_taken_off_the_record(mutants: ModuleType, mutable: Path) -> None:
    one, other = mutation(mutants), mutation(mutants, id="other", new="x > y")
    record = mutants.Record(mutable / "verdicts.json", mutable)
    record.keep(one, mutants.KILLED)
    record.keep(other, mutants.KILLED)
    record.keep(one, "")
    assert not record.is_current(one)
    assert record.is_current(other)
    record.forget({"one"})
    assert json.loads((mutable / "verdicts.json").read_text()) == {}


@pytest.mark.parametrize(("small", "told"), [(True, ""), (False, "Vault has 24577 bytes, more than a chain takes")])
def test_a_mutation_that_is_too_large_for_a_chain_is_compiled_for_size_or_told(
    mutants: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: bool, told: str
) -> None:
    """Every test would notice that it cannot be deployed, and none what it does."""
    folder = tmp_path / "src/layer2/artifacts"
    folder.mkdir(parents=True)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts/Vault.sol").write_text("contract Vault {}")
    entry = {"source": "contracts/Vault.sol", "bytecode": "0x01", "runtime": "0x01"}
    (folder / "manifest.json").write_text(json.dumps({"contracts": {"Vault": entry}}))
    (folder / "mocks.json").write_text(json.dumps({"contracts": {}}))
    asked = []

    def compiled(files: object, source: str, name: str, runs: int | None = None) -> tuple[dict[str, Any], str]:
        asked.append(runs)
        size = mutants.MOST_CODE + (0 if small and runs == 1 else 1)
        return {**entry, "runtime": "0x" + "00" * size}, ""

    monkeypatch.setattr(mutants, "compiled", compiled)
    assert mutants.recompile(tmp_path, mutation(mutants, file="contracts/Vault.sol")) == told
    assert asked == [None, 1]


# -------------------------------------------------------------------------------------------------------------- prose


@pytest.fixture
def prose() -> ModuleType:
    return load("check_prose")


@pytest.mark.parametrize(
    "source",
    [
        '"""Limits connections."""',
        'def balance() -> int:\n    """Return the balance in wei."""',
        'MOST = 5\n"""Maximum number of requests that wait."""',
        "# The lock comes first, because it protects the folder.",
        '"""Return True if the block is no longer open."""',
        'name = "Whoever says so"',
        'TEXT = """What follows is text and documents nothing."""\nprint(TEXT)',
        '"""Return `told`, as the node sent it."""',
    ],
)
def test_plain_english_is_left_alone(prose: ModuleType, source: str) -> None:
    assert list(prose.problems_of("a.py", source)) == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('"""What it accepts."""', 1),
        ('def balance() -> int:\n    """Whether it is there."""', 2),
        ('MOST = 5\n"""Of requests that wait."""', 2),
        ("x = 1\n# Whoever waits is told.", 2),
        ('"""A proof.\n\n    This is no proof of a block.\n"""', 3),
    ],
)
def test_foreign_openings_and_phrases_are_found_with_their_line(prose: ModuleType, source: str, line: int) -> None:
    found = list(prose.problems_of("a.py", source))
    assert found
    assert {row for _, row, _ in found} == {line}


def test_a_retired_name_is_found_with_its_replacement(prose: ModuleType) -> None:
    retired = prose.retired_names("| `Kept` | x |\n## Retired names\n\n| `OldName` | `NewName` |\n")
    assert retired == {"OldName": "`NewName`"}
    (problem,) = prose.retired_in("a.md", "one\n`OldName(to)`, OldNameAgain", retired)
    assert problem == ("a.md", 2, "OldName is retired: `NewName`")


def test_the_glossary_names_what_is_retired_and_no_new_name_is_retired_itself(prose: ModuleType) -> None:
    retired = prose.retired_names(prose.GLOSSARY.read_text(encoding="utf-8"))
    assert len(retired) > 100
    fresh = {name for text in retired.values() for name in re.findall(r"`(\w+)`", text)}
    assert not fresh & set(retired)


def test_lines_of_markdown_that_could_be_broken_are_found(prose: ModuleType) -> None:
    long = "word " * 21
    assert [line for _, line, _ in prose.long_lines("a.md", f"short\n{long}\n")] == [2]
    for kept in (f"```text\n{long}\n```", f"| {long} |", f"    {long}", f"`{long}`", f"[{long}](a.md)", long[:100]):
        assert list(prose.long_lines("a.md", kept)) == []


# ------------------------------------------------------------------------------------------------ how long tests take


REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.api.test_wire" name="a" time="2.25"/>
<testcase classname="tests.unit.api.test_wire.TestStory" name="b" time="0.5"/>
<testcase classname="tests.unit.api.test_short" name="c" time="0.9"/>
<testcase classname="tests.docs.test_readme" name="d" time="30"/>
</testsuite></testsuites>"""


def test_modules_are_listed_with_their_seconds_the_longest_first(tmp_path: Path) -> None:
    durations = load("suite_durations")
    (tmp_path / "one.xml").write_text(REPORT)
    found = durations.seconds_by_module([tmp_path / "one.xml"])
    assert list(found.items()) == [("tests/docs/test_readme.py", 30.0), ("tests/unit/api/test_wire.py", 2.8)]


def test_the_slow_part_and_the_quick_part_are_the_whole_suite() -> None:
    table = json.loads((ROOT / "tests" / "durations.json").read_text(encoding="utf-8"))
    missing = [name for part in table.values() for name in part if not (ROOT / name).exists()]
    assert missing == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for part in ("not slow and (not anvil or network)", "slow and (not anvil or network)", "-m anvil "):
        assert part in makefile
