"""Coverage by package: a package below its floor, without one, or a floor without a package is found."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from tests.support.tools import load

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "src/layer2/__init__.py": (5, 5),
    "src/layer2/rollup/facade.py": (10, 10),
    "src/layer2/rollup/state/kernel.py": (90, 100),
    "src/layer2/plasma/payments/wallet/wallet.py": (30, 40),
    "src/layer2/plasma/payments/utxo/columns.py": (10, 10),
}
FLOORS = {"layer2": 100, "rollup": 100, "rollup.state": 90, "plasma.payments": 80}


@pytest.fixture
def report() -> ModuleType:
    return load("coverage_report")


def test_files_are_summed_by_package(report: ModuleType) -> None:
    rows = report.rows_of(FILES, FLOORS)
    assert [(row.package, row.covered, row.lines, row.percent) for row in rows] == [
        ("layer2", 5, 5, 100.0),
        ("plasma.payments", 40, 50, 80.0),
        ("rollup", 10, 10, 100.0),
        ("rollup.state", 90, 100, 90.0),
    ]
    assert report.problems_of(rows, FLOORS) == []


@pytest.mark.parametrize(
    ("floors", "problem"),
    [
        ({**FLOORS, "rollup.state": 90.1}, "rollup.state: 90.0 % of the lines ran, the floor is 90.1 %"),
        ({name: floor for name, floor in FLOORS.items() if name != "rollup"}, "rollup: no floor in tests/"),
        ({**FLOORS, "bridge": 1}, "bridge: a floor, and no such package"),
    ],
)
def test_a_package_below_its_floor_or_without_one_is_found(
    report: ModuleType, floors: dict[str, float], problem: str
) -> None:
    problems = report.problems_of(report.rows_of(FILES, floors), floors)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_a_floor_is_not_reached_by_rounding(report: ModuleType) -> None:
    row = report.rows_of({"src/layer2/store/journal.py": (8_999, 10_000)}, {"store": 90})[0]
    assert row.percent == 89.9
    assert row.problem


def test_the_table_is_plain_or_markdown_and_ends_with_the_sum(report: ModuleType) -> None:
    rows = report.rows_of(FILES, FLOORS)
    assert report.table(rows).splitlines()[-1].split() == ["all", "165", "87.8"]
    assert report.table(rows, markdown=True).splitlines()[1] == "|---|--:|--:|--:|"


def test_a_small_run_is_measured_and_judged(
    report: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "measured", lambda: FILES)
    monkeypatch.setattr(report, "FLOORS", ROOT / "floors.toml")
    monkeypatch.setattr(report.sys, "argv", ["coverage_report.py", "--only", "rollup"])
    floors = tmp_path / "floors.toml"
    for floor, code in ((90, 0), (95, 1)):
        floors.write_text(f'[floors]\n"rollup" = 100\n"rollup.state" = {floor}\n"store" = 100\n')
        monkeypatch.setattr(report, "FLOORS", floors)
        monkeypatch.setattr(report, "ROOT", tmp_path)
        assert report.main() == code
    assert "rollup.state: 90.0 % of the lines ran" in capsys.readouterr().err


def test_every_package_of_the_library_has_a_floor(report: ModuleType) -> None:
    floors = tomllib.loads((ROOT / "tests" / "coverage_floors.toml").read_text(encoding="utf-8"))["floors"]
    library = ROOT / "src" / "layer2"
    files = [path for path in library.rglob("*.py") if path.name != "__init__.py" or path.parent == library]
    assert {report.package_of(path.relative_to(ROOT).as_posix()) for path in files} == set(floors)
    assert all(0 < floor <= 100 for floor in floors.values())
