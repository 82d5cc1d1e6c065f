"""A withdrawal that is given away: by its owner or its target's signature, once, while it can still be paid."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.rollup.protocol.messages import TransferClaim
from layer2.rollup.state.commitments import Status
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

HALF = 5 * 10**17


class Sale:
    """The payer's withdrawal, final, and those who deal with it."""

    def __init__(self, l2, people) -> None:
        self.l2 = l2
        self.seller, self.buyer = l2.wallet(people.payer), l2.wallet(people.buyer)
        self.chain = l2.connection
        self.until = self.chain.timestamp() + 10**6

    def withdraw(self, *, final: bool = True) -> Outgoing:
        self.seller.withdraw(HALF)
        self.l2.post()
        if final:
            self.l2.settle()
        else:
            self.l2.propose()
        return self.seller.outgoing()[-1]

    def number(self, out: Outgoing) -> int:
        return self.l2.sequencer.replica.state_of(out.claim).earlier + out.index

    def owner(self, out: Outgoing) -> str | None:
        return self.l2.rollup.claim_owner(self.number(out), out.withdrawal.leaf())


@pytest.fixture
def sale(l2, people) -> Sale:
    return Sale(l2, people)


def test_the_present_owner_of_a_withdrawal_can_be_asked_for(sale: Sale, people) -> None:
    out = sale.withdraw()
    assert sale.owner(out) is None
    sale.seller.transfer_claim(out, people.buyer.address)
    assert sale.owner(out) == people.buyer.address
    sale.buyer.transfer_claim(out, people.payee.address)
    assert sale.owner(out) == people.payee.address
    # Another number or another content is another withdrawal.
    assert sale.l2.rollup.claim_owner(sale.number(out) + 1, out.withdrawal.leaf()) is None
    assert sale.l2.rollup.claim_owner(sale.number(out), bytes(32)) is None


def test_a_target_without_ether_sells_by_its_signature(sale: Sale, people) -> None:
    out = sale.withdraw()
    signature = sale.seller.sign_claim(out, people.buyer.address, sale.until)
    before = sale.chain.balance(people.payer.address)
    receipt = sale.buyer.take_claim(out, people.buyer.address, sale.until, signature)
    assert sale.chain.balance(people.payer.address) == before
    assert sale.owner(out) == people.buyer.address
    assert receipt.gas_used < 80_000
    (mine,) = sale.buyer.outgoing()
    before = sale.chain.balance(people.buyer.address)
    paid = sale.buyer.claim(mine)
    assert sale.chain.balance(people.buyer.address) - before + paid.gas_used * paid.effective_gas_price == HALF


def test_a_signature_gives_a_withdrawal_to_nobody_else_no_later_and_nowhere_else(sale: Sale, people) -> None:
    out, until = sale.withdraw(), sale.until
    signature = sale.seller.sign_claim(out, people.buyer.address, until)
    thief = sale.l2.wallet(people.attacker)
    with reverts("InvalidProof()"):
        thief.take_claim(out, people.attacker.address, until, signature)
    with reverts("InvalidProof()"):
        thief.take_claim(out, people.buyer.address, until + 1, signature)
    with reverts("InvalidProof()"):
        thief.take_claim(out, people.buyer.address, until, b"")
    with reverts("InvalidProof()"):
        thief.take_claim(out, people.attacker.address, until, thief.sign_claim(out, people.attacker.address, until))
    message = TransferClaim(sale.number(out) + 1, out.withdrawal.leaf(), people.buyer.address, until)
    with reverts("InvalidProof()"):
        thief.take_claim(
            out, people.buyer.address, until, people.payer.sign_digest(message.digest(sale.l2.rollup.domain))
        )
    elsewhere = TransferClaim(sale.number(out), out.withdrawal.leaf(), people.buyer.address, until)
    other = sale.l2.rollup.domain.__class__("layer2 Rollup", "1", 1, sale.l2.rollup.address)
    with reverts("InvalidProof()"):
        thief.take_claim(out, people.buyer.address, until, people.payer.sign_digest(elsewhere.digest(other)))
    early = sale.chain.timestamp() - 1
    old = sale.seller.sign_claim(out, people.buyer.address, early)
    with pytest.raises(ContractReverted, match="SignatureExpired"):
        thief.take_claim(out, people.buyer.address, early, old)
    assert sale.owner(out) is None
    # Whoever brings the right one, it goes where it says.
    thief.take_claim(out, people.buyer.address, until, signature)
    assert sale.owner(out) == people.buyer.address


@pytest.mark.parametrize("late", [0, 1])
def test_a_signature_serves_until_its_last_second(sale: Sale, people, late: int) -> None:
    out, until = sale.withdraw(), sale.until
    signature = sale.seller.sign_claim(out, people.buyer.address, until)
    sale.chain.set_next_timestamp(until + late)
    if late:
        with reverts("SignatureExpired", validUntil=until):
            sale.buyer.take_claim(out, people.buyer.address, until, signature)
    else:
        sale.buyer.take_claim(out, people.buyer.address, until, signature)
        assert sale.owner(out) == people.buyer.address


def test_a_signature_serves_once_wherever_the_withdrawal_goes_after_it(sale: Sale, people) -> None:
    out, until = sale.withdraw(), sale.until
    signature = sale.seller.sign_claim(out, people.buyer.address, until)
    sale.buyer.take_claim(out, people.buyer.address, until, signature)
    sale.buyer.transfer_claim(out, people.payer.address)
    with reverts("UnauthorizedCaller", caller=people.payer.address, need=people.payer.address):
        sale.buyer.take_claim(out, people.buyer.address, until, signature)
    assert sale.owner(out) == people.payer.address


def test_a_contract_sells_by_what_it_says_of_a_signature(sale: Sale, people) -> None:
    """ERC-1271: the target is a contract wallet of the payer's."""
    wallet = deploy_mock("SmartWallet", people.payer.address, sender=Sender(sale.chain, people.payer)).address
    sale.seller.withdraw(HALF, to=wallet)
    sale.l2.post()
    sale.l2.settle()
    (out,) = sale.seller.outgoing(wallet)
    signature = sale.seller.sign_claim(out, people.buyer.address, sale.until)
    other = sale.buyer.sign_claim(out, people.buyer.address, sale.until)
    with reverts("InvalidProof()"):
        sale.buyer.take_claim(out, people.buyer.address, sale.until, other)
    sale.buyer.take_claim(out, people.buyer.address, sale.until, signature)
    assert sale.owner(out) == people.buyer.address


def test_a_withdrawal_is_given_to_somebody(sale: Sale, people) -> None:
    """To the address zero it would be its target's again, whoever has paid for it."""
    out = sale.withdraw()
    signature = sale.seller.sign_claim(out, ZERO_ADDRESS, sale.until)
    with reverts("MissingReceiver"):
        sale.buyer.take_claim(out, ZERO_ADDRESS, sale.until, signature)
    sale.seller.transfer_claim(out, people.buyer.address)
    with reverts("MissingReceiver"):
        sale.buyer.transfer_claim(out, ZERO_ADDRESS)
    assert sale.owner(out) == people.buyer.address


def test_what_is_paid_is_given_to_nobody(sale: Sale, people) -> None:
    out = sale.withdraw()
    signature = sale.seller.sign_claim(out, people.buyer.address, sale.until)
    sale.seller.claim(out)
    with reverts("AlreadyPaid", index=sale.number(out)):
        sale.seller.transfer_claim(out, people.buyer.address)
    with reverts("AlreadyPaid", index=sale.number(out)):
        sale.buyer.take_claim(out, people.buyer.address, sale.until, signature)
    assert sale.owner(out) is None


def test_what_can_never_be_paid_is_given_to_nobody(sale: Sale, people) -> None:
    """Under an open claim of a frozen rollup, and under a released one; a final one's can be sold as ever."""
    final, open_ = sale.withdraw(), sale.withdraw(final=False)
    assert open_.claim.id != final.claim.id
    sale.chain.advance(sale.l2.profile.freeze_after + 1)
    sale.buyer.freeze()
    with reverts("ChainFrozen"):
        sale.seller.transfer_claim(open_, people.buyer.address)
    sale.l2.rollup.finalize(Sender(sale.chain, people.attacker), open_.claim)
    with reverts("UnexpectedStatus", id=open_.claim.id, status=Status.RELEASED):
        sale.seller.transfer_claim(open_, people.buyer.address)
    sale.seller.transfer_claim(final, people.buyer.address)
    assert sale.owner(final) == people.buyer.address


def test_an_open_claims_withdrawal_is_safe_to_buy_while_it_is_final_before_anybody_can_freeze(
    sale: Sale, people
) -> None:
    """To the second: the claim is final at its window's end, the rollup freezable when its entry has waited so long."""
    profile = sale.l2.profile
    sale.seller.withdraw(HALF)
    sale.l2.post()
    posted = sale.l2.sequencer.replica.entries[-1].record.time
    # The claim's window ends 600 seconds before the entry's patience does.
    sale.chain.set_next_timestamp(posted + profile.freeze_after - profile.window - 600)
    sale.l2.propose()
    sale.buyer.replica.step()
    (out,) = sale.buyer.outgoing(people.payer.address)
    created = sale.l2.rollup.status(out.claim.id)[1]
    room = posted + profile.freeze_after - (created + profile.window)
    assert sale.buyer.safe_to_buy(out, margin=room - 1)
    verdict = sale.buyer.safe_to_buy(out, margin=room)
    assert not verdict
    assert "escape" in verdict.why
    assert not sale.buyer.safe_to_buy(out)


def test_a_queue_that_waits_makes_a_purchase_unsafe(sale: Sale, people) -> None:
    """Whatever waits in the queue can freeze the rollup, too."""
    profile = sale.l2.profile
    out = sale.withdraw(final=False)
    assert sale.buyer.safe_to_buy(out)
    sale.l2.wallet(people.payee).deposit("1 ether")
    assert sale.buyer.safe_to_buy(out, margin=60)
    sale.chain.advance(profile.window - 60)
    assert sale.buyer.safe_to_buy(out, margin=60)
    sale.chain.advance(profile.freeze_after - profile.window)
    assert not sale.buyer.safe_to_buy(out)


def test_nothing_of_a_lie_or_of_another_state_is_safe_to_buy(sale: Sale, people) -> None:
    out = sale.withdraw()
    assert sale.buyer.safe_to_buy(out)
    wrong = Outgoing(out.claim, out.index + 1, out.withdrawal, out.status, False)
    assert "not in the state" in sale.buyer.safe_to_buy(wrong).why
    sale.seller.withdraw(HALF)
    sale.l2.post()
    lie = sale.l2.propose(fault="inflate", sender=people.attacker)
    told = Outgoing(lie, 0, out.withdrawal, Status.OPEN, False)
    assert "wrong" in sale.buyer.safe_to_buy(told).why
    sale.seller.claim(out)
    assert "paid" in sale.buyer.safe_to_buy(out).why


def test_the_buyer_of_a_right_claim_loses_it_to_a_freeze_and_was_told_so(sale: Sale, people) -> None:
    """The seller escapes with the same money: the contract pays what was final, and a sale before that is no claim."""
    profile, chain = sale.l2.profile, sale.chain
    sale.seller.withdraw(HALF)
    sale.l2.post()
    chain.advance(profile.freeze_after - profile.window + 60)
    sale.l2.propose()
    (out,) = sale.buyer.outgoing(people.payer.address)
    assert not sale.buyer.safe_to_buy(out)
    sale.seller.transfer_claim(out, people.buyer.address)
    chain.advance(profile.window)
    sale.seller.freeze()
    before = chain.balance(people.payer.address)
    paid = sale.seller.escape()
    assert chain.balance(people.payer.address) - before + paid.gas_used * paid.effective_gas_price == 10 * HALF
    with reverts("UnexpectedStatus", id=out.claim.id, status=Status.OPEN):
        sale.buyer.claim(out)
