"""Public names of a package, imported when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["public_names"]


def public_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's `__getattr__` (PEP 562) that imports public names on first use.

    Importing the package itself therefore loads no chain library.

    Args:
        package: name of the package that offers the names.
        homes: module of each public name, relative to `layer2`.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"layer2.{homes[name]}"), name)

    return find
