"""What the chain takes back, without a node: the in-process chain goes back to a snapshot, and others go on from it."""

from __future__ import annotations

import pytest

from layer2.api.rollup import views
from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.inbox import Heads, Posted
from layer2.rollup.protocol.errors import DataMissing

pytestmark = pytest.mark.parametrize("chain", ["tester"], indirect=True)

ETHER = 10**18


@pytest.fixture
def pair(l2, people):
    """Payer and payee, each with ether and an account."""
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    return payer, payee


def test_what_stood_in_an_entry_that_is_gone_is_pending_again_and_posted_again(l2, chain, pair) -> None:
    """The account that it spends from was opened in an entry that is left: it is not taken for unknown."""
    payer, payee = pair
    mine, to = payer.account(), payee.account()
    before = chain.snapshot()
    payer.send(to, ETHER // 4, account=mine)
    l2.post()
    assert l2.sequencer.pending == ()
    chain.revert(before)
    chain.advance(17)
    l2.sequencer.follow()
    assert [one.message.amount for one in l2.sequencer.pending] == [ETHER // 4]
    l2.post()
    assert l2.sequencer.pending == ()
    assert payee.balance() == ETHER + ETHER // 4
    assert l2.rebuild_from_l1() == l2.root


def test_what_was_seen_ahead_of_an_entry_that_is_gone_is_not_executed(l2, chain, people, pair) -> None:
    """Its signatures were judged and its data read; then another entry took its place."""
    payer, payee = pair
    mine, to = payer.account(), payee.account()
    replica = l2.replica()
    replica.step()
    before = chain.snapshot()
    payer.send(to, ETHER // 4, account=mine)
    l2.post()
    replica.take(replica.poll())
    assert replica.look_ahead() == 2
    chain.revert(before)
    chain.advance(17)
    operator, (_, _, consumed, _, _) = Sender(chain, people.sequencer), l2.rollup.inbox()
    l2.rollup.post_calldata(operator, l2.rollup.acc(1), b"\xfe" * 496, consumed)
    replica.take(replica.poll())
    replica.advance(2)
    fresh = l2.replica()
    fresh.step()
    assert replica.entries[1].data == fresh.entries[1].data == b"\xfe" * 496
    assert replica.head.root == fresh.head.root


def test_frames_that_the_entry_does_not_commit_to_are_missing(l2, people, pair) -> None:
    """A node whose logs are wrong: what they say is not executed."""
    payer, payee = pair
    payer.send(payee.account(), 5)
    replica = l2.replica()
    items, _, consumed, _, _ = l2.rollup.inbox()
    l2.rollup.post_calldata(Sender(l2.connection, people.sequencer), l2.rollup.acc(items), b"\xfe" * 496, consumed)
    replica.step()
    record, block = replica.entries[-1].record, replica.entries[-1].block
    for data in (None, b"\xfd" * 496, b"\xfe" * 495, b""):
        with pytest.raises(DataMissing, match="not in the node's logs"):
            Posted(record, block, data).entry(replica.blobs)
    assert Posted(record, block, b"\xfe" * 496).entry(replica.blobs).data == b"\xfe" * 496


def test_a_payment_is_final_once_the_chain_cannot_take_its_entry_back(l2, pair) -> None:
    payer, payee = pair
    payer.send(payee.account(), 5)
    (op,) = l2.sequencer.pending
    digest = op.message.digest(l2.rollup.domain)
    l2.post()
    told = {}
    for final in (0, 1, 2):
        l2.sequencer.heads = Heads(2, 2, final)
        told[final] = views.tx_status(l2.sequencer, digest)["state"]
    assert told == {0: "posted", 1: "posted", 2: "final"}
