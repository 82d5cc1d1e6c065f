"""A release needs one version everywhere and a dated section; a gas figure that differs is shown."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support.tools import load

from layer2 import __version__

ROOT = Path(__file__).resolve().parents[3]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-24\n\n### Added\n\n- a\n\n## [1.1.0] - 2026-01-01\n"
PROJECT = {"version": "1.2.0", "urls": {"Source": "x"}}


@pytest.fixture
def release() -> ModuleType:
    return load("check_release")


@pytest.fixture
def gas() -> ModuleType:
    return load("gas_difference")


def test_a_tag_with_its_version_and_section_may_be_released(release: ModuleType) -> None:
    assert release.problems_of("v1.2.0", PROJECT, "1.2.0", CHANGELOG) == []


@pytest.mark.parametrize(
    ("tag", "project", "declared", "changelog", "problem"),
    [
        ("1.2.0", PROJECT, "1.2.0", CHANGELOG, "not vMAJOR"),
        ("v1.3.0", PROJECT, "1.2.0", CHANGELOG, "pyproject.toml has version 1.2.0"),
        ("v1.2.0", PROJECT, "1.1.0", CHANGELOG, "__version__ is 1.1.0"),
        ("v1.2.0", {"version": "1.2.0"}, "1.2.0", CHANGELOG, "no [project.urls]"),
        ("v1.2.0", PROJECT, "1.2.0", CHANGELOG.replace("1.2.0", "1.1.9"), "no section [1.2.0]"),
        ("v1.2.0", PROJECT, "1.2.0", CHANGELOG.replace("2026-12-24", "to be released"), "has no date"),
        ("v1.2.0", PROJECT, "1.2.0", CHANGELOG.replace("[Unreleased]\n", "[Unreleased]\n\n- b\n"), "under Unreleased"),
        ("v1.2.0", PROJECT, "1.2.0", CHANGELOG.replace("## [Unreleased]\n", ""), "no section [Unreleased]"),
    ],
)
def test_a_tag_that_lacks_something_may_not(
    release: ModuleType, tag: str, project: dict[str, Any], declared: str, changelog: str, problem: str
) -> None:
    assert any(problem in found for found in release.problems_of(tag, project, declared, changelog))


def test_the_version_is_the_same_in_the_package_its_metadata_and_the_list_of_changes(release: ModuleType) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [one["version"] for one in release.SECTION.finditer(changelog)][:2] == ["Unreleased", __version__]
    assert f'\nversion = "{__version__}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_changed_new_and_gone_figures_are_listed(gas: ModuleType) -> None:
    before = {"gas": {"open": 100, "close": 50, "gone": 7}, "name": "hub", "new": True}
    after = {"gas": {"open": 90, "close": 50, "added": 8}, "name": "hub2", "new": False}
    found = gas.changes(before, after)
    assert found == [("gas open", 100, 90), ("gas gone", 7, None), ("gas added", None, 8)]
    assert gas.row(*found[0]) == "| gas open | 100 | 90 | -10 (-10.0 %) |"
    assert gas.row(*found[1]) == "| gas gone | 7 |  |  |"
    assert gas.changes(before, before) == []


def test_figures_of_this_commit_do_not_differ_from_themselves(
    gas: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    committed = {path.relative_to(ROOT).as_posix() for pattern in gas.PATTERNS for path in ROOT.glob(pattern)}
    assert len(committed) >= 4
    monkeypatch.setattr(gas, "at_commit", lambda _, name: gas.json.loads((ROOT / name).read_text(encoding="utf-8")))
    assert gas.main(["HEAD"]) == 0
    assert capsys.readouterr().out == "No gas figure differs.\n"
    monkeypatch.setattr(gas, "at_commit", lambda *_: {})
    assert gas.main(["HEAD"]) == 0
    assert "| gas | before | after | change |" in capsys.readouterr().out
    assert gas.main(["no-such-commit"]) == 2
    assert gas.main([]) == 2
