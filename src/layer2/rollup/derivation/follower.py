"""Entries of the inbox executed as they come, from where a node began; states kept for what rests on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from layer2.ethereum.log_follower import Update
from layer2.primitives.worker_pool import Workers
from layer2.rollup.derivation.assertion_log import Reading
from layer2.rollup.derivation.inbox import Entry, Heads
from layer2.rollup.derivation.signature_prefetch import Foresight
from layer2.rollup.derivation.snapshot import Anchor, Snapshot
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import DataMissing, StateUnknown
from layer2.rollup.state.commitments import Claim, Status
from layer2.rollup.state.forced_queue import apply_item
from layer2.rollup.state.signature_oracle import Authority, Signatures
from layer2.rollup.state.state import State
from layer2.rollup.state.transition import apply_frame, apply_queue, run_frames

__all__ = ["Execution", "Following"]

_KEPT = 4
"""States at recent assertions that are kept; others are executed again when they are asked for."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What entries of the inbox result in: the roots after each segment, and the state at the end."""

    roots: list[bytes]
    state: State


class Following(Reading):
    """The state at the head of the inbox, and states at assertions that are right; it judges none itself."""

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
        workers: Workers | None = None,
    ) -> None:
        super().__init__(rollup, start_block, confirmations, blobs or Blobs.of(rollup.connection))
        self.authority = authority or Signatures(rollup.domain)
        self.workers = workers
        self._ahead: tuple[int, Entry | None] = (-1, None)
        self._foresight: Foresight | None = None
        self._genesis = genesis or State()
        self._snapshot = snapshot
        self.reorganisations = 0
        """How often the chain has taken something back."""
        self._begun = False
        self.missing: DataMissing | None = None
        """Why the head does not go on, if it does not."""
        root = Claim(bytes(32), 0, 0, self._genesis.root, bytes(32), False)
        self._root = root
        self._states: dict[bytes, State] = {root.id: self._genesis}
        self._verdicts: dict[bytes, bool] = {}
        self._accs: dict[bytes, bytes] = {root.id: bytes(32)}
        self._anchors: dict[bytes, Anchor] = {}
        if snapshot is not None:
            snapshot.check(rollup)
            self._anchors = {one.claim.id: one for one in snapshot.anchors}
        self.entries: list[Entry] = []
        """The inbox, as far as it is executed."""
        self._restart()

    def __repr__(self) -> str:
        name, accounts = type(self).__name__, len(self.head.accounts)
        return f"<{name} {self.rollup.address} entries={len(self.entries)} accounts={accounts}>"

    @property
    def genesis(self) -> State:
        """The state before the first entry; not to be changed."""
        return self._genesis

    @property
    def read(self) -> bool:
        """Whether the chain was read at all."""
        return self._begun

    @property
    def unread(self) -> int:
        """Entries before the state that it began with: their data was not asked for."""
        return self._unread

    @property
    def heads(self) -> Heads:
        """How far the inbox is read, is safe and is finalised on the main chain."""
        return Heads.of(self.rollup.connection, self.entries)

    def step(self) -> int:
        """Read what is new and execute it; how many entries came."""
        before = len(self.entries)
        left = self.take(self.poll())
        self.advance(len(self._log.posted))
        return len(self.entries) - min(before, left)

    def poll(self) -> Update:
        """Ask the chain for what is new; `take` it before anything else is asked."""
        return self._follower.step()

    def take(self, update: Update) -> int:
        """Take over logs, and execute nothing of them; how many entries a reorganisation has left."""
        self._begun, left = True, len(self.entries)
        if update.removed:
            self.reorganisations += 1
            self._log = self._log.without(len(update.removed))
            left = len(self._log.posted)
            self._restart()
        for log in update.new:
            self._log.take(log)
        if self._snapshot_turned():
            self._restart()
        return left

    def look_ahead(self) -> int:
        """Judge the signatures in what is read and not executed; up to which entry `advance` has nothing to wait for.

        It reads the state at the head and changes nothing, and may take long: hold no lock.
        """
        end = len(self._log.posted)
        for index in range(len(self.entries), end):
            if index < self._unread:
                continue
            try:
                entry = self._log.posted[index].entry(self.blobs)
            except DataMissing:
                return index + 1  # `advance` says so
            self._ahead = (index, entry)
            # Only upon the head is it known what comes next: others are looked at when their turn comes.
            from layer2.rollup.state.overlay import layer_over  # numba is loaded with the first state, not before

            above, _ = layer_over(self.head)
            items = self.queue[above.queue_count : entry.record.queue_end]
            for item in items:
                apply_item(above, item, self.authority)
            self._foresee(above, entry.frames())
            return index + 1
        return end

    def advance(self, end: int) -> None:
        """Execute what was posted, up to an entry, as far as its data is there."""
        self.missing = None
        for posted in self._log.posted[len(self.entries) : end]:
            index = len(self.entries)
            if index < self._unread:
                self.entries.append(posted.unread())
                continue
            try:
                ahead, entry = self._ahead
                if ahead != index or entry is None or (entry.record, entry.block) != (posted.record, posted.block):
                    entry = posted.entry(self.blobs)
            except DataMissing as missing:
                self.missing = missing
                return
            self.entries.append(entry)
            self._play(self.head, index, index + 1)
            self.head.begin_assertion()

    def execute(self, parent: Claim, inbox_end: int) -> Execution:
        """Execute the entries after a claim that is right up to `inbox_end`."""
        state = self.state_of(parent).copy()
        state.begin_assertion()
        return Execution(self._play(state, parent.inbox_end, inbox_end), state)

    def segments(self, parent: Claim, inbox_end: int) -> tuple[State, Iterator[bytes]]:
        """The same step by step: a state that moves on by one segment with each root that is taken."""
        return self._onward(self.state_of(parent), parent.inbox_end, inbox_end)

    def state_of(self, claim: Claim) -> State:
        """The state after a claim, which must be right; its withdrawals are that assertion's.

        All but the withdrawals follows from the entries alone: it is executed from the nearest state that is kept.
        """
        kept = self._states.get(claim.id)
        if kept is not None:
            return kept
        parent, anchor = self.claims.get(claim.parent), self._anchors.get(claim.id)
        if (parent is None and anchor is None) or claim.inbox_end > len(self.entries):
            raise StateUnknown(
                f"replica: claim {claim.id.hex()[:8]} rests on {claim.parent.hex()[:8]}, which is not known here",
                hint="step() until the chain's logs are read",
            )
        if parent is not None and parent.inbox_end >= self._unread:
            state = self._moved(self._state_at(parent.inbox_end), parent.inbox_end, claim.inbox_end)
        elif anchor is not None:
            state = anchor.upon(self._state_at(claim.inbox_end))
        else:
            raise DataMissing(
                f"claim {claim.id.hex()[:8]} begins at entry {claim.parent.hex()[:8]}, before the state of entry "
                f"{self._unread} that this node began with",
                hint="begin with an older state, or without one",
            )
        self._keep(claim, state)
        return state

    # ------------------------------------------------------------------------------------------------------- inside

    def _restart(self) -> None:
        """Start over from the newest kept state that the entries which are left lead to."""
        self._know(self._root)
        made = self._snapshot
        if made is not None:
            self._know(made.claim)
            self._states[made.claim.id], self._accs[made.claim.id] = made.state, made.acc
            for anchor in made.anchors:
                self._know(anchor.claim)
                self._accs[anchor.claim.id] = anchor.acc
        self._states = {one: state for one, state in self._states.items() if self._holds(one)}
        self._verdicts = {one: right for one, right in self._verdicts.items() if self._holds(one)}
        self._verdicts |= dict.fromkeys(self._states, True)
        self._verdicts |= {one: True for one in self._anchors if self._holds(one)}
        self._accs = {one: acc for one, acc in self._accs.items() if one in self._verdicts}
        base = max((self.claims[one] for one in self._states), key=lambda one: one.inbox_end)
        # What lies before a snapshot is never executed: its blobs may be gone for good.
        self._unread = made.claim.inbox_end if made is not None and made.claim.id in self._states else 0
        self.head = self._states[base.id].copy()
        self.head.begin_assertion()
        self.entries = self.entries[: base.inbox_end]

    def _know(self, claim: Claim) -> None:
        """Have a final assertion known before its log is read."""
        self.claims.setdefault(claim.id, claim)
        self._log.status.setdefault(claim.id, Status.FINAL)

    def _holds(self, claim_id: bytes) -> bool:
        """Whether what was found out about a claim is still about the entries that are left."""
        claim, acc = self.claims.get(claim_id), self._accs.get(claim_id)
        if claim is None or acc is None:
            return False
        posted = self._log.posted
        if claim.inbox_end > len(posted):
            # A snapshot lies ahead until the logs are read.
            begun = self._snapshot is not None and (claim_id == self._snapshot.claim.id or claim_id in self._anchors)
            return begun and not posted
        return not claim.inbox_end or posted[claim.inbox_end - 1].record.hash() == acc

    def _snapshot_turned(self) -> bool:
        """Whether the chain has left the snapshot's entries, or is at them again while their data is missing."""
        if self._snapshot is None:
            return False
        holds = self._holds(self._snapshot.claim.id)
        return not holds if self._unread else holds and len(self.entries) < self._snapshot.claim.inbox_end

    def _onward(self, state: State, start: int, end: int) -> tuple[State, Iterator[bytes]]:
        """A new assertion on top of a state, over the entries from `start` to `end`."""
        state = state.copy()
        state.begin_assertion()
        return state, chain.from_iterable(self._run(state, one) for one in range(start, end))

    def _moved(self, state: State, start: int, end: int) -> State:
        """The same, executed to its end."""
        after = state.copy()
        after.begin_assertion()
        self._play(after, start, end)
        return after

    def _play(self, state: State, start: int, end: int) -> list[bytes]:
        """Execute entries upon a state, which moves on; the roots after their segments, hashed many at a time."""
        roots: list[bytes] = []
        for entry in self.entries[start:end]:
            roots += apply_queue(state, self.queue[state.queue_count : entry.record.queue_end], self.authority)
            frames = entry.frames()
            self._foresee(state, frames)
            roots += run_frames(state, frames, self.authority)
        return roots

    def _state_at(self, end: int) -> State:
        """The state after `end` entries, all but its withdrawals: from the nearest state kept below."""
        below = (one for one in self._states if self._unread <= self._end_of(one) <= end)
        nearest = max(below, key=self._end_of)
        start = self._end_of(nearest)
        return self._states[nearest] if start == end else self._moved(self._states[nearest], start, end)

    def _run(self, state: State, index: int) -> Iterator[bytes]:
        """Execute an entry, segment by segment: a root after each."""
        entry = self.entries[index]
        items = self.queue[state.queue_count : entry.record.queue_end]
        yield from apply_queue(state, items, self.authority)
        frames = entry.frames()
        self._foresee(state, frames)
        for frame in frames:
            yield from apply_frame(state, frame, self.authority)

    def _foresee(self, state: State, frames: Sequence[bytes]) -> None:
        """Have the signatures in the frames judged together, for who knows how to."""
        if not isinstance(self.authority, Signatures):
            return
        kept = self._foresight
        if kept is None or kept.signatures is not self.authority or kept.workers is not self.workers:
            self.workers = self.workers or Workers()
            kept = self._foresight = Foresight(self.authority, self.workers)
        kept.prepare(state, frames)

    def _keep(self, claim: Claim, state: State) -> None:
        """Keep a state: some recent ones, and the newest that no open assertion goes on from before of."""
        self._states[claim.id] = state
        self._mark(claim)
        floor = min((one.inbox_end for one in self.foundations()), default=0)
        lowest = max((one for one in self._states if self._end_of(one) <= floor), key=self._end_of, default=b"")
        own = b"" if self._snapshot is None else self._snapshot.claim.id
        while len(self._states) > _KEPT:
            rest = [one for one in self._states if one not in (self._root.id, own, lowest)]
            del self._states[min(rest, key=self._end_of)]

    def _mark(self, claim: Claim) -> None:
        """Remember which entries it is that something is known about a claim for."""
        if 0 < claim.inbox_end <= len(self._log.posted):
            self._accs[claim.id] = self._acc_at(claim.inbox_end)

    def _acc_at(self, end: int) -> bytes:
        """The inbox's accumulator after `end` entries."""
        return self._log.posted[end - 1].record.hash() if end else bytes(32)

    def _end_of(self, claim_id: bytes) -> int:
        claim = self.claims.get(claim_id)
        return -1 if claim is None else claim.inbox_end
