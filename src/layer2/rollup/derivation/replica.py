"""Rollup state derived from L1 alone, from logs and blobs, independently of the sequencer."""

from __future__ import annotations

from layer2.rollup.derivation.follower import Execution, InboxFollower
from layer2.rollup.derivation.inbox import Entry, Heads
from layer2.rollup.derivation.snapshot import Anchor, Snapshot
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.errors import DataMissing, StateUnknown
from layer2.rollup.state.commitments import Assertion, Status, pack_roots

__all__ = ["Entry", "Execution", "Heads", "Replica"]


class Replica(InboxFollower):
    """Follower of one rollup. `step()` reads new logs; a reorganisation reverts the entries it removed.

    Balances are read from the state at the head of the inbox (`head`). Its list of withdrawals is cleared after every
    entry, so that its root does not depend on a node's starting state and the list never fills. The state of an
    assertion is derived by `execute` from its parent's state.

    An entry whose blobs are not available stops `head` before it (`missing` has the reason); the next `step()` retries.
    """

    def verdict(self, claim: Assertion) -> bool | None:
        """Return True if an assertion and its ancestors match the execution of the inbox; None if not known yet."""
        unknown: list[Assertion] = []
        at: Assertion | None = claim
        while at is not None and at.id not in self._verdicts:
            unknown.append(at)
            at = self.claims.get(at.parent)
        known: bool | None = at is not None and self._verdicts[at.id]
        for one in reversed(unknown):
            if known:
                known = self._matches(self.claims[one.parent], one)
            if known is None:
                return None
            self._verdicts[one.id] = known
            self._mark(one)
        return known

    def is_right(self, claim: Assertion) -> bool:
        """Return True if an assertion is known to match the execution of the inbox."""
        return self.verdict(claim) is True

    def out_of_reach(self) -> list[Assertion]:
        """Return the open assertions that this node can never verify: they start before its starting state."""
        return [one for one in self.open_claims() if self._rests_before(one)]

    def tip(self, *standing: Status) -> Assertion:
        """Return the valid assertion with the most entries among the given statuses (by default, open and final)."""
        standing = standing or (Status.OPEN, Status.FINAL)
        right = (one for one in self.claims.values() if self.status(one) in standing and self.is_right(one))
        return max(right, key=lambda one: one.inbox_end)

    def snapshot(self) -> Snapshot:
        """Return a state from which every open assertion can be verified, for other nodes to start from.

        The state is that of the newest final assertion that no open assertion starts before. Other final assertions
        that open ones build on are included with their withdrawals, which do not follow from the entries alone.

        Raises:
            StateUnknown: a final assertion was not verified here or is invalid, so no node should start from it.
        """
        rows = self.foundations()
        doubted = next((one for one in rows if not self.is_right(one)), None)
        if doubted is not None:
            raise StateUnknown(
                f"replica: claim {doubted.id.hex()[:8]} is final but was not verified",
                hint="use a node with an older snapshot, or none",
            )
        base = rows[0]
        anchors = tuple(Anchor.of(one, self._acc_at(one.inbox_end), self.state_of(one)) for one in rows[1:])
        return Snapshot(base, self._acc_at(base.inbox_end), self.state_of(base), anchors)

    # ---------------------------------------------------------------------------------------------------- internals

    def _rests_before(self, claim: Assertion) -> bool:
        """Return True if the nearest ancestor with a known result precedes this node's starting state."""
        at: Assertion | None = claim
        while at is not None and self._verdicts.get(at.id) is None and self.status(at) is not Status.INVALID:
            at = self.claims.get(at.parent)
        return at is None or (at.inbox_end < self._unread and self._verdicts.get(at.id) is True)

    def _matches(self, parent: Assertion, claim: Assertion) -> bool | None:
        if claim.inbox_end > len(self.entries) or parent.inbox_end < self._unread:
            return None
        try:
            given = self.roots_of(claim)
        except DataMissing as missing:
            self.missing = missing
            return None
        done = self.execute(parent, claim.inbox_end)
        if done.roots[-1] != claim.root or done.roots != given:
            return False
        if not claim.roots_in_blob and commit(pack_roots(done.roots)) != claim.roots:
            return False
        self._keep(claim, done.state)
        return True
