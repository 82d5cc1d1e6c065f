"""Nobody holds up what is right: neither by lies, nor by truths that cover less, nor by racing."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.units import parse_amount
from layer2.rollup.proposer import Proposer
from layer2.rollup.records import Claim, Roots, Status
from layer2.testing.reverts import reverts
from layer2.testing.rollupfrauds import assert_roots, right_roots


def busy(l2, people, entries: int = 3):
    """Two parties, and entries that nobody has asserted yet: each with a withdrawal of the payer's."""
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("5 ether")
    payee.deposit("1 ether")
    l2.post()
    l2.settle()
    for _ in range(entries):
        payer.withdraw("0.5 ether")
        l2.post()
    return payer, payee


def assert_right(l2, parent: Claim, end: int, signer) -> Claim:
    """Somebody asserts the truth about entries up to `end`."""
    replica = l2.challenger.replica
    replica.step()
    return assert_roots(l2, parent, end, right_roots(replica, parent, end), Sender(l2.connection, signer))


def test_a_shorter_truth_does_not_stop_the_proposer(l2, chain, people) -> None:
    """An attacker asserts less, truthfully, and makes that final first: the rest goes on from there at once."""
    busy(l2, people)
    parent = l2.proposer.replica.final()
    short = assert_right(l2, parent, parent.inbox_end + 1, people.attacker)
    long = assert_right(l2, parent, parent.inbox_end + 3, people.stranger)
    chain.advance(l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.attacker), short)
    with reverts("ParentNotFinal", parent=parent.id, finalId=short.id):
        l2.rollup.finalize(Sender(chain, people.stranger), long)
    l2.proposer.step()
    tip = l2.proposer.replica.tip()
    assert tip.parent == short.id
    assert tip.inbox_end == long.inbox_end
    chain.advance(l2.profile.window + 1)
    l2.proposer.step()
    assert l2.proposer.replica.final().id == tip.id
    l2.rollup.contract.transact(Sender(chain, people.stranger), "release", long.as_tuple(), tip.as_tuple())
    assert l2.rollup.status(long.id)[2] is Status.RELEASED


def test_what_was_posted_long_before_an_assertion_is_in_it(l2, chain, people) -> None:
    """Else right assertions of one entry each, made final before the long ones, hold everybody's money for ever, and in
    the end freeze the rollup at a state in which payments of weeks have not happened."""
    busy(l2, people)
    parent = l2.proposer.replica.final()
    chain.advance(l2.profile.window)
    with pytest.raises(ContractReverted):
        assert_right(l2, parent, parent.inbox_end + 1, people.attacker)
    assert_right(l2, parent, parent.inbox_end + 3, people.stranger)


def test_lies_beside_the_truth_delay_it_by_nothing(l2, chain, people) -> None:
    payer, _ = busy(l2, people)
    for fault in ("inflate", "deflate", "noise"):
        l2.propose(fault=fault, sender=people.attacker)
    right = l2.propose(sender=people.stranger)
    chain.advance(l2.profile.window + 1)
    # Nobody has challenged anything: the truth can be made final all the same, and not a second later.
    l2.rollup.finalize(Sender(chain, people.stranger), right)
    before = chain.balance(people.payer.address)
    receipts = payer.claim_all()
    gas = sum(one.gas_used * one.effective_gas_price for one in receipts)
    assert chain.balance(people.payer.address) - before + gas == parse_amount("1.5 ether")


def test_a_dispute_adds_no_second_period(l2, chain, people) -> None:
    busy(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    right = l2.propose(sender=people.stranger)
    created = l2.rollup.status(right.id)[1]
    l2.challenger.step()
    chain.mine(l2.profile.reveal_blocks)
    l2.challenger.step()
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    chain.set_next_timestamp(created + l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.stranger), right)
    assert l2.rollup.finality() == (right.id, created + l2.profile.window + 1)


def test_the_same_assertion_twice_is_one(l2, people) -> None:
    busy(l2, people)
    parent = l2.proposer.replica.final()
    one = assert_right(l2, parent, parent.inbox_end + 3, people.stranger)
    with reverts("StatusWrong", id=one.id, status=Status.OPEN):
        assert_right(l2, parent, parent.inbox_end + 3, people.attacker)


def test_who_bought_a_withdrawal_keeps_it_when_another_truth_becomes_final(l2, chain, people) -> None:
    """The seller sells a withdrawal of a right assertion, then makes another right one final that covers it too."""
    payer, _ = busy(l2, people)
    parent = l2.proposer.replica.final()
    replica = l2.challenger.replica
    long = assert_right(l2, parent, parent.inbox_end + 3, people.stranger)
    other = assert_right(l2, parent, parent.inbox_end + 2, people.attacker)
    replica.step()
    state = replica.state_of(long)
    one = state.withdrawals[0]
    row = (Roots.of(state).as_tuple(), 0, (one.target, one.token, one.amount), list(state.withdrawal_path(0)))
    buyer = people.challenger.address
    l2.rollup.contract.transact(payer.sender, "transferClaim", long.as_tuple(), *row, buyer)
    chain.advance(l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.attacker), other)
    before = chain.balance(buyer)
    Proposer(l2.rollup, Sender(chain, people.stranger), l2.replica()).step()
    payer.claim_all()
    assert chain.balance(buyer) - before == one.amount
