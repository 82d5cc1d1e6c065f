"""An honest buyer of withdrawals on the deployed rollup, an honest challenger awake, against seller and villains.

The buyer takes, by the seller's signature, what its own node says is safe to buy and nothing else, makes final what it
rests on, and has it paid. Promise: it is paid, in full and once, for everything that it bought, whatever the others
order: the seller sells elsewhere in the same block, has it paid first, lets the queue wait, freezes, escapes.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.campaign import campaign, controls, play_faulty
from tests.support.rollup.machine import NAP, PROFILE, RollupPlay
from tests.support.rollup.sale_machine import Offer, Seller

from layer2.ethereum.errors import ContractReverted
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import PurchaseUnsafe
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.wallet import sale_safety as sales
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.rollup.wallet.sale_safety import Purchase, purchase_of, withdrawal_at
from layer2.rollup.wallet.wallet import Wallet

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

picks = st.data()
RACES = ("UnauthorizedCaller", "AlreadyPaid", "SignatureExpired")
"""What the contract says to a buyer when the seller has sold the withdrawal before, or has had it paid."""
WAITS = (0, 0, 600, 2_000, 5_900, 6_100, 8_000)
"""Seconds that a withdrawal waits in the inbox before it is asserted: a window later it can be too late."""
REASONS = ("wrong", "paid already", "cannot become final", "can be frozen")

_play: list[RollupPlay] = []


def play() -> RollupPlay:
    """The chain, made at first use."""
    if not _play:
        _play.append(RollupPlay())
    return _play[0]


class Buyer:
    """The honest side: a buyer and a challenger over one replica, started anew at will."""

    def __init__(self, play: RollupPlay) -> None:
        self.play = play
        self.bought: dict[int, int] = {}
        self.restart()

    def restart(self) -> None:
        """Nothing is remembered but what the chain has."""
        self.replica = self.play.replica()
        rollup, senders = self.play.rollup, self.play.senders
        self.challenger = Challenger(rollup, senders["challenger"], self.replica)
        self.finisher = Proposer(rollup, senders["buyer"], self.replica, data="calldata")
        self.wallet = Wallet(rollup, self.play.signers["buyer"], self.replica, sender=senders["buyer"])

    def wake(self, offers: list[Offer]) -> None:
        counts = self.play.counts
        counts["challenger"] += len(self.challenger.step())
        self.replica.step()
        counts["finalized"] += len(self.finisher.finalize_due())
        try:
            counts["paid"] += len(self.wallet.claim_all()) if self.waits() else 0
        except ContractReverted as race:
            self.raced(race)
        offers[:] = [one for one in offers if not self.deal(one)]
        self.play.changed()

    def waits(self) -> bool:
        """Whether the chain says that something is its own that is not paid yet."""
        given = self.replica.transferred.items()
        return any(to == self.wallet.signer.address and row[0] not in self.replica.claimed for row, to in given)

    def raced(self, race: ContractReverted) -> None:
        if race.name not in RACES:
            raise race
        self.play.counts[f"buyer: {race.name}"] += 1

    def deal(self, offer: Offer) -> bool:
        """Take what an offer gives if it is safe; whether it is done with."""
        try:
            one = withdrawal_at(self.replica, offer.place)
            self.wallet.safe_to_buy(one).require()
            self.wallet.take_claim(one, self.wallet.signer.address, offer.until, offer.signature)
        except PurchaseUnsafe as unsafe:
            (reason,) = (one for one in REASONS if one in str(unsafe))
            self.play.counts[f"unsafe: {reason}"] += 1
            return reason != REASONS[-1] or offer.until < self.play.now
        except ContractReverted as race:
            self.raced(race)
            return True
        number = self.replica.state_of(one.claim).earlier + one.index
        self.bought[number] = one.withdrawal.amount
        self.play.counts["bought"] += 1
        return True


class HonestBuyer(RuleBasedStateMachine):
    buyer_class: ClassVar[type[Buyer]] = Buyer

    @initialize(waits=st.sampled_from(WAITS), leaves=st.booleans(), lie=st.sampled_from((None, 0, 7)))
    def start(self, waits: int, leaves: bool, lie: int | None) -> None:
        """A withdrawal is on sale."""
        self.play = play()
        self.play.begin()
        self.buyer = self.buyer_class(self.play)
        self.seller = Seller(self.play, self.play.replica())
        self.seller.see()
        self.before = {name: self.play.wealth(name) for name in ("buyer", "challenger")}
        self.seller.make(10, waits, leaves, self.wake)
        if lie is not None:
            self.seller.propose(self.seller.eye.final(), self.seller.eye.posted, lie)
            self.seller.see()
            for claim, out in zip(self.seller.told(), self.seller.sellable(), strict=False):
                self.seller.offer(out, 600, claim)

    def wake(self) -> None:
        self.buyer.wake(self.seller.offers)
        self.seller.see()

    @rule(data=picks, count=st.integers(1, 4))
    def villains_act(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            self.seller.move(data)
            self.seller.see()

    @rule(data=picks, count=st.integers(1, 3))
    def a_block_in_which_villains_come_with_what_the_buyer_sends(self, data: st.DataObject, count: int) -> None:
        moves = [lambda: self.seller.move(data)] * count
        with self.play.block(*moves):
            self.buyer.wake(self.seller.offers)
        self.play.counts["block"] += 1
        self.seller.see()
        self.wake()

    @precondition(lambda self: not self.seller.eye.frozen)
    @rule(amount=st.integers(1, 20), waits=st.sampled_from(WAITS), leaves=st.booleans())
    def a_withdrawal_is_offered_after_a_while(self, amount: int, waits: int, leaves: bool) -> None:
        self.seller.make(amount, waits, leaves, self.wake)
        self.wake()

    @precondition(lambda self: not self.seller.eye.frozen and self.seller.beside())
    @rule(data=picks)
    def a_truth_that_covers_more_comes_beside_one_whose_window_ends(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.seller.beside()))
        self.play.until(self.seller.eye.created(claim) + PROFILE.window, self.wake)
        self.seller.see()
        self.seller.propose(self.seller.eye.claims[claim.parent], self.seller.eye.posted, None)
        self.seller.see()
        self.play.sleep(1, self.wake)
        self.seller.see()
        for out in self.seller.sellable()[-1:]:
            self.seller.offer(out, 600)

    @precondition(lambda self: self.seller.sellable())
    @rule(data=picks, name=st.sampled_from(("sell", "sell by signature", "take", "steal", "steal")))
    def the_seller_is_faster_with_what_it_has_offered(self, data: st.DataObject, name: str) -> None:
        for out in self.seller.sellable()[-1:]:
            self.seller.offer(out, 600)
        with self.play.block(lambda: self.seller.do(name, data)):
            self.buyer.wake(self.seller.offers)
        self.seller.see()

    @precondition(lambda self: self.seller.eye.open_claims())
    @rule(data=picks, late=st.integers(0, 1))
    def somebody_acts_when_a_window_ends(self, data: st.DataObject, late: int) -> None:
        """In its last second, or in the first one after it."""
        claim = data.draw(st.sampled_from(self.seller.eye.open_claims()))
        self.play.until(self.seller.eye.created(claim) + PROFILE.window + late, self.wake)
        self.seller.see()
        self.seller.finalize(claim)
        self.seller.see()

    @precondition(lambda self: not self.seller.eye.frozen and self.seller.freezable())
    @rule(seconds=st.integers(1, NAP), escapes=st.booleans())
    def it_is_frozen_as_soon_as_that_is_possible(self, seconds: int, escapes: bool) -> None:
        """Unless the buyer, who looks at some second of each nap, has made final what waits."""
        self.play.sleep(seconds, self.wake)
        self.seller.see()
        self.play.until(self.seller.freezable() or self.play.now, self.wake)
        self.seller.see()
        if self.seller.freeze() and escapes:
            self.seller.see()
            self.seller.escape()
        self.seller.see()

    @rule(seconds=st.integers(1, NAP), anew=st.sampled_from((False, False, True)))
    def time_passes(self, seconds: int, anew: bool) -> None:
        if anew:
            self.buyer.restart()
            self.play.counts["started anew"] += 1
        self.play.sleep(seconds, self.wake)

    # ------------------------------------------------------------------------------------------------- the promise

    def teardown(self) -> None:
        if hasattr(self, "before"):
            self.end()

    def end(self) -> None:
        """The villains rest; what was bought is paid."""
        for _ in range(2 * PROFILE.window // NAP + 4):
            self.play.advance(NAP)
            self.wake()
        self.play.counts["frozen"] += self.seller.eye.frozen
        self.play.counts["ended"] += 1
        due = sum(self.buyer.bought.values())
        assert set(self.buyer.bought) <= self.seller.eye.claimed, "something that was bought is not paid"
        assert self.play.wealth("buyer") - self.before["buyer"] == due, "the buyer is not paid what it bought"
        assert self.play.wealth("challenger") >= self.before["challenger"]
        assert self.buyer.challenger.faults == {}


HonestBuyer.TestCase.settings = settings(campaign(examples=24, steps=16), suppress_health_check=list(HealthCheck))

HAPPENED = {
    "ended": 24,
    "bought": 15,
    "paid": 15,
    "challenger": 20,
    "block": 20,
    "freeze": 2,
    "escape": 1,
}
REFUSED = {
    *("AlreadyPaid", "UnauthorizedCaller", "ChainFrozen", "InvalidProof", "UnexpectedStatus", "TooEarly"),
    *("buyer: UnauthorizedCaller", *(f"unsafe: {one}" for one in REASONS)),
}
"""By the contract, to others and to the buyer, and by the buyer."""


def test_who_buys_what_is_safe_to_buy_is_paid_in_full_and_once() -> None:
    counts = play().counts = Counter()
    HonestBuyer.TestCase().runTest()
    print(dict(counts))
    for name, least in HAPPENED.items():
        assert counts[name] >= least, f"{name} happened {counts[name]} times, {least} needed"
    assert set(counts) >= REFUSED, f"never refused: {REFUSED - set(counts)}"


def _asks_nothing(rollup: RollupContract, _: Replica) -> int:
    return rollup.connection.timestamp() + PROFILE.freeze_after + 1


def _asks_queue(rollup: RollupContract, _: Replica) -> int:
    return (rollup.inbox()[4] or rollup.connection.timestamp()) + PROFILE.freeze_after + 1


def _in_haste(wallet: Wallet, one: Outgoing) -> Purchase:
    wallet.replica.step()
    return purchase_of(wallet.rollup, wallet.replica, one, 0)


TIP = Replica.tip
FAULTS = {
    "it does not ask what waits": (sales, "_freezable_at", _asks_nothing),
    "it asks for the queue alone": (sales, "_freezable_at", _asks_queue),
    "it leaves itself no time": (Wallet, "safe_to_buy", _in_haste),
    "it claims by the newest assertion alone": (Replica, "tip", lambda replica, *_: TIP(replica)),
    "nothing is made final": (Proposer, "finalize_due", lambda _: []),
}


@pytest.mark.parametrize("fault", controls(FAULTS, "it does not ask what waits"))
def test_each_fault_of_the_buyer_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Controls: with one question less it buys what the seller escapes with; or it is not paid."""
    play()
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError, match="is not paid"):
        play_faulty(HonestBuyer, 500, 16)
