"""A rollup that has run for long: a node started now, and a user that comes back, cope with all of it. On anvil."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

import pytest

from layer2.ethereum.sender import Sender
from layer2.rollup.state.commitments import Status
from layer2.rollup.validator.challenger import Challenger

ASSERTIONS = 60
FRAMES = 130
"""Of Python's stack, for what does not grow with the history."""


@pytest.fixture
def shallow() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + FRAMES)
    yield
    sys.setrecursionlimit(before)


@pytest.fixture
def data() -> str:
    return "calldata"


@pytest.mark.slow
@pytest.mark.parametrize("chain", [pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)
def test_a_long_line_of_assertions_overflows_no_stack(l2, chain, people, request: pytest.FixtureRequest) -> None:
    payer = l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    for amount in range(1, ASSERTIONS + 1):
        payer.withdraw(amount)
        l2.post()
        l2.settle()
    payer.deposit(1)
    l2.post()
    lie = l2.propose(fault="inflate", sender=people.attacker)
    alone = l2.wallet(people.payer, with_sequencer=False)
    challenger = Challenger(l2.rollup, Sender(chain, people.stranger), l2.replica())
    request.getfixturevalue("shallow")
    assert len(alone.claim_all()) == ASSERTIONS
    for _ in range(2):
        challenger.step()
        chain.mine(l2.profile.reveal_blocks)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
