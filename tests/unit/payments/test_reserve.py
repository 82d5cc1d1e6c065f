"""The reservation ledger: who registered in time an output older than a fraud is paid, whatever happens in between.

The machine is an operator's fraud at block F: outputs of F and later come from nothing. Its exits wait for 2W from the
block of F, so that honest owners of older outputs, who register before, stand in the ledger first. Anybody claims
anything that has waited, with any list; honest owners claim as late as they like. A reference keeps plain lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.support.campaign import campaign

from layer2.plasma.payments.bindings.errors import NotCovered, UnsortedBuckets
from layer2.plasma.payments.model.reserve import Reserve

W = 10
FRAUD_TIME = 100
LAST_BLOCK = 24
AMOUNTS = st.integers(1, 9) | st.integers(1, 2**96 - 1)
TOKENS = st.sampled_from((0, 0, 1))


@dataclass
class Waiting:
    """An exit as the reference knows it. Kind: honest (backed), fraud (of block F or later), bogus (old, spent)."""

    kind: str
    token: int
    block: int
    amount: int
    matures: int


class Fraud(RuleBasedStateMachine):
    """The rule as it is. Subclasses take it away."""

    done: ClassVar[Counter[str]] = Counter()
    # Whether the fraud shares its bucket with what is honest.
    shared: ClassVar[bool] = False

    @initialize(fraud=st.integers(2, 12), backed=st.lists(st.tuples(TOKENS, st.integers(0, 11), AMOUNTS), max_size=6))
    def start(self, fraud: int, backed: list[tuple[int, int, int]]) -> None:
        self.reserve = Reserve()
        self.fraud = fraud | 1 if self.shared else fraud
        self.now = FRAUD_TIME
        self.balance: dict[int, int] = {0: 0, 1: 0}
        self.waiting: list[Waiting] = []
        self.unregistered: list[tuple[int, int, int]] = []
        for token, block, amount in backed:
            self.deposited(token, block, amount)

    def deposited(self, token: int, block: int, amount: int) -> None:
        self.balance[token] += amount
        self.unregistered.append((token, self.fraud - 1 if self.shared and block else block % self.fraud, amount))

    def need(self, one: Waiting, newer: Sequence[int]) -> int:
        return self.reserve.need(one.token, one.block, one.amount, newer)

    def register(self, kind: str, token: int, block: int, amount: int, made: int) -> None:
        self.reserve.register(token, block, amount)
        self.waiting.append(Waiting(kind, token, block, amount, max(self.now + W, made + 2 * W)))
        self.done[f"register {kind}"] += 1

    def release(self, one: Waiting) -> None:
        self.reserve.release(one.token, one.block, one.amount)
        self.waiting.remove(one)

    @rule(token=TOKENS, amount=AMOUNTS)
    def deposit(self, token: int, amount: int) -> None:
        self.deposited(token, 0, amount)
        self.done["deposit"] += 1

    @rule(at=st.integers(0, 99))
    def owner_registers(self, at: int) -> None:
        """In time: before anything that the fraud made can have waited long enough. Deposits too."""
        if self.unregistered:
            token, block, amount = self.unregistered[at % len(self.unregistered)]
            if self.now < FRAUD_TIME + 2 * W:
                self.unregistered.remove((token, block, amount))
                self.register("honest", token, block, amount, made=0)

    @rule(token=TOKENS, ahead=st.integers(0, 5), amount=AMOUNTS)
    def operator_exits_what_came_from_nothing(self, token: int, ahead: int, amount: int) -> None:
        self.register("fraud", token, min(LAST_BLOCK, self.fraud + ahead), amount, made=FRAUD_TIME)

    @rule(token=TOKENS, ahead=st.integers(0, 3), part=st.sampled_from((1, 2, 5, 50)))
    def operator_exits_a_part_of_the_vault(self, token: int, ahead: int, part: int) -> None:
        amount = self.balance[token] // part
        if amount:
            self.register("fraud", token, self.fraud + ahead, amount, made=FRAUD_TIME)

    @rule(token=TOKENS, block=st.integers(0, LAST_BLOCK), amount=AMOUNTS)
    def thief_exits_what_was_spent(self, token: int, block: int, amount: int) -> None:
        self.register("bogus", token, block, amount, made=0)

    @rule(at=st.integers(0, 99))
    def watcher_challenges(self, at: int) -> None:
        bogus = [one for one in self.waiting if one.kind == "bogus"]
        if bogus:
            self.release(bogus[at % len(bogus)])
            self.done["challenge"] += 1

    @rule(token=TOKENS)
    def all_stand_in_the_ledger_and_have_waited(self, token: int) -> None:
        """The moment at which a weaker rule robs: the owners registered in time, the fraud wants the whole vault."""
        if self.now < FRAUD_TIME + 2 * W and self.balance[token]:
            for one in [one for one in self.unregistered if one[0] == token]:
                self.unregistered.remove(one)
                self.register("honest", *one, made=0)
            self.register("fraud", token, self.fraud, self.balance[token], made=FRAUD_TIME)
            self.wait(2 * W)

    @rule(by=st.sampled_from((1, W // 2, W, 2 * W)))
    def time_passes(self, by: int) -> None:
        self.wait(by)

    def wait(self, by: int) -> None:
        self.now += by
        # A watcher is not later than an exit takes: this much the game asks for.
        for one in [one for one in self.waiting if one.kind == "bogus" and one.matures <= self.now]:
            self.release(one)
            self.done["challenge"] += 1

    @rule(
        at=st.integers(0, 99),
        newer=st.sampled_from(("none", "all", "every"))
        | st.sets(st.integers(0, LAST_BLOCK // 2 + 1)).map(lambda found: tuple(sorted(found))),
    )
    def anybody_claims(self, at: int, newer: Any) -> None:
        mature = [one for one in self.waiting if one.matures <= self.now and one.kind != "bogus"]
        if not mature:
            return
        one = mature[at % len(mature)]
        if newer in ("none", "all", "every"):
            full = self.reserve.buckets(one.token, one.block)
            newer = {"none": (), "all": full, "every": range(LAST_BLOCK)}[newer]
        if self.need(one, newer) > self.balance[one.token]:
            self.done[f"not covered: {one.kind}"] += 1
            return
        self.release(one)
        self.balance[one.token] -= one.amount
        self.done[f"pay {one.kind}"] += 1
        assert self.balance[one.token] >= 0

    @invariant()
    def sums_are_exact(self) -> None:
        total: Counter[int] = Counter()
        under: Counter[tuple[int, int]] = Counter()
        for one in self.waiting:
            total[one.token] += one.amount
            under[one.token, one.block] += one.amount
        assert {token: sum_ for token, sum_ in self.reserve.total.items() if sum_} == total
        assert self.reserve.under == under

    @invariant()
    def no_list_asks_for_less_than_what_is_older(self) -> None:
        for one in self.waiting:
            older = sum(other.amount for other in self.waiting if other.token == one.token and other.block < one.block)
            full = self.reserve.buckets(one.token, one.block)
            assert self.reserve.need(one.token, one.block, one.amount, full) == older + one.amount
            for newer in ((), full[1:], full[::2], range(LAST_BLOCK)):
                assert self.reserve.need(one.token, one.block, one.amount, newer) >= older + one.amount

    @invariant()
    def every_older_exit_is_payable_once_the_bogus_ones_are_challenged(self) -> None:
        """In any order: from the youngest too, so that no owner depends on another one's claim."""
        for order in (1, -1):
            left = Reserve()
            for one in self.waiting:
                if one.kind != "bogus":
                    left.register(one.token, one.block, one.amount)
            balance = dict(self.balance)
            honest = [one for one in self.waiting if one.kind == "honest"]
            for one in sorted(honest, key=lambda one: order * one.block):
                assert left.payable(one.token, one.block, one.amount, balance[one.token]), "stolen"
                left.release(one.token, one.block, one.amount)
                balance[one.token] -= one.amount


class WithoutRule(Fraud):
    """Control: whoever comes first is paid while there is money."""

    done: ClassVar[Counter[str]] = Counter()

    def need(self, one: Waiting, newer: Sequence[int]) -> int:
        return one.amount


class WholeBuckets(Fraud):
    """Control: of one's own bucket the older block is left out too."""

    done: ClassVar[Counter[str]] = Counter()
    shared = True

    def need(self, one: Waiting, newer: Sequence[int]) -> int:
        return self.reserve.need(one.token, one.block & ~1, one.amount, newer)


class OneTooMany(Fraud):
    """Control: one's own amount is not counted again when its bucket is left out."""

    done: ClassVar[Counter[str]] = Counter()

    def need(self, one: Waiting, newer: Sequence[int]) -> int:
        own = one.block // 2 in newer
        return super().need(one, newer) - (one.amount if own else 0)


class Steered(Fraud):
    """Control: older buckets that are listed are left out as well."""

    done: ClassVar[Counter[str]] = Counter()

    def need(self, one: Waiting, newer: Sequence[int]) -> int:
        return self.reserve.need(one.token, 0, one.amount, newer)


def test_who_registers_in_time_is_paid_whatever_happens_in_between() -> None:
    Fraud.done.clear()
    run_state_machine_as_test(Fraud, settings=campaign(200, 40))
    done = Fraud.done
    assert done.total() > 2_000, done
    print("accepted:", dict(done))
    for what in ("pay honest", "pay fraud", "not covered: fraud", "challenge"):
        assert done[what] > 5, done


@pytest.mark.parametrize("control", [WithoutRule, WholeBuckets, OneTooMany, Steered])
def test_the_campaign_finds_the_theft_where_the_rule_is_weaker(control: type[Fraud]) -> None:
    quick = settings(
        max_examples=3_000, stateful_step_count=40, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    with pytest.raises(AssertionError):
        run_state_machine_as_test(control, settings=quick)


# ----------------------------------------------------------------------------------------------- single cases


def test_an_invalid_exit_waits_until_older_ones_are_covered() -> None:
    reserve = Reserve()
    reserve.register(0, 4, 60)
    reserve.register(0, 5, 100)
    for newer in ((), (2,), (2, 3)):
        with pytest.raises(NotCovered):
            reserve.check(0, 5, 100, newer, 100)
    reserve.check(0, 4, 60, (2,), 100)
    with pytest.raises(NotCovered):
        reserve.check(0, 4, 60, (), 100)


def test_a_deposit_into_a_robbed_chain_is_protected_only_once_it_is_registered() -> None:
    """What a fraud's exits wait for is money: wallets must not pay in while more is registered than held."""
    reserve = Reserve()
    reserve.register(0, 5, 100)
    with pytest.raises(NotCovered):
        reserve.check(0, 5, 100, (), 0)
    # Somebody pays in 100 and does not leave at once: the old fraud is covered by it.
    reserve.check(0, 5, 100, (), 100)
    reserve.register(0, 0, 100)
    with pytest.raises(NotCovered):
        reserve.check(0, 5, 100, (2,), 100)


def test_over_reservation_only_delays() -> None:
    """An input and the output that spends it, both registered: paid one after the other, the rest with a list."""
    reserve = Reserve()
    reserve.register(0, 3, 50)
    reserve.register(0, 3, 50)
    reserve.register(0, 9, 50)
    with pytest.raises(NotCovered):
        reserve.check(0, 9, 50, (4,), 100)
    reserve.check(0, 3, 50, (1,), 100)
    # The game has ended: one was paid, the other was let go.
    reserve.release(0, 3, 50)
    reserve.release(0, 3, 50)
    reserve.check(0, 9, 50, (), 50)
    assert (reserve.total, reserve.under) == ({0: 50}, {(0, 9): 50})


def test_a_list_must_increase() -> None:
    reserve = Reserve()
    reserve.register(0, 4, 60)
    for newer in ((2, 2), (3, 2), (0, 5, 5)):
        with pytest.raises(UnsortedBuckets):
            reserve.check(0, 4, 60, newer, 10**9)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 2**96 - 1)), min_size=1, max_size=30))
def test_nothing_is_rounded(exits: list[tuple[int, int]]) -> None:
    """Sums are exact to the unit, and 2**32 exits of the largest amount fit the contract's 128 bits."""
    reserve = Reserve()
    for block, amount in exits:
        reserve.register(0, block, amount)
    assert reserve.need(0, 0, 1) == sum(amount for _, amount in exits)
    last = exits[-1]
    older = sum(amount for block, amount in exits if block < last[0])
    full = reserve.buckets(0, last[0])
    reserve.check(0, *last, full, older + last[1])
    with pytest.raises(NotCovered):
        reserve.check(0, *last, full, older + last[1] - 1)
    assert (2**96 - 1) * 2**32 < 2**128


def test_tokens_do_not_cover_each_other() -> None:
    reserve = Reserve()
    reserve.register(1, 2, 10**9)
    reserve.register(0, 5, 7)
    reserve.check(0, 5, 7, (), 7)
    with pytest.raises(NotCovered):
        reserve.check(1, 2, 10**9, (1,), 10**9 - 1)
