"""Who holds a coin beside a watcher keeps it, against a thief who had it, and who is also the operator.

The thief signs transfers of it as it likes, puts them into blocks that it shows or does not, exits, doubts, answers and
claims, before the watcher in a moment or after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.campaign import campaign
from tests.support.coins.watcher_world import EAGER, ETHER, PERIOD, CoinWorld

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.testing.adversaries.coins.hostile_operator import HostileCoinOperator
from layer2.testing.isolation import isolated

HOLDER, THIEF = "payee", "thief"


class CoinFight:
    """A coin that went from the thief to its holder, and all that the thief does to have it back."""

    def __init__(self, world: CoinWorld, draw: st.DataObject, scheduler: tuple[str, ...]) -> None:
        self.world, self.draw = world, draw
        world.hostile = HostileCoinOperator(world.chain, world.people["operator"].sender)
        self.refused: Counter[str] = Counter()
        self.coin, self.record = world.deposit(scheduler[0], ETHER)
        self.own = 0
        self.blocks: list[int] = []
        for giver, taker in pairwise(scheduler):
            self.own = world.pass_on(self.coin, giver, taker, self.own)
            self.blocks.append(self.own)
        self.exits: list[int] = []
        self.doubts: list[tuple[int, int]] = []
        self.watcher = world.watch(None, policy=EAGER, owners=[world.people[HOLDER].address])
        self.gas = 0
        self.before = world.balance(HOLDER)
        assert self.watcher.step().findings == []

    def choose(self, *options: int) -> int:
        return self.draw.draw(st.sampled_from(options))

    def try_(self, call: Callable[[], Receipt]) -> bool:
        named = "done"
        try:
            call()
        except ContractReverted as refusal:
            named = refusal.name
        # Refused each by a rule of the contract's that has a name: never by a panic, or for want of gas.
        assert named
        self.refused[named] += 1
        return named == "done"

    # ------------------------------------------------------------------------------------------------------- moves

    def block(self) -> None:
        """A transfer by the thief of what any block gave, to anybody, shown or not."""
        prev, to = self.choose(0, *self.blocks), self.draw.draw(st.sampled_from((THIEF, "other", HOLDER)))
        number = self.world.pass_on(self.coin, THIEF, to, prev, withhold=bool(self.choose(0, 1)))
        self.blocks.append(number)

    def reveal(self) -> None:
        self.world.hostile.reveal()

    def exit(self) -> None:
        """Take out what any block says is the thief's."""
        number = self.choose(0, *self.blocks)
        if self.try_(lambda: self.world.exit(THIEF, self.coin, self.record, number)):
            self.exits.append(number)

    def doubt(self) -> None:
        """Doubt the history of the holder's exit, or of its own, with anything before it."""
        number, earlier = self.choose(self.own, *self.exits), self.choose(0, *self.blocks)
        if self.try_(lambda: self.world.doubt(THIEF, self.coin, number, self.record, earlier)):
            self.doubts.append((number, earlier))

    def answer(self) -> None:
        """Answer for its own exits with any transfer."""
        if not self.exits:
            return
        number, spend = self.choose(*self.exits), self.choose(*self.blocks)
        for doubt in _doubts(self.watcher, self.coin, number):
            self.try_(lambda doubt=doubt: self.world.answer(THIEF, self.coin, number, doubt, spend))

    def claim(self) -> None:
        """Claim its own exits."""
        for number in self.exits:
            self.try_(lambda number=number: self.world.claim(THIEF, self.coin, self.record, number))

    def move(self) -> None:
        moves = (self.doubt, self.block, self.exit, self.doubt, self.answer, self.claim, self.reveal, self.exit)
        self.draw.draw(st.sampled_from(moves))()

    # -------------------------------------------------------------------------------------------------------- turns

    def moment(self, *honest: Callable[[], object], moves: int = 2) -> None:
        """Some of the thief's calls before those of the watcher and the holder, and some behind them."""
        for _ in range(self.draw.draw(st.integers(0, moves))):
            self.move()
        for call in (self.watcher.step, *honest):
            call()
        for _ in range(self.draw.draw(st.integers(0, moves))):
            self.move()

    def leave(self) -> None:
        self.gas += self.world.exit(HOLDER, self.coin, self.record, self.own).cost

    def end(self, turns: int = 6) -> None:
        for _ in range(turns):
            self.world.later(PERIOD // 4)
            self.moment(moves=1)
        self.world.hostile.reveal()
        for _ in range(6):
            self.watcher.step()
            self.claim()
            self.world.later(PERIOD // 2 + 1)
        self.watcher.step()

    def is_whole(self) -> bool:
        bounty = self.world.chain.profile.bounty
        return self.world.balance(HOLDER) - self.before + self.gas >= ETHER - bounty


def _doubts(watcher: CoinWatcher, coin: int, number: int) -> list[ChallengeView]:
    return [one.challenge for one in watcher.view.doubts.get((coin, number), ())]


@settings(campaign(3, 1), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(draw=st.data(), scheduler=st.sampled_from([(THIEF, HOLDER), (HOLDER,), (THIEF, "other", THIEF, HOLDER)]))
def test_a_holder_who_leaves_has_the_coin_whatever_its_former_owner_does(
    world: CoinWorld, draw: st.DataObject, scheduler: tuple[str, ...]
) -> None:
    with isolated(world.connection):
        one = CoinFight(world, draw, scheduler)
        for _ in range(draw.draw(st.integers(0, 3))):
            one.moment()
            world.later(PERIOD // 8)
        one.moment(one.leave)
        one.end()
        assert not world.chain.holds(one.coin, one.record)
        assert one.is_whole()


@settings(campaign(2, 1), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(draw=st.data())
def test_a_holder_who_stays_keeps_the_coin_while_the_watcher_works(world: CoinWorld, draw: st.DataObject) -> None:
    with isolated(world.connection):
        one = CoinFight(world, draw, (THIEF, HOLDER))
        for _ in range(6):
            one.moment()
            world.later(PERIOD // 4)
        assert one.watcher.step() is not None
        one.claim()
        # Nobody was paid but by an exit of the holder, and there was none.
        assert world.chain.holds(one.coin, one.record)


def test_the_former_owner_reaches_the_games(world: CoinWorld) -> None:
    """The moves are no moves against a wall: some are taken by the contract, and many kinds of refusal occur."""
    seen: Counter[str] = Counter()

    @settings(campaign(5, 1), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(draw=st.data())
    def run(draw: st.DataObject) -> None:
        with isolated(world.connection):
            one = CoinFight(world, draw, (THIEF, "other", THIEF, HOLDER))
            one.leave()
            for _ in range(14):
                one.move()
            seen.update(one.refused)
            seen["exits"] += len(one.exits)
            seen["doubts"] += len(one.doubts)

    run()
    assert seen["exits"], seen
    assert seen["doubts"], seen
    assert len(seen) > 6, seen


def test_without_a_watcher_the_former_owner_has_it(world: CoinWorld) -> None:
    """The control: what the machine calls robbed can be."""
    with isolated(world.connection):
        one = CoinFight(world, None, (THIEF, HOLDER))  # type: ignore[arg-type]
        world.exit(THIEF, one.coin, one.record, 0)
        world.later(PERIOD + 1)
        world.claim(THIEF, one.coin, one.record, 0)
        assert not world.chain.holds(one.coin, one.record)
        assert not one.is_whole()
