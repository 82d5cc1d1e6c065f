"""Contract and model in lock-step: whatever anybody calls, both accept it or both refuse it for the same reason.

Users sign conflicting transactions, the operator includes what it likes (mints, repetitions, what has expired), people
take out what they own, spent or not, start and join in-flight exits and dispute them, claim with and without lists,
abandon and fetch what a receiver refused, at times that hit the edges of every wait. After each call events and money
agree, and every word of the contract that should have changed, and in turn those that should not; all at a run's end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test
from tests.support.campaign import campaign
from tests.support.payments.lockstep import CONFIG, PEOPLE, Counts, W
from tests.support.payments.machine import (
    USERS,
    amounts,
    anybody,
    edges,
    kinds,
    lives,
    mostly,
    numbers,
    often,
    questions,
    seldom,
    tokens,
    users,
)
from tests.support.payments.machine_endings import Endings
from tests.support.payments.machine_trails import STORIES

from layer2.plasma.payments.bindings.errors import TooLate
from layer2.plasma.payments.model import Effect, Env, ExitStatus, InFlight, State, actions, exits, in_flight, settlement
from layer2.plasma.payments.model.environment import Act
from layer2.plasma.payments.model.evidence import Claimed, Spent, spent
from layer2.plasma.payments.model.exits import _claimable as claimable
from layer2.plasma.payments.model.in_flight import recount
from layer2.plasma.payments.model.reserve import Reserve
from layer2.plasma.protocol.positions import block_of, encode_position
from layer2.plasma.protocol.transaction import Transaction, fee_transaction

pytestmark = [pytest.mark.anvil, pytest.mark.machine]


class LockStep(Endings):
    # ------------------------------------------------------------------------------------------------ the chain

    @often(6)
    @rule(who=users, token=tokens, amount=amounts, wrong=st.sampled_from((0,) * 8 + (1, 2)))
    def deposit(self, who: str, token: int, amount: int, wrong: int) -> None:
        owner = self.address[who]
        if wrong:
            amount, to = (0, owner) if wrong == 1 else (amount, bytes(20))
            self.tries(lambda: self.twin.do(actions.Deposit(token, amount, to), owner, 0 if token else amount))
        else:
            self.tries(lambda: self.twin.deposit(owner, amount, token))

    @rule(data=st.data(), pick=numbers, late=lives, two=st.booleans(), more=st.sampled_from((0, 0, 0, 50)))
    def somebody_signs(self, data: st.DataObject, pick: int, late: int, two: bool, more: int) -> None:
        """A payment, which may conflict with others, and may never come into a block."""
        known = self.positions()
        self.twin.calls += 1
        inputs = [data.draw(st.sampled_from(known))]
        if two:
            inputs.append(data.draw(st.sampled_from(known)))
        self.draft(inputs, pick, more, late)

    @often(2)
    @rule(
        data=st.data(),
        kinds=st.lists(kinds, min_size=1, max_size=4),
        pick=numbers,
        wrong=seldom,
    )
    def block(self, data: st.DataObject, kinds: list[str], pick: int, wrong: bool) -> None:
        number, known = self.twin.state.next_block, self.positions()
        chosen: list[Transaction] = []
        for at, kind in enumerate(kinds):
            if kind == "known" and self.made:
                chosen.append(data.draw(st.sampled_from(self.made)))
            elif kind == "fee":
                reward = [(self.twin.state.operator, 0, 1 + pick % 9)]
                chosen.append(fee_transaction(number + (pick % 3 == 0), reward))
            else:
                more, late = 150 if kind == "mint" else 0, 0 if kind == "late" else 50
                chosen.append(self.draft([data.draw(st.sampled_from(known))], pick + at, more, late))
        if wrong:
            operator = self.twin.state.operator
            by, size = ((self.address["payer"], 1), (operator, 0), (operator, 65_537))[pick % 3]
            guess = actions.SubmitBlock(number + (pick % 5 == 0), bytes(32), size)
            self.tries(lambda: self.twin.do(guess, by))
        elif self.twin.state.operator in self.world.sender:
            self.include(chosen)

    # ------------------------------------------------------------------------------------------------- whole stories

    @often(3)
    @rule(data=st.data(), pick=numbers, steps=st.tuples(*[mostly] * 5))
    def quarrel(self, data: st.DataObject, pick: int, steps: tuple[bool, ...]) -> None:
        """A payment is included, or not; its in-flight exit contested, defended, and an output of it stopped."""
        twin = self.twin
        unspent = self.with_status(ExitStatus.NONE)
        if not unspent:
            return
        source = data.draw(st.sampled_from(unspent))
        owner = twin.output(source).owner
        one, rival = self.draft([source], pick), self.draft([source], pick + 1)
        included = steps[0] and self.include([one])
        joined = [4 + at for at, out in enumerate(one.outputs) if out.owner == owner]
        bits = sum(1 << bit for bit in joined) | steps[1]
        if not self.tries(lambda: twin.start(one, owner, bits)):
            return
        for bit, out in enumerate(one.outputs, 4):
            if bit not in joined and steps[2] and pick % 3:
                self.tries(lambda bit=bit, out=out: twin.join(one, bit, out.owner))
        if steps[3]:
            self.tries(lambda: twin.contest(one, rival, source, by=self.address["thief"]))
        for bit, out in enumerate(one.outputs, 4):
            if bit not in joined and steps[2] and not pick % 3:
                self.tries(lambda bit=bit, out=out: twin.join(one, bit, out.owner))
        if included and steps[4]:
            self.tries(lambda: twin.answer(one, self.places[one.hash][-1]))
        if included and pick % 2:
            spent_at = self.places[one.hash][-1]
            spender = self.draft([spent_at], pick)
            self.tries(lambda: twin.stop_output(one, spent_at, spender))

    @often(3)
    @rule(data=st.data(), pick=numbers, more=st.integers(1, 400), late=st.booleans())
    def heist(self, data: st.DataObject, pick: int, more: int, late: bool) -> None:
        """The operator makes money out of nothing, and whoever it gave it to takes it out; as far as it goes."""
        twin = self.twin
        mint = self.draft([data.draw(st.sampled_from(self.positions()))], pick, more)
        if not self.include([mint]):
            return
        loot = [self.places[mint.hash][-1] | at for at in range(len(mint.outputs))]
        for position in loot:
            self.tries(lambda position=position: twin.exit(position))
        if late:
            twin.at(max(twin.state.exit(twin.id(position)).time for position in loot))
            newer = self.lists(mint.outputs[0].token, block_of(loot[0]), pick)
            self.tries(lambda: twin.claim(*loot, by=self.address["thief"], newer=newer))

    # ------------------------------------------------------------------------------- debts, data, the operator

    @precondition(lambda self: self.twin.state.pending)
    @rule(data=st.data(), to=st.sampled_from((*PEOPLE, "itself")), thief=seldom)
    def withdraw(self, data: st.DataObject, to: str, thief: bool) -> None:
        owner, token = data.draw(st.sampled_from(sorted(self.twin.state.pending)))
        target = self.world.here if to == "itself" else self.address[to]
        action = actions.WithdrawPending(token, target)
        self.tries(lambda: self.twin.do(action, self.address["thief"] if thief else owner))

    @often(5)
    @rule(names=st.sampled_from(((), ("payer",), ("payee", "thief"), ("other", "closed", "watcher"))))
    def the_token_refuses(self, names: tuple[str, ...]) -> None:
        self.twin.calls += 1
        self.twin.set_blacklisted(self.address[one] for one in names)

    @precondition(lambda self: not self.twin.open and self.twin.state.pending)
    @rule(now=seldom)
    def the_closed_account_opens(self, now: bool) -> None:
        if now:
            self.twin.open_door()

    @often(4)
    @rule(data=st.data(), by=anybody, act=questions, edge=edges, wrong=seldom)
    def data_is_asked_for(self, data: st.DataObject, by: str, act: str, edge: int, wrong: bool) -> None:
        twin = self.twin
        number = data.draw(st.sampled_from(sorted(twin.blocks)))
        index = data.draw(st.integers(0, twin.blocks[number][0].count - (0 if wrong else 1)))
        asked = [place for place, (_, until) in twin.state.data.items() if until != 2**40 - 1]
        if act == "ask" or not asked:
            proof = twin.proof(encode_position(number, 0, 0))
            ask = actions.ChallengeData(number, index, twin.blocks[number][0].root, proof.word)
            asked_now = self.tries(lambda: twin.do(ask, self.address[by], CONFIG.data_bond))
            if asked_now and by in USERS:
                # The operator answers at once.
                shown = twin.proof(encode_position(number, index, 0))
                self.tries(lambda: twin.do(actions.ShowData(shown), self.address["operator"]))
            return
        number, index = data.draw(st.sampled_from(sorted(asked)))
        if act == "show":
            proof = twin.proof(encode_position(number, index, 0))
            shown = replace(proof, data=proof.data + b"\0") if wrong else proof
            self.tries(lambda: twin.do(actions.ShowData(shown), self.address[by]))
        else:
            twin.at(twin.state.data[number, index][1] + edge)
            # Another way to write the same place is none.
            freeze = actions.Freeze(number - 1, index + 65_536) if wrong else actions.Freeze(number, index)
            self.tries(lambda: twin.do(freeze, self.address[by]))

    @often(9)
    @rule(by=st.sampled_from(("operator", "operator", "thief", "watcher")), to=anybody, edge=edges, take=st.booleans())
    def the_operator_changes(self, by: str, to: str, edge: int, take: bool) -> None:
        following, since = self.twin.state.announced
        if take and since:
            self.twin.at(since + edge)
            caller = self.address[by] if by == "thief" else following
            self.tries(lambda: self.twin.do(actions.AcceptOperator(), caller))
        else:
            caller = self.address[by] if by == "thief" else self.twin.state.operator
            self.tries(lambda: self.twin.do(actions.ProposeOperator(self.address[to]), caller))

    @often(3)
    @rule(seconds=st.integers(1, W // 3))
    def time_passes(self, seconds: int) -> None:
        self.twin.calls += 1
        self.twin.now += seconds


LockStep.TestCase.settings = campaign(examples=60, steps=40)


def test_contract_and_model_never_differ_and_many_calls_are_accepted() -> None:
    LockStep.counts = counts = Counts()
    LockStep.TestCase().runTest()
    print(counts)
    refusals = {error for _, error in counts.refused}
    assert counts.accepted.total() > (counts.accepted + counts.turned_down).total() * 0.6
    assert set(counts.accepted) == {
        "Deposit",
        "SubmitBlock",
        "ProposeOperator",
        "AcceptOperator",
        "StartExits",
        "ChallengeExit",
        "ProcessExits",
        "WithdrawPending",
        "StartInFlightExit",
        "Piggyback",
        "ChallengeNonCanonical",
        "RespondNonCanonical",
        "ChallengeInputSpent",
        "ChallengeOutputSpent",
        "ProcessInFlightExit",
        "DeleteNonPiggybacked",
        "ChallengeData",
        "ShowData",
        "Freeze",
        "HoldInputs",
        "Track",
    }
    assert len(refusals) > 20, refusals
    assert refusals >= {
        "UnbalancedAmounts",
        "IncorrectValue",
        "UnsortedBuckets",
        "UnauthorizedCaller",
        "InvalidCount",
        "ExitBlocked",
        "UnexpectedExitStatus",
        "UnexpectedInFlightStatus",
        "LateInclusion",
        "NotCovered",
        "NotOlder",
        "NothingToHold",
        "NothingToPay",
        "PaymentFailed",
        "InvalidPiggyback",
        "InvalidProof",
        "TooEarly",
        "TooLate",
    }
    assert set(counts.stories) == set(STORIES)


# ----------------------------------------------------------------------------------------------------------- controls


def too_late(one: Act, number: bytes, flight: InFlight) -> None:
    """The first half has a second more."""
    in_flight._open(number, flight)
    if one.env.time > flight.started_at + W // 2:
        raise TooLate(one.env.time, flight.started_at + W // 2)


def need(self: Reserve, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
    """All that is registered, whatever is listed."""
    return self.total.get(token, 0)


def forget(self: Reserve, token: int, block: int, amount: int) -> None:
    """What is stopped or paid stays registered."""


def for_good(one: Act, spend: actions.Spend, position: int, owner: bytes) -> Spent:
    """A spender that may not be included stops an exit for ever."""
    return spent(one, spend, position, owner)._replace(until=2**40 - 1)


def stay(one: Act, flight: InFlight, part: Callable[[int], Claimed], before: int, count: int) -> InFlight:
    """Outputs of a contested in-flight exit count on, its inputs not."""
    return flight if flight.contested else recount(one, flight, part, before, count)


def bounties_cover(one: Act, item: actions.Item, newer: tuple[int, ...]) -> Claimed:
    """A bounty that is still to be paid covers what comes next in its batch."""
    earned = one.state.config.bounty * sum(isinstance(it, Effect) and it.name == "ExitPaid" for it in one.effects)
    one.state.held[0] -= earned
    try:
        return claimable(one, item, newer)
    finally:
        one.state.held[0] += earned


CONTROLS: dict[str, tuple[object, str, object]] = {
    "the first half ends later": (in_flight, "_first_half", too_late),
    "lists are ignored": (Reserve, "need", need),
    "registrations do not end": (Reserve, "release", forget),
    "bonds cover exits": (State, "covers", lambda self, token: self.balance.get(token, 0)),
    "contested outputs stay registered": (in_flight, "recount", stay),
    "who comes late stands in front": (Reserve, "place", lambda self, block: block),
    "games take inputs that can be claimed": (
        in_flight,
        "_waiting",
        lambda one, number, flight: in_flight._open(number, flight),
    ),
    "what joins is registered whatever is held": (in_flight, "counted", lambda flight, count: 0xFF),
    "two games hold one output": (in_flight, "try_hold", lambda one, output: True),
    "what was paid starts a game": (in_flight, "gone", lambda one, output: None),
    "bounties cover what comes next": (exits, "_claimable", bounties_cover),
    "an exit is stopped for ever": (exits, "spent", for_good),
    "what was paid elsewhere is paid again": (settlement, "_ENDED", ()),
    "everybody can be paid": (Env, "reaches", lambda self, owner, token: True),
}


@pytest.mark.parametrize("change", CONTROLS)
def test_a_changed_model_is_noticed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*CONTROLS[change])
    LockStep.counts = Counts()
    limits = settings(campaign(examples=60, steps=40), phases=(Phase.generate,))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(LockStep, settings=limits)
