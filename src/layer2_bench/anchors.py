"""Reference costs of the best comparable systems for each operation, and this project's targets."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from layer2.primitives.errors import InputError

__all__ = ["anchors_of"]


def anchors_of(family: str) -> dict[str, dict[str, Any]]:
    """Return the anchors of a family by operation id.

    Each is `{"anchor": {"name", "gas"} or None, "target": number or None}`; the unit is bytes if the id indicates it.

    Raises:
        InputError: The family is unknown.
    """
    families = json.loads(files("layer2_bench").joinpath("anchors.json").read_text())["families"]
    if family not in families:
        raise InputError(f"anchors of {family!r} asked, one of {', '.join(families)} needed", hint="name one of them")
    found: dict[str, dict[str, Any]] = families[family]
    return found
