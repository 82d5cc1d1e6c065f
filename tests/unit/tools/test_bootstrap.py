"""Set-up: every expected trouble gets one clear message, and an unchanged project is recognised as done."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.support.tools import load

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh copy of the module, so that a test may move its paths."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    return load("bootstrap")


@pytest.fixture
def checkout(bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder the module takes for its own."""
    for name in bootstrap.INPUTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    venv = tmp_path / ".venv"
    for name, path in {
        "ROOT": tmp_path,
        "VENV": venv,
        "BIN": venv / "bin",
        "STAMP": venv / "stamp",
        "LOG": venv / "log",
        "NODE_MODULES": tmp_path / "node_modules",
    }.items():
        monkeypatch.setattr(bootstrap, name, path)
    (venv / "bin").mkdir(parents=True)
    return tmp_path


def executable(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("version", [(3, 11), (3, 12)])
def test_accepts_the_supported_pythons(bootstrap: ModuleType, version: tuple[int, int]) -> None:
    bootstrap.check_python(version)


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 13)])
def test_refuses_other_pythons_and_says_which_fit(bootstrap: ModuleType, version: tuple[int, int]) -> None:
    with pytest.raises(bootstrap.SetupError, match=r"3\.11 or 3\.12 is needed, this is"):
        bootstrap.check_python(version)


def test_wrong_python_is_one_line_and_exit_code_1(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 13, 0))
    assert bootstrap.main() == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_source_parses_on_an_old_python() -> None:
    source = (ROOT / "tools" / "bootstrap.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))


def test_enough_room_passes_and_little_room_is_refused(bootstrap: ModuleType) -> None:
    needed = bootstrap.NEEDED_MIB * 1024 * 1024
    bootstrap.check_room(needed)
    with pytest.raises(bootstrap.SetupError, match="Not enough disk room"):
        bootstrap.check_room(needed - 1)


def test_missing_venv_module_names_the_package(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap.check_venv_module()
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(bootstrap.SetupError, match=r"apt install python3\.\d+-venv"):
        bootstrap.check_venv_module()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("npm error code ENOTFOUND\nnpm error syscall getaddrinfo", "could not be reached"),
        ("error: Failed to fetch: dns error", "could not be reached"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("npm error code ENOSPC", "the disk is full"),
        ("something else\nwent wrong", "went wrong"),
    ],
)
def test_failed_command_is_explained(bootstrap: ModuleType, output: str, message: str) -> None:
    assert message in bootstrap.explain("Installing", output)


def test_failing_command_raises_and_is_logged(bootstrap: ModuleType, checkout: Path) -> None:
    failing = executable(checkout / "failing", "echo 'connect ECONNREFUSED'; exit 3")
    with pytest.raises(bootstrap.SetupError, match="could not be reached"):
        bootstrap.run("Installing", [failing])
    assert "ECONNREFUSED" in bootstrap.LOG.read_text(encoding="utf-8")
    assert bootstrap.run("Installing", [executable(checkout / "fine", "echo ok")]) == "ok\n"


def test_stamp_holds_until_an_input_or_a_result_changes(bootstrap: ModuleType, checkout: Path) -> None:
    solc = bootstrap.VENV / "solcx" / bootstrap.bootstrap_solc.NAME
    assert not bootstrap.is_done()
    for path in (bootstrap.BIN / "python", solc, bootstrap.BIN / "anvil"):
        executable(path, "exit 0")
    (bootstrap.NODE_MODULES / "solc").mkdir(parents=True)
    bootstrap.STAMP.write_text(json.dumps({"fingerprint": bootstrap.fingerprint(), "tools": ["anvil"]}))
    assert bootstrap.is_done()
    (bootstrap.BIN / "anvil").unlink()
    assert not bootstrap.is_done()
    executable(bootstrap.BIN / "anvil", "exit 0")
    assert bootstrap.is_done()
    (checkout / "uv.lock").write_text("changed")
    assert not bootstrap.is_done()


def test_torn_stamp_means_not_done(bootstrap: ModuleType, checkout: Path) -> None:
    bootstrap.STAMP.write_text('{"finger')
    assert not bootstrap.is_done()


def test_uv_version_comes_from_the_lock(bootstrap: ModuleType, checkout: Path) -> None:
    assert bootstrap.locked_version("uv") == "0.13.9"
    with pytest.raises(bootstrap.SetupError, match=r"uv\.lock does not name nothing-of-ours"):
        bootstrap.locked_version("nothing-of-ours")


def test_node_modules_are_current_only_with_every_locked_package(bootstrap: ModuleType, checkout: Path) -> None:
    locked = {
        "": {},
        "node_modules/solc": {"version": "1", "integrity": "a"},
        "node_modules/other-platform": {"version": "1", "integrity": "b", "optional": True},
    }
    (checkout / "package-lock.json").write_text(json.dumps({"packages": locked}))
    assert not bootstrap.node_is_current()
    (bootstrap.NODE_MODULES / "solc").mkdir(parents=True)
    record = bootstrap.NODE_MODULES / ".package-lock.json"
    record.write_text(json.dumps({"packages": {"node_modules/solc": {"version": "1", "integrity": "a"}}}))
    assert bootstrap.node_is_current()
    record.write_text(json.dumps({"packages": {"node_modules/solc": {"version": "2", "integrity": "a"}}}))
    assert not bootstrap.node_is_current()


def test_another_checkouts_script_in_solcx_is_left_alone(
    bootstrap: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solc = bootstrap.bootstrap_solc
    home = checkout / "home"
    monkeypatch.setenv("HOME", str(home))
    theirs = executable(home / ".solcx" / solc.NAME, f"echo 'Version: {solc.BUILD}.theirs'")
    before = theirs.read_bytes()
    monkeypatch.setattr(solc, "download", lambda *_: False)
    ours = executable(checkout / "node", f"echo 'Version: {solc.BUILD}.ours'")
    monkeypatch.setattr(solc, "node_binary", lambda _: ours)
    assert solc.install(checkout, bootstrap.VENV, {}).startswith("npm")
    assert theirs.read_bytes() == before
    assert str(ours) in (bootstrap.VENV / "solcx" / solc.NAME).read_text(encoding="utf-8")


def test_native_compiler_in_solcx_is_copied_not_moved(
    bootstrap: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solc = bootstrap.bootstrap_solc
    monkeypatch.setenv("HOME", str(checkout / "home"))
    theirs = executable(checkout / "home" / ".solcx" / solc.NAME, f"echo 'Version: {solc.BUILD}.native'")
    monkeypatch.setattr(solc, "MACHINE_CODE", (b"#!/b",))
    assert solc.install(checkout, bootstrap.VENV, {}) == "native (copied from ~/.solcx)"
    assert theirs.exists()
    assert (bootstrap.VENV / "solcx" / solc.NAME).read_bytes() == theirs.read_bytes()


def test_compiler_of_another_version_is_refused(
    bootstrap: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solc = bootstrap.bootstrap_solc
    wrong = executable(checkout / "node", "echo 'Version: 0.8.36+commit.00000000'")
    monkeypatch.setattr(solc, "node_binary", lambda _: wrong)
    with pytest.raises(solc.SolcError, match="does not answer as"):
        solc.install(checkout, bootstrap.VENV, {"LAYER2_SOLC": "npm"})


def test_tools_are_links_to_platform_binaries_never_wrappers(bootstrap: ModuleType, checkout: Path) -> None:
    wrapper = executable(bootstrap.NODE_MODULES / ".bin" / "anvil", "exit 0")
    assert bootstrap.link_tools().startswith("none for this machine")
    assert not (bootstrap.BIN / "anvil").exists()
    package = f"anvil{bootstrap.machine_name()}"
    real = executable(bootstrap.NODE_MODULES / "@foundry-rs" / package / "bin" / "anvil", "exit 0")
    for _ in range(2):
        assert bootstrap.link_tools() == "anvil"
        assert (bootstrap.BIN / "anvil").resolve() == real.resolve() != wrapper.resolve()


def test_environment_names_solc_and_tools_without_exports() -> None:
    code = "import os, shutil; print(os.environ['SOLCX_BINARY_PATH']); print(shutil.which('anvil'))"
    bare = {"PATH": os.defpath, "HOME": os.environ["HOME"]}
    done = subprocess.run(
        [sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert done == [str(Path(sys.prefix) / "solcx"), str(Path(sys.prefix) / "bin" / "anvil")]
