"""The registry of sub-commands, before a front end adds its options for chain and account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["VERBS", "Verb", "verb"]

Verb = Callable[..., Any]
VERBS: list[tuple[str, Verb]] = []
"""The sub-commands by name."""


def verb(name: str) -> Callable[[Verb], Verb]:
    """Register a function taking `workspace` as a sub-command."""

    def register(function: Verb) -> Verb:
        VERBS.append((name, function))
        return function

    return register
