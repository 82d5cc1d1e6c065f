"""Every duty of two steps is gone on with by an object that knows nothing of the first: from the chain alone."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.rollup.state.commitments import Status
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.wallet.escape_hatch import force_withdrawal, freeze_and_escape, self_propose
from layer2.rollup.wallet.wallet import Wallet

from .test_bad_times import funded

ETHER = 10**18


def new_challenger(l2, people) -> Challenger:
    """One that has just been started."""
    return Challenger(l2.rollup, Sender(l2.connection, people.challenger), l2.replica())


def new_proposer(l2, people) -> Proposer:
    return Proposer(l2.rollup, Sender(l2.connection, people.stranger), l2.replica())


def new_wallet(l2, signer) -> Wallet:
    return Wallet(l2.rollup, signer, l2.replica())


def names(l2, receipts) -> list[str]:
    return [one.name for receipt in receipts for one in l2.rollup.contract.events(receipt)]


def test_a_challenger_that_is_started_anew_for_each_step_convicts(l2, chain, people) -> None:
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    assert names(l2, new_challenger(l2, people).step()) == ["Committed"]
    # Too early for anything: nothing is announced a second time.
    assert new_challenger(l2, people).step() == []
    chain.mine(l2.profile.reveal_blocks)
    assert "Invalidated" in names(l2, new_challenger(l2, people).step())
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    assert new_challenger(l2, people).step() == []


def test_what_another_has_announced_is_not_shown_by_who_has_not(l2, chain, people) -> None:
    """The announcement binds its author: a proof that somebody else announced is no reason to show one."""
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    other = Challenger(l2.rollup, Sender(chain, people.stranger), l2.replica())
    assert names(l2, other.step()) == ["Committed"]
    chain.mine(l2.profile.reveal_blocks)
    mine = new_challenger(l2, people)
    assert names(l2, mine.step()) == ["Committed"]
    assert l2.rollup.status(lie.id)[2] is Status.OPEN
    # An equal announcement, copied by a thief before ours was mined, counts for us and is of no use to the thief.
    other.replica.step()
    (claim,) = other.wrong()
    proof = other.prove(claim, other.first_wrong_segment(claim))
    with pytest.raises(ContractReverted, match="UnknownCommitment"):
        l2.rollup.contract.transact(
            Sender(chain, people.attacker), "challenge", claim.as_tuple(), _parent(other, claim), *proof
        )
    assert "Invalidated" in names(l2, other.step())


def test_an_announcement_that_the_chain_took_back_is_made_again(l2, chain, people) -> None:
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    challenger = new_challenger(l2, people)
    challenger.replica.step()
    before = chain.snapshot()
    assert names(l2, challenger.step()) == ["Committed"]
    challenger.replica.step()
    chain.revert(before)
    chain.advance(17)
    chain.mine(l2.profile.reveal_blocks)
    assert names(l2, challenger.step()) == ["Committed"]
    chain.mine(l2.profile.reveal_blocks)
    assert "Invalidated" in names(l2, challenger.step())
    assert l2.rollup.status(lie.id)[2] is Status.INVALID


def test_a_lie_upon_a_lie_falls_with_a_new_challenger_for_each_step(l2, chain, people) -> None:
    payer, payee = funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    payer.send(payee.account(), ETHER // 10)
    l2.post()
    replica = l2.replica()
    replica.step()
    last = replica.entries[-1].record
    root = b"\0" + bytes(30) + b"\1"
    row = (lie, last, len(replica.entries), root, root[1:] * (last.segments - lie.segments), l2.profile.bond)
    l2.rollup.propose(Sender(chain, people.attacker), *row)
    for _ in range(4):
        new_challenger(l2, people).step()
        chain.mine(1)
    replica.step()
    assert [replica.status(one) for one in replica.claims.values() if one.inbox_end] == [Status.INVALID] * 2


def test_a_proposer_that_is_started_anew_for_each_step_makes_final(l2, chain, people) -> None:
    funded(l2, people)
    assert names(l2, new_proposer(l2, people).step()).count("Proposed") == 1
    assert new_proposer(l2, people).step() == []
    chain.advance(l2.profile.window - 10)
    assert new_proposer(l2, people).step() == []
    chain.advance(11)
    assert "Finalized" in names(l2, new_proposer(l2, people).step())
    final = l2.replica()
    final.step()
    assert final.final().inbox_end == len(final.entries)
    assert new_proposer(l2, people).step() == []


def test_whoever_is_alone_forces_proposes_and_is_paid_with_a_new_object_for_each_step(l2, chain, people) -> None:
    funded(l2, people)
    force_withdrawal(new_wallet(l2, people.payer), "0.5 ether", people.payer.address)
    chain.advance(l2.profile.force_delay + 1)
    assert "included the queue" in str(force_withdrawal(new_wallet(l2, people.payer)))
    assert "proposed" in str(self_propose(new_wallet(l2, people.payer)))
    assert self_propose(new_wallet(l2, people.payer)).done == []
    chain.advance(l2.profile.window + 1)
    assert "final" in str(self_propose(new_wallet(l2, people.payer)))
    before = chain.balance(people.payer.address)
    wallet = new_wallet(l2, people.payer)
    wallet.replica.step()
    wallet.claim_all()
    assert chain.balance(people.payer.address) > before + 4 * ETHER // 10


def test_a_freeze_is_gone_on_with_by_a_new_object(l2, chain, people) -> None:
    funded(l2, people)
    l2.settle()
    new_wallet(l2, people.payer).deposit("0.2 ether")
    early = freeze_and_escape(new_wallet(l2, people.payer))
    assert early.done == []
    assert early.next
    chain.advance(l2.profile.freeze_after + 1)
    new_wallet(l2, people.payer).freeze()
    before = chain.balance(people.payer.address)
    done = freeze_and_escape(new_wallet(l2, people.payer)).done
    assert len(done) == 2  # the account and the deposit; the freeze was another object's
    assert chain.balance(people.payer.address) > before + ETHER
    assert freeze_and_escape(new_wallet(l2, people.payer)).done == []


def _parent(challenger: Challenger, claim) -> tuple[object, ...]:
    return challenger.replica.claims[claim.parent].as_tuple()
