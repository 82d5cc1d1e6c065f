"""A proposer makes final what is right and due, parents first, and bonds no more than it must."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.rollup.protocol.params import MAX_SEGMENTS
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.validator.proposer import Proposer
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots

from .test_bad_times import funded
from .test_shielding import lie

pytestmark = pytest.mark.parametrize("chain", ["tester"], indirect=True)


@pytest.fixture
def proposer(l2, chain, people) -> Proposer:
    return Proposer(l2.rollup, Sender(chain, people.stranger), l2.replica())


def finalized(l2, receipts) -> list[bytes]:
    return [bytes(one.args["id"]) for each in receipts for one in l2.rollup.contract.events(each, "Finalized")]


def test_a_lie_that_nobody_convicts_is_not_made_final_by_an_honest_proposer(l2, chain, people, proposer) -> None:
    """Whoever makes it final is the liar itself, and the truth beside it all the same."""
    funded(l2, people)
    one = lie(l2, people.attacker, 1)
    proposer.step()
    (truth,) = [claim for claim in proposer.replica.open_claims() if claim.id != one.id]
    chain.advance(l2.profile.window + 1)
    assert finalized(l2, proposer.step()) == [truth.id]
    assert l2.rollup.status(one.id)[2] is Status.OPEN


def test_what_is_due_becomes_final_parents_first_and_the_longest_of_them_before_shorter_ones(
    l2, chain, people, proposer
) -> None:
    payer, _ = funded(l2, people)
    replica = l2.challenger.replica
    replica.step()
    genesis = replica.final()
    (one,) = made(l2, people, genesis, [len(replica.entries)])
    for _ in range(2):
        payer.deposit(1)
        l2.post()
    replica.step()
    long, short = made(l2, people, one, [len(replica.entries), len(replica.entries) - 1])
    chain.advance(l2.profile.window + 1)
    assert finalized(l2, proposer.step()) == [one.id, long.id, short.id]


def made(l2, people, parent: Assertion, ends: list[int]) -> list[Assertion]:
    """True assertions up to these entries."""
    replica, sender = l2.challenger.replica, Sender(l2.connection, people.payee)
    return [assert_roots(l2, parent, end, right_roots(replica, parent, end), sender) for end in ends]


def test_nothing_becomes_final_before_its_window_is_over(l2, chain, people, proposer) -> None:
    funded(l2, people)
    proposer.step()
    (claim,) = proposer.replica.open_claims()
    chain.set_next_timestamp(l2.rollup.status(claim.id)[1] + l2.profile.window)
    chain.mine(1)
    assert proposer.step() == []
    chain.mine(1)
    assert finalized(l2, proposer.step()) == [claim.id]


def test_while_the_rollup_is_frozen_a_proposer_makes_nothing_final_and_has_its_bond_back(
    l2, chain, people, proposer
) -> None:
    """The assertion is released: what it says of the state counts for nobody."""
    payer, _ = funded(l2, people)
    l2.settle()
    payer.deposit(1)
    l2.post()
    proposer.step()
    (claim,) = proposer.replica.open_claims()
    payer.deposit(1)
    chain.advance(l2.profile.freeze_after + 1)
    l2.wallet(people.payer, with_sequencer=False).freeze()
    proposer.replica.step()
    assert proposer.replica.frozen
    final = l2.rollup.finality()
    assert len(proposer.finalize_due()) == 1
    assert l2.rollup.status(claim.id)[2] is Status.RELEASED
    assert l2.rollup.finality() == final
    assert l2.rollup.contract.call("availableBond", proposer.sender.address) == l2.profile.bond


def test_a_bond_that_is_free_is_used_and_only_what_is_missing_is_paid_in(l2, people, proposer) -> None:
    payer, _ = funded(l2, people)
    bond, contract = l2.profile.bond, l2.rollup.contract
    contract.transact(proposer.sender, "addBond", value=bond + 5)
    proposer.step()
    assert contract.call("availableBond", proposer.sender.address) == 5
    payer.deposit(1)
    l2.post()
    proposer.step()
    assert len(proposer.replica.open_claims()) == 2
    assert contract.call("availableBond", proposer.sender.address) == 0


def test_a_proposer_goes_on_from_the_newest_truth_whether_it_is_final_or_not(l2, people, proposer) -> None:
    payer, _ = funded(l2, people)
    proposer.step()
    first = proposer.replica.tip()
    payer.deposit(1)
    l2.post()
    proposer.step()
    assert proposer.replica.tip().parent == first.id
    assert proposer.step() == []


def test_who_was_slower_goes_on_and_any_other_refusal_is_raised(
    l2, chain, people, proposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    funded(l2, people)
    proposer.step()
    (claim,) = proposer.replica.open_claims()
    monkeypatch.setattr(proposer, "_window", -1)
    with pytest.raises(ContractReverted, match="TooEarly"):
        proposer.finalize_due()
    monkeypatch.undo()
    chain.advance(l2.profile.window + 1)
    other, inner = Sender(chain, people.payee), l2.rollup.finalize

    def overtaken(sender: Sender, one: Assertion):
        inner(other, one)
        return inner(sender, one)

    monkeypatch.setattr(proposer.rollup, "finalize", overtaken)
    assert proposer.finalize_due() == []
    assert l2.rollup.status(claim.id)[2] is Status.FINAL


@pytest.mark.parametrize(("more", "reached"), [(0, 3), (1, 2)], ids=["all it covers", "one too many"])
def test_one_assertion_reaches_as_far_as_it_can(
    l2, proposer, monkeypatch: pytest.MonkeyPatch, more: int, reached: int
) -> None:
    """4,096 segments behind the parent's 100, and not one more."""
    ends = (100, 100 + 1_000, 100 + MAX_SEGMENTS + more, 100 + 2 * MAX_SEGMENTS)
    entries = [SimpleNamespace(record=SimpleNamespace(segments=one)) for one in ends]
    monkeypatch.setattr(proposer.replica, "entries", entries)
    tip = Assertion(bytes(32), 1, 100, bytes(32), bytes(32), False)
    assert proposer._reach(tip) == reached
