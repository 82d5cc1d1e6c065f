"""The parts of a proof for the judges by name, so that one of them alone can be changed."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import decode, encode

from layer2.rollup.validator.witness import PROOF_TYPES

__all__ = ["changed", "part"]

_PARTS: dict[str, tuple[int, ...]] = {
    "segment": (0, 0),
    "before": (0, 1),
    "origin": (0, 2),
    "entry": (0, 3, 0),
    "item": (0, 3, 1),
    "previous": (0, 3, 2),
    "frame": (0, 4, 0),
    "frame path": (0, 4, 1),
    "hashes": (0, 4, 2),
    "roots": (0, 4, 3),
    "roots path": (0, 4, 4),
    "opening": (0, 4, 5),
    "items": (0, 5),
    "later": (0, 6),
    "hints": (0, 7),
    "ids": (0, 8, 0),
    "leaves": (0, 8, 1),
    "order": (0, 8, 2),
    "branch": (0, 8, 3),
    "siblings": (1,),
    "keys": (2,),
}


def part(proof: bytes, name: str) -> Any:
    """A part of an encoded proof."""
    found: Any = decode(PROOF_TYPES, proof)
    for place in _PARTS[name]:
        found = found[place]
    return found


def changed(proof: bytes, **parts: Any) -> bytes:
    """The proof with other parts; a name's blanks are underscores here."""
    row: Any = decode(PROOF_TYPES, proof)
    for name, value in parts.items():
        row = _with(row, _PARTS[name.replace("_", " ")], value)
    return encode(PROOF_TYPES, row)


def _with(row: tuple[Any, ...], path: tuple[int, ...], value: Any) -> tuple[Any, ...]:
    here, *rest = path
    return (*row[:here], _with(row[here], tuple(rest), value) if rest else value, *row[here + 1 :])
