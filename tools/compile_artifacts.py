"""Compile `contracts/` into the manifests packaged with the library, so that a wheel deploys without a compiler.

The script writes `manifest.json` (contracts to deploy) and `mocks.json` (test contracts) in `src/layer2/artifacts/`.
With `--check` it compares them with a fresh compilation instead. The settings come from `foundry.toml`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
OUTPUT = ROOT / "src" / "layer2" / "artifacts"
MOCKS = "contracts/mocks/"
AST_SUFFIX = re.compile(r"\)(\d+)(?=_|,|$)")

Json = dict[str, Any]


class CompileError(Exception):
    """The contracts cannot be compiled into artifacts; the message names the contract and the cause."""


def profile() -> Json:
    """Return the compiler settings, from the default profile of `foundry.toml`."""
    with (ROOT / "foundry.toml").open("rb") as file:
        settings: Json = tomllib.load(file)["profile"]["default"]
    return settings


def solc(*arguments: str, given: str = "") -> str:
    """Run the pinned compiler and return its standard output."""
    command = [str(ROOT / profile()["solc"]), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CompileError(f"{profile()['solc']} is missing; run: make setup") from None
    if done.returncode:
        raise CompileError(f"solc {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


def compiler() -> Json:
    """Return the compiler version and the settings that determine the bytecode, as recorded in a manifest."""
    found = re.search(r"Version: (\d+\.\d+\.\d+\+commit\.[0-9a-f]{8})", solc("--version"))
    if not found:
        raise CompileError("solc does not say its version")
    settings = profile()
    return {
        "version": found.group(1),
        "evm_version": settings["evm_version"],
        "optimizer_runs": settings["optimizer_runs"],
        "via_ir": settings["via_ir"],
    }


def sources() -> dict[str, bytes]:
    """Return the contents of every Solidity source by its path relative to the project."""
    files = sorted(path for path in CONTRACTS.rglob("*.sol") if ".cache" not in path.parts)
    if not files:
        raise CompileError("contracts/ holds no Solidity source")
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}


def source_checksum(files: dict[str, bytes], settings: Json) -> str:
    """Return the SHA-256 of the sorted sources (path below `contracts/`, hash of contents) and the compiler record."""
    digest = hashlib.sha256()
    for path in sorted(files):
        inner = path.removeprefix("contracts/")
        digest.update(f"{inner}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    digest.update(json.dumps(settings, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def standard_input(files: dict[str, bytes]) -> Json:
    """Return the compiler's input: all sources inline, without metadata, so that bytecode depends on code alone."""
    settings = profile()
    wanted = ["abi", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers", "storageLayout"]
    return {
        "language": "Solidity",
        "sources": {path: {"content": content.decode("utf-8")} for path, content in files.items()},
        "settings": {
            "evmVersion": settings["evm_version"],
            "viaIR": settings["via_ir"],
            "optimizer": {"enabled": settings["optimizer"], "runs": settings["optimizer_runs"]},
            "remappings": settings["remappings"],
            "metadata": {"bytecodeHash": settings["bytecode_hash"], "appendCBOR": settings["cbor_metadata"]},
            "outputSelection": {"*": {"*": wanted, "": ["ast"]}},
        },
    }


def variable_names(node: Any, names: dict[str, str]) -> dict[str, str]:
    """Collect the name of every declared variable of a syntax tree by its node id."""
    if isinstance(node, dict):
        if node.get("nodeType") == "VariableDeclaration":
            names[str(node["id"])] = node["name"]
        for child in node.values():
            variable_names(child, names)
    elif isinstance(node, list):
        for child in node:
            variable_names(child, names)
    return names


def stable_layout(layout: Json) -> Json:
    """Return a storage layout without syntax-tree ids, which change when an unrelated source is added."""
    seen: dict[str, int] = {}

    def renumber(found: re.Match[str]) -> str:
        return f"){seen.setdefault(found.group(1), len(seen) + 1)}"

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {AST_SUFFIX.sub(renumber, key): clean(item) for key, item in value.items() if key != "astId"}
        if isinstance(value, list):
            return [clean(item) for item in value]
        return AST_SUFFIX.sub(renumber, value) if isinstance(value, str) else value

    return {"storage": clean(layout.get("storage") or []), "types": clean(layout.get("types") or {})}


def artifact(path: str, name: str, output: Json, names: dict[str, str]) -> Json:
    """Return one contract's entry of a manifest."""
    evm = output["evm"]
    if evm["bytecode"].get("linkReferences"):
        raise CompileError(f"{path}: {name} links an external library; use internal library functions")
    references = evm["deployedBytecode"].get("immutableReferences") or {}
    return {
        "source": path,
        "abi": output["abi"],
        "bytecode": "0x" + evm["bytecode"]["object"],
        "runtime": "0x" + evm["deployedBytecode"]["object"],
        "immutable_references": {names[key]: spots for key, spots in references.items()},
        "storage_layout": stable_layout(output.get("storageLayout") or {}),
        "method_identifiers": evm.get("methodIdentifiers") or {},
    }


def contract_kinds(tree: Json) -> dict[str, str]:
    """Return `contract`, `interface` or `library` by name, for the definitions of one source."""
    return {node["name"]: node["contractKind"] for node in tree["nodes"] if node["nodeType"] == "ContractDefinition"}


def build() -> dict[str, Json]:
    """Compile everything and return the manifests by file name."""
    files = sources()
    output: Json = json.loads(solc("--standard-json", given=json.dumps(standard_input(files))))
    problems = [item for item in output.get("errors", ()) if item["severity"] == "error"]
    if problems:
        raise CompileError("\n".join(item["formattedMessage"].rstrip() for item in problems))
    names: dict[str, str] = {}
    for source in output["sources"].values():
        variable_names(source["ast"], names)
    found: dict[str, dict[str, Json]] = {"manifest.json": {}, "mocks.json": {}}
    owners: dict[str, str] = {}
    for path, contracts in sorted(output["contracts"].items()):
        kinds = contract_kinds(output["sources"][path]["ast"])
        for name, compiled in sorted(contracts.items()):
            if name in owners:
                raise CompileError(f"{name} is defined in {owners[name]} and {path}; ape would drop one of them")
            owners[name] = path
            entry = artifact(path, name, compiled, names)
            if kinds[name] == "library" and not entry["method_identifiers"]:
                # The library's code is inlined into its users; only its errors and events are needed.
                entry |= {"bytecode": "0x", "runtime": "0x"}
                if not entry["abi"]:
                    continue
            found["mocks.json" if path.startswith(MOCKS) else "manifest.json"][name] = entry
    settings = compiler()
    head = {"compiler": settings, "source_checksum": source_checksum(files, settings)}
    return {file: {**head, "contracts": contracts} for file, contracts in found.items()}


def text(manifest: Json) -> str:
    """Return a manifest as stored: sorted, so that equal sources give equal bytes."""
    return json.dumps(manifest, indent=1, sort_keys=True) + "\n"


def differences(stored: Path, fresh: Json) -> list[str]:
    """Return the differences of a stored manifest from a fresh compilation."""
    if not stored.is_file():
        return [f"{stored.name} is missing"]
    old: Json = json.loads(stored.read_text(encoding="utf-8"))
    if text(old) == text(fresh):
        return []
    before, after = old.get("contracts", {}), fresh["contracts"]
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [f"{stored.name}: {name}" for name in changed] or [f"{stored.name}: compiler or source checksum"]


def main(arguments: list[str] | None = None) -> int:
    """Write the manifests, or compare them with `--check`; return 0 on success, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare with a fresh compilation, write nothing")
    check: bool = parser.parse_args(arguments).check
    try:
        fresh = build()
    except CompileError as error:
        print(error, file=sys.stderr)
        return 1
    if check:
        stale = [line for file, manifest in fresh.items() for line in differences(OUTPUT / file, manifest)]
        for line in stale:
            print(f"stale: {line}", file=sys.stderr)
        if stale:
            print(
                "The packaged artifacts are not what contracts/ compiles to; run: make artifacts",
                file=sys.stderr,
            )
        return 1 if stale else 0
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for file, manifest in fresh.items():
        part = OUTPUT / f"{file}.part"
        part.write_text(text(manifest), encoding="utf-8")
        os.replace(part, OUTPUT / file)
        print(f"{(OUTPUT / file).relative_to(ROOT)}: {len(manifest['contracts'])} contracts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
