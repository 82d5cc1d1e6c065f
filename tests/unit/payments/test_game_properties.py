"""Whatever operator and thief do: money is neither made nor lost, and who leaves in time gets what it owns.

Payers and payees are honest: they sign once, they leave within W/2 of a fraud, and one watcher looks every W/8. The
operator makes blocks, right ones first, then one that mints; the thief spends twice, takes out what it spent, starts
in-flight exits of whatever it ever signed, contests, claims with any list.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.support.campaign import campaign
from tests.support.payments.stage import PAYEE, PAYER, THIEF, WATCHER, Stage, W

from layer2.plasma.payments.bindings.errors import RootError
from layer2.plasma.payments.model import ExitStatus, InFlightStatus
from layer2.plasma.payments.model.in_flight import counted
from layer2.plasma.payments.model.reserve import Reserve
from layer2.plasma.protocol.transaction import Transaction, payment, transaction_hash

HONEST = (PAYER, PAYEE)
OWNERS = st.sampled_from((PAYER, PAYEE, THIEF, THIEF))
PICK = st.integers(0, 999)


class Chain(RuleBasedStateMachine):
    done: ClassVar[Counter[str]] = Counter()
    tried: ClassVar[Counter[str]] = Counter()
    watches: ClassVar[bool] = True

    @initialize(amounts=st.lists(st.tuples(OWNERS, st.integers(1, 900)), min_size=3, max_size=6))
    def start(self, amounts: list[tuple[bytes, int]]) -> None:
        self.stage = Stage()
        self.unspent: list[int] = []
        # Included spenders by what they spend, with their place; and all that was signed and is not included.
        self.spent: dict[int, tuple[Transaction, int]] = {}
        self.signed: list[Transaction] = []
        self.flights: list[Transaction] = []
        self.minted: list[int] = []
        self.fraud: int | None = None
        self.left = False
        self.due: Counter[bytes] = Counter()
        for owner, amount in amounts:
            self.unspent.append(self.stage.deposit(owner, amount))

    # ------------------------------------------------------------------------------------------------- acting

    def attempt(self, name: str, act: object, *given: object, **named: object) -> bool:
        assert callable(act)
        self.tried[name] += 1
        try:
            act(*given, **named)
        except RootError:
            return False
        self.done[name] += 1
        return True

    def mine(self, *owners: bytes) -> list[int]:
        return [one for one in self.unspent if self.stage.output(one).owner in owners]

    def is_busy(self, position: int) -> bool:
        """Whether an honest operator takes it for spent: what leaves, by whichever game, stays out of blocks."""
        flights = {one.hash for one in self.flights}
        made = b"" if position >> 63 else transaction_hash(self.stage.data(position))
        used = any(position in one.inputs for one in self.flights)
        return used or made in flights or self.stage.status(position) != ExitStatus.NONE

    def include(self, *transactions: Transaction) -> None:
        for one, place in zip(transactions, self.stage.block(*transactions), strict=True):
            for position in one.inputs:
                if position in self.unspent:
                    self.unspent.remove(position)
                self.spent.setdefault(position, (one, place))
            self.unspent += [place + index for index in range(len(one.outputs))]

    # ------------------------------------------------------------------------------------------- the honest days

    @precondition(lambda self: self.fraud is None)
    @rule(owner=OWNERS, amount=st.integers(1, 900))
    def somebody_deposits(self, owner: bytes, amount: int) -> None:
        self.unspent.append(self.stage.deposit(owner, amount))

    @precondition(lambda self: self.fraud is None)
    @rule(at=PICK, to=OWNERS, part=st.integers(1, 9), other=st.none() | PICK)
    def somebody_pays(self, at: int, to: bytes, part: int, other: int | None) -> None:
        if self.unspent:
            inputs = {self.unspent[at % len(self.unspent)]}
            if other is not None:
                inputs.add(self.unspent[other % len(self.unspent)])
            if any(self.is_busy(one) for one in inputs):
                return
            total = sum(self.stage.output(one).amount for one in inputs)
            back = self.stage.output(min(inputs)).owner
            give = max(1, total * part // 10)
            outputs = [(to, give)] + ([(back, total - give)] if total > give else [])
            self.include(self.stage.pay(sorted(inputs), *outputs))
            self.done["pay"] += 1

    @precondition(lambda self: self.fraud is None and len(self.stage.blocks) > 2)
    @rule(amount=st.sampled_from((1, 100, 10_000)) | st.integers(1, 3_000), copies=st.integers(1, 3))
    def operator_mints(self, amount: int, copies: int) -> None:
        if self.fraud is None:
            self.fraud = self.stage.now
            mint = [payment([(900 + at) << 24], [(THIEF, 0, amount)], 10**6) for at in range(copies)]
            self.minted = self.stage.block(*mint)
            self.done["mint"] += 1

    # ----------------------------------------------------------------------------------------------- the thief

    @rule(at=PICK)
    def thief_exits(self, at: int) -> None:
        """What it has, what it had, and what was minted."""
        every = [*self.minted, *self.mine(THIEF), *self.spent]
        mine = [one for one in every if self.stage.output(one).owner == THIEF]
        if mine:
            self.attempt("thief exits", self.stage.exit, mine[at % len(mine)])

    @rule(at=PICK, extra=st.none() | PICK)
    def thief_signs_once_more(self, at: int, extra: int | None) -> None:
        every = [*self.minted, *self.spent, *self.mine(THIEF)]
        had = [one for one in every if self.stage.output(one).owner == THIEF]
        if had:
            inputs = {had[at % len(had)]} | ({had[extra % len(had)]} if extra is not None else set())
            total = sum(self.stage.output(one).amount for one in inputs)
            self.signed.append(self.stage.pay(sorted(inputs), (THIEF, total), expiry=10**6 + len(self.signed)))

    @rule(at=PICK, bits=st.sampled_from((0, 1, 0x10, 0x10, 0x20, 0x11, 0x13)), included=st.booleans())
    def thief_starts_an_in_flight_exit(self, at: int, bits: int, included: bool) -> None:
        every = [one for one, _ in self.spent.values()] if included else self.signed
        if every:
            one = every[at % len(every)]
            if self.attempt("thief starts in-flight", self.stage.start, one, THIEF, bits=bits):
                self.flights.append(one)

    @rule(at=PICK)
    def thief_takes_what_it_has_passed_on(self, at: int) -> None:
        """The in-flight exit of an own payment, joined by an output that is spent already."""
        passed = [
            (one, index)
            for one, place in self.spent.values()
            for index, output in enumerate(one.outputs)
            if output.owner == THIEF and place + index in self.spent
        ]
        if passed:
            one, index = passed[at % len(passed)]
            if self.attempt("thief starts in-flight", self.stage.start, one, THIEF, bits=16 << index):
                self.flights.append(one)

    @rule(at=PICK, bit=st.sampled_from((0, 1, 4, 5)))
    def thief_joins(self, at: int, bit: int) -> None:
        if self.flights:
            one = self.flights[at % len(self.flights)]
            if bit >= 4 or bit < len(one.inputs):
                self.attempt("thief joins", self.stage.join, one, bit, THIEF)

    @rule(at=PICK, rival=PICK)
    def thief_contests(self, at: int, rival: int) -> None:
        """With anything it signed; an honest one that was included is answered by the watcher."""
        if self.flights and self.signed:
            one, other = self.flights[at % len(self.flights)], self.signed[rival % len(self.signed)]
            shared = set(one.inputs) & set(other.inputs)
            if shared:
                self.attempt("thief contests", self.stage.contest, one, other, min(shared), by=THIEF)

    @rule(at=PICK, newer=st.sampled_from(("none", "all")) | st.sets(st.integers(0, 12)).map(sorted))
    def thief_claims(self, at: int, newer: list[int] | str) -> None:
        state = self.stage.state
        waiting = [one for one in state.exits.values() if one.status == ExitStatus.OPEN]
        if waiting and at % 2:
            position = waiting[at % len(waiting)].position
            self.claim(position, newer, THIEF, "thief claims")
        elif self.flights:
            one = self.flights[at % len(self.flights)]
            found = self.listing(newer, state.flight(self.stage.flight_id(one)).priority)
            self.attempt("thief settles", self.stage.settle, one, THIEF, found)

    def listing(self, newer: list[int] | str, block: int) -> list[int]:
        if isinstance(newer, list):
            return newer
        return self.stage.state.reserve.buckets(0, block) if newer == "all" else []

    def claim(self, position: int, newer: list[int] | str, by: bytes, name: str) -> bool:
        return self.attempt(
            name, self.stage.claim, position, by=by, newer=self.listing(newer, self.stage.priority(position))
        )

    # ------------------------------------------------------------------------------------- the honest, after a fraud

    @precondition(lambda self: self.fraud is not None and not self.left)
    @rule()
    def honest_leave(self) -> None:
        """By standard exits of what is theirs; one payment and one swap with the thief were on their way."""
        if self.fraud is None or self.left:
            return
        self.left = True
        stage = self.stage
        mine = [one for one in self.mine(*HONEST) if stage.status(one) == ExitStatus.NONE]
        theirs = [one for one in self.mine(THIEF) if stage.status(one) == ExitStatus.NONE]
        for position in mine[2:]:
            stage.exit(position)
            self.due[stage.output(position).owner] += stage.output(position).amount
        if mine:
            position, (owner, _, amount) = mine[0], stage.output(mine[0])
            to = PAYEE if owner == PAYER else PAYER
            one = stage.pay([position], (to, amount))
            stage.start(one, owner)
            stage.join(one, 4, to)
            self.flights.append(one)
            self.due[to] += amount
        if len(mine) > 1:
            position, (owner, _, amount) = mine[1], stage.output(mine[1])
            if theirs:
                other = stage.output(theirs[0])
                one = stage.pay(sorted([position, theirs[0]]), (owner, amount), (THIEF, other.amount))
                bit = one.inputs.index(position)
                stage.start(one, owner, bits=1 << bit | 1 << 4)
                self.flights.append(one)
                self.signed.append(one)
                held = stage.state.flight(stage.flight_id(one)).held
                if held != 3:
                    # As its wallet does: while another in-flight exit holds an input, only a contested one pays.
                    assert held >> bit & 1
                    self.attempt("contest own", stage.contest, one, stage.pay([position], (owner, amount)), position)
            else:
                stage.exit(position)
            self.due[owner] += amount
        self.done["leave"] += 1

    # ------------------------------------------------------------------------------------------------ the watcher

    @rule(eighths=st.integers(1, 12))
    def time_passes(self, eighths: int) -> None:
        for _ in range(eighths):
            self.stage.now += W // 8
            if self.fraud is not None and self.stage.now >= self.fraud + W // 2:
                self.honest_leave()
            self.watch()

    def watch(self) -> None:
        if not self.watches:
            return
        stage = self.stage
        for one in [one for one in stage.state.exits.values() if one.status == ExitStatus.OPEN]:
            # Of a payment under way too: who signed it may not take its input.
            rivals = [other for other in (*self.flights, *self.signed) if one.position in other.inputs]
            if one.position in self.spent:
                spender, place = self.spent[one.position]
                self.attempt("challenge", stage.challenge, one.position, spender, at=place)
            elif rivals:
                self.attempt("challenge", stage.challenge, one.position, rivals[0])
        for flight in self.flights:
            self.watch_flight(flight)
        # What a game cannot win any more goes to the one that needs it: twice, since the one may come after the other.
        for flight in self.flights * 2:
            self.attempt("hold", stage.hold, flight)

    def watch_flight(self, one: Transaction) -> None:
        stage = self.stage
        now = stage.state.flight(stage.flight_id(one))
        if now.status == InFlightStatus.NONE:
            return
        place = next((at for spender, at in self.spent.values() if spender == one), None)
        for index, position in enumerate(one.inputs):
            rivals = [(other, 0) for other in (*self.flights, *self.signed) if position in other.inputs]
            if position in self.spent:
                rivals.insert(0, self.spent[position])
            for other, at in rivals:
                if other != one:
                    if at and now.status == InFlightStatus.OPEN and (place is None or at < place):
                        self.attempt("contest", stage.contest, one, other, position, at=at)
                    if now.piggybacked >> index & 1:
                        self.attempt("stop input", stage.stop_input, one, other, position, at=at)
        if place is not None:
            if stage.state.flight(stage.flight_id(one)).contested:
                self.attempt("answer", stage.answer, one, place)
            for index in range(len(one.outputs)):
                if place + index in self.spent and now.piggybacked >> 4 + index & 1:
                    spender, _ = self.spent[place + index]
                    self.attempt("stop output", stage.stop_output, one, place + index, spender)

    # --------------------------------------------------------------------------------------------------- what holds

    @invariant()
    def money_is_neither_made_nor_lost(self) -> None:
        self.stage.check()

    @invariant()
    def the_ledger_is_what_waits(self) -> None:
        """Every registration belongs to an exit or a bit that stands: nothing is left behind that blocks others."""
        stage, expected = self.stage, Reserve()
        for one in stage.state.exits.values():
            if one.status == ExitStatus.OPEN:
                expected.register(0, one.priority, stage.output(one.position).amount)
        for flight in {one.hash: one for one in self.flights}.values():
            now = stage.state.flight(stage.flight_id(flight))
            counts = now.piggybacked & counted(now, len(flight.inputs))
            for bit in range(8):
                if counts >> bit & 1:
                    parts = [stage.output(one) for one in flight.inputs] if bit < 4 else flight.outputs
                    expected.register(0, now.priority, parts[bit % 4].amount)
        assert stage.state.reserve.under == expected.under
        assert stage.state.reserve.total.get(0, 0) == sum(expected.total.values())

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        stage = self.stage
        if self.fraud is None:
            self.operator_mints(10_000, 2)
        self.time_passes(24)
        for _ in range(3):
            for one in [one for one in stage.state.exits.values() if one.status == ExitStatus.OPEN]:
                self.claim(one.position, "all", WATCHER, "claim")
            for flight in self.flights:
                found = self.listing("all", stage.state.flight(stage.flight_id(flight)).priority)
                self.attempt("settle", stage.settle, flight, newer=found)
            self.time_passes(1)
        paid = stage.principal()
        for owner in HONEST:
            assert paid[owner] >= self.due[owner], "an honest owner was not paid"
        for position in (*self.unspent, *self.spent, *self.minted):
            assert stage.paid_outputs[stage.id(position)] <= 1


class Unwatched(Chain):
    """Control: nobody challenges."""

    done: ClassVar[Counter[str]] = Counter()
    watches = False


def test_money_is_kept_and_who_leaves_in_time_is_paid() -> None:
    Chain.done.clear()
    Chain.tried.clear()
    run_state_machine_as_test(Chain, settings=campaign(500, 40))
    print("accepted:", dict(Chain.done))
    assert Chain.done.total() > 1_000
    for what in ("thief exits", "thief starts in-flight", "thief joins", "thief contests", "thief claims", "challenge",
                 "contest", "stop input", "stop output", "settle", "claim", "leave", "mint", "pay"):  # fmt: skip
        assert Chain.done[what], (what, Chain.done)


def test_the_campaign_finds_the_theft_where_nobody_watches() -> None:
    quick = settings(
        max_examples=400, stateful_step_count=30, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    with pytest.raises(AssertionError, match="an honest owner was not paid"):
        run_state_machine_as_test(Unwatched, settings=quick)
