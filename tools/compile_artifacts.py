"""Compile `contracts/` into the manifests packaged with the library, so that a wheel deploys without a compiler.

The script writes `manifest.json` (contracts to deploy) and `mocks.json` (test contracts) in `src/layer2/artifacts/`.
It compiles the sources that changed, themselves or in an import, since their entries were written; names of contracts
restrict it to their sources. With `--check` it compares the manifests with a fresh compilation of everything instead.
The settings come from `foundry.toml`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "src" / "layer2" / "artifacts"
MOCKS = "contracts/mocks/"
IMPORT = re.compile(r'^import .*?"(?P<path>[^"]+)";', re.MULTILINE | re.DOTALL)
DEFINITION = re.compile(r"^(?:abstract )?(?:contract|interface|library) (\w+)", re.MULTILINE)
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


def sources(root: Path = ROOT) -> dict[str, bytes]:
    """Return the contents of every Solidity source by its path relative to the project."""
    files = sorted(path for path in (root / "contracts").rglob("*.sol") if ".cache" not in path.parts)
    if not files:
        raise CompileError("contracts/ holds no Solidity source")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def closure(files: Mapping[str, bytes], path: str) -> dict[str, bytes]:
    """Return a source and everything it imports, by path."""
    found: dict[str, bytes] = {}
    waiting = [path]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in files:
            raise CompileError(f"{path} imports {name}, which is missing")
        found[name] = files[name]
        for match in IMPORT.finditer(found[name].decode("utf-8")):
            target = match["path"]
            if target.startswith("@layer2/"):
                waiting.append("contracts/" + target.removeprefix("@layer2/"))
            else:
                waiting.append(os.path.normpath(os.path.join(os.path.dirname(name), target)))
    return found


def source_checksum(files: dict[str, bytes], settings: Json) -> str:
    """Return the SHA-256 of the sorted sources (path below `contracts/`, hash of contents) and the compiler record."""
    digest = hashlib.sha256()
    for path in sorted(files):
        inner = path.removeprefix("contracts/")
        digest.update(f"{inner}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    digest.update(json.dumps(settings, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def standard_input(files: Mapping[str, bytes], targets: Iterable[str], runs: int | None = None) -> Json:
    """Return the compiler's input: sources inline, without metadata, so that bytecode depends on code alone.

    Code is generated for the contracts of `targets`; syntax trees are wanted of all files, for the names of immutables.
    `runs` is the number of optimizer runs; the project's by default.
    """
    settings = profile()
    wanted = ["abi", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers", "storageLayout"]
    return {
        "language": "Solidity",
        "sources": {path: {"content": content.decode("utf-8")} for path, content in files.items()},
        "settings": {
            "evmVersion": settings["evm_version"],
            "viaIR": settings["via_ir"],
            "optimizer": {"enabled": settings["optimizer"], "runs": runs or settings["optimizer_runs"]},
            "remappings": settings["remappings"],
            "metadata": {"bytecodeHash": settings["bytecode_hash"], "appendCBOR": settings["cbor_metadata"]},
            "outputSelection": {"*": {"": ["ast"]}, **{path: {"*": wanted} for path in targets}},
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


def compile_sources(
    files: Mapping[str, bytes], targets: Iterable[str], runs: int | None = None
) -> list[tuple[str, Json]]:
    """Return the name and manifest entry of every contract defined in `targets`."""
    given = standard_input(files, targets, runs)
    output: Json = json.loads(solc("--standard-json", given=json.dumps(given)))
    problems = [item for item in output.get("errors", ()) if item["severity"] == "error"]
    if problems:
        raise CompileError("\n".join(item["formattedMessage"].rstrip() for item in problems))
    names: dict[str, str] = {}
    for source in output["sources"].values():
        variable_names(source["ast"], names)
    found: list[tuple[str, Json]] = []
    for path in targets:
        kinds = contract_kinds(output["sources"][path]["ast"])
        for name, compiled in sorted(output["contracts"].get(path, {}).items()):
            entry = artifact(path, name, compiled, names)
            if kinds[name] == "library" and not entry["method_identifiers"]:
                # The library's code is inlined into its users; only its errors and events are needed.
                entry |= {"bytecode": "0x", "runtime": "0x"}
                if not entry["abi"]:
                    continue
            found.append((name, entry))
    return found


def sources_of(files: Mapping[str, bytes], names: Iterable[str]) -> set[str]:
    """Return the sources that define the named contracts."""
    defined = {name: path for path, content in files.items() for name in DEFINITION.findall(content.decode("utf-8"))}
    if unknown := sorted(set(names) - defined.keys()):
        raise CompileError(f"no contract, interface or library is named {', '.join(unknown)}")
    return {defined[name] for name in names}


def build(stored: Mapping[str, Json], names: Iterable[str] = ()) -> tuple[dict[str, Json], dict[str, Json], list[str]]:
    """Return the manifests by file name, the entries compiled for them, and the sources that are left stale.

    Entries of `stored` are kept where the source and its imports are those they were compiled from. With `names`, the
    other contracts' sources are left as they are; manifests with stale entries have no `source_checksum`.
    """
    files, settings = sources(), compiler()
    current = {path: source_checksum(closure(files, path), settings) for path in files}
    recorded = {path: record for manifest in stored.values() for path, record in manifest.get("sources", {}).items()}
    stale = {path for path in files if recorded.get(path) != current[path]}
    targets = sorted(stale & sources_of(files, names) if names else stale)
    left = sorted(stale.difference(targets))
    needed = {name: content for path in targets for name, content in closure(files, path).items()}
    fresh = compile_sources(needed, targets) if targets else {}
    kept = [one for manifest in stored.values() for one in manifest["contracts"].items()]
    entries = [*fresh, *((name, entry) for name, entry in kept if entry["source"] in files.keys() - set(targets))]
    owners: dict[str, str] = {}
    for name, entry in entries:
        if name in owners:
            raise CompileError(f"{name} is defined in {owners[name]} and {entry['source']}; ape would drop one of them")
        owners[name] = entry["source"]
    recorded = {path: recorded.get(path, "") if path in left else current[path] for path in files}
    head = {"compiler": settings, "source_checksum": "" if left else source_checksum(files, settings)}
    manifests = {
        file: {
            **head,
            "sources": {path: record for path, record in recorded.items() if path.startswith(MOCKS) == mocks},
            "contracts": {name: entry for name, entry in entries if entry["source"].startswith(MOCKS) == mocks},
        }
        for file, mocks in (("manifest.json", False), ("mocks.json", True))
    }
    return manifests, dict(fresh), left


def stored_manifests() -> dict[str, Json]:
    """Return the packaged manifests by file name, without those that are missing."""
    paths = [OUTPUT / "manifest.json", OUTPUT / "mocks.json"]
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()}


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


def size_of(entry: Json) -> int:
    """Return the length of a contract's code in bytes."""
    return len(entry["runtime"]) // 2 - 1


def report(before: Mapping[str, Json], fresh: Mapping[str, Json], left: list[str], seconds: float) -> None:
    """Print what was compiled: the size of each contract with code, and what is still stale."""
    old = {name: entry for manifest in before.values() for name, entry in manifest["contracts"].items()}
    for name, entry in fresh.items():
        if entry["bytecode"] != "0x":
            was = f" (was {size_of(old[name]):,})" if name in old and size_of(old[name]) != size_of(entry) else ""
            print(f"{name}: {size_of(entry):,} bytes{was}")
    print(f"{len(fresh)} contracts compiled in {seconds:.0f} s" if fresh else "nothing to compile")
    if left:
        print(f"{len(left)} sources are still stale, and tests refuse to run; run: make artifacts")


def main(arguments: list[str] | None = None) -> int:
    """Write the manifests, or compare them with `--check`; return 0 on success, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a contract to compile; default: what changed")
    parser.add_argument("--all", action="store_true", help="compile everything, changed or not")
    parser.add_argument("--check", action="store_true", help="compare with a fresh compilation, write nothing")
    given = parser.parse_args(arguments)
    begin = time.monotonic()
    before = stored_manifests()
    try:
        manifests, fresh, left = build({} if given.all or given.check else before, given.names)
    except CompileError as error:
        print(error, file=sys.stderr)
        return 1
    if given.check:
        stale = [line for file, manifest in manifests.items() for line in differences(OUTPUT / file, manifest)]
        for line in stale:
            print(f"stale: {line}", file=sys.stderr)
        if stale:
            print("The packaged artifacts are not what contracts/ compiles to; run: make artifacts ARGS=--all")
        return 1 if stale else 0
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for file, manifest in manifests.items():
        part = OUTPUT / f"{file}.part"
        part.write_text(text(manifest), encoding="utf-8")
        os.replace(part, OUTPUT / file)
    report(before, fresh, left, time.monotonic() - begin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
