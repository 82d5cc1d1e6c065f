"""The state rebuilt from the main chain alone, logs and blobs, sharing nothing with the sequencer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from layer2.ethereum.follower import LogFollower
from layer2.primitives.addresses import Address
from layer2.rollup.accounts import State
from layer2.rollup.authority import Authority, Signatures
from layer2.rollup.blobsource import Blobs
from layer2.rollup.contract import RollupContract
from layer2.rollup.inboxlog import Entry, Heads, InboxLog
from layer2.rollup.queue import QueueItem
from layer2.rollup.records import Claim, Status, pack_roots, unpack_roots
from layer2.rollup.refusals import DataMissing, StateUnknown
from layer2.rollup.runs import commit
from layer2.rollup.snapshot import Snapshot
from layer2.rollup.transition import apply_frame, apply_queue

__all__ = ["Entry", "Execution", "Heads", "Replica"]

_KEPT = 4
"""States at recent assertions that are kept; others are executed again when they are asked for."""

_FIELD = 32


@dataclass(frozen=True, slots=True)
class Execution:
    """What entries of the inbox result in: the roots after each segment, and the state at the end."""

    roots: list[bytes]
    state: State


class Replica:
    """Follows one rollup. `step()` reads what is new; a reorganisation takes back what it undid.

    The state at the head of the inbox (`head`) is what balances are read from. Its list of withdrawals is empty after
    every entry: so its root is the same wherever a node began, and the list never fills. An assertion's own state is
    made by `execute` from its parent's.

    An entry whose blobs nobody has yet stops `head` before it (`missing` says why); the next `step()` asks again.
    """

    def __init__(
        self,
        rollup: RollupContract,
        *,
        start_block: int = 0,
        confirmations: int = 0,
        authority: Authority | None = None,
        genesis: State | None = None,
        blobs: Blobs | None = None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.rollup = rollup
        self.authority = authority or Signatures(rollup.domain)
        self.blobs = blobs or Blobs.of(rollup.connection)
        self._follower = LogFollower(
            rollup.connection, rollup.address, start_block=start_block, confirmations=confirmations
        )
        self._genesis = genesis or State()
        self._snapshot = snapshot
        self.reorganisations = 0
        """How often the chain has taken something back."""
        self.missing: DataMissing | None = None
        """Why the head does not go on, if it does not."""
        root = Claim(bytes(32), 0, 0, self._genesis.root, bytes(32), False)
        self._root = root
        self._states: dict[bytes, State] = {root.id: self._genesis}
        self._verdicts: dict[bytes, bool] = {}
        self._accs: dict[bytes, bytes] = {root.id: bytes(32)}
        if snapshot is not None:
            snapshot.check(rollup)
        self.entries: list[Entry] = []
        """The inbox, as far as it is executed."""
        self._log = InboxLog(rollup)
        self._restart()

    def __repr__(self) -> str:
        return f"<Replica {self.rollup.address} entries={len(self.entries)} accounts={len(self.head.accounts)}>"

    @property
    def genesis(self) -> State:
        """The state before the first entry; not to be changed."""
        return self._genesis

    @property
    def unread(self) -> int:
        """Entries before the state that it began with: their data was not asked for."""
        return self._unread

    @property
    def queue(self) -> list[QueueItem]:
        """Every queue item so far."""
        return self._log.queue

    @property
    def raw_queue(self) -> list[bytes]:
        """The same, as the contract hashed them."""
        return self._log.raw

    @property
    def claims(self) -> dict[bytes, Claim]:
        """Every assertion by its id, right or wrong."""
        return self._log.claims

    @property
    def given_roots(self) -> dict[bytes, bytes]:
        """The roots of assertions that came in calldata, by id."""
        return self._log.roots

    @property
    def claimed(self) -> set[int]:
        """The withdrawals that have been paid, by their numbers from the beginning."""
        return self._log.claimed

    @property
    def heads(self) -> Heads:
        """How far the inbox is read, is safe and is finalised on the main chain."""
        return Heads.of(self.rollup.connection, self.entries)

    @property
    def transferred(self) -> dict[tuple[int, bytes], Address]:
        """Who owns withdrawals now that were given away, by number and leaf."""
        return self._log.transferred

    @property
    def frozen(self) -> bool:
        """Whether the rollup has been frozen."""
        return self._log.frozen

    @property
    def escaped(self) -> set[int]:
        """Accounts that were paid in frozen mode."""
        return self._log.escaped

    @property
    def refunded(self) -> set[int]:
        """Queue items whose deposit was paid back in frozen mode."""
        return self._log.refunded

    def step(self) -> int:
        """Read what is new; how many entries came."""
        update = self._follower.step()
        before = len(self.entries)
        if update.removed:
            self.reorganisations += 1
            self._log = self._log.without(len(update.removed))
            before = min(before, len(self._log.posted))
            self._restart()
        for log in update.new:
            self._log.take(log)
        if self._snapshot_turned():
            self._restart()
        self._advance()
        return len(self.entries) - before

    def roots_of(self, claim: Claim) -> list[bytes]:
        """The roots that a claim was made with, 32 bytes each; DataMissing when nobody has them."""
        blob = self.roots_blob(claim)
        if blob is None:
            return unpack_roots(self.given_roots[claim.id])
        count = claim.segments - self.claims[claim.parent].segments
        return [blob[at : at + _FIELD] for at in range(0, _FIELD * count, _FIELD)]

    def roots_blob(self, claim: Claim) -> bytes | None:
        """The blob with a claim's roots, None if they are in calldata; DataMissing when nobody has it."""
        if not claim.roots_in_blob:
            return None
        return self.blobs.get(claim.roots, self._log.claim_blocks.get(claim.id, 0))

    def execute(self, parent: Claim, inbox_end: int) -> Execution:
        """Execute the entries after a claim that is right up to `inbox_end`."""
        state, segments = self.segments(parent, inbox_end)
        return Execution(list(segments), state)

    def segments(self, parent: Claim, inbox_end: int) -> tuple[State, Iterator[bytes]]:
        """The same step by step: a state that moves on by one segment with each root that is taken."""
        return self._onward(self.state_of(parent), parent.inbox_end, inbox_end)

    def state_of(self, claim: Claim) -> State:
        """The state after a claim, which must be right; its withdrawals are that assertion's."""
        unknown, at = [], claim
        while at.id not in self._states:
            parent = self.claims.get(at.parent)
            if parent is None or at.inbox_end > len(self.entries):
                raise StateUnknown(
                    f"replica: claim {at.id.hex()[:8]} rests on {at.parent.hex()[:8]}, which is not known here",
                    hint="step() until the chain's logs are read",
                )
            unknown.append(at)
            at = parent
        state, start = self._states[at.id], at.inbox_end
        # From the oldest on, however many there are: a chain of claims may be longer than Python's stack.
        for one in reversed(unknown):
            state, roots = self._onward(state, start, one.inbox_end)
            for _ in roots:
                pass
            self._keep(one, state)
            start = one.inbox_end
        return state

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

    def tip(self) -> Claim:
        """The right assertion that covers most, among those that are or can still become final."""
        right = (one for one in self.claims.values() if self._stands(one) and self.is_right(one))
        return max(right, key=lambda one: one.inbox_end)

    def final(self) -> Claim:
        """The final assertion that covers most, as far as the logs are read."""
        return max((self.claims[one] for one in self._log.finals), key=lambda one: one.inbox_end, default=self._root)

    def snapshot(self) -> Snapshot:
        """The state of the last final assertion, for others to start from."""
        claim = self.final()
        acc = self.entries[claim.inbox_end - 1].record.hash() if claim.inbox_end else bytes(32)
        return Snapshot(claim, acc, self.state_of(claim))

    # ------------------------------------------------------------------------------------------------------- inside

    def _restart(self) -> None:
        """Start over from the newest kept state that the entries which are left lead to."""
        self.claims.setdefault(self._root.id, self._root)
        made = self._snapshot
        if made is not None:
            self.claims.setdefault(made.claim.id, made.claim)
            self._states[made.claim.id], self._accs[made.claim.id] = made.state, made.acc
        self._states = {one: state for one, state in self._states.items() if self._holds(one)}
        self._verdicts = {one: right for one, right in self._verdicts.items() if self._holds(one)}
        self._verdicts |= dict.fromkeys(self._states, True)
        self._accs = {one: acc for one, acc in self._accs.items() if one in self._verdicts}
        base = max((self.claims[one] for one in self._states), key=lambda one: one.inbox_end)
        # What lies before a snapshot is never executed: its blobs may be gone for good.
        self._unread = made.claim.inbox_end if made is not None and made.claim.id in self._states else 0
        self.head = self._states[base.id].copy()
        self.head.begin_assertion()
        self.entries = self.entries[: base.inbox_end]

    def _holds(self, claim_id: bytes) -> bool:
        """Whether what was found out about a claim is still about the entries that are left."""
        claim, acc = self.claims.get(claim_id), self._accs.get(claim_id)
        if claim is None or acc is None:
            return False
        posted = self._log.posted
        if claim.inbox_end > len(posted):
            # A snapshot lies ahead until the logs are read.
            return self._snapshot is not None and claim_id == self._snapshot.claim.id and not posted
        return not claim.inbox_end or posted[claim.inbox_end - 1].record.hash() == acc

    def _snapshot_turned(self) -> bool:
        """Whether the chain has left the snapshot's entries, or is at them again while their data is missing."""
        if self._snapshot is None:
            return False
        holds = self._holds(self._snapshot.claim.id)
        return not holds if self._unread else holds and len(self.entries) < self._snapshot.claim.inbox_end

    def _advance(self) -> None:
        """Execute what was posted, as far as its data is there."""
        self.missing = None
        for posted in self._log.posted[len(self.entries) :]:
            index = len(self.entries)
            if index < self._unread:
                self.entries.append(posted.unread())
                continue
            try:
                entry = posted.entry(self.blobs)
            except DataMissing as missing:
                self.missing = missing
                return
            self.entries.append(entry)
            for _ in self._run(self.head, index):
                pass
            self.head.begin_assertion()

    def _onward(self, state: State, start: int, end: int) -> tuple[State, Iterator[bytes]]:
        """A new assertion on top of a state, over the entries from `start` to `end`."""
        state = state.copy()
        state.begin_assertion()
        return state, chain.from_iterable(self._run(state, one) for one in range(start, end))

    def _run(self, state: State, index: int) -> Iterator[bytes]:
        """Execute an entry, segment by segment: a root after each."""
        entry = self.entries[index]
        items = self.queue[state.queue_count : entry.record.queue_end]
        yield from apply_queue(state, items, self.authority)
        for frame in entry.frames():
            yield from apply_frame(state, frame, self.authority)

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

    def _stands(self, claim: Claim) -> bool:
        status = self.rollup.status(claim.id)[2]
        return status in (Status.OPEN, Status.FINAL)

    def _keep(self, claim: Claim, state: State) -> None:
        self._states[claim.id] = state
        self._mark(claim)
        while len(self._states) > _KEPT:
            del self._states[min((one for one in self._states if one != self._root.id), key=self._end_of)]

    def _mark(self, claim: Claim) -> None:
        """Remember which entries it is that something is known about a claim for."""
        if 0 < claim.inbox_end <= len(self._log.posted):
            self._accs[claim.id] = self._log.posted[claim.inbox_end - 1].record.hash()

    def _end_of(self, claim_id: bytes) -> int:
        claim = self.claims.get(claim_id)
        return -1 if claim is None else claim.inbox_end
