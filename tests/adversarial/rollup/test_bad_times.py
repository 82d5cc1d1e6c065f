"""The sequencer is silent, or censors, or everything has stopped: users get their money all the same."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.primitives.units import parse_amount
from layer2.rollup.l1.contract import PUBLIC
from layer2.rollup.protocol.frames import FrameType, decode_frame
from layer2.rollup.protocol.messages import Withdraw
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.state.commitments import Roots, Status
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots
from layer2.testing.revert_checks.reverts import reverts

ETHER = 10**18


def funded(l2, people):
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    return payer, payee


def earned(chain, address, receipts_of) -> int:
    """What somebody got, the gas of these receipts given back."""
    before = chain.balance(address)
    receipts = receipts_of()
    return chain.balance(address) - before + sum(one.gas_used * one.effective_gas_price for one in receipts)


def test_with_the_sequencer_off_a_user_forces_includes_proposes_and_claims(l2, chain, people) -> None:
    """By its own transactions alone, liars beside it and all: one node's verbs, no operator anywhere."""
    funded(l2, people)
    alone = l2.wallet(people.payer, with_sequencer=False)
    alone.replica.step()
    alone.force("1.5 ether", people.payer.address)
    chain.advance(l2.profile.force_delay + 1)
    alone.include()
    lie = l2.propose(fault="noise", sender=people.attacker)
    proposer = Proposer(l2.rollup, alone.sender, alone.replica)
    proposer.step()
    challenger = Challenger(l2.rollup, alone.sender, alone.replica)
    for _ in range(2):
        challenger.step()
        chain.mine(l2.profile.reveal_blocks)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    chain.advance(l2.profile.window + 1)
    proposer.step()
    assert earned(chain, people.payer.address, alone.claim_all) == parse_amount("1.5 ether")


def test_a_sequencer_that_censors_one_user_has_to_carry_what_it_forces(l2, chain, people) -> None:
    payer, payee = funded(l2, people)
    start = payee.balance()
    payer.force("0.5 ether", payee.account())
    sender = Sender(chain, people.sequencer)
    # It goes on posting, without the queue, as long as it may.
    for _ in range(3):
        items, _, consumed, _, _ = l2.rollup.inbox()
        l2.rollup.post_calldata(sender, l2.rollup.acc(items), bytes(496), consumed)
        chain.advance(l2.profile.force_delay // 3)
    chain.advance(2)
    items, _, consumed, _, since = l2.rollup.inbox()
    with reverts("QueueOverdue", pendingSince=since):
        l2.rollup.post_calldata(sender, l2.rollup.acc(items), bytes(496), consumed)
    l2.wallet(people.payer, with_sequencer=False).include()
    l2.sequencer.replica.step()
    assert payee.balance() == start + parse_amount("0.5 ether")


def test_a_bls_account_is_forced_out_by_anybody_with_its_signature(l2, people) -> None:
    payer, _ = funded(l2, people)
    l2.sequencer.open_account(payer.bls.public)
    l2.post()
    account = payer.account(bls=True)
    payer.deposit("1 ether", to=account)
    l2.post()
    message = Withdraw(account, 0, people.payer.address, ETHER, 0, 0)
    signature = payer.bls.sign(message.digest(l2.rollup.domain))
    relayer = Sender(l2.connection, people.stranger)
    l2.rollup.force(relayer, account, 0, ETHER, people.payer.address, Scheme.BLS, signature)
    l2.post()
    assert payer.accounts[account].balance == 0
    l2.settle()
    assert earned(l2.connection, people.payer.address, payer.claim_all) == ETHER


def test_after_the_lease_anybody_sequences_for_itself(l2, chain, people, tmp_path) -> None:
    payer, payee = funded(l2, people)
    start, account = payee.balance(), payer.account()
    # A sequencer of the payer's own: the same program, another key.
    # In calldata: a refused transaction with blobs says no reason.
    operator, journal = Sender(chain, people.payer), tmp_path / "mine.journal"
    mine = Sequencer(l2.rollup, operator, journal, replica=l2.replica(), data="calldata")
    own = l2.wallet(people.payer, with_sequencer=False)
    own._gate = mine
    own.replica = mine.replica
    own.send(payee.account(), "0.25 ether", account=account)
    with pytest.raises(ContractReverted, match="SequencerWindowOpen"):
        mine.step()
    chain.advance(l2.profile.sequencer_window + 1)
    mine.step()
    l2.sequencer.replica.step()
    assert payee.balance() == start + parse_amount("0.25 ether")
    assert decode_frame(l2.sequencer.replica.entries[-1].frames()[0]).kind is FrameType.ECDSA_TRANSFERS
    # With that, the sequencer_window runs again.
    own.send(payee.account(), "0.25 ether", account=account)
    with pytest.raises(ContractReverted, match="SequencerWindowOpen"):
        mine.step()
    assert isinstance(mine.pending[0], SignedOp)


def test_on_a_public_chain_thirty_days_of_nothing_freeze_it_and_everybody_escapes(chain, people, data, tmp_path, local):
    """The times of public chains: twelve hours, seven days, thirty days."""
    before = chain.snapshot()
    l2 = local(chain, people, tmp_path, data, profile=PUBLIC)
    payer, payee = funded(l2, people)
    payer.send(payee.account(), "0.5 ether")
    l2.post()
    l2.settle()
    for amount in ("1 ether", "2 ether", "3 ether"):
        payer.deposit(amount)
    alone = l2.wallet(people.payee, with_sequencer=False)
    chain.advance(30 * 86_400 - 10)
    with pytest.raises(ContractReverted, match="TooEarly|BatchMismatch"):
        alone.freeze()
    chain.advance(60)
    alone.freeze()
    for call in (lambda: payer.deposit(1), lambda: alone.force(1, 1, account=2), alone.include):
        with reverts("ChainFrozen"):
            call()
    assert earned(chain, people.payee.address, lambda: [alone.escape()]) == parse_amount("1.5 ether")
    replica = alone.replica
    replica.step()
    final = replica.final()
    state, stranger = replica.state_of(final), Sender(chain, people.stranger)
    acc, raws = state.queue_acc, replica.raw_queue
    for index in range(state.queue_count, len(raws)):
        later = [keccak(raw) for raw in raws[index + 1 :]]
        paid = chain.balance(people.payer.address)
        row = (final, Roots.of(state), index, acc, raws[index], later)
        l2.rollup.refund(stranger, *row)
        assert chain.balance(people.payer.address) - paid == replica.queue[index].amount
        with reverts("AlreadyPaid", index=index):
            l2.rollup.refund(stranger, *row)
        acc = keccak(acc + keccak(raws[index]))[4:]
    chain.revert(before)


def test_two_challengers_race_and_the_slower_goes_on(l2, chain, people) -> None:
    funded(l2, people)
    lies = [l2.propose(fault=fault, sender=people.attacker) for fault in ("inflate", "noise")]
    other = Challenger(l2.rollup, Sender(chain, people.stranger), l2.replica())
    for one in (l2.challenger, other):
        one.step()
    chain.mine(l2.profile.reveal_blocks)
    won = [l2.challenger.step(), other.step()]
    assert [len(one) for one in won] == [2, 0]
    assert [l2.rollup.status(one.id)[2] for one in lies] == [Status.INVALID] * 2
    assert l2.rollup.contract.call("availableBond", people.challenger.address) == l2.profile.bond
    assert l2.rollup.contract.call("availableBond", people.stranger.address) == 0
    third = l2.propose(fault="deflate", sender=people.attacker)
    for _ in range(2):
        other.step()
        chain.mine(l2.profile.reveal_blocks)
    assert l2.rollup.status(third.id)[2] is Status.INVALID


def test_a_challenger_that_was_overtaken_between_reading_and_sending_goes_on(l2, chain, people, monkeypatch) -> None:
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    other = Challenger(l2.rollup, Sender(chain, people.stranger), l2.replica())
    for one in (l2.challenger, other):
        one.step()
    chain.mine(l2.profile.reveal_blocks)
    # Both have seen it open; one is faster.
    other.replica.step()
    l2.challenger.step()
    with monkeypatch.context() as patch:
        patch.setattr(other.replica, "step", lambda: 0)
        assert other.wrong() == [lie]
        assert other.step() == []
    assert other.faults == {}
    assert other.step() == []


def test_a_challenger_started_again_between_announcement_and_proof_convicts(l2, chain, people) -> None:
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    l2.challenger.step()
    again = Challenger(l2.rollup, Sender(chain, people.challenger), l2.replica())
    for _ in range(2):
        again.step()
        chain.mine(l2.profile.reveal_blocks)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    assert l2.rollup.contract.call("availableBond", people.challenger.address) == l2.profile.bond // 2


def test_fraud_takes_nothing_from_the_users_and_moves_nothing(l2, chain, people) -> None:
    """Entries and their order are as before; the same data gives the same withdrawals after the lie is gone."""
    payer, payee = funded(l2, people)
    payer.withdraw("0.5 ether")
    l2.post()
    entries, accumulators = len(l2.sequencer.replica.entries), [l2.rollup.acc(at) for at in range(3)]
    replica = l2.challenger.replica
    replica.step()
    parent = replica.final()
    roots = right_roots(replica, parent, entries)
    lie = assert_roots(l2, parent, entries, [*roots[:-1], b"\0" * 32], Sender(chain, people.attacker))
    for _ in range(2):
        l2.challenger.step()
        chain.mine(l2.profile.reveal_blocks)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    assert [l2.rollup.acc(at) for at in range(3)] == accumulators
    l2.settle()
    assert earned(chain, people.payer.address, payer.claim_all) == parse_amount("0.5 ether")
    assert payee.balance() == ETHER


@pytest.mark.parametrize("depth", [1, 6])
def test_what_rests_on_a_lie_costs_the_same_to_drop_however_much_it_is(l2, chain, people, depth: int) -> None:
    """Invalidity is looked up, not carried through: no loop over what comes after."""
    payer, _ = funded(l2, people)
    parent = l2.propose(fault="inflate", sender=people.attacker)
    for _ in range(depth):
        payer.deposit(1)
        l2.post()
        replica = l2.challenger.replica
        replica.step()
        end = len(replica.entries)
        count = replica.entries[-1].record.segments - parent.segments
        parent = assert_roots(l2, parent, end, [b"\0" + b"\1" * 31] * count, Sender(chain, people.attacker))
    gas = {}
    for _ in range(depth + 2):
        for receipt in l2.challenger.step():
            for event in l2.rollup.contract.events(receipt, "Invalidated"):
                gas[event.args["id"]] = receipt.gas_used
        chain.mine(l2.profile.reveal_blocks)
    assert len(gas) == depth + 1
    dropped = list(gas.values())[1:]
    assert max(dropped) < 120_000
    assert max(dropped) - min(dropped) < 25_000
