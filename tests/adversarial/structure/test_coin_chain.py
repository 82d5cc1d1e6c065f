"""Structural fuzz of every entry of the coin chain that takes data of any length: no coin moves for a shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.support.call_shapes import MOST, entries, fewer, told
from tests.support.campaign import NIGHTLY, SEED
from tests.support.coins.builder import Coin, Stage, Step, Transfer

from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.primitives.hashing import keccak
from layer2.testing.fuzz.call_trials import Trials
from layer2.testing.isolation import isolated

SCENES = {
    "spent": {"exitTransfer", "challengeAfter", "challengeBetween"},
    "history": {"exitTransfer", "challengeBefore", "respondChallengeBefore"},
    "claims": {"finalizeExits"},
}
LEAST = 5_000 if NIGHTLY else 200
OTHERS = {number * 0x1234567890ABCDEF % 2**64: keccak(b"%d" % number) for number in range(1, 20)}
"""Other coins of the blocks, so that proofs have branches."""


def fewer_dues(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """What is not due is left out."""
    return ((dues,) for dues in fewer(values[0]))


class Scenes:
    """A coin chain whose calls are tried, and what happens there."""

    def __init__(self, stage: Stage, scene: str) -> None:
        stranger = stage.sign(stage.thief, Transfer(1, 0, stage.thief.address)) * 5
        self.stage = stage
        self.trials = Trials(
            stage.chain, SCENES[scene], stranger, 3 * MOST, {}, {"finalizeExits": fewer_dues}, seed=SEED
        )
        stage.chain = self.trials  # type: ignore[assignment]

    def step(self, coin: Coin, owner: str, to: str, after: Step | None = None) -> Step:
        stage = self.stage
        transfer = Transfer(coin.id, after.number if after else 0, getattr(stage, to).address)
        return stage.include(transfer, stage.sign(getattr(stage, owner), transfer), OTHERS)

    def spent(self) -> None:
        """The payee's exit of what it has spent, and the thief's of a second transfer of the same."""
        stage = self.stage
        coin = stage.deposit(stage.payer)
        first = self.step(coin, "payer", "payee")
        second = self.step(coin, "payee", "watcher", first)
        again = self.step(coin, "payee", "thief", first)
        stage.exit(stage.payee, coin, None, first)
        stage.exit(stage.thief, coin, first, again)
        stage.double_spent(stage.watcher, coin, again.number, second)
        stage.spent(stage.watcher, coin, first.number, second)

    def history(self) -> None:
        stage = self.stage
        coin = stage.deposit(stage.payer)
        first = self.step(coin, "payer", "payee")
        second = self.step(coin, "payee", "watcher", first)
        third = self.step(coin, "watcher", "payer", second)
        stage.exit(stage.payer, coin, second, third)
        by_deposit = stage.history(stage.thief, coin, third.number, None)
        by_transfer = stage.history(stage.thief, coin, third.number, first)
        stage.answer(stage.payer, coin, third.number, by_deposit, first)
        stage.answer(stage.payer, coin, third.number, by_transfer, second)

    def claims(self) -> None:
        stage = self.stage
        players = (stage.payer, stage.payee, stage.watcher)
        coins = [stage.deposit(one) for one in players]
        for player, coin in zip(players, coins, strict=True):
            stage.exit_deposit(player, coin)
        stage.pass_period()
        stage.connection.advance(2)
        stage.claim(stage.thief, *((coin, 0) for coin in coins))


@pytest.fixture(scope="module")
def built() -> Stage:
    return Stage(new_chain())


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    chain = built.chain
    with isolated(built.connection):
        yield built
    built.chain = chain


def test_every_entry_that_takes_data_of_any_length_is_tried(stage: Stage) -> None:
    assert set().union(*SCENES.values()) == entries(stage.chain)


def test_a_call_in_another_shape_reverts_or_does_the_same(stage: Stage) -> None:
    ends, refusals = told("coin chain", [])
    for scene in SCENES:
        with isolated(stage.connection):
            chain = stage.chain
            played = Scenes(stage, scene)
            getattr(played, scene)()
            stage.chain = chain
        assert set(played.trials.tries) == SCENES[scene]
        more, errors = told(scene, [played.trials])
        ends, refusals = ends + more, refusals + errors
    assert ends.total() > LEAST
    assert ends["same"] > 5
    assert ends["less"] > 0
    wanted = {
        "exitTransfer: InvalidProof", "exitTransfer: UnexpectedPreviousBlock", "challengeAfter: InvalidProof",
        "challengeBetween: InvalidProof", "challengeBefore: InvalidProof", "respondChallengeBefore: InvalidProof",
        "respondChallengeBefore: UnexpectedPreviousBlock", "finalizeExits: NothingDue",
    }  # fmt: skip
    assert wanted <= set(refusals)
