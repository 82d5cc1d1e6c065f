"""What is final is claimed, whatever else is open: a truth that covers more may come, and never be final."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.params import WITHDRAWAL_DEPTH
from layer2.rollup.state.commitments import Assertion, Roots, Status, pack_roots
from layer2.rollup.state.state import Withdrawal
from layer2.testing import reverts

HALF = 5 * 10**17


def competing(l2, parent: Assertion, by) -> Assertion:
    """A truth about everything that is posted, on an old parent: somebody else's beside the one that stands there."""
    replica = l2.challenger.replica
    replica.step()
    end = len(replica.entries)
    done = replica.execute(parent, end)
    row = (parent, replica.entries[end - 1].record, end, done.roots[-1], pack_roots(done.roots), l2.profile.bond)
    known = set(replica.claims)
    l2.rollup.propose(Sender(l2.connection, by), *row)
    replica.step()
    (made,) = (one for one in replica.claims.values() if one.id not in known)
    return made


@pytest.fixture
def rivals(l2, people) -> tuple[Assertion, Assertion]:
    """A final assertion that holds a withdrawal, and an open one beside it that covers more: another one too."""
    seller, replica = l2.wallet(people.payer), l2.challenger.replica
    replica.step()
    parent = replica.final()
    seller.withdraw(HALF)
    l2.post()
    first = l2.propose()
    l2.connection.advance(l2.profile.window - 60)
    seller.withdraw(HALF // 2)
    l2.post()
    second = competing(l2, parent, people.attacker)
    l2.connection.advance(61)
    l2.rollup.finalize(Sender(l2.connection, people.attacker), first)
    return first, second


def test_what_is_final_is_claimed_though_an_open_truth_beside_it_covers_more(l2, people, rivals) -> None:
    first, second = rivals
    seller = l2.wallet(people.payer)
    assert [(one.claim.id, one.standing) for one in seller.outgoing()] == [
        (first.id, "claimable"),
        (second.id, "waiting"),
    ]
    assert len(seller.claim_all()) == 1
    assert [one.standing for one in seller.outgoing()] == ["paid", "waiting"]
    assert seller.claim_all() == []


def test_what_was_final_when_it_froze_is_claimed_though_an_open_truth_beside_it_covers_more(l2, people, rivals) -> None:
    first, second = rivals
    seller = l2.wallet(people.payer)
    since = l2.challenger.replica.entries[-1].record.time
    l2.connection.advance(since + l2.profile.freeze_after + 1 - l2.connection.timestamp())
    seller.freeze()
    before = l2.connection.balance(people.payer.address)
    (paid,) = seller.claim_all()
    gained = l2.connection.balance(people.payer.address) - before + paid.gas_used * paid.effective_gas_price
    assert gained == HALF
    assert l2.rollup.status(second.id)[2] is Status.OPEN
    assert first.inbox_end < second.inbox_end


def test_what_only_an_open_truth_holds_waits(l2, people) -> None:
    seller = l2.wallet(people.payer)
    seller.withdraw(HALF)
    l2.post()
    l2.propose()
    assert [one.standing for one in seller.outgoing()] == ["waiting"]
    assert seller.claim_all() == []


@pytest.fixture
def final_withdrawal(l2, people) -> tuple[Assertion, Roots, Withdrawal, list[bytes]]:
    """A withdrawal of HALF whose assertion is final: the assertion, its roots, the withdrawal, and its Merkle path."""
    seller = l2.wallet(people.payer)
    seller.withdraw(HALF)
    l2.post()
    l2.settle()
    replica = l2.challenger.replica
    replica.step()
    final = replica.final()
    state = replica.state_of(final)
    return final, Roots.of(state), state.withdrawals[0], state.withdrawal_path(0)


def test_a_withdrawal_is_claimed_with_the_roots_of_its_assertion(l2, people, final_withdrawal) -> None:
    final, roots, withdrawal, path = final_withdrawal
    before = l2.connection.balance(people.payer.address)
    l2.rollup.finalize_withdrawal(Sender(l2.connection, people.buyer), final, roots, 0, withdrawal, path)
    assert l2.connection.balance(people.payer.address) == before + HALF


@pytest.mark.parametrize("invented", ["withdrawals", "numbers"])
def test_invented_roots_pay_nobody(l2, people, final_withdrawal, invented: str) -> None:
    """A thief's tree of withdrawals has a good path to its own root; a number of its own would be unpaid for ever."""
    final, roots, withdrawal, path = final_withdrawal
    thief = people.attacker.address
    if invented == "withdrawals":
        withdrawal = Withdrawal(thief, 0, l2.connection.balance(l2.rollup.address))
        siblings = [*path, *empty_subtrees(len(path), WITHDRAWAL_DEPTH)]
        roots = replace(roots, withdrawals=reduce(lambda node, one: keccak(node + one), siblings, withdrawal.leaf()))
    else:
        roots = replace(roots, numbers=(int.from_bytes(roots.numbers, "big") + (1 << 32)).to_bytes(32, "big"))
    before = l2.connection.balance(thief)
    with reverts("InvalidProof()"):
        l2.rollup.finalize_withdrawal(Sender(l2.connection, people.buyer), final, roots, 0, withdrawal, path)
    assert l2.connection.balance(thief) == before


def empty_subtrees(first: int, depth: int) -> list[bytes]:
    """Roots of empty subtrees of the levels from `first` to `depth`."""
    roots = [bytes(32)]
    for _ in range(depth):
        roots.append(keccak(roots[-1] * 2))
    return roots[first:depth]
