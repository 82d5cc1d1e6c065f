"""Games of plasma: exits on the root chain's model, and coins on the coin chain's model.

A payee exits against any actions of a thief; two owners exit a chain whose operator mints, separately or together; and
a holder keeps its coin.
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
    """Yield all games of a bound, each with its controls."""
    yield from rivals(bound)
    yield from included(bound)
    yield from ordered(bound)
    yield from joint(bound)
    yield from coins(bound)
