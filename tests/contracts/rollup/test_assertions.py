"""Rules of assertions in the contract: each covers something new on a parent that stands, and is final after it."""

from __future__ import annotations

from layer2.ethereum.sender import Sender
from layer2.rollup.state.commitments import Claim, Status, pack_roots
from layer2.testing import reverts
from layer2.testing.adversaries.rollup.fraud_corpus import right_roots


def assert_truth(l2, by, parent: Claim) -> Claim:
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
    with reverts("RangeInvalid", segments=0):
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
    with reverts("StatusWrong", id=lie.id, status=Status.INVALID):
        l2.rollup.propose(Sender(l2.connection, people.attacker), *row)


def two_in_a_row(l2, people) -> tuple[Claim, Claim]:
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
