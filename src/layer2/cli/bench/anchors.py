"""What the best comparable system pays for each operation, and what this project must stay at or under."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from layer2.primitives.errors import InputError

__all__ = ["anchors_of"]


def anchors_of(family: str) -> dict[str, dict[str, Any]]:
    """By operation id: `{"anchor": {"name", "gas"} or None, "target": number or None}`; bytes where the id says so.

    Raises:
        InputError: there are none of this family.
    """
    families = json.loads(files("layer2.cli.bench").joinpath("anchors.json").read_text())["families"]
    if family not in families:
        raise InputError(f"anchors of {family!r} asked, one of {', '.join(families)} needed", hint="name one of them")
    found: dict[str, dict[str, Any]] = families[family]
    return found
