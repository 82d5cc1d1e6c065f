"""A challenger announces once, shows as soon as it may, and believes the chain and not what it remembers."""

from __future__ import annotations

import pytest

from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.state.commitments import Status
from layer2.rollup.validator.challenger import Challenger
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots

from .test_bad_times import funded
from .test_shielding import lie

pytestmark = pytest.mark.parametrize("chain", ["tester"], indirect=True)

ROOT = b"\0" + bytes(30) + b"\7"
PATIENCE = 32


class Telling(Challenger):
    """Says which of the contract's functions it has called."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.called: list[str] = []

    def _send(self, name: str, *args: object):
        self.called.append(name)
        return super()._send(name, *args)

    def told(self) -> list[str]:
        """What one step calls."""
        self.called = []
        self.step()
        return self.called


@pytest.fixture
def challenger(l2, chain, people) -> Telling:
    return Telling(l2.rollup, Sender(chain, people.challenger), l2.replica())


def test_a_proof_is_shown_in_the_first_block_in_which_it_counts(l2, chain, people, challenger) -> None:
    funded(l2, people)
    one = lie(l2, people.attacker, 1)
    assert challenger.told() == ["commitChallenge"]
    announced = chain.block_number()
    while chain.block_number() + 1 < announced + l2.profile.reveal_blocks:
        assert challenger.told() == []
        chain.mine(1)
    assert chain.block_number() + 1 == announced + l2.profile.reveal_blocks
    assert challenger.told() == ["challenge"]
    assert l2.rollup.status(one.id)[2] is Status.INVALID


def test_who_repeats_an_announcement_delays_nothing(l2, chain, people, challenger) -> None:
    """The contract keeps the first block of equal ones, and so does who reads its logs."""
    funded(l2, people)
    one = lie(l2, people.attacker, 1)
    challenger.step()
    commitment = challenger.commitment(one, *challenger.prove(one, challenger.first_wrong_segment(one)))
    thief = Sender(chain, people.attacker)
    for _ in range(l2.profile.reveal_blocks):
        l2.rollup.contract.transact(thief, "commitChallenge", commitment)
    assert challenger.told() == ["challenge"]
    assert l2.rollup.status(one.id)[2] is Status.INVALID


def test_what_is_announced_is_announced_once_while_its_log_is_not_read(l2, chain, people) -> None:
    """A reader that waits for confirmations sees its own announcement late; after long enough it is made again."""
    funded(l2, people)
    lie(l2, people.attacker, 1)
    depth = PATIENCE + 8
    chain.mine(depth)
    late = Telling(
        l2.rollup,
        Sender(chain, people.challenger),
        Replica(l2.rollup, start_block=l2.start_block, confirmations=depth),
    )
    assert late.told() == ["commitChallenge"]
    announced = chain.block_number()
    chain.mine(PATIENCE - 1)
    assert late.told() == []
    chain.mine(1)
    assert chain.block_number() == announced + PATIENCE
    assert late.told() == ["commitChallenge"]
    assert late.replica.announced == {}


def test_an_announcement_that_left_before_it_was_read_is_made_again(l2, chain, people) -> None:
    """The block has another hash: nothing else tells that the transaction is gone."""
    funded(l2, people)
    lie(l2, people.attacker, 1)
    chain.mine(3)
    late = Telling(
        l2.rollup, Sender(chain, people.challenger), Replica(l2.rollup, start_block=l2.start_block, confirmations=3)
    )
    late.replica.step()
    before = chain.snapshot()
    assert late.told() == ["commitChallenge"]
    assert late.told() == []
    chain.revert(before)
    chain.advance(17)
    chain.mine(2)
    assert late.told() == ["commitChallenge"]


def test_a_proof_whose_announcement_leaves_as_it_is_shown_is_nobodys_fault(
    l2, chain, people, challenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    funded(l2, people)
    one = lie(l2, people.attacker, 1)
    before = chain.snapshot()
    challenger.step()
    challenger.replica.step()
    chain.revert(before)
    chain.mine(l2.profile.reveal_blocks + 1)
    with monkeypatch.context() as patch:
        patch.setattr(challenger.replica, "step", lambda: 0)
        assert challenger.told() == ["challenge"]
    assert challenger.faults == {}
    assert l2.rollup.status(one.id)[2] is Status.OPEN
    assert challenger.told() == ["commitChallenge"]


def test_what_rests_on_a_lie_is_dropped_with_it_and_not_proven_before(l2, chain, people, challenger) -> None:
    payer, _ = funded(l2, people)
    parent = lie(l2, people.attacker, 1)
    payer.deposit(1)
    l2.post()
    l2.challenger.replica.step()
    end = len(l2.challenger.replica.entries)
    count = l2.challenger.replica.entries[-1].record.segments - parent.segments
    child = assert_roots(l2, parent, end, [ROOT] * count, Sender(chain, people.attacker))
    assert challenger.told() == ["commitChallenge"]
    assert challenger.faults == {}
    chain.mine(l2.profile.reveal_blocks)
    assert challenger.told() == ["challenge", "discard"]
    assert [l2.rollup.status(one.id)[2] for one in (parent, child)] == [Status.INVALID] * 2


def test_what_was_asserted_upon_a_lie_that_fell_is_dropped(l2, chain, people, challenger) -> None:
    payer, _ = funded(l2, people)
    parent = lie(l2, people.attacker, 1)
    payer.deposit(1)
    l2.post()
    l2.challenger.replica.step()
    replica = l2.challenger.replica
    count = replica.entries[-1].record.segments - parent.segments
    child = assert_roots(l2, parent, len(replica.entries), [ROOT] * count, Sender(chain, people.attacker))
    other = Challenger(l2.rollup, Sender(chain, people.stranger), l2.replica())
    other.step()
    chain.mine(l2.profile.reveal_blocks - 1)
    judge, proof = other.prove(parent, other.first_wrong_segment(parent))
    row = (parent.as_tuple(), replica.claims[parent.parent].as_tuple(), judge, proof)
    l2.rollup.contract.transact(other.sender, "challenge", *row)
    # Somebody else convicted the parent and stopped there.
    assert challenger.told() == ["discard"]
    assert l2.rollup.status(child.id)[2] is Status.INVALID


def test_a_lie_that_comes_again_about_other_entries_is_proven_anew(l2, chain, people, challenger) -> None:
    """The same assertion, by its id: it says how many entries it covers, and not which."""
    payer, payee = funded(l2, people)
    account = payer.account(), payee.account()
    claims, roots = [], []
    before = chain.snapshot()
    for amount in (10, 20):
        l2.sequencer.follow()
        payer.send(account[1], amount, account=account[0])
        l2.post()
        l2.challenger.replica.step()
        end = len(l2.challenger.replica.entries)
        right = right_roots(l2.challenger.replica, l2.challenger.replica.final(), end)
        roots = roots or [*right[:-1], ROOT]
        claims.append(assert_roots(l2, l2.challenger.replica.final(), end, roots, Sender(chain, people.attacker)))
        assert challenger.told() == ["commitChallenge"]
        if len(claims) == 1:
            chain.revert(before)
            chain.advance(5)
    assert claims[0].id == claims[1].id
    chain.mine(l2.profile.reveal_blocks)
    assert challenger.told() == ["challenge"]
    assert challenger.faults == {}
    assert l2.rollup.status(claims[1].id)[2] is Status.INVALID
