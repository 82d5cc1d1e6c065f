"""The search over the root chain's exits: the rules hold within the bound, and each fault put back is found."""

from __future__ import annotations

import pytest

from layer2.testing.search.engine import Game, explore
from layer2.testing.search.payments.competing import rivals
from layer2.testing.search.payments.included import included
from layer2.testing.search.payments.world import World
from layer2.testing.search.plasma.games import games


@pytest.mark.parametrize("game", [*rivals("small"), *included("small")], ids=lambda game: game.control or "sound")
def test_a_payee_leaves_in_time_and_each_fault_is_found(game: Game[World]) -> None:
    outcome = explore(game)
    assert outcome.as_expected(game.control), outcome.finding
    assert game.control or outcome.states > 700


@pytest.mark.parametrize("bound", ["small", "large"])
def test_every_game_has_a_name_of_its_own_and_every_family_of_them_a_control(bound: str) -> None:
    every = list(games(bound))
    names = [(game.name, game.control) for game in every]
    assert len(names) == len(set(names))
    sound = {game.name.split(",")[0] for game in every if not game.control}
    assert {game.name.split(",")[0] for game in every if game.control} == sound
