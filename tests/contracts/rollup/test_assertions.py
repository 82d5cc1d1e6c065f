"""Rules of assertions in the contract: each covers something new on a parent that stands, and is final after it."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import address_bytes
from layer2.primitives.hashing import keccak
from layer2.rollup.state.commitments import Assertion, Status, pack_roots
from layer2.testing import reverts
from layer2.testing.adversaries.rollup.fraud_corpus import right_roots


def assert_truth(l2, by, parent: Assertion) -> Assertion:
    """Propose the right roots of everything that is posted, on a parent."""
    replica = l2.challenger.replica
    replica.step()
    end, known = len(replica.entries), set(replica.claims)
    roots = right_roots(replica, parent, end)
    l2.rollup.propose(
        Sender(l2.connection, by),
        parent,
        replica.entries[end - 1].record,
        end,
        roots[-1],
        pack_roots(roots),
        l2.profile.bond,
    )
    replica.step()
    (made,) = (claim for claim in replica.claims.values() if claim.id not in known)
    return made


def test_an_assertion_covers_at_least_one_entry_more_than_its_parent(l2, people) -> None:
    l2.wallet(people.payer).deposit(5)
    l2.post()
    replica = l2.challenger.replica
    replica.step()
    first = assert_truth(l2, people.payee, replica.final())
    last = replica.entries[first.inbox_end - 1].record
    row = (first, last, first.inbox_end, first.root, pack_roots([first.root]), l2.profile.bond)
    with reverts("InvalidRange", segments=0):
        l2.rollup.propose(Sender(l2.connection, people.attacker), *row)
    l2.wallet(people.payer).deposit(5)
    l2.post()
    assert assert_truth(l2, people.attacker, first).inbox_end == first.inbox_end + 1


def test_nothing_is_asserted_on_a_convicted_assertion(l2, people) -> None:
    l2.wallet(people.payer).deposit(5)
    l2.post()
    lie = l2.propose("inflate", people.attacker)
    l2.wallet(people.payer).deposit(5)
    l2.post()
    replica = l2.challenger.replica
    replica.step()
    end = len(replica.entries)
    row = (lie, replica.entries[end - 1].record, end, lie.root, pack_roots([lie.root]), l2.profile.bond)
    for _ in range(2):
        # What is announced is shown a block later.
        l2.challenger.step()
        l2.connection.mine()
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    with reverts("UnexpectedStatus", id=lie.id, status=Status.INVALID):
        l2.rollup.propose(Sender(l2.connection, people.attacker), *row)


def two_in_a_row(l2, people) -> tuple[Assertion, Assertion]:
    """An open assertion, and one that rests on it."""
    l2.challenger.replica.step()
    made = [l2.challenger.replica.final()]
    for by in (people.payee, people.attacker):
        l2.wallet(people.payer).deposit(5)
        l2.post()
        made.append(assert_truth(l2, by, made[-1]))
    return made[1], made[2]


def test_an_assertion_is_final_after_its_parent(l2, people) -> None:
    first, second = two_in_a_row(l2, people)
    sender, final = Sender(l2.connection, people.attacker), l2.challenger.replica.final().id
    l2.connection.advance(l2.profile.window + 10)
    with reverts("ParentNotFinal", parent=first.id, finalId=final):
        l2.rollup.finalize(sender, second)
    l2.rollup.finalize(sender, first)
    l2.rollup.finalize(sender, second)
    assert [l2.rollup.status(one.id)[2] for one in (first, second)] == [Status.FINAL] * 2


def test_an_assertion_is_final_after_the_last_second_of_its_window(l2, people) -> None:
    first, _ = two_in_a_row(l2, people)
    chain, sender = l2.connection, Sender(l2.connection, people.attacker)
    last = l2.rollup.status(first.id)[1] + l2.profile.window
    chain.set_next_timestamp(last)
    with reverts("TooEarly", now_=last, **{"from": last + 1}):
        l2.rollup.finalize(sender, first)
    chain.mine()
    l2.rollup.finalize(sender, first)
    assert l2.rollup.status(first.id)[2] is Status.FINAL


def test_finality_never_goes_back_to_an_assertion_that_covers_less(l2, people) -> None:
    """Two truths on one parent: the broader one is final first, the other one is final after it and changes nothing."""
    replica, sender = l2.challenger.replica, Sender(l2.connection, people.attacker)
    replica.step()
    parent, made = replica.final(), []
    for by in (people.payee, people.attacker):
        l2.wallet(people.payer).deposit(5)
        l2.post()
        made.append(assert_truth(l2, by, parent))
    narrow, broad = made
    l2.connection.advance(l2.profile.window + 10)
    l2.rollup.finalize(sender, broad)
    reached = l2.rollup.finality()
    assert reached[0] == broad.id
    l2.rollup.finalize(sender, narrow)
    assert l2.rollup.status(narrow.id)[2] is Status.FINAL
    assert l2.rollup.finality() == reached


def test_a_bond_is_withdrawn_once(l2, people) -> None:
    sender = Sender(l2.connection, people.payee)
    l2.rollup.contract.transact(sender, "addBond", value=7)
    l2.rollup.withdraw_bond(sender, 5)
    with reverts("InsufficientBond", have=2, need=3):
        l2.rollup.withdraw_bond(sender, 3)
    l2.rollup.withdraw_bond(sender, 2)
    with reverts("InsufficientBond", have=0, need=1):
        l2.rollup.withdraw_bond(sender, 1)


def test_an_assertion_is_discarded_only_below_a_convicted_one(l2, people) -> None:
    first, second = two_in_a_row(l2, people)
    sender = Sender(l2.connection, people.buyer)
    with reverts("UnexpectedStatus", id=first.id, status=Status.OPEN):
        l2.rollup.contract.transact(sender, "discard", second.as_tuple(), first.as_tuple())
    final = l2.challenger.replica.final()
    with reverts("UnexpectedStatus", id=final.id, status=Status.FINAL):
        l2.rollup.contract.transact(sender, "discard", first.as_tuple(), final.as_tuple())


def test_the_roots_in_calldata_end_in_the_root_that_is_asserted(l2, people) -> None:
    l2.wallet(people.payer).deposit(5)
    l2.post()
    replica = l2.challenger.replica
    replica.step()
    parent, end, sender = replica.final(), len(replica.entries), Sender(l2.connection, people.payee)
    roots, last = right_roots(replica, parent, end), replica.entries[end - 1].record
    other = roots[-1][:-1] + bytes([roots[-1][-1] ^ 1])
    for wrong in ([*roots[:-1], other], roots[:-1], [*roots, roots[-1]]):
        with pytest.raises(ContractReverted, match=r"InvalidRoots|MissingBlob"):
            l2.rollup.propose(sender, parent, last, end, roots[-1], pack_roots(wrong), l2.profile.bond)
    l2.rollup.propose(sender, parent, last, end, roots[-1], pack_roots(roots), l2.profile.bond)


def test_a_proof_counts_only_when_its_commitment_is_deep_enough(l2, people) -> None:
    """A thief who copies a proof from a pending transaction would have to commit to it that many blocks earlier."""
    first, _ = two_in_a_row(l2, people)
    sender, chain = Sender(l2.connection, people.attacker), l2.connection
    row = (first.as_tuple(), l2.challenger.replica.final().as_tuple(), 0, b"no proof")
    words = (bytes(12) + address_bytes(sender.address), first.id, bytes(32), keccak(b"no proof"))
    commitment = keccak(b"".join(words))
    with reverts("UnknownCommitment", commitment=commitment):
        l2.rollup.contract.transact(sender, "challenge", *row)
    at = l2.rollup.contract.transact(sender, "commitChallenge", commitment).block_number
    while chain.block("latest").number < at + l2.profile.reveal_blocks - 2:
        chain.mine()
    # The next block is the last one that is not deep enough.
    with reverts("UnknownCommitment", commitment=commitment):
        l2.rollup.contract.transact(sender, "challenge", *row)
    chain.mine()
    # Now the judge is asked, which cannot read it.
    with pytest.raises(ContractReverted, match="without data"):
        l2.rollup.contract.transact(sender, "challenge", *row)
