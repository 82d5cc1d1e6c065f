"""Tokens that lie, keep a part, shrink, re-enter, burn gas or return too much: their holders lose, nobody else does."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.rollup.state.commitments import Roots
from layer2.rollup.state.state import owner_of_address
from layer2.testing import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

AMOUNT = 1_000


def listed(l2, people, name: str, *args: object):
    """A token with an id, of which the payer has some and lets the rollup take all."""
    operator, payer = (Sender(l2.connection, one) for one in (people.sequencer, people.payer))
    token = deploy_mock(name, *args, sender=operator)
    token.transact(operator, "mint", people.payer.address, 10 * AMOUNT)
    token.transact(payer, "approve", l2.rollup.address, 2**256 - 1)
    l2.rollup.register_token(operator, token.address)
    return token


def vault(l2, token) -> int:
    return int(token.call("balanceOf", l2.rollup.address))


def pay_in(l2, people, token: int = 1, amount: int = AMOUNT):
    return l2.wallet(people.payer).deposit(amount, token=token)


def test_a_fee_on_transfer_token_cannot_be_booked_in_full(l2, people) -> None:
    token = listed(l2, people, "FeeOnTransferToken", 100)
    with pytest.raises(ContractReverted, match="InsufficientTransfer"):
        pay_in(l2, people)
    assert l2.rollup.queue_length() == 1
    assert vault(l2, token) == 0


def test_a_token_that_says_false_or_nothing_is_judged_by_its_balances(l2, people) -> None:
    token = listed(l2, people, "NoReturnToken")
    pay_in(l2, people)
    assert vault(l2, token) == AMOUNT
    false = listed(l2, people, "FalseReturningToken")
    false.transact(Sender(l2.connection, people.sequencer), "setFailing", True)
    before = l2.rollup.queue_length()
    with pytest.raises(ContractReverted, match="InsufficientTransfer"):
        pay_in(l2, people, token=2)
    assert l2.rollup.queue_length() == before
    assert vault(l2, false) == 0


def test_a_token_that_shrinks_cannot_reach_ether_or_other_tokens(l2, people) -> None:
    """Its holders share what is left: first come, first served; the ether of others stays."""
    token = listed(l2, people, "RebasingToken")
    payer = l2.wallet(people.payer)
    payer.deposit("3 ether")
    pay_in(l2, people)
    l2.post()
    payer.withdraw(AMOUNT, account=payer.account(1))
    payer.withdraw("1 ether", account=payer.account(0))
    l2.post()
    l2.settle()
    operator = Sender(l2.connection, people.sequencer)
    token.transact(operator, "rebase", 1, 2)
    ether = l2.connection.balance(l2.rollup.address)
    with pytest.raises(ContractReverted, match="PaymentFailed"):
        payer.claim_all()
    # The other withdrawal of the same assertion is paid all the same.
    state = l2.proposer.replica.state_of(l2.proposer.replica.final())
    assert [one.token for one in state.withdrawals] == [1, 0]
    claim_one(l2, people, 1)
    assert l2.connection.balance(l2.rollup.address) == ether - 10**18


def claim_one(l2, people, index: int):
    replica = l2.proposer.replica
    final = replica.final()
    state = replica.state_of(final)
    sender = Sender(l2.connection, people.stranger)
    return l2.rollup.finalize_withdrawal(
        sender, final, Roots.of(state), index, state.withdrawals[index], state.withdrawal_path(index)
    )


@pytest.mark.parametrize("name", ["GasBurnerToken", "ReturnBombToken"])
def test_a_token_that_burns_gas_or_returns_too_much_holds_up_only_itself(l2, people, name: str) -> None:
    token = listed(l2, people, name)
    payer, operator = l2.wallet(people.payer), Sender(l2.connection, people.sequencer)
    payer.deposit("3 ether")
    pay_in(l2, people)
    l2.post()
    payer.withdraw(AMOUNT, account=payer.account(1))
    payer.withdraw("1 ether", account=payer.account(0))
    l2.post()
    l2.settle()
    if name == "GasBurnerToken":
        token.transact(operator, "setVictim", people.payer.address)
    else:
        token.transact(operator, "arm", 1_000_000, True)
    with reverts("PaymentFailed(address target,address token)", target=people.payer.address, token=token.address):
        claim_one(l2, people, 0)
    before = l2.connection.balance(people.payer.address)
    claim_one(l2, people, 1)
    assert l2.connection.balance(people.payer.address) - before == 10**18


def test_a_token_that_reenters_a_deposit_is_stopped(l2, people) -> None:
    """It calls back while the balance is being measured, to have one transfer counted twice."""
    operator, payer = (Sender(l2.connection, one) for one in (people.sequencer, people.payer))
    token = deploy_mock("ReentrantToken", sender=operator)
    token.transact(operator, "mint", people.payer.address, 10 * AMOUNT)
    token.transact(operator, "mint", token.address, 10 * AMOUNT)
    token.transact(payer, "approve", l2.rollup.address, 2**256 - 1)
    l2.rollup.register_token(operator, token.address)
    inner = l2.rollup.contract.encode("deposit", 1, AMOUNT, owner_of_address(people.attacker.address), 0)
    token.transact(operator, "forceApprove", token.address, l2.rollup.address, 2**256 - 1)
    token.transact(operator, "arm(address,bytes)", l2.rollup.address, inner)
    length = l2.rollup.queue_length()
    pay_in(l2, people)
    assert token.call("attempts") > 0
    assert not token.call("succeeded")
    assert l2.rollup.queue_length() == length + 1
    assert vault(l2, token) == AMOUNT


def test_a_blacklisted_target_waits_alone(l2, people) -> None:
    token = listed(l2, people, "BlacklistToken")
    payer = l2.wallet(people.payer)
    pay_in(l2, people)
    l2.post()
    payer.withdraw(100, account=payer.account(1))
    payer.withdraw(200, to=people.payee.address, account=payer.account(1))
    l2.post()
    l2.settle()
    operator = Sender(l2.connection, people.sequencer)
    token.transact(operator, "setBlacklisted", people.payer.address, True)
    with reverts("PaymentFailed(address target,address token)", target=people.payer.address, token=token.address):
        claim_one(l2, people, 0)
    claim_one(l2, people, 1)
    # Not lost: paid when the token lets it.
    token.transact(operator, "setBlacklisted", people.payer.address, False)
    claim_one(l2, people, 0)
    assert token.call("balanceOf", people.payee.address) == 200
    assert vault(l2, token) == AMOUNT - 300
