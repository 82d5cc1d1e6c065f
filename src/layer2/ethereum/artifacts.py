"""Compiled contracts packaged with the library, so that a deployment needs no compiler."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from layer2.ethereum.errors import ArtifactError

__all__ = ["Artifact", "artifact_names", "load_artifact", "load_manifest", "source_checksum"]

_REINSTALL = "install layer2 again; in a checkout run: make artifacts ARGS=--all"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract; `source_checksum` covers every Solidity source it was compiled from."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime: bytes
    storage_layout: dict[str, Any] = field(default_factory=dict)
    immutable_references: dict[str, list[dict[str, int]]] = field(default_factory=dict)
    source_checksum: str = ""
    source: str = ""
    compiler: dict[str, Any] = field(default_factory=dict)
    method_identifiers: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Artifact {self.name} {len(self.runtime)} bytes>"


@lru_cache(maxsize=4)
def load_manifest(mocks: bool = False) -> Mapping[str, Any]:
    """Return the packaged `manifest.json` (or `mocks.json`) unchanged; raise `ArtifactError` if damaged."""
    name = "mocks.json" if mocks else "manifest.json"
    try:
        text = resources.files("layer2").joinpath("artifacts", name).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as failure:
        hint = "mocks are part of a checkout, not of the wheel" if mocks else _REINSTALL
        raise ArtifactError(f"layer2/artifacts/{name} is missing", hint=hint) from failure
    try:
        manifest = json.loads(text)
    except json.JSONDecodeError as failure:
        raise ArtifactError(
            f"layer2/artifacts/{name} is damaged: {failure}",
            hint=_REINSTALL,
        ) from failure
    if not isinstance(manifest, dict) or not isinstance(manifest.get("contracts"), dict):
        raise ArtifactError(
            f"layer2/artifacts/{name} has no contracts",
            hint=_REINSTALL,
        )
    return cast(Mapping[str, Any], manifest)


def artifact_names(*, mocks: bool = False) -> list[str]:
    """Return the names that `load_artifact` accepts."""
    return sorted(load_manifest(mocks)["contracts"])


def load_artifact(name: str, *, mocks: bool = False) -> Artifact:
    """Return a packaged contract by name (`mocks=True`: one of the adversarial or helper contracts used in tests)."""
    manifest = load_manifest(mocks)
    raw = manifest["contracts"].get(name)
    if raw is None:
        raise ArtifactError(
            f"contract {name!r} is not in the manifest; it has: {', '.join(artifact_names(mocks=mocks))}",
            hint="check the name; in a checkout run: make artifacts",
        )
    try:
        return Artifact(
            name=name,
            abi=list(raw["abi"]),
            bytecode=_code(raw["bytecode"]),
            runtime=_code(raw["runtime"]),
            storage_layout=dict(raw.get("storage_layout") or {}),
            immutable_references=dict(raw.get("immutable_references") or {}),
            source_checksum=str(manifest.get("source_checksum", "")),
            source=str(raw.get("source", "")),
            compiler=dict(manifest.get("compiler") or {}),
            method_identifiers=dict(raw.get("method_identifiers") or {}),
        )
    except (KeyError, TypeError, ValueError) as failure:
        raise ArtifactError(
            f"contract {name!r}: the manifest entry is damaged: {failure!r}",
            hint=_REINSTALL,
        ) from failure


def source_checksum(root: str | Path, compiler: Mapping[str, Any] | None = None) -> str:
    """Return the checksum that a manifest compiled from the `contracts` folder `root` must have (hex SHA-256).

    Covers every `.sol` file (path below `root`, hash of its content) and the compiler record (default: that of the
    packaged manifest), so that a packaged manifest can be compared with local sources.
    """
    base = Path(root)
    record = dict(load_manifest()["compiler"] if compiler is None else compiler)
    digest = hashlib.sha256()
    sources = (path for path in base.rglob("*.sol") if ".cache" not in path.parts)
    files = {path.relative_to(base).as_posix(): path for path in sources}
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name].read_bytes()).hexdigest()}\n".encode())
    digest.update(json.dumps(record, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def _code(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
