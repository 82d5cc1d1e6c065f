"""An honest proposer and an honest challenger on the deployed rollup against villains who order everything.

Promises: each lie is convicted before its window is over, and none is ever final, whatever it lies about and rests on;
no assertion of the truth is convicted; the proposer's become final, or the rollup was frozen for what the sequencer
left in the queue, and then its bonds come back; at the end both have what they had, and what they earned.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.campaign import campaign, controls, play_faulty
from tests.support.rollup.machine import NAP, PROFILE, RollupPlay, Villains

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.rollup.derivation.assertion_log import AssertionLog
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

picks = st.data()
RACES = ("UnexpectedStatus", "ChainFrozen")
"""What the contract says to a proposer when somebody was faster with the same assertion, or has frozen the rollup."""

_play: list[RollupPlay] = []


def play() -> RollupPlay:
    """The chain, made at first use."""
    if not _play:
        _play.append(RollupPlay())
    return _play[0]


class Keeper:
    """The honest side: a proposer and a challenger over one replica, started anew at will."""

    def __init__(self, play: RollupPlay) -> None:
        self.play = play
        self.restart()

    def restart(self) -> None:
        """Nothing is remembered but what the chain has."""
        self.replica = self.play.replica()
        rollup, senders = self.play.rollup, self.play.senders
        self.challenger = Challenger(rollup, senders["challenger"], self.replica)
        self.proposer = Proposer(rollup, senders["proposer"], self.replica, data="calldata")

    def wake(self) -> None:
        self.play.counts["challenger"] += len(self.challenger.step())
        try:
            self.play.counts["proposer"] += len(self.proposer.step())
        except ContractReverted as race:
            if race.name not in RACES:
                raise
            self.play.counts[f"proposer: {race.name}"] += 1
        self.play.changed()


class HonestAssertions(RuleBasedStateMachine):
    keeper_class: ClassVar[type[Keeper]] = Keeper

    @initialize(entries=st.integers(1, 2), lies=st.lists(st.integers(0, 60), max_size=2))
    def start(self, entries: int, lies: list[int]) -> None:
        """Some entries, and some lies about them."""
        self.play = play()
        self.play.begin()
        self.keeper = self.keeper_class(self.play)
        self.villains = Villains(self.play, self.play.replica())
        self.villains.see()
        self.before = {name: self.play.wealth(name) for name in ("proposer", "challenger")}
        for number in range(entries):
            self.villains.post(self.villains.frame(number % 2 == 0, 10**17, 0), False)
            self.villains.see()
        for lie in lies:
            self.villains.propose(self.villains.eye.final(), self.villains.eye.posted, lie)
            self.villains.see()

    def wake(self) -> None:
        self.keeper.wake()
        self.villains.see()
        self.check()

    @rule(data=picks)
    def a_villain_acts(self, data: st.DataObject) -> None:
        self.villains.move(data)
        self.villains.see()

    @rule(data=picks, count=st.integers(1, 3))
    def a_block_in_which_villains_come_with_what_the_honest_send(self, data: st.DataObject, count: int) -> None:
        moves = [lambda: self.villains.move(data)] * count
        with self.play.block(*moves):
            self.keeper.wake()
        self.play.counts["block"] += 1
        self.villains.see()
        self.wake()

    @precondition(lambda self: self.villains.eye.open_claims())
    @rule(data=picks, late=st.integers(0, 1))
    def somebody_acts_when_a_window_ends(self, data: st.DataObject, late: int) -> None:
        """In its last second, or in the first one after it."""
        claim = data.draw(st.sampled_from(self.villains.eye.open_claims()))
        self.play.until(self.villains.eye.created(claim) + PROFILE.window + late, self.wake)
        self.villains.see()
        self.villains.finalize(claim)
        self.villains.see()

    @precondition(lambda self: not self.villains.eye.frozen)
    @rule(lets_go=st.booleans(), posts=st.booleans())
    def nobody_takes_the_queue_along(self, lets_go: bool, posts: bool) -> None:
        """Until the rollup can be frozen for it; or, a second before, somebody does.

        `posts`: as late as entries may leave it behind there is another one: what is asserted about that is open then.
        """
        self.villains.enqueue(1)
        since = self.play.rollup.inbox()[4]
        if posts:
            self.play.until(since + PROFILE.force_delay, self.wake)
            self.villains.see()
            self.villains.post(self.villains.frame(True, 10**17, 0), False)
            self.villains.see()
        self.play.until(since + PROFILE.freeze_after + (0 if lets_go else 1), self.wake)
        self.villains.see()
        self.play.counts["waited for"] += 1
        if lets_go:
            assert not self.villains.freeze()
            self.villains.post(bytes(496), True)
        self.villains.freeze()
        self.villains.see()

    @rule(seconds=st.integers(1, NAP), anew=st.sampled_from((False, False, True)))
    def time_passes(self, seconds: int, anew: bool) -> None:
        if anew:
            self.keeper.restart()
            self.play.counts["started anew"] += 1
        self.play.sleep(seconds, self.wake)

    # ------------------------------------------------------------------------------------------------ the promises

    def check(self) -> None:
        eye, now = self.villains.eye, self.play.now
        for claim in eye.claims.values():
            status = eye.status(claim)
            if self.villains.truth(claim):
                assert status is not Status.INVALID, "the truth is convicted"
                continue
            assert status is not Status.FINAL, "a lie is final"
            if now > eye.created(claim) + PROFILE.window:
                assert status is Status.INVALID, "a lie outlives its window"

    def teardown(self) -> None:
        if hasattr(self, "before"):
            self.end()

    def end(self) -> None:
        """The villains rest; what the honest have said becomes final, and their money comes back."""
        for _ in range(2 * PROFILE.window // NAP + 4):
            self.play.advance(NAP)
            self.wake()
        eye, rollup = self.villains.eye, self.play.rollup
        own = [one for one in eye.claims.values() if rollup.status(one.id)[0] == self.play.address("proposer")]
        if eye.frozen:
            since = rollup.inbox()[4]
            assert since, "it was frozen, and nothing was left in the queue"
            assert {eye.status(one) for one in own} <= {Status.FINAL, Status.RELEASED}, "bonds are left in it"
        else:
            assert {eye.status(one) for one in own} <= {Status.FINAL}, "an assertion of the proposer's is not final"
            assert eye.final().inbox_end == eye.posted, "entries are left that nothing final covers"
        self.play.counts["frozen"] += eye.frozen
        self.play.counts["own"] += len(own)
        self.play.counts["ended"] += 1
        for name, before in self.before.items():
            assert self.play.wealth(name) >= before, f"the {name} has lost {before - self.play.wealth(name)} wei"
        assert self.keeper.challenger.faults == {}


HonestAssertions.TestCase.settings = settings(campaign(examples=30, steps=25), suppress_health_check=list(HealthCheck))

HAPPENED = {
    "ended": 16,
    "propose": 25,
    "proposer": 40,
    "challenger": 40,
    "commitChallenge": 6,
    "freeze": 2,
    "AssertionValid": 2,
}


def test_lies_are_convicted_in_time_and_the_truth_of_a_proposer_becomes_final() -> None:
    counts = play().counts = Counter()
    HonestAssertions.TestCase().runTest()
    print(dict(counts))
    for name, least in HAPPENED.items():
        assert counts[name] >= least, f"{name} happened {counts[name]} times, {least} needed"


def _believes(replica: Replica, parent: Assertion, claim: Assertion) -> bool:
    return claim.inbox_end <= len(replica.entries)


def _leaves_children(challenger: Challenger, claim: Assertion) -> Receipt | None:
    parent = challenger.replica.claims[claim.parent]
    if parent.id in challenger._convicted or challenger.replica.status(parent) is Status.INVALID:
        return None
    return HANDLE(challenger, claim)


def _leaves_bonds(proposer: Proposer) -> list[Assertion]:
    return [] if proposer.replica.frozen else DUE(proposer)


HANDLE, DUE = Challenger._handle, Proposer._due
FAULTS = {
    "it forgets what it announced": (AssertionLog, "announced", property(lambda _: {})),
    "it takes every root for right": (Replica, "_matches", _believes),
    "what rests on a lie is left": (Challenger, "_handle", _leaves_children),
    "nothing is made final": (Proposer, "finalize_due", lambda _: []),
    "bonds stay in a frozen rollup": (Proposer, "_due", _leaves_bonds),
}


@pytest.mark.parametrize("fault", controls(FAULTS, "it forgets what it announced"))
def test_each_fault_of_the_honest_side_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Controls: with one rule less a lie stands, or the proposer's money does not come back."""
    play()
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError, match="a lie|not final|is convicted|has lost|bonds"):
        play_faulty(HonestAssertions, 500, 25)
