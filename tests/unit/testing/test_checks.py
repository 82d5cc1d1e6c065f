from __future__ import annotations

from pathlib import Path

from layer2.ethereum.artifacts import artifact_names
from layer2.testing.source_checks import (
    contract_names,
    long_files,
    manifest_differences,
    name_collisions,
    unused_errors,
)

ROOT = Path(__file__).resolve().parents[3]
MOCKS = ROOT / "contracts" / "mocks"


def test_an_error_nobody_raises_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.sol").write_text(
        """
        interface I {
            error Raised(uint256 x); error Required(); error Named(); error Forgotten(); error Shown(); }
        contract C {
            event Forgotten2();
            // revert Forgotten();
            string constant S = "revert Forgotten()";
            function f() external {
                require(true, I.Required());
                bytes4 s = I.Named.selector;
                emit Shown();
                revert I.Raised (1);
            }
        }
        """
    )
    assert unused_errors(tmp_path) == ["a.sol: Forgotten", "a.sol: Shown"]


def test_names_defined_twice_are_found(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "a.sol").write_text("contract Hub is A, B { } interface IHub {} // contract Ghost {}")
    assert name_collisions(tmp_path) == []
    (tmp_path / "one" / "b.sol").write_text("abstract contract HUB\n{ }")
    assert name_collisions(tmp_path) == ["Hub in a.sol, HUB in one/b.sol"]
    assert "Ghost" not in contract_names(tmp_path)


def test_differences_from_the_manifest_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.sol").write_text("contract Hub {} abstract contract Base {} interface IHub {}")
    assert manifest_differences(tmp_path, ["Hub"]) == []
    assert manifest_differences(tmp_path, ["Hub", "Base", "IHub"]) == []
    assert manifest_differences(tmp_path, []) == ["Hub: in the sources, not in the manifest"]
    assert manifest_differences(tmp_path, ["Hub", "Old"]) == ["Old: in the manifest, not in the sources"]


def test_long_files_are_found_and_the_limit_is_inclusive(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n" * 11)
    (tmp_path / "b.py").write_text("x\n" * 10)
    (tmp_path / "c.txt").write_text("x\n" * 99)
    assert long_files(tmp_path, limit=10) == ["a.py: 11"]


def test_the_mocks_are_clean() -> None:
    assert unused_errors(MOCKS) == []
    assert name_collisions(MOCKS) == []
    assert long_files(MOCKS) == []
    assert manifest_differences(MOCKS, artifact_names(mocks=True)) == []
