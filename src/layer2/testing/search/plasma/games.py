"""The games of plasma: exits of payments on the root chain's pure twin, coins on the coin chain's.

A payee leaves, whatever a thief starts; two owners leave a chain whose operator mints, each alone or together; a coin
stays its holder's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from layer2.testing.search.coins.games import coins
from layer2.testing.search.engine import Game
from layer2.testing.search.payments.competing import rivals
from layer2.testing.search.payments.exit_order import ordered
from layer2.testing.search.payments.included import included
from layer2.testing.search.payments.joint import joint

__all__ = ["games"]


def games(bound: str) -> Iterable[Game[Any]]:
    """All of them, each with the games of its faults."""
    yield from rivals(bound)
    yield from included(bound)
    yield from ordered(bound)
    yield from joint(bound)
    yield from coins(bound)
