"""Nobody holds up what is right: neither by lies, nor by truths that cover less, nor by racing."""

from __future__ import annotations

from layer2.ethereum.sender import Sender
from layer2.primitives.units import parse_amount
from layer2.rollup.state.commitments import Assertion, Roots, Status
from layer2.rollup.state.state import Withdrawal
from layer2.rollup.validator.proposer import Proposer
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots
from layer2.testing.revert_checks.reverts import reverts


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


def assert_right(l2, parent: Assertion, end: int, signer) -> Assertion:
    """Somebody asserts the truth about entries up to `end`."""
    replica = l2.challenger.replica
    replica.step()
    return assert_roots(l2, parent, end, right_roots(replica, parent, end), Sender(l2.connection, signer))


def test_a_shorter_truth_does_not_stop_the_proposer(l2, chain, people) -> None:
    """An attacker asserts less, truthfully, and makes that final first: what covers more becomes final all the same."""
    busy(l2, people)
    parent = l2.proposer.replica.final()
    short = assert_right(l2, parent, parent.inbox_end + 1, people.attacker)
    long = assert_right(l2, parent, parent.inbox_end + 3, people.stranger)
    chain.advance(l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.attacker), short)
    assert l2.rollup.finality()[0] == short.id
    l2.proposer.step()
    assert l2.rollup.finality()[0] == long.id
    assert l2.proposer.replica.final().id == long.id
    assert l2.proposer.replica.tip().id == long.id


def test_a_truth_that_comes_late_to_be_final_moves_nothing_back(l2, chain, people) -> None:
    """The shorter one becomes final after the longer one: its bond comes back, the last final one stays."""
    busy(l2, people)
    parent = l2.proposer.replica.final()
    short = assert_right(l2, parent, parent.inbox_end + 1, people.attacker)
    long = assert_right(l2, parent, parent.inbox_end + 3, people.stranger)
    chain.advance(l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.stranger), long)
    l2.rollup.finalize(Sender(chain, people.attacker), short)
    assert l2.rollup.finality()[0] == long.id
    assert l2.rollup.contract.call("availableBond", people.attacker.address) == l2.profile.bond
    with reverts("UnexpectedStatus", id=short.id, status=Status.FINAL):
        l2.rollup.finalize(Sender(chain, people.attacker), short)


def test_a_withdrawal_under_two_final_truths_is_paid_once(l2, chain, people) -> None:
    payer, _ = busy(l2, people)
    parent = l2.proposer.replica.final()
    short = assert_right(l2, parent, parent.inbox_end + 1, people.attacker)
    long = assert_right(l2, parent, parent.inbox_end + 3, people.stranger)
    chain.advance(l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.attacker), short)
    replica = l2.challenger.replica
    state = replica.state_of(short)
    (one,) = state.withdrawals
    l2.rollup.finalize_withdrawal(payer.sender, short, Roots.of(state), 0, one, state.withdrawal_path(0))
    l2.rollup.finalize(Sender(chain, people.stranger), long)
    state = replica.state_of(long)
    assert state.withdrawals[0] == one
    with reverts("AlreadyPaid", index=state.earlier):
        l2.rollup.finalize_withdrawal(payer.sender, long, Roots.of(state), 0, one, state.withdrawal_path(0))
    assert len(payer.claim_all()) == 2


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
    with reverts("UnexpectedStatus", id=one.id, status=Status.OPEN):
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
    assert len(payer.claim_all()) == 2
    (receipt,) = l2.wallet(people.challenger).claim_all()
    assert chain.balance(buyer) - before + receipt.gas_used * receipt.effective_gas_price == one.amount


def test_a_lie_about_a_withdrawal_gives_nobody_power_over_the_true_one(l2, chain, people) -> None:
    """An open assertion may say anything: that the attacker owns withdrawal number n, too."""
    payer, _ = busy(l2, people, entries=1)
    replica = l2.challenger.replica
    replica.step()
    parent, end = replica.tip(), len(replica.entries)
    done = replica.execute(parent, end)
    false = done.state.copy()
    true = false.withdrawals[0]
    false.withdrawals.clear()
    false.begin_assertion()
    false.take_out(Withdrawal(people.attacker.address, true.token, true.amount))
    lie = assert_roots(l2, parent, end, [*done.roots[:-1], false.root], Sender(chain, people.attacker))
    right = assert_right(l2, parent, end, people.stranger)
    row = (Roots.of(false).as_tuple(), 0, (people.attacker.address, true.token, true.amount), [])
    attacker = Sender(chain, people.attacker)
    l2.rollup.contract.transact(attacker, "transferClaim", lie.as_tuple(), *row, people.attacker.address)
    chain.advance(l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.stranger), right)
    before = chain.balance(people.attacker.address)
    assert len(payer.claim_all()) == 1
    assert chain.balance(people.attacker.address) == before
