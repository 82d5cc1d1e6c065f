"""When the rollup is frozen everybody gets what the last final state says, whatever kind of key it is under."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey, packed_key, signature_hint
from layer2.rollup.protocol.messages import Escape
from layer2.rollup.state.commitments import Assertion, Status
from layer2.testing.revert_checks.reverts import reverts

ETHER = 10**18


def test_an_account_of_a_bls_key_is_not_lost(l2, chain, people) -> None:
    """Its owner has no address, and nothing can be forced any more: there must be a way out all the same."""
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.sequencer.open_account(payer.bls.public)
    l2.post()
    account = payer.account(bls=True)
    payer.deposit("3 ether", to=account)
    l2.post()
    l2.settle()
    payer.deposit("1 ether")  # something has to wait
    chain.advance(l2.profile.freeze_after + 1)
    alone = l2.wallet(people.payer, with_sequencer=False)
    alone.freeze()
    before = chain.balance(people.payer.address)
    receipt = alone.escape(account)
    assert chain.balance(people.payer.address) - before + receipt.gas_used * receipt.effective_gas_price == 3 * 10**18
    with pytest.raises(ContractReverted, match="AlreadyPaid"):
        alone.escape(account)


def test_the_key_of_an_account_alone_says_where_it_escapes_to(l2, chain, people) -> None:
    """Its signature names account and target: it serves for no other, and nobody else's serves at all."""
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.sequencer.open_account(payer.bls.public)
    l2.post()
    account = payer.account(bls=True)
    payer.deposit("3 ether", to=account)
    l2.post()
    l2.settle()
    payer.deposit("1 ether")
    chain.advance(l2.profile.freeze_after + 1)
    l2.wallet(people.stranger, with_sequencer=False).freeze()
    payer.replica.step()
    proof = payer.proof(account)
    one = proof.account
    row = (proof.claim, proof.roots, account, one.owner, one.token << 160 | one.nonce << 128 | one.balance, proof.path)
    thief, target = Sender(chain, people.attacker), people.payee.address
    digest = Escape(account, target).digest(l2.rollup.domain)
    for key, to in ((l2.wallet(people.attacker).bls, target), (payer.bls, people.attacker.address)):
        with pytest.raises(ContractReverted, match="InvalidProof"):
            l2.rollup.escape_to(thief, *row, to, voice(key, digest))
    with pytest.raises(ContractReverted, match="InvalidProof"):
        l2.rollup.escape(thief, *row)
    before = chain.balance(target)
    l2.rollup.escape_to(thief, *row, target, voice(payer.bls, digest))
    assert chain.balance(target) - before == 3 * ETHER


def voice(key: BlsKey, digest: bytes) -> bytes:
    """What a BLS key says of a digest, as the contract takes it."""
    signature = key.sign(digest)
    return encode(["bytes", "bytes", "bytes"], [packed_key(key.public), signature, signature_hint(signature)])


def freezes(l2, people) -> None:
    """An entry waits too long, and anybody freezes the rollup."""
    l2.wallet(people.payer).deposit("1 ether")
    l2.connection.advance(l2.profile.freeze_after + 1)
    l2.wallet(people.payer, with_sequencer=False).freeze()


def test_bonds_come_back_when_it_is_frozen_and_nothing_more_becomes_final(l2, chain, people) -> None:
    """Exits go by what was final when it froze; who asserted something since gets its bond after the window."""
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.post()
    l2.settle()
    final = l2.rollup.finality()
    claims = []
    for _ in range(2):
        payer.deposit("1 ether")
        l2.post()
        claims.append(l2.propose(sender=people.stranger))
    freezes(l2, people)
    anybody = Sender(chain, people.attacker)
    with reverts("ParentNotFinal", parent=claims[0].id, finalId=final[0]):
        l2.rollup.finalize(anybody, claims[1])
    for one in claims:
        l2.rollup.finalize(anybody, one)
        assert l2.rollup.status(one.id)[2] is Status.RELEASED
    assert l2.rollup.finality() == final
    assert l2.rollup.contract.call("availableBond", people.stranger.address) == 2 * l2.profile.bond
    with reverts("UnexpectedStatus", id=claims[0].id, status=Status.RELEASED):
        l2.rollup.finalize(anybody, claims[0])


def asserted_by_a_stranger(l2, people) -> Assertion:
    """A truth above a final one, in which a stranger has its bond."""
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.post()
    l2.settle()
    payer.deposit("1 ether")
    l2.post()
    return l2.propose(sender=people.stranger)


def test_a_proposer_takes_its_bonds_out_of_a_frozen_rollup_by_itself(l2, chain, people) -> None:
    """Also from under what somebody else has asserted; it asserts nothing any more, and stumbles over nothing."""
    theirs = asserted_by_a_stranger(l2, people)
    payer = l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    own = l2.propose()
    payer.deposit("1 ether")
    l2.post()  # nobody has asserted this
    freezes(l2, people)
    assert len(l2.proposer.step()) == 2
    assert [l2.rollup.status(one.id)[2] for one in (theirs, own)] == [Status.RELEASED] * 2
    assert l2.rollup.contract.call("availableBond", people.sequencer.address) == l2.profile.bond
    assert l2.proposer.step() == []


def test_a_proposer_leaves_bonds_of_others_to_them(l2, chain, people) -> None:
    """The negative twin: what it has no bond in costs it no gas."""
    theirs = asserted_by_a_stranger(l2, people)
    freezes(l2, people)
    assert l2.proposer.step() == []
    assert l2.rollup.status(theirs.id)[2] is Status.OPEN
