"""Committed measurements that fail on changes: gas, sizes, storage layout and selectors.

Each is a sorted JSON file under `tests/snapshots/`. `LAYER2_UPDATE_SNAPSHOTS=1` rewrites it instead of comparing. That
mode must run without xdist, because two writers would lose each other's entries.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from layer2.ethereum.abi import select
from layer2.ethereum.artifacts import Artifact
from layer2.primitives.hashing import keccak

__all__ = ["RUNTIME_LIMIT", "UPDATE_VARIABLE", "Snapshots", "selectors_of", "storage_layout_of"]

RUNTIME_LIMIT = 24_576
"""Maximum size of runtime code in bytes (EIP-170)."""

UPDATE_VARIABLE = "LAYER2_UPDATE_SNAPSHOTS"


class _HasGas(Protocol):
    @property
    def gas_used(self) -> int: ...


class Snapshots:
    """The snapshot files of one folder."""

    def __init__(self, folder: str | Path = "tests/snapshots", *, update: bool | None = None) -> None:
        self.folder = Path(folder)
        self.update = os.environ.get(UPDATE_VARIABLE) == "1" if update is None else update

    def gas(self, suite: str, sentence: str, receipt: _HasGas) -> int:
        """Compare a receipt's gas (21,000 and calldata included) with `gas-<suite>.json`, and return it.

        The key is a sentence: "pay 10 rows from one channel, slots warm".
        """
        if " " not in sentence.strip():
            raise ValueError(f"a gas snapshot's key is a sentence that says what was measured, not {sentence!r}")
        self.compare(f"gas-{suite}", {sentence: receipt.gas_used})
        return receipt.gas_used

    def sizes(self, *artifacts: Artifact) -> None:
        """Compare runtime size (at most 24,576 bytes) and init code hash with `sizes.json`."""
        for artifact in artifacts:
            if len(artifact.runtime) > RUNTIME_LIMIT:
                raise AssertionError(
                    f"{artifact.name}: {len(artifact.runtime)} bytes of runtime code, limit {RUNTIME_LIMIT}"
                )
        self.compare("sizes", {one.name: _size(one) for one in artifacts}, exact=True)

    def storage_layout(self, artifact: Artifact) -> None:
        """Compare the storage layout with `storage-<name>.json`."""
        self.compare(f"storage-{artifact.name}", storage_layout_of(artifact), exact=True)

    def selectors(self, artifact: Artifact) -> None:
        """Compare function and error selectors and event topics with `selectors-<name>.json`."""
        self.compare(f"selectors-{artifact.name}", selectors_of(artifact), exact=True)

    def compare(self, name: str, values: Mapping[str, Any], *, exact: bool = False) -> None:
        """Compare `values` with the file `<name>.json`, which must contain nothing else if `exact` is set.

        In update mode the file is rewritten instead.

        Raises:
            AssertionError: Values differ; the message lists each difference.
        """
        path = self.folder / f"{name}.json"
        # The conversion through JSON makes a tuple equal to the list it is stored as.
        fresh: dict[str, Any] = json.loads(json.dumps(dict(values)))
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if self.update:
            merged = fresh if exact else {**stored, **fresh}
            if merged != stored:
                _write(path, merged)
            return
        keys = fresh.keys() | stored.keys() if exact else fresh.keys()
        drift = [_difference(key, stored, fresh) for key in sorted(keys) if stored.get(key) != fresh.get(key)]
        if drift:
            raise AssertionError(
                f"snapshot {path.name} differs:\n  "
                + "\n  ".join(drift)
                + f"\nIf meant: {UPDATE_VARIABLE}=1, run again, commit."
            )


def storage_layout_of(artifact: Artifact) -> dict[str, Any]:
    """Return slot, offset, bytes and type of each variable with expanded structs, without the compiler's node ids."""
    layout = artifact.storage_layout
    types: Mapping[str, Any] = layout.get("types") or {}
    return {item["label"]: _variable(item, types, ()) for item in layout.get("storage") or ()}


def _variable(item: Mapping[str, Any], types: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    kind = types[item["type"]]
    shown = {
        "slot": int(item["slot"]),
        "offset": item["offset"],
        "bytes": int(kind["numberOfBytes"]),
        "type": kind["label"],
    }
    inner = kind
    # The value of a mapping and the element of an array are part of the layout, too.
    while "value" in inner or "base" in inner:
        inner = types[inner.get("value") or inner["base"]]
    if "members" in inner and inner["label"] not in path:
        deeper = (*path, inner["label"])
        shown["members"] = {member["label"]: _variable(member, types, deeper) for member in inner["members"]}
    return shown


def selectors_of(artifact: Artifact) -> dict[str, str]:
    """Return the selectors of functions and errors (4 bytes) and topics of events (32 bytes).

    The keys have the form `"function pay(uint256)"`.
    """
    return {
        f"{kind} {codec.signature}": "0x" + (codec.topic if kind == "event" else codec.selector).hex()
        for kind in ("function", "error", "event")
        for codec in select(artifact.abi, kind)
    }


def _size(artifact: Artifact) -> dict[str, Any]:
    return {"runtime bytes": len(artifact.runtime), "init code hash": "0x" + keccak(artifact.bytecode).hex()}


def _difference(key: str, stored: Mapping[str, Any], fresh: Mapping[str, Any]) -> str:
    if key not in stored:
        return f"{key}: new: {fresh[key]}"
    if key not in fresh:
        return f"{key}: gone (was {stored[key]})"
    was, now = stored[key], fresh[key]
    change = f" ({now - was:+d})" if isinstance(was, int) and isinstance(now, int) else ""
    return f"{key}: {was} -> {now}{change}"


def _write(path: Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)
