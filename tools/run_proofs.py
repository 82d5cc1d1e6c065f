"""Prove the money functions of the packaged bytecode with halmos, for all amounts, times and stored words.

`proofs/*.t.sol` contain the properties. The contracts under proof are not compiled, but taken from the manifest that
users deploy from. Every `check_...` must be proven and every `check_CONTROL_...` must be refuted. A property that is
skipped, times out, gets stuck or reaches a loop bound fails the run. halmos has its own environment, `.halmos`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "proofs"
GENERATED = PROOFS / "generated"
MANIFEST = ROOT / "src" / "layer2" / "artifacts" / "manifest.json"
LOCK = ROOT / "tools" / "halmos.lock"
PLACE = ROOT / ".halmos"
CONTRACTS = ("ChannelHub", "Rollup", "RootChain", "CoinChain")
CONTROL = "check_CONTROL_"
SOLVER_TIME = "600s"
PASSED, REFUTED = 0, 1
WORDS = {0: "proven", 1: "refuted", 2: "timed out", 3: "got stuck", 4: "reverts always", 5: "broke halmos"}

TEST_CONTRACT = re.compile(r"^contract (\w+) is ", re.MULTILINE)
CHECK = re.compile(r"^    function (check_\w+)\(", re.MULTILINE)


class ProofError(Exception):
    """The proofs cannot be run; the message names the cause."""


@dataclass(frozen=True)
class Result:
    """Result of halmos for one property: its verdict, and the seconds it took."""

    contract: str
    check: str
    code: int
    bounded: int
    seconds: float

    @property
    def ok(self) -> bool:
        """True if a property is proven without a loop bound, or a control is refuted."""
        if self.check.startswith(CONTROL):
            return self.code == REFUTED
        return self.code == PASSED and not self.bounded

    def text(self) -> str:
        """Return the row as printed."""
        said = WORDS.get(self.code, f"ended with {self.code}")
        if self.code == PASSED and self.bounded:
            said = f"cut at the bound of {self.bounded} loops"
        return f"{'ok ' if self.ok else 'BAD'} {self.contract}.{self.check}: {said} ({self.seconds:.1f} s)"


def run(command: Sequence[str | Path], **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run a command and return its output; raise ProofError if it is missing."""
    try:
        return subprocess.run([str(part) for part in command], text=True, capture_output=True, check=False, **settings)
    except FileNotFoundError:
        raise ProofError(f"{command[0]} is missing; run: make setup") from None


def environment() -> dict[str, str]:
    """Return the environment of forge and halmos, with their own tools first."""
    path = os.pathsep.join([str(PLACE / "bin"), str(ROOT / ".venv" / "bin"), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "FOUNDRY_PROFILE": "proofs"}


def install() -> None:
    """Install exactly the packages of `tools/halmos.lock` in `.halmos`, with verified hashes."""
    stamp, wanted = PLACE / "lock.sha256", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and (PLACE / "bin" / "halmos").is_file():
        return
    uv, python = ROOT / ".venv" / "bin" / "uv", ROOT / ".venv" / "bin" / "python"
    shutil.rmtree(PLACE, ignore_errors=True)
    make: list[str | Path] = [uv, "venv", "--quiet", "--python", python, PLACE]
    fill: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--python",
        PLACE / "bin" / "python",
        "--require-hashes",
        "-r",
        LOCK,
    ]
    for command in (make, fill):
        done = run(command, cwd=ROOT)
        if done.returncode:
            raise ProofError(f"halmos cannot be installed: {done.stderr.strip()[-800:]}")
    stamp.write_text(wanted, encoding="utf-8")


def places(layout: dict[str, Any]) -> Iterable[str]:
    """Yield constants of a storage layout: the slot of each variable, and the first bit of each struct member."""
    types = layout["types"]

    def members(kind: dict[str, Any], label: str, start: int) -> Iterable[str]:
        for member in kind.get("members", ()):
            bit = start + int(member["slot"]) * 256 + member["offset"] * 8
            yield f"    uint256 internal constant {label}_{member['label']} = {bit};"
            yield from members(types[member["type"]], f"{label}_{member['label']}", bit)

    for entry in layout["storage"]:
        label, kind = entry["label"], types[entry["type"]]
        yield f"    uint256 internal constant {label} = {entry['slot']};"
        if entry["offset"]:
            yield f"    uint256 internal constant {label}_bit = {entry['offset'] * 8};"
        while "value" in kind:
            kind = types[kind["value"]]
        yield from members(kind, label, 0)


def generate() -> None:
    """Write the packaged creation code and its storage layout as Solidity."""
    contracts = json.loads(MANIFEST.read_text(encoding="utf-8"))["contracts"]
    GENERATED.mkdir(exist_ok=True)
    for name in CONTRACTS:
        entry = contracts[name]
        lines = [
            "// SPDX-License-Identifier: MIT",
            "// Written by tools/run_proofs.py from src/layer2/artifacts/manifest.json.",
            "pragma solidity 0.8.37;",
            "",
            f"library {name}Code {{",
            *places(entry["storage_layout"]),
            "",
            "    function creation() internal pure returns (bytes memory) {",
            f'        return hex"{entry["bytecode"].removeprefix("0x")}";',
            "    }",
            "}",
        ]
        target, text = GENERATED / f"{name}Code.sol", "\n".join(lines) + "\n"
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def properties() -> dict[str, list[str]]:
    """Return every required property by contract, as named in the sources.

    `check_claim_pays_once` is about the function `claim`, and requires a `check_CONTROL_claim_...`: a proof about calls
    that never reach the checked code would be meaningless.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(PROOFS.glob("*.t.sol")):
        source = path.read_text(encoding="utf-8")
        names = TEST_CONTRACT.findall(source)
        if len(names) != 1:
            raise ProofError(f"{path.name} must hold one contract, holds {names}")
        found[names[0]] = checks = CHECK.findall(source)
        about = {subject(check) for check in checks if not check.startswith(CONTROL)}
        controlled = {subject(check) for check in checks if check.startswith(CONTROL)}
        if not about or about != controlled:
            alone = ", ".join(sorted(about ^ controlled)) or "nothing"
            raise ProofError(f"{path.name}: {alone} has no property, or no control")
    return found


def subject(check: str) -> str:
    """Return the name of the function that a property or a control is about."""
    return check.removeprefix(CONTROL).removeprefix("check_").partition("_")[0]


def build() -> None:
    """Compile the proofs as halmos expects them, so that it does not compile them again."""
    command: list[str | Path] = [
        "forge",
        "build",
        "--ast",
        "--root",
        ROOT,
        "--extra-output",
        "storageLayout",
        "metadata",
    ]
    done = run(command, cwd=ROOT, env=environment())
    if done.returncode:
        raise ProofError(f"the proofs do not compile: {(done.stderr or done.stdout).strip()[-2000:]}")


def prove(contract: str, checks: Sequence[str]) -> list[Result]:
    """Run halmos on one contract; raise ProofError if the result of a property is missing."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        what: list[str | Path] = [
            "--root",
            ROOT,
            "--forge-build-out",
            "out/proofs",
            "--contract",
            contract,
            "--solver",
            "yices",
        ]
        what += ["--early-exit", "--no-status", "--solver-timeout-assertion", SOLVER_TIME]
        done = run(["halmos", *what, "--json-output", answer], cwd=ROOT, env=environment())
        if not answer.is_file():
            raise ProofError(f"halmos gave no answer about {contract}: {(done.stdout + done.stderr)[-2000:]}")
        answers = json.loads(answer.read_text(encoding="utf-8"))
    results = judge(contract, checks, answers)
    if not all(result.ok for result in results):
        # The output of halmos is printed without the bytecode that it contains.
        said = [
            line for line in (done.stdout + done.stderr).splitlines() if not re.fullmatch(r"\s*[0-9a-fx]*\s*", line)
        ]
        print("\n".join(said[-60:]), file=sys.stderr)
    return results


def judge(contract: str, checks: Sequence[str], answers: dict[str, Any]) -> list[Result]:
    """Parse halmos's results, which must contain exactly the properties of the source."""
    results = [
        Result(
            contract,
            one["name"].split("(")[0],
            one["exitcode"],
            one["num_bounded_loops"] or 0,
            (one["time"] or [0.0])[0],
        )
        for tests in answers["test_results"].values()
        for one in tests
    ]
    said = sorted(result.check for result in results)
    if said != sorted(checks):
        raise ProofError(f"{contract}: halmos ran {said}, the source has {sorted(checks)}")
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all proofs; return 0 if every property is proven and every control refuted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("contracts", nargs="*", help="only these proof contracts")
    parser.add_argument("--jobs", type=int, default=2, help="contracts at the same time")
    given = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        wanted = properties()
        unknown = set(given.contracts) - set(wanted)
        if unknown:
            raise ProofError(f"no proof contract is named {', '.join(sorted(unknown))}; there are {', '.join(wanted)}")
        chosen = {name: checks for name, checks in wanted.items() if not given.contracts or name in given.contracts}
        install()
        generate()
        build()
        results: list[Result] = []
        with ThreadPoolExecutor(max(1, given.jobs)) as pool:
            for found in pool.map(lambda name: prove(name, chosen[name]), chosen):
                for result in found:
                    print(result.text(), flush=True)
                results += found
    except ProofError as error:
        print(f"Proofs stopped: {error}", file=sys.stderr)
        return 1
    bad = [result for result in results if not result.ok]
    controls = sum(result.check.startswith(CONTROL) for result in results)
    print(
        f"{len(results) - controls} properties and {controls} controls of {len(chosen)} contracts, "
        f"{time.monotonic() - started:.0f} s: {f'{len(bad)} are wrong' if bad else 'all as they must be'}"
    )
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
