"""Assertions of any roots: how they are published and committed to, whatever the rollup's way of publishing is."""

from __future__ import annotations

from collections.abc import Sequence

from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.records import Claim, pack_roots
from layer2.rollup.replica import Replica

__all__ = ["assert_roots", "claim_of", "right_roots"]


def right_roots(replica: Replica, parent: Claim, end: int) -> list[bytes]:
    """The roots that entries after `parent` up to `end` result in."""
    return list(replica.execute(parent, end).roots)


def claim_of(replica: Replica, parent: Claim, end: int, roots: Sequence[bytes]) -> Claim:
    """The claim that proposing these roots would make; known to the replica as if it had been proposed."""
    packed = pack_roots(list(roots))
    last = replica.entries[end - 1].record
    claim = Claim(parent.id, end, last.segments, roots[-1], keccak(packed), False)
    replica.given_roots[claim.id] = packed
    return claim


def assert_roots(l2: LocalRollup, parent: Claim, end: int, roots: Sequence[bytes], sender: Sender) -> Claim:
    """Propose these roots, right or wrong, with as much bond as is missing; the claim."""
    replica = l2.challenger.replica
    replica.step()
    free = int(l2.rollup.contract.call("freeBond", sender.address))
    last = replica.entries[end - 1].record
    value = max(0, l2.profile.bond - free)
    l2.rollup.propose(sender, parent, last, end, roots[-1], pack_roots(list(roots)), value)
    known = set(replica.claims)
    replica.step()
    (made,) = [one for claim_id, one in replica.claims.items() if claim_id not in known]
    return made
