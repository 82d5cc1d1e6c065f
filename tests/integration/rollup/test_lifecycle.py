"""Deposit, pay, post, rebuild, assert, withdraw, claim; and all of it without the sequencer."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey
from layer2.primitives.hashing import keccak
from layer2.primitives.units import parse_amount
from layer2.rollup.protocol.errors import AccountUnknown, BalanceTooLow, NonceWrong, Rejected, SignatureWrong
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.state.commitments import Roots, Status
from layer2.rollup.state.state import owner_of_key
from layer2.testing import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

ETHER = 10**18


def funded(l2, people):
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    return payer, payee


def test_money_goes_in_around_and_out_again(l2, chain, people) -> None:
    payer, payee = funded(l2, people)
    payer.send(payee.account(), "0.3 ether")
    payer.send(payee.account(), "0.123456789 ether")
    payee.withdraw("1.2 ether")
    l2.post()
    assert payer.balance() == parse_amount("1.576543211 ether")
    assert payee.balance() == parse_amount("0.223456789 ether")
    assert l2.rebuild_from_l1() == l2.root
    l2.settle()
    assert l2.rollup.status(l2.proposer.replica.final().id)[2] is Status.FINAL
    before = chain.balance(people.payee.address)
    receipts = payee.claim_all()
    gas = sum(one.gas_used * one.effective_gas_price for one in receipts)
    assert chain.balance(people.payee.address) - before + gas == parse_amount("1.2 ether")
    assert payee.claim_all() == []


def test_a_withdrawal_is_paid_once_and_only_when_its_assertion_is_final(l2, chain, people) -> None:
    payer, _ = funded(l2, people)
    payer.withdraw("0.5 ether")
    l2.post()
    l2.proposer.step()
    claim = l2.proposer.replica.tip()
    state = l2.proposer.replica.state_of(claim)
    row = (claim, Roots.of(state), 0, state.withdrawals[0], state.withdrawal_path(0))
    sender = Sender(chain, people.stranger)
    with reverts("UnexpectedStatus", id=claim.id, status=Status.OPEN):
        l2.rollup.finalize_withdrawal(sender, *row)
    chain.advance(l2.profile.window + 1)
    l2.proposer.step()
    l2.rollup.finalize_withdrawal(sender, *row)
    with reverts("AlreadyPaid", index=0):
        l2.rollup.finalize_withdrawal(sender, *row)


def test_a_bls_account_is_opened_funded_and_pays(l2, people) -> None:
    payer, payee = funded(l2, people)
    l2.sequencer.open_account(payer.bls.public)
    l2.post()
    account = payer.account(bls=True)
    payer.send(account, "1 ether", account=payer.account(bls=False))
    l2.post()
    for _ in range(60):
        payer.send(payee.account(), "0.01 ether", account=account)
    l2.post()
    assert payer.accounts[account].balance == parse_amount("0.4 ether")
    assert payer.accounts[account].nonce == 60
    assert l2.rebuild_from_l1() == l2.root


def test_refused_operations_change_nothing(l2, people) -> None:
    payer, payee = funded(l2, people)
    root = l2.sequencer.state.root
    with pytest.raises(BalanceTooLow):
        payer.send(payee.account(), "3 ether")
    with pytest.raises(AccountUnknown):
        payer.send(99, "1 ether")
    with pytest.raises(AccountUnknown):
        payer.send(payee.account(), 1, account=payee.account())
    signed = payer.send(payee.account(), 1)
    with pytest.raises(NonceWrong):
        l2.sequencer.submit(signed)
    message = Transfer(payer.account(), 1, payee.account(), 5, 0, 0)
    key = BlsKey.derive(keccak(b"thief"))
    with pytest.raises(SignatureWrong, match="is not its owner's"):
        l2.sequencer.submit(SignedOp(message, key.sign(message.digest(l2.rollup.domain))))
    with pytest.raises(SignatureWrong, match="is not its owner's"):
        l2.sequencer.submit(SignedOp(message, bytes(64)))
    l2.post()
    assert l2.root != root
    assert payer.balance() == 2 * ETHER - 1


def test_tokens_are_registered_paid_and_withdrawn(l2, chain, people) -> None:
    operator = Sender(chain, people.sequencer)
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=operator)
    token.transact(operator, "mint", people.payer.address, 1_000)
    payer = l2.wallet(people.payer)
    token.transact(payer.sender, "approve", l2.rollup.address, 2**256 - 1)
    l2.rollup.register_token(operator, token.address)
    payer.deposit(700, token=1)
    l2.post()
    assert payer.balance(1) == 700
    payer.withdraw(650, account=payer.account(1))
    l2.post()
    l2.settle()
    payer.claim_all()
    assert token.call("balanceOf", people.payer.address) == 950
    assert token.call("balanceOf", l2.rollup.address) == 50


def test_without_the_sequencer_a_user_forces_proposes_and_leaves(l2, chain, people) -> None:
    from layer2.rollup.validator.proposer import Proposer

    payer, _ = funded(l2, people)
    alone = l2.wallet(people.payer, with_sequencer=False)
    alone.replica.step()
    with pytest.raises(Rejected, match="no sequencer"):
        alone.withdraw("1 ether")
    alone.force("1.5 ether", people.payer.address)
    with pytest.raises(ContractReverted, match="SequencerWindowOpen"):
        alone.include()
    chain.advance(l2.profile.force_delay + 1)
    alone.include()
    proposer = Proposer(l2.rollup, alone.sender, alone.replica)
    proposer.step()
    chain.advance(l2.profile.window + 1)
    proposer.step()
    before = chain.balance(people.payer.address)
    receipts = alone.claim_all()
    gas = sum(one.gas_used * one.effective_gas_price for one in receipts)
    assert chain.balance(people.payer.address) - before + gas == parse_amount("1.5 ether")
    assert payer.signer.address == people.payer.address


def test_a_sequencer_that_ignores_an_overdue_queue_cannot_post(l2, chain, people) -> None:
    _, payee = funded(l2, people)
    alone = l2.wallet(people.payer, with_sequencer=False)
    alone.replica.step()
    alone.force("1 ether", payee.account())
    chain.advance(l2.profile.force_delay + 1)
    sender = Sender(chain, people.sequencer)
    since = l2.rollup.inbox()[4]
    with reverts("QueueOverdue", pendingSince=since):
        l2.rollup.post_calldata(sender, l2.rollup.acc(l2.rollup.inbox()[0]), bytes(496), l2.rollup.inbox()[2])
    l2.post()
    assert payee.balance() == 2 * ETHER


def test_when_all_has_stopped_balances_and_unconsumed_deposits_are_paid_back(l2, chain, people) -> None:
    payer, payee = funded(l2, people)
    payer.send(payee.account(), "0.5 ether")
    l2.post()
    l2.settle()
    payer.deposit("3 ether")  # is never consumed by a final assertion
    chain.advance(l2.profile.freeze_after + 1)
    stranger = Sender(chain, people.stranger)
    alone = l2.wallet(people.payee, with_sequencer=False)
    alone.replica.step()
    with reverts("ChainNotFrozen"):
        alone.escape()
    l2.wallet(people.stranger, with_sequencer=False).freeze()
    before = chain.balance(people.payee.address)
    receipt = alone.escape()
    gas = receipt.gas_used * receipt.effective_gas_price
    assert chain.balance(people.payee.address) - before + gas == parse_amount("1.5 ether")
    with pytest.raises(ContractReverted, match="AlreadyPaid"):
        alone.escape()
    replica = alone.replica
    final = replica.final()
    state = replica.state_of(final)
    raw = replica.raw_queue[2]
    before = chain.balance(people.payer.address)
    row = (final, Roots.of(state), 2, state.queue_acc, raw, [])
    l2.rollup.refund(stranger, *row)
    assert chain.balance(people.payer.address) - before == 3 * ETHER
    with reverts("AlreadyPaid", index=2):
        l2.rollup.refund(stranger, *row)
    with reverts("AlreadyPaid", index=0):
        l2.rollup.refund(stranger, final, Roots.of(state), 0, bytes(28), replica.raw_queue[0], [])
    assert owner_of_key(payer.bls.public)[:12] != bytes(12)


def test_a_rollup_that_nobody_uses_cannot_be_frozen(l2, chain, people) -> None:
    funded(l2, people)
    stranger = l2.wallet(people.stranger, with_sequencer=False)
    with pytest.raises(ContractReverted, match="TooEarly"):
        stranger.freeze()  # an entry waits, but not for long
    l2.settle()
    chain.advance(2 * l2.profile.freeze_after)
    with pytest.raises(ContractReverted, match="BatchMismatch"):
        stranger.freeze()  # everything is final


def test_an_entry_that_nobody_makes_final_freezes_the_rollup(l2, chain, people) -> None:
    payer, _ = funded(l2, people)
    l2.settle()
    payer.withdraw("1 ether")
    l2.post()
    chain.advance(l2.profile.freeze_after + 1)
    stranger = l2.wallet(people.stranger, with_sequencer=False)
    stranger.freeze()
    with reverts("ChainFrozen"):
        payer.deposit(1)
    before = chain.balance(people.payer.address)
    receipt = payer.escape()
    # What was not final has not happened: the whole balance is there.
    assert chain.balance(people.payer.address) - before + receipt.gas_used * receipt.effective_gas_price == 2 * ETHER


def test_a_restarted_sequencer_still_has_what_it_accepted(l2, people, tmp_path) -> None:
    from layer2.rollup.sequencer.sequencer import Sequencer
    from layer2.store.journal import Journal

    payer, payee = funded(l2, people)
    payer.send(payee.account(), "0.3 ether")
    payer.send(payee.account(), "0.2 ether")
    path = l2.sequencer._journal.path
    l2.sequencer._journal.close()
    with Journal(path, kind=Sequencer.KIND) as journal:
        again = Sequencer(l2.rollup, l2.sequencer.sender, journal, replica=l2.replica())
        assert len(again.pending) == 2
        again.step()
        assert again.pending == ()
        assert again.replica.head.accounts[payee.account()].balance == parse_amount("1.5 ether")
