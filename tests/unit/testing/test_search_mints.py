"""The search of two owners in front of mints: its cheapest games, and the theft that it found in an older ledger."""

from __future__ import annotations

import pytest

from layer2.testing.search.engine import Outcome, explore
from layer2.testing.search.payments.exit_order import FAULTS, OrderedTable
from layer2.testing.search.payments.honest_exit import Leaving, Owed
from layer2.testing.search.payments.joint import JointTable
from layer2.testing.search.payments.minted import Powers

OWN = Powers(2, outputs=(0, 2))
"""The thief leaves with its deposit, and with what it paid itself out of that in a block that nobody sees."""
YOUNG = Powers(2, outputs=(1, 3))
"""With what the operator minted, and no more."""


def played(powers: Powers, leaving: Leaving, control: str = "", slack: int = 0) -> Outcome:
    return explore(OrderedTable(control, powers, leaving, slack).game("two owners", control))


def test_who_claims_before_2w_after_the_block_is_paid_in_the_second_in_which_it_can_be() -> None:
    outcome = played(OWN, Leaving((1, 1)))
    assert outcome.finding is None
    assert outcome.states > 60


def test_who_claims_later_is_paid_too_whatever_is_registered_after_the_theft() -> None:
    outcome = played(OWN, Leaving((1, 1), waits=1))
    assert outcome.finding is None
    assert outcome.states > 150


def test_with_a_place_in_front_of_what_was_paid_who_claims_later_loses_to_older_money() -> None:
    outcome = played(OWN, Leaving((1, 1), waits=1), "a place behind what was paid", slack=4)
    assert outcome.finding is not None
    assert outcome.finding.why == "10 is there, 20 is owed to the honest"
    acts = [act for act in outcome.finding.play if act != "time passes"]
    assert [act for act in acts if not act.startswith("[")] == [
        "block 3",
        "exit of 3.1",
        "claim of 3.1",
        "exit of the deposit",
        "claim of the deposit",
    ]


def test_who_claims_later_loses_nothing_to_what_is_younger() -> None:
    outcome = played(YOUNG, Leaving((1, 1), waits=3))
    assert outcome.finding is None
    assert outcome.states > 150


@pytest.mark.parametrize("control", ["what is older left covered", "buckets that are listed once"])
def test_without_the_order_what_is_younger_robs_them(control: str) -> None:
    assert control in FAULTS
    outcome = played(YOUNG, Leaving((1, 1), waits=3), control)
    assert outcome.finding is not None
    assert outcome.finding.why == "35 is there, 50 is owed to the honest"


def test_a_fault_that_is_put_back_is_gone_when_the_game_is_over() -> None:
    assert played(YOUNG, Leaving((1, 1), waits=3), "what is older left covered").finding is not None
    assert played(YOUNG, Leaving((1, 1), waits=3)).finding is None


def test_whoever_lists_what_is_needed_alone_is_outrun() -> None:
    assert played(OWN, Leaving((1, 1))).finding is None
    outcome = played(OWN, Leaving((1, 1), widens=False))
    assert outcome.finding is not None
    assert outcome.finding.why == "owner 1 was due and is not paid"


def test_two_owners_of_a_swap_in_flight_are_paid_what_it_gives_them() -> None:
    outcome = explore(JointTable("", Powers(4, outputs=(0, 1, 2)), Leaving((1, 1))).game("a swap"))
    assert outcome.finding is None
    assert outcome.states > 300


def test_an_owner_reads_the_ledger_by_the_functions_of_the_wallet() -> None:
    world = OrderedTable("", YOUNG, Leaving()).first
    state = world.state.copy()
    assert Owed(1, 30).needed(state) == []
    for block, amount in ((1, 30), (2, 20), (3, 25), (4, 15)):
        state.reserve.register(0, block, amount)
    assert Owed(1, 30).needed(state) == [1]
    assert Owed(3, 25).needed(state) is None
    assert Owed(1, 30).listed(state, [1], Leaving()) == (0, 1, 2, 3)
    assert Owed(1, 30).listed(state, [1], Leaving(listed=2)) == (1, 3)
    assert Owed(1, 30).listed(state, [1], Leaving(widens=False)) == (1,)
    assert Owed(1, 30).moved(state, [1], Leaving(listed=1)) is None
    assert Owed(1, 30).moved(state, [1, 2], Leaving(listed=1)) == 1
