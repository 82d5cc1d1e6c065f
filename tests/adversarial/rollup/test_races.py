"""Somebody is always faster: it deposits, or posts, in front of every call of others, and holds nothing up."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.rollup.state.forced_queue import TO_THE_END
from layer2.testing.revert_checks.reverts import reverts

from .test_bad_times import funded

ETHER = 10**18


class FrontRunner:
    """Acts in front of each of the first `most` calls of the sequencer's poster."""

    def __init__(self, l2, monkeypatch: pytest.MonkeyPatch, act, most: int = 1_000) -> None:
        self.calls = 0
        inner = l2.sequencer.poster.post

        def post(*args):
            self.calls += 1
            if self.calls <= most:
                act()
            return inner(*args)

        monkeypatch.setattr(l2.sequencer.poster, "post", post)


def test_whoever_deposits_in_front_of_every_entry_holds_up_neither_payments_nor_deposits(
    l2, people, monkeypatch
) -> None:
    payer, payee = funded(l2, people)
    attacker = Sender(l2.connection, people.attacker)
    runner = FrontRunner(l2, monkeypatch, lambda: l2.rollup.deposit(attacker, 0, 1, bytes(31) + b"\1", 0))
    for paid in (1, 2, 3):
        before = runner.calls
        payer.send(payee.account(), ETHER // 10)
        payee.deposit("0.5 ether", to=payee.account())
        l2.post()
        assert payee.balance() == ETHER + paid * (ETHER // 10 + ETHER // 2)
        assert l2.sequencer.pending == ()
        # Once bitten, one call is enough: the queue is consumed before the payments go.
        assert runner.calls - before == (2 if paid == 1 else 1)
    assert runner.calls == 4


def test_without_a_race_one_entry_carries_both(l2, people) -> None:
    payer, payee = funded(l2, people)
    entries = l2.rollup.inbox()[0]
    payer.send(payee.account(), ETHER // 10)
    payee.deposit("0.5 ether", to=payee.account())
    l2.post()
    assert payee.balance() == ETHER + ETHER // 10 + ETHER // 2
    assert l2.rollup.inbox()[0] == entries + 1


def test_an_operation_forced_in_between_goes_first_and_nobody_elses_is_lost(l2, people, monkeypatch) -> None:
    payer, payee = funded(l2, people)
    mine, other = payer.account(), payee.account()
    honest = payee.send(mine, ETHER // 4)
    payer.send(other, ETHER // 10)
    payee.deposit("0.1 ether", to=other)
    FrontRunner(l2, monkeypatch, lambda: payer.force("1.95 ether", people.payer.address, mine), most=1)
    l2.post()
    accounts = l2.sequencer.replica.head.accounts
    assert accounts[mine].balance == ETHER // 20 + ETHER // 4
    assert accounts[other].balance == ETHER - ETHER // 4 + ETHER // 10
    assert l2.sequencer.tx_status(honest.message.digest(l2.rollup.domain)).state == "posted"
    assert l2.sequencer.pending == ()


def test_an_entry_of_another_after_the_lease_is_built_upon(l2, chain, people, monkeypatch) -> None:
    payer, payee = funded(l2, people)
    chain.advance(l2.profile.sequencer_window + 1)
    payer.send(payee.account(), ETHER // 10)
    stranger = Sender(chain, people.stranger)

    def act() -> None:
        items, _, consumed, _, _ = l2.rollup.inbox()
        l2.rollup.post_calldata(stranger, l2.rollup.acc(items), bytes(496), consumed)

    entries = l2.rollup.inbox()[0]
    FrontRunner(l2, monkeypatch, act, most=1)
    l2.post()
    assert l2.rollup.inbox()[0] == entries + 2
    assert payee.balance() == ETHER + ETHER // 10


def test_what_is_no_race_is_raised(l2, people, monkeypatch) -> None:
    funded(l2, people)
    l2.wallet(people.payer).deposit("1 ether")
    with monkeypatch.context() as patch:
        patch.setattr(l2.sequencer.poster, "sender", Sender(l2.connection, people.stranger))
        with pytest.raises(ContractReverted, match="SequencerWindowOpen"):
            l2.post()
    l2.post()


def test_a_user_includes_the_queue_whatever_is_queued_in_between(l2, chain, people) -> None:
    funded(l2, people)
    user = l2.wallet(people.payer, with_sequencer=False)
    user.replica.step()
    user.force("0.5 ether", people.payer.address)
    chain.advance(l2.profile.force_delay + 1)
    items, _, consumed, _, _ = l2.rollup.inbox()
    seen = l2.rollup.queue_length()
    l2.rollup.deposit(Sender(chain, people.attacker), 0, 1, bytes(31) + b"\1", 0)
    with reverts("InvalidQueueEnd", consumed=consumed, given=seen, length=seen + 1):
        l2.rollup.force_include(user.sender, l2.rollup.acc(items), seen)
    l2.rollup.force_include(user.sender, l2.rollup.acc(items), TO_THE_END)
    assert l2.rollup.inbox()[2] == seen + 1


def test_an_empty_queue_has_no_end_to_go_to(l2, people) -> None:
    funded(l2, people)
    items = l2.rollup.inbox()[0]
    with reverts("InvalidBatchSize", segments=0):
        l2.rollup.force_include(l2.sequencer.sender, l2.rollup.acc(items), TO_THE_END)
