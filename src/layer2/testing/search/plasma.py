"""The root chain's exits, searched on its pure twin: a payee leaves, and whatever a thief starts, it is paid."""

from __future__ import annotations

from collections.abc import Iterable

from layer2.testing.search.engine import Game
from layer2.testing.search.plasmaincluded import included
from layer2.testing.search.plasmarivals import World, rivals

__all__ = ["games"]


def games(bound: str) -> Iterable[Game[World]]:
    """All of them, each with the games of its faults."""
    yield from rivals(bound)
    yield from included(bound)
