"""The frozen mode in the contract: from which second on it begins, and which state and which deposits it pays."""

from __future__ import annotations

import pytest

from layer2.ethereum.sender import Sender
from layer2.rollup.state.commitments import Assertion, Roots
from layer2.testing import reverts

ETHER = 10**18


def account_row(l2, people, claim: Assertion) -> tuple[object, ...]:
    """The arguments of an escape of the payer's account, under a final assertion."""
    replica = l2.challenger.replica
    replica.step()
    state, number = replica.state_of(claim), l2.wallet(people.payer).account()
    one = state.accounts[number]
    word = one.token << 160 | one.nonce << 128 | one.balance
    return claim, Roots.of(state), number, one.owner, word, state.account_path(number)


@pytest.mark.parametrize("what", ["queue", "entry"])
def test_a_rollup_is_frozen_after_the_last_second_in_which_it_may_wait(l2, people, what: str) -> None:
    chain, replica, sender = l2.connection, l2.challenger.replica, Sender(l2.connection, people.buyer)
    l2.wallet(people.payer).deposit(5)
    if what == "entry":
        l2.post()
    replica.step()
    since = l2.rollup.inbox()[4] if what == "queue" else replica.entries[-1].record.time
    row = (replica.final(), replica.entries[-1].record)
    last = since + l2.profile.freeze_after
    if what == "entry":
        chain.set_next_timestamp(last)
        with reverts("TooEarly", now_=last, **{"from": last + 1}):
            l2.rollup.freeze(sender, *row)
        chain.mine()
        l2.rollup.freeze(sender, *row)
    else:
        # Before it, the entry is asked for instead, and there is none after the last final assertion.
        chain.set_next_timestamp(last)
        with reverts("BatchMismatch", index=row[0].inbox_end + 1):
            l2.rollup.freeze(sender, *row)
        chain.mine()
        l2.rollup.freeze(sender, *row)


@pytest.fixture
def frozen(l2, people) -> tuple[Assertion, Assertion]:
    """A frozen rollup in which 5 wei are not consumed: the assertion that was final before the last, and the last."""
    chain, replica = l2.connection, l2.challenger.replica
    replica.step()
    old = replica.final()
    l2.wallet(people.payer).withdraw(ETHER)
    l2.post()
    l2.settle()
    l2.wallet(people.payer).deposit(5)
    chain.advance(l2.profile.freeze_after + 1)
    l2.wallet(people.buyer, with_sequencer=False).freeze()
    replica.step()
    return old, replica.final()


def test_a_balance_is_paid_as_the_last_final_state_has_it_and_not_an_older_one(l2, people, frozen) -> None:
    """In the older one the payer still has what it has withdrawn since."""
    old, last = frozen
    sender = Sender(l2.connection, people.buyer)
    with reverts("UnexpectedStatus", id=old.id, status=2):
        l2.rollup.escape(sender, *account_row(l2, people, old))
    before = l2.connection.balance(people.payer.address)
    l2.rollup.escape(sender, *account_row(l2, people, last))
    assert l2.connection.balance(people.payer.address) == before + 4 * ETHER


def test_the_first_deposit_that_no_final_state_has_is_refunded_and_none_before_it(l2, people, frozen) -> None:
    _, last = frozen
    replica, sender = l2.challenger.replica, Sender(l2.connection, people.buyer)
    state = replica.state_of(last)
    consumed = state.queue_count
    for index in range(consumed):
        with reverts("AlreadyPaid", index=index):
            l2.rollup.refund(sender, last, Roots.of(state), index, bytes(28), replica.raw_queue[index], [])
    before = l2.connection.balance(people.payer.address)
    l2.rollup.refund(sender, last, Roots.of(state), consumed, state.queue_acc, replica.raw_queue[consumed], [])
    assert l2.connection.balance(people.payer.address) == before + 5


def test_the_queue_is_overdue_after_the_last_second_in_which_it_may_wait(l2, people) -> None:
    chain, sequencer = l2.connection, Sender(l2.connection, people.sequencer)
    l2.wallet(people.payer).deposit(5)
    items, _, consumed, _, since = l2.rollup.inbox()
    last = since + l2.profile.force_delay
    before = chain.snapshot()
    chain.set_next_timestamp(last)
    l2.rollup.post_calldata(sequencer, l2.rollup.acc(items), bytes(496), consumed)
    chain.revert(before)
    chain.set_next_timestamp(last + 1)
    with reverts("QueueOverdue", pendingSince=since):
        l2.rollup.post_calldata(sequencer, l2.rollup.acc(items), bytes(496), consumed)
