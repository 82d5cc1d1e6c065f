"""The search over the root chain's exits: the rules hold within the bound, and each fault put back is found."""

from __future__ import annotations

import pytest

from layer2.testing.search.engine import Game, explore
from layer2.testing.search.plasma import games
from layer2.testing.search.plasmaworld import World


@pytest.mark.parametrize("game", games("small"), ids=lambda game: game.control or "sound")
def test_a_payee_leaves_in_time_and_each_fault_is_found(game: Game[World]) -> None:
    outcome = explore(game)
    assert outcome.as_expected(game.control), outcome.finding
    assert game.control or outcome.states > 1_500
