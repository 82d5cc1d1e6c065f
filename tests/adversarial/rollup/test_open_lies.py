"""A node that begins with a final state judges every assertion that is open, or says that it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.derivation.snapshot import Anchor, Snapshot
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.errors import SnapshotWrong, StateUnknown
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.validator.challenger import Challenger
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots

from .test_bad_times import funded

ETHER = 10**18


def posted(l2: LocalRollup, payer, payee) -> None:
    payer.send(payee.account(), ETHER // 100)
    payer.withdraw(ETHER // 1000)
    l2.post()


def asserted(l2: LocalRollup, parent: Assertion, end: int, person, *, lie: bool = False) -> Assertion:
    replica = l2.challenger.replica
    replica.step()
    roots = right_roots(replica, parent, end)
    if lie:
        roots[-1] = b"\0" + bytes(30) + b"\7"
    return assert_roots(l2, parent, end, roots, Sender(l2.connection, person))


def begun(l2: LocalRollup, made: Snapshot | None) -> Replica:
    replica = Replica(l2.rollup, start_block=l2.start_block, genesis=l2.genesis, snapshot=made)
    replica.step()
    return replica


def bare(replica: Replica) -> Snapshot:
    """The newest final state alone: what nodes used to keep."""
    claim = replica.final()
    return Snapshot(claim, replica.entries[claim.inbox_end - 1].record.hash(), replica.state_of(claim))


def convicted(l2: LocalRollup, people, replica: Replica, lie: Assertion) -> bool:
    challenger = Challenger(l2.rollup, Sender(l2.connection, people.challenger), replica)
    challenger.step()
    l2.connection.mine(l2.profile.reveal_blocks)
    challenger.step()
    return l2.rollup.status(lie.id)[2] is Status.INVALID


@pytest.fixture
def overtaken(l2, chain, people):
    """A truth becomes final while a lie, which goes on from before it and covers more, has some time left."""
    payer, payee = funded(l2, people)
    posted(l2, payer, payee)
    replica = l2.challenger.replica
    replica.step()
    genesis, ends = replica.final(), len(replica.entries)
    truth = asserted(l2, genesis, ends - 1, people.stranger)
    chain.advance(l2.profile.window // 2)
    lie = asserted(l2, genesis, ends, people.attacker, lie=True)
    chain.advance(l2.profile.window // 2 + 1)
    l2.rollup.finalize(Sender(chain, people.stranger), truth)
    replica.step()
    assert replica.final() == truth
    return truth, lie


def test_a_lie_from_before_the_newest_final_state_is_judged_by_who_begins_with_the_kept_one(
    l2, people, overtaken, tmp_path
) -> None:
    truth, lie = overtaken
    l2.challenger.replica.snapshot().save(tmp_path / "kept")
    made = Snapshot.load(tmp_path / "kept")
    assert made.claim.inbox_end < truth.inbox_end
    replica = begun(l2, made)
    assert replica.out_of_reach() == []
    assert replica.verdict(lie) is False
    assert replica.verdict(truth) is True
    assert convicted(l2, people, replica, lie)


def test_when_the_lie_is_gone_the_newest_state_is_kept(l2, people, overtaken) -> None:
    truth, lie = overtaken
    replica = l2.challenger.replica
    assert convicted(l2, people, replica, lie)
    replica.step()
    made = replica.snapshot()
    assert (made.claim, made.anchors) == (truth, ())
    assert begun(l2, made).out_of_reach() == []


def test_whoever_begins_behind_an_open_lie_says_so_and_does_not_look_at_ease(l2, people, overtaken) -> None:
    truth, lie = overtaken
    replica = begun(l2, bare(l2.challenger.replica))
    assert (replica.unread, replica.verdict(lie)) == (truth.inbox_end, None)
    assert replica.out_of_reach() == [lie]
    challenger = Challenger(l2.rollup, Sender(l2.connection, people.challenger), replica)
    assert challenger.step() == []
    assert "goes on from before entry" in challenger.faults[lie.id]
    # What it shares itself begins before the lie again.
    made = replica.snapshot()
    assert (made.claim.id, [one.claim for one in made.anchors]) == (lie.parent, [truth])
    assert begun(l2, made).verdict(lie) is False


def test_two_final_assertions_with_lies_upon_each_are_both_begun_with(l2, chain, people, tmp_path) -> None:
    """The second one goes on from before the first: its withdrawals are no part of what the inbox tells behind it."""
    payer, payee = funded(l2, people)
    posted(l2, payer, payee)
    replica = l2.challenger.replica
    replica.step()
    genesis, end = replica.final(), len(replica.entries)
    short, long = (asserted(l2, genesis, at, people.stranger) for at in (end - 1, end))
    posted(l2, payer, payee)
    lies = [asserted(l2, short, end + 1, people.attacker, lie=True)]
    chain.advance(l2.profile.window + 1)
    for one in (short, long):
        l2.rollup.finalize(Sender(chain, people.stranger), one)
    lies.append(asserted(l2, long, end + 1, people.attacker, lie=True))
    replica.step()
    made = replica.snapshot()
    assert (made.claim, [one.claim for one in made.anchors]) == (short, [long])
    assert made.anchors[0].withdrawals
    made.save(tmp_path / "kept")
    fresh = begun(l2, Snapshot.load(tmp_path / "kept"))
    assert fresh.out_of_reach() == []
    assert [fresh.verdict(one) for one in lies] == [False, False]
    assert fresh.state_of(long).root == long.root
    # What it shares itself is as good.
    assert begun(l2, fresh.snapshot()).out_of_reach() == []
    for one in lies:
        assert convicted(l2, people, fresh, one)


def test_withdrawals_of_an_anchor_that_are_not_the_assertions_are_refused(l2, chain, people) -> None:
    payer, payee = funded(l2, people)
    posted(l2, payer, payee)
    l2.settle()
    replica = l2.challenger.replica
    replica.step()
    made = replica.snapshot()
    state = replica.state_of(made.claim)
    right = Anchor.of(made.claim, made.acc, state)
    assert right.upon(state).root == made.claim.root
    forged = Anchor(made.claim, made.acc, right.earlier, right.withdrawals[:-1])
    with pytest.raises(SnapshotWrong, match="lead to"):
        forged.upon(state)


def test_an_anchor_that_is_not_final_is_refused(l2, people, overtaken) -> None:
    _, lie = overtaken
    made = l2.challenger.replica.snapshot()
    acc = l2.challenger.replica.entries[lie.inbox_end - 1].record.hash()
    false = replace(made, anchors=(*made.anchors, Anchor(lie, acc, 0, ())))
    with pytest.raises(SnapshotWrong, match="is open"):
        Replica(l2.rollup, start_block=l2.start_block, genesis=l2.genesis, snapshot=false)


def test_a_right_assertion_that_covers_no_more_is_made_final_so_that_nodes_can_begin_later(l2, chain, people) -> None:
    """Left open it would have every node begin before it, for as long as its author likes."""
    payer, payee = funded(l2, people)
    posted(l2, payer, payee)
    replica = l2.challenger.replica
    replica.step()
    genesis, end = replica.final(), len(replica.entries)
    long, short = (asserted(l2, genesis, at, people.attacker) for at in (end, end - 1))
    chain.advance(l2.profile.window + 1)
    l2.proposer.step()
    replica.step()
    assert [replica.status(one) for one in (long, short)] == [Status.FINAL] * 2
    assert replica.snapshot().claim == long


def test_a_state_is_not_shared_under_a_final_assertion_that_is_wrong(l2, chain, people) -> None:
    """Nobody convicted it in time: whoever begins with it would take everything upon it for right."""
    payer, payee = funded(l2, people)
    l2.settle()
    replica = l2.challenger.replica
    replica.step()
    truth = replica.final()
    posted(l2, payer, payee)
    replica.step()
    lie = asserted(l2, truth, len(replica.entries), people.attacker, lie=True)
    assert replica.snapshot().claim == truth
    chain.advance(l2.profile.window + 1)
    l2.rollup.finalize(Sender(chain, people.attacker), lie)
    replica.step()
    assert replica.final() == lie
    with pytest.raises(StateUnknown, match=f"claim {lie.id.hex()[:8]} is final but was not verified"):
        replica.snapshot()
