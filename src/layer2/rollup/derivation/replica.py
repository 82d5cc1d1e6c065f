"""The state rebuilt from the main chain alone, logs and blobs, sharing nothing with the sequencer."""

from __future__ import annotations

from layer2.rollup.derivation.follower import Execution, Following
from layer2.rollup.derivation.inbox import Entry, Heads
from layer2.rollup.derivation.snapshot import Anchor, Snapshot
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.errors import DataMissing, StateUnknown
from layer2.rollup.state.commitments import Claim, Status, pack_roots

__all__ = ["Entry", "Execution", "Heads", "Replica"]


class Replica(Following):
    """Follows one rollup. `step()` reads what is new; a reorganisation takes back what it undid.

    The state at the head of the inbox (`head`) is what balances are read from. Its list of withdrawals is empty after
    every entry: so its root is the same wherever a node began, and the list never fills. An assertion's own state is
    made by `execute` from its parent's.

    An entry whose blobs nobody has yet stops `head` before it (`missing` says why); the next `step()` asks again.
    """

    def verdict(self, claim: Claim) -> bool | None:
        """Whether an assertion says what the inbox results in, its parent's truth included; None: not known yet."""
        unknown: list[Claim] = []
        at: Claim | None = claim
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

    def is_right(self, claim: Claim) -> bool:
        """Whether an assertion is known to say what the inbox results in."""
        return self.verdict(claim) is True

    def out_of_reach(self) -> list[Claim]:
        """Open assertions that can never be judged here: they go on from before the state that this node began with."""
        return [one for one in self.open_claims() if self._rests_before(one)]

    def tip(self, *standing: Status) -> Claim:
        """The right assertion that covers most, among those that are or can still become final, or that stand so."""
        standing = standing or (Status.OPEN, Status.FINAL)
        right = (one for one in self.claims.values() if self.status(one) in standing and self.is_right(one))
        return max(right, key=lambda one: one.inbox_end)

    def snapshot(self) -> Snapshot:
        """A state that every open assertion can be judged from, for others to start from.

        It is that of the newest final assertion that no open one goes on from before of. Other final ones that
        something goes on from are in it with what the inbox does not tell: their withdrawals.

        Raises:
            StateUnknown: a final assertion was not judged here, or is wrong: nobody shall begin with it.
        """
        rows = self.foundations()
        doubted = next((one for one in rows if not self.is_right(one)), None)
        if doubted is not None:
            raise StateUnknown(
                f"replica: claim {doubted.id.hex()[:8]} is final and not known to be right",
                hint="use a node that began with an older state, or without one",
            )
        base = rows[0]
        anchors = tuple(Anchor.of(one, self._acc_at(one.inbox_end), self.state_of(one)) for one in rows[1:])
        return Snapshot(base, self._acc_at(base.inbox_end), self.state_of(base), anchors)

    # ------------------------------------------------------------------------------------------------------- inside

    def _rests_before(self, claim: Claim) -> bool:
        """Whether the first assertion below that something is known of lies before the state begun with."""
        at: Claim | None = claim
        while at is not None and self._verdicts.get(at.id) is None and self.status(at) is not Status.INVALID:
            at = self.claims.get(at.parent)
        return at is None or (at.inbox_end < self._unread and self._verdicts.get(at.id) is True)

    def _matches(self, parent: Claim, claim: Claim) -> bool | None:
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
