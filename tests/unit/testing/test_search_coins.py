"""The search of a coin's holder: its cheapest games, and what they are without a part of the rule or of the program."""

from __future__ import annotations

import pytest

from layer2.testing.search.coins.games import DarkGames, HolderGames
from layer2.testing.search.coins.holder import Holding, Reach
from layer2.testing.search.coins.withheld import Looking
from layer2.testing.search.engine import Outcome, explore

QUIET = Reach(0, 0, 0)
"""No block comes, and the thief puts up no bond."""


def held(reach: Reach, holding: Holding | None = None, control: str = "") -> Outcome:
    return explore(HolderGames(control, reach, holding or Holding()).game("a holder", control))


def test_the_holder_is_paid_though_the_former_owner_is_the_operator() -> None:
    outcome = held(Reach(2, 1, 0))
    assert outcome.finding is None
    assert outcome.states > 150


def test_each_bond_of_the_thief_puts_it_off_by_w_at_most() -> None:
    assert held(Reach(1, 0, 1)).depth > held(Reach(1, 0, 0)).depth
    assert held(Reach(1, 0, 1)).finding is None


@pytest.mark.parametrize("control", ["the first of two spends", "the transfer that is spent shown with the exit"])
def test_a_holder_who_could_be_refuted_by_old_transfers_is_never_paid(control: str) -> None:
    assert held(QUIET).finding is None
    outcome = held(QUIET, control=control)
    assert outcome.finding is not None
    assert outcome.finding.why == "the holder is not paid"


def test_a_holder_who_contradicts_nobody_loses_the_coin() -> None:
    outcome = held(Reach(0, 0, 1), Holding(contradicts=False))
    assert outcome.finding is not None
    assert outcome.finding.why == "the coin was paid to the thief, or twice"
    assert held(Reach(0, 0, 1)).finding is None


@pytest.mark.parametrize(("looking", "robbed"), [(Looking(), False), (Looking(payer=False), True)])
def test_a_coin_in_the_dark_needs_a_payer_who_looks(looking: Looking, robbed: bool) -> None:
    outcome = explore(DarkGames("", Reach(1, 0, 1), looking, 9, hidden=True).game("the dark"))
    assert (outcome.finding is not None) == robbed
    assert outcome.states > 40
