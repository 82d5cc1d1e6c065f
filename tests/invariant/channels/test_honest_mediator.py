"""An honest mediator between two villains, on the deployed hub: it never has less, and has its fee where it paid on.

The mediator is a real node in two channels with a real tower. Payer and payee sign anything, know every preimage, show
them early, late, on chain in a lock's last second or never, accept or keep silent, dispute with any statement of any
time, and order the calls of a block. The mediator looks at the chain as often as its tower promises.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.block_machine import FIRST, LAST
from tests.support.campaign import campaign, controls, play_faulty
from tests.support.channels.machine import DELAY, MAX_LOCKS, NAP, UNIT, HubPlay
from tests.support.channels.mediator import FEE, HOP, Mediator
from tests.support.channels.villain import SECRETS, Villain

from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.proofs import LockPayment

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

LARGEST = 30 * UNIT
small, sides, picks = st.integers(1, 30), st.sampled_from("AB"), st.data()
conditions = st.sampled_from([*SECRETS])
lasting = st.sampled_from((HOP + DELAY + 1, MAX_LOCKS - NAP + 1))  # a look has just been over when they end
ends = st.sampled_from(("passed on", "passed on", "passed on", "shown", "paid"))
seldom = st.sampled_from((True, True, True, False))

_play: list[HubPlay] = []


def play() -> HubPlay:
    """The chain, made at first use."""
    if not _play:
        _play.append(HubPlay())
    return _play[0]


class HonestMediator(RuleBasedStateMachine):
    mediator_class: ClassVar[type[Mediator]] = Mediator

    @initialize(
        payer=sides,
        payee=sides,
        nets=st.tuples(st.integers(60, 200), st.integers(60, 200), st.integers(0, 9)),
        begun=st.lists(st.tuples(small, lasting, conditions, seldom, ends), min_size=1, max_size=3),
        peace=st.integers(0, 12),
        late=seldom,
    )
    def start(
        self,
        payer: str,
        payee: str,
        nets: tuple[int, int, int],
        begun: list[tuple[int, int, bytes, bool, str]],
        peace: int,
        late: bool,
    ) -> None:
        """Two channels with some payments under way; for so many turns nobody goes to the chain.

        `late`: at the end the payee shows its preimages in the last second.
        """
        self.peace, self.late = peace, late
        theirs, mine, back = nets
        self.play = play()
        self.play.begin()
        self.folder = tempfile.TemporaryDirectory()
        self.mediator = one = self.mediator_class(self.play, Path(self.folder.name))
        self.payer = Villain(self.play, one.node, "payer", payer, (theirs, back), 1)
        self.payee = Villain(self.play, one.node, "payee", payee, (back, mine), 2)
        one.mediate(self.payer.key, self.payee.key)
        self.nets = back * UNIT, mine * UNIT
        self.before = self.wealth() + sum(self.nets)
        for row in begun:
            self.a_payment_is_passed_on(*row)

    @invariant()
    def a_turn_is_over(self) -> None:
        self.peace = getattr(self, "peace", 0) - 1

    @property
    def war(self) -> bool:
        return self.peace < 0

    def wealth(self) -> int:
        """Ether of the mediator, what its transactions cost not counted."""
        me = self.play.senders["honest"]
        return self.play.connection.balance(me.address) + me.spent

    def wake(self) -> None:
        self.mediator.wake()

    # ------------------------------------------------------------------------------------------------- off the chain

    @precondition(lambda self: self.payer.trading)
    @rule(amount=small, lasts=lasting, condition=conditions, accepted=seldom, until=ends)
    def a_payment_is_passed_on(self, amount: int, lasts: int, condition: bytes, accepted: bool, until: str) -> None:
        """The payer locks as it should; it goes on at once up to somewhere, or the payee waits."""
        if self.payer.lock_more(amount * UNIT, lasts, condition):
            self.the_mediator_passes_on(accepted)
        if until in ("shown", "paid") and any(lock.condition == condition for lock in self.payee.state.mine.locks):
            self.sent(self.mediator.shown(SECRETS[condition]), accepted)
        if until == "paid":
            self.pay_for([lock for lock in self.payer.own.locks if self.payer.state.claim_of(lock)])

    @rule(accepted=seldom)
    def the_mediator_passes_on(self, accepted: bool) -> None:
        self.sent(self.mediator.forward(), accepted)

    def sent(self, proof: LockPayment | None, accepted: bool) -> None:
        """What the mediator has signed is the payee's."""
        if proof is not None:
            self.payee.proofs[self.payee.other].append(proof)
            if accepted:
                self.payee.accept(proof, True)

    @precondition(lambda self: self.payer.trading)
    @rule(data=picks, grows=st.integers(0, 30), skips=st.integers(-2, 2), hand_over=st.booleans(), inwards=seldom)
    def a_villain_signs_any_proof(
        self, data: st.DataObject, grows: int, skips: int, hand_over: bool, inwards: bool
    ) -> None:
        one = self.payer if inwards else self.payee
        one.lock_anything(data, grows * UNIT, skips, hand_over)

    @rule(amount=small, hand_over=st.booleans(), inwards=st.booleans())
    def a_villain_signs_a_voucher(self, amount: int, hand_over: bool, inwards: bool) -> None:
        (self.payer if inwards else self.payee).pay(amount * UNIT, hand_over)

    @precondition(lambda self: self.payee.proofs[self.payee.other])
    @rule(data=picks, newest=seldom, hand_over=seldom)
    def the_payee_accepts(self, data: st.DataObject, newest: bool, hand_over: bool) -> None:
        proofs = self.payee.proofs[self.payee.other]
        self.payee.accept(proofs[-1] if newest else data.draw(st.sampled_from(proofs)), hand_over)

    @precondition(lambda self: self.payee.state.mine.locks)
    @rule(data=picks, accepted=seldom)
    def the_payee_shows_a_preimage(self, data: st.DataObject, accepted: bool) -> None:
        lock = data.draw(st.sampled_from(self.payee.state.mine.locks))
        self.sent(self.mediator.shown(SECRETS[lock.condition]), accepted)

    @precondition(lambda self: self.payer.trading and self.payer.own.locks)
    @rule(data=picks)
    def the_payer_pays_what_was_shown(self, data: st.DataObject) -> None:
        """For some of the locks that the mediator can open."""
        claimable = [lock for lock in self.payer.own.locks if self.payer.state.claim_of(lock)]
        self.pay_for([lock for lock in claimable if data.draw(st.booleans())])

    def pay_for(self, paid: list[Lock]) -> None:
        """The payer's proof as it should be."""
        own, locks = self.payer.own, list(self.payer.own.locks)
        for lock in paid:
            locks.remove(lock)
        amount = own.amount + sum(lock.amount for lock in paid)
        if paid and self.payer.lock(amount, own.used_nonce + 1, tuple(locks), True):
            self.play.counts["paid in"] += 1

    # ------------------------------------------------------------------------------------------------------ on chain

    @precondition(lambda self: self.war)
    @rule(data=picks, inwards=st.booleans())
    def a_villain_calls_the_hub(self, data: st.DataObject, inwards: bool) -> None:
        moves = (self.payer if inwards else self.payee).moves()
        if moves:
            data.draw(st.sampled_from(moves)).do(FIRST)

    @precondition(lambda self: self.payer.view.disputed or self.payee.view.disputed)
    @rule(data=picks, before=st.integers(0, 2), behind=st.integers(1, 3))
    def a_block_in_which_all_of_them_call(self, data: st.DataObject, before: int, behind: int) -> None:
        """The villains see what the mediator sends, and come before it or after it in the same block."""
        tower = self.mediator.tower
        self.play.counts["block"] += 1
        with self.play.block():
            self.some(data, before)
            tower._transactions.patience = 0.0
            tower.step()
            self.some(data, behind)
        tower._transactions.patience = 20.0
        self.wake()

    def some(self, data: st.DataObject, count: int) -> None:
        moves = self.payer.moves() + self.payee.moves()
        for _ in range(count if moves else 0):
            data.draw(st.sampled_from(moves)).do(data.draw(st.sampled_from((FIRST, LAST))))

    @precondition(lambda self: self.war and self.payee.state.mine.locks and self.payee.view.exists)
    @rule(data=picks)
    def the_payee_takes_a_lock_in_its_last_second(self, data: st.DataObject) -> None:
        self.take_late(data.draw(st.sampled_from(self.payee.state.mine.locks)))

    def take_late(self, lock: Lock) -> None:
        """The payee has closed before, and shows the preimage to nobody until then."""
        payee = self.payee
        proof = next(one for one in reversed(payee.proofs[payee.other]) if lock in one.locks)
        if not payee.view.disputed:
            payee.call("startClose", payee.key.as_tuple(), 0, b"")
        payee.post_locks(payee.other, proof)
        self.play.until(lock.expiry, self.wake)
        if self.play.now == lock.expiry and payee.unlock(payee.other, proof):
            self.play.counts["taken in the last second"] += 1
            # The mediator does not look before it must.
            self.play.until(self.play.woken + NAP, self.wake)

    @precondition(lambda self: self.payer.view.disputed or self.payee.view.disputed)
    @rule(data=picks, inwards=st.booleans(), late=st.booleans())
    def somebody_calls_in_the_last_second_of_a_window(self, data: st.DataObject, inwards: bool, late: bool) -> None:
        one = self.payer if inwards else self.payee
        if one.view.disputed:
            self.play.until(one.view.deadline + late, self.wake)
            self.a_villain_calls_the_hub(data, inwards)

    @rule(seconds=st.integers(1, NAP), accepted=st.booleans())
    def time_passes(self, seconds: int, accepted: bool) -> None:
        self.play.sleep(seconds, self.wake)
        self.sent(self.mediator.drop_expired(), accepted)

    # ------------------------------------------------------------------------------------------------ the end of it

    def teardown(self) -> None:
        if not hasattr(self, "payee"):
            return
        try:
            self.end()
        finally:
            self.mediator.node.close()
            self.folder.cleanup()

    def end(self) -> None:
        """Villains take what they can; the mediator closes what is left; everything is paid out."""
        begun, locks = self.play.now, self.payee.state.mine.locks
        if self.late and locks and self.payee.view.exists:
            self.take_late(max(locks, key=lambda lock: lock.amount))
        for one in (self.payee, self.payer):
            if one.view.exists:
                one.take_all_there_is()
        self.wake()
        for one in (self.payee, self.payer):
            while (view := one.view).exists:
                if not view.disputed:
                    self.play.act("honest", "startClose", one.key.as_tuple(), 0, b"")
                elif self.play.now > view.deadline:
                    assert self.play.act("stranger", "settle", one.key.as_tuple())
                else:
                    self.play.until(min(view.deadline + 1, self.play.now + NAP), self.wake)
                    self.wake()
                assert self.play.now - begun < 3 * (2 * DELAY + MAX_LOCKS), "it does not end"
        self.wake()
        self.play.counts["ended"] += 1
        assert self.wealth() >= self.before, f"the mediator has lost {(self.before - self.wealth()) / UNIT} units"
        gained, spent = self.paid_out(self.payer) - self.nets[0], self.nets[1] - self.paid_out(self.payee)
        if spent > 0:
            self.play.counts["paid for"] += 1
            assert gained >= spent + FEE * -(-spent // LARGEST), f"{spent} went out, {gained} came in"

    def paid_out(self, one: Villain) -> int:
        """What the mediator got of a channel."""
        ended = self.mediator.ended[one.key.id]
        return ended.pay_a if one.other == "A" else ended.pay_b


HonestMediator.TestCase.settings = settings(campaign(examples=40, steps=30), suppress_health_check=list(HealthCheck))

HAPPENED = {
    "proof taken": 50, "passed on": 25, "acceptance taken": 30, "paid on": 10, "paid in": 6, "paid for": 10, "block": 1,
    "taken in the last second": 4, "read on chain": 30, "tower: close": 1, "tower: post_locks": 12, "tower: unlock": 8,
    "startClose": 20, "postLocks": 12, "unlock": 8, "settle": 40, "ended": 40,
    "UnauthorizedCaller": 1, "DisputeNotOpen": 4, "StaleNonce": 10, "NothingUnlocked": 3, "node: BalanceTooLow": 6,
}  # fmt: skip


def test_an_honest_mediator_never_has_less_and_has_its_fee_where_it_paid() -> None:
    counts = play().counts = Counter()
    HonestMediator.TestCase().runTest()
    print(dict(counts))
    for name, least in HAPPENED.items():
        assert counts[name] >= least, f"{name} happened {counts[name]} times, {least} needed"


class SameEnd(Mediator):
    hop = 0


class GivesUpEarly(Mediator):
    early = True


class Blind(Mediator):
    """Neither it nor its tower reads what is shown on chain."""

    def __init__(self, play: HubPlay, folder: Path) -> None:
        super().__init__(play, folder)
        self.tower._remember = lambda preimage: None  # type: ignore[method-assign]

    def read_logs(self) -> None:
        known = dict(self.known)
        super().read_logs()
        self.known = known


class Late(Mediator):
    """Its tower starts no close by itself."""

    def __init__(self, play: HubPlay, folder: Path) -> None:
        super().__init__(play, folder)
        self.tower._starts = lambda *_: []  # type: ignore[method-assign]


FAULTS = {"the same end": SameEnd, "gives up early": GivesUpEarly, "reads no preimage": Blind, "starts no close": Late}


@pytest.mark.parametrize("fault", controls(FAULTS, "the same end"))
def test_each_careless_mediator_is_robbed(fault: str) -> None:
    """Controls: a mediator that keeps one rule less loses money in this machine."""
    with pytest.raises(AssertionError, match="has lost|came in"):
        play_faulty(HonestMediator, 1_000, 30, mediator_class=FAULTS[fault])
