"""Execution of inbox entries as they arrive, starting from genesis or a snapshot; keeps states of assertions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from layer2.ethereum.contract import Event
from layer2.ethereum.event_stream import EventBatch
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.derivation.assertion_log import AssertionLog
from layer2.rollup.derivation.inbox import Entry, Heads
from layer2.rollup.derivation.signature_prefetch import SignaturePrefetch
from layer2.rollup.derivation.snapshot import Anchor, Snapshot
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import DataMissing, StateUnknown
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.state.forced_queue import apply_item
from layer2.rollup.state.signature_oracle import SignatureOracle, Signatures
from layer2.rollup.state.state import State
from layer2.rollup.state.transition import apply_frame, apply_queue, run_frames

__all__ = ["Execution", "InboxFollower"]

_KEPT = 4
"""Number of states at recent assertions that are kept; other states are executed again on request."""


@dataclass(frozen=True, slots=True)
class Execution:
    """Result of executing inbox entries: the root after each segment and the final state."""

    roots: list[bytes]
    state: State


class InboxFollower(AssertionLog):
    """State at the head of the inbox and states after valid assertions; subclasses verify the assertions."""

    def __init__(
        self,
        rollup: RollupContract,
        *,
        start_block: int = 0,
        confirmations: int = 0,
        authority: SignatureOracle | None = None,
        genesis: State | None = None,
        blobs: Blobs | None = None,
        snapshot: Snapshot | None = None,
        workers: WorkerPool | None = None,
    ) -> None:
        super().__init__(rollup, start_block, confirmations, blobs or Blobs.of(rollup.connection))
        self.authority = authority or Signatures(rollup.domain)
        self.workers = workers
        self._ahead: tuple[int, Entry | None] = (-1, None)
        self._signature_prefetch: SignaturePrefetch | None = None
        self._genesis = genesis or State()
        self._snapshot = snapshot
        self.reorganisations = 0
        """Number of reorganisations that removed logs."""
        self.missing: DataMissing | None = None
        """Reason why the head does not advance, or None."""
        root = Assertion(bytes(32), 0, 0, self._genesis.root, bytes(32), False)
        self._root = root
        self._states: dict[bytes, State] = {root.id: self._genesis}
        self._verdicts: dict[bytes, bool] = {}
        self._accumulators: dict[bytes, bytes] = {root.id: bytes(32)}
        self._anchors: dict[bytes, Anchor] = {}
        if snapshot is not None:
            snapshot.check(rollup)
            self._anchors = {one.claim.id: one for one in snapshot.anchors}
        self.entries: list[Entry] = []
        """Executed entries of the inbox."""
        self._restart()

    def __repr__(self) -> str:
        name, accounts = type(self).__name__, len(self.head.accounts)
        return f"<{name} {self.rollup.address} entries={len(self.entries)} accounts={accounts}>"

    @property
    def genesis(self) -> State:
        """State before the first entry; not to be modified."""
        return self._genesis

    @property
    def read(self) -> bool:
        """True if L1 has been read at least once."""
        return self._log.read

    @property
    def unread(self) -> int:
        """Number of entries before the starting state; their data is never fetched."""
        return self._unread

    @property
    def heads(self) -> Heads:
        """Numbers of entries read so far, in safe blocks and in finalised blocks."""
        return Heads.of(self.rollup.connection, self.entries)

    def step(self) -> int:
        """Read and execute new entries; return their number."""
        before = len(self.entries)
        left = self.take(self.poll())
        self.advance(len(self._log.posted))
        return len(self.entries) - min(before, left)

    def poll(self) -> EventBatch[Event]:
        """Return new and removed events from L1; pass them to `take` before any other query."""
        return self._log.poll()

    def take(self, batch: EventBatch[Event]) -> int:
        """Apply new and removed events without executing entries; return the number of entries left after removals."""
        left = len(self.entries)
        if batch.removed:
            self.reorganisations += 1
            self._log.take(replace(batch, new=()))
            left = len(self._log.posted)
            self._restart()
        self._log.take(replace(batch, removed=()))
        if self._snapshot_turned():
            self._restart()
        return left

    def look_ahead(self) -> int:
        """Verify the signatures of the next entry; return the number of entries that `advance` can execute now.

        This reads the head state without modifying it, and may take long; do not hold a lock.
        """
        end = len(self._log.posted)
        for index in range(len(self.entries), end):
            if index < self._unread:
                continue
            try:
                entry = self._log.posted[index].entry(self.blobs)
            except DataMissing:
                return index + 1  # `advance` then sets `missing`
            self._ahead = (index, entry)
            # Only the next entry can be verified, because later ones depend on its execution.
            from layer2.rollup.state.overlay import layer_over  # numba is imported with the first state, not before

            above, _ = layer_over(self.head)
            items = self.queue[above.queue_count : entry.record.queue_end]
            for item in items:
                apply_item(above, item, self.authority)
            self._foresee(above, entry.frames())
            return index + 1
        return end

    def advance(self, end: int) -> None:
        """Execute posted entries up to number `end`, as far as their data is available."""
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

    def execute(self, parent: Assertion, inbox_end: int) -> Execution:
        """Execute the entries after a valid assertion up to `inbox_end`."""
        state = self.state_of(parent).copy()
        state.begin_assertion()
        return Execution(self._play(state, parent.inbox_end, inbox_end), state)

    def segments(self, parent: Assertion, inbox_end: int) -> tuple[State, Iterator[bytes]]:
        """Return a state after `parent` and an iterator that executes a segment on it for each root."""
        return self._onward(self.state_of(parent), parent.inbox_end, inbox_end)

    def state_of(self, claim: Assertion) -> State:
        """Return the state after a valid assertion, with the withdrawals of that assertion.

        Everything but the withdrawals follows from the entries, so it is executed from the nearest state that is kept.

        Raises:
            StateUnknown: the assertion or its parent is unknown, or its entries have not been executed.
            DataMissing: the assertion's parent precedes the state that this node started from.
        """
        kept = self._states.get(claim.id)
        if kept is not None:
            return kept
        parent, anchor = self.claims.get(claim.parent), self._anchors.get(claim.id)
        if (parent is None and anchor is None) or claim.inbox_end > len(self.entries):
            raise StateUnknown(
                f"replica: claim {claim.id.hex()[:8]} builds on {claim.parent.hex()[:8]}, which is unknown here",
                hint="step() until the chain's logs are read",
            )
        if parent is not None and parent.inbox_end >= self._unread:
            state = self._moved(self._state_at(parent.inbox_end), parent.inbox_end, claim.inbox_end)
        elif anchor is not None:
            state = anchor.upon(self._state_at(claim.inbox_end))
        else:
            raise DataMissing(
                f"claim {claim.id.hex()[:8]} begins at entry {claim.parent.hex()[:8]}, before the state of entry "
                f"{self._unread} this node's first",
                hint="use an older snapshot, or none",
            )
        self._keep(claim, state)
        return state

    # ---------------------------------------------------------------------------------------------------- internals

    def _restart(self) -> None:
        """Restart from the newest kept state whose entries are still in the inbox."""
        self._know(self._root)
        made = self._snapshot
        if made is not None:
            self._know(made.claim)
            self._states[made.claim.id], self._accumulators[made.claim.id] = made.state, made.acc
            for anchor in made.anchors:
                self._know(anchor.claim)
                self._accumulators[anchor.claim.id] = anchor.acc
        self._states = {one: state for one, state in self._states.items() if self._holds(one)}
        self._verdicts = {one: right for one, right in self._verdicts.items() if self._holds(one)}
        self._verdicts |= dict.fromkeys(self._states, True)
        self._verdicts |= {one: True for one in self._anchors if self._holds(one)}
        self._accumulators = {one: acc for one, acc in self._accumulators.items() if one in self._verdicts}
        base = max((self.claims[one] for one in self._states), key=lambda one: one.inbox_end)
        # Entries before a snapshot are never executed, because their blobs may be gone permanently.
        self._unread = made.claim.inbox_end if made is not None and made.claim.id in self._states else 0
        self.head = self._states[base.id].copy()
        self.head.begin_assertion()
        self.entries = self.entries[: base.inbox_end]

    def _know(self, claim: Assertion) -> None:
        """Register a final assertion before its log is read."""
        self.claims.setdefault(claim.id, claim)
        self._log.status.setdefault(claim.id, Status.FINAL)

    def _holds(self, claim_id: bytes) -> bool:
        """Return True if the stored result for an assertion still applies to the current entries."""
        claim, acc = self.claims.get(claim_id), self._accumulators.get(claim_id)
        if claim is None or acc is None:
            return False
        posted = self._log.posted
        if claim.inbox_end > len(posted):
            # A snapshot is ahead of the logs until they are read.
            begun = self._snapshot is not None and (claim_id == self._snapshot.claim.id or claim_id in self._anchors)
            return begun and not posted
        return not claim.inbox_end or posted[claim.inbox_end - 1].record.hash() == acc

    def _snapshot_turned(self) -> bool:
        """Return True if the chain left the snapshot's entries, or returned to them while their data is missing."""
        if self._snapshot is None:
            return False
        holds = self._holds(self._snapshot.claim.id)
        return not holds if self._unread else holds and len(self.entries) < self._snapshot.claim.inbox_end

    def _onward(self, state: State, start: int, end: int) -> tuple[State, Iterator[bytes]]:
        """Return a copy of a state for a new assertion, and an iterator executing entries `start` to `end` on it."""
        state = state.copy()
        state.begin_assertion()
        return state, chain.from_iterable(self._run(state, one) for one in range(start, end))

    def _moved(self, state: State, start: int, end: int) -> State:
        """Return the state after a new assertion over entries `start` to `end`."""
        after = state.copy()
        after.begin_assertion()
        self._play(after, start, end)
        return after

    def _play(self, state: State, start: int, end: int) -> list[bytes]:
        """Execute entries on a state in place; return the roots after their segments, hashed in batches."""
        roots: list[bytes] = []
        for entry in self.entries[start:end]:
            roots += apply_queue(state, self.queue[state.queue_count : entry.record.queue_end], self.authority)
            frames = entry.frames()
            self._foresee(state, frames)
            roots += run_frames(state, frames, self.authority)
        return roots

    def _state_at(self, end: int) -> State:
        """Return the state after `end` entries, without its withdrawals, from the nearest kept state."""
        below = (one for one in self._states if self._unread <= self._end_of(one) <= end)
        nearest = max(below, key=self._end_of)
        start = self._end_of(nearest)
        return self._states[nearest] if start == end else self._moved(self._states[nearest], start, end)

    def _run(self, state: State, index: int) -> Iterator[bytes]:
        """Execute an entry on a state, segment by segment; yield the root after each."""
        entry = self.entries[index]
        items = self.queue[state.queue_count : entry.record.queue_end]
        yield from apply_queue(state, items, self.authority)
        frames = entry.frames()
        self._foresee(state, frames)
        for frame in frames:
            yield from apply_frame(state, frame, self.authority)

    def _foresee(self, state: State, frames: Sequence[bytes]) -> None:
        """Verify the signatures of the frames in batches, if the authority is `Signatures`."""
        if not isinstance(self.authority, Signatures):
            return
        kept = self._signature_prefetch
        if kept is None or kept.signatures is not self.authority or kept.workers is not self.workers:
            self.workers = self.workers or WorkerPool()
            kept = self._signature_prefetch = SignaturePrefetch(self.authority, self.workers)
        kept.prepare(state, frames)

    def _keep(self, claim: Assertion, state: State) -> None:
        """Keep a state and evict others; genesis, the snapshot and the newest state below all open assertions stay."""
        self._states[claim.id] = state
        self._mark(claim)
        floor = min((one.inbox_end for one in self.foundations()), default=0)
        lowest = max((one for one in self._states if self._end_of(one) <= floor), key=self._end_of, default=b"")
        own = b"" if self._snapshot is None else self._snapshot.claim.id
        while len(self._states) > _KEPT:
            rest = [one for one in self._states if one not in (self._root.id, own, lowest)]
            del self._states[min(rest, key=self._end_of)]

    def _mark(self, claim: Assertion) -> None:
        """Record the accumulator of the entries that the stored result for an assertion is based on."""
        if 0 < claim.inbox_end <= len(self._log.posted):
            self._accumulators[claim.id] = self._acc_at(claim.inbox_end)

    def _acc_at(self, end: int) -> bytes:
        """Return the accumulator of the inbox after `end` entries."""
        return self._log.posted[end - 1].record.hash() if end else bytes(32)

    def _end_of(self, claim_id: bytes) -> int:
        claim = self.claims.get(claim_id)
        return -1 if claim is None else claim.inbox_end
