"""The state rebuilt from the main chain's logs alone, sharing nothing with the sequencer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from layer2.ethereum.follower import LogFollower
from layer2.ethereum.records import Log
from layer2.primitives.hashing import keccak
from layer2.rollup.accounts import State
from layer2.rollup.authority import Authority, Signatures
from layer2.rollup.contract import RollupContract
from layer2.rollup.params import FRAME_BYTES
from layer2.rollup.queue import QueueItem, decode_item
from layer2.rollup.records import Claim, ItemKind, ItemRecord, Status, pack_roots
from layer2.rollup.refusals import DataMissing, StateUnknown
from layer2.rollup.transition import apply_frame, apply_queue

__all__ = ["Entry", "Execution", "Replica"]

_KEPT = 16
"""States at recent assertions that are kept; older ones are executed again when they are asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the inbox and its frames' bytes."""

    record: ItemRecord
    data: bytes

    def frames(self) -> list[bytes]:
        """Its frames, the last one filled up."""
        count, data = self.record.frames, self.data
        rows = (data[at * FRAME_BYTES : (at + 1) * FRAME_BYTES] for at in range(count))
        return [row.ljust(FRAME_BYTES, b"\0") for row in rows]


@dataclass(frozen=True, slots=True)
class Execution:
    """What entries of the inbox result in: the roots after each segment, and the state at the end."""

    roots: list[bytes]
    state: State


@dataclass(slots=True)
class _Seen:
    """What the logs have said so far."""

    entries: list[Entry] = field(default_factory=list)
    data: dict[int, bytes] = field(default_factory=dict)
    items: list[ItemRecord] = field(default_factory=list)
    queue: list[QueueItem] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    claims: dict[bytes, Claim] = field(default_factory=dict)
    claimed: dict[bytes, set[int]] = field(default_factory=dict)
    roots: dict[bytes, bytes] = field(default_factory=dict)


class Replica:
    """Follows one rollup. `step()` reads what is new; a reorganisation takes back what it undid.

    The state at the head of the inbox (`head`) is what balances are read from. Its withdrawals are not those of any
    assertion: an assertion's own state is made by `execute` from its parent's.
    """

    def __init__(
        self,
        rollup: RollupContract,
        *,
        start_block: int = 0,
        confirmations: int = 0,
        authority: Authority | None = None,
        genesis: State | None = None,
    ) -> None:
        self.rollup = rollup
        self.authority = authority or Signatures(rollup.domain)
        self._follower = LogFollower(
            rollup.connection, rollup.address, start_block=start_block, confirmations=confirmations
        )
        self._genesis = genesis or State()
        self.reorganisations = 0
        """How often the chain has taken something back."""
        self._logs: list[Log] = []
        self._restart()

    def __repr__(self) -> str:
        return f"<Replica {self.rollup.address} entries={len(self.entries)} accounts={len(self.head.accounts)}>"

    @property
    def entries(self) -> list[Entry]:
        """The inbox."""
        return self._seen.entries

    @property
    def queue(self) -> list[QueueItem]:
        """Every queue item so far."""
        return self._seen.queue

    @property
    def raw_queue(self) -> list[bytes]:
        """The same, as the contract hashed them."""
        return self._seen.raw

    @property
    def claims(self) -> dict[bytes, Claim]:
        """Every assertion by its id, right or wrong."""
        return self._seen.claims

    @property
    def given_roots(self) -> dict[bytes, bytes]:
        """The roots of assertions that came in calldata, by id."""
        return self._seen.roots

    @property
    def claimed(self) -> dict[bytes, set[int]]:
        """Which withdrawals of which assertions have been paid."""
        return self._seen.claimed

    def step(self) -> int:
        """Read what is new; how many entries came."""
        update = self._follower.step()
        if update.removed:
            self.reorganisations += 1
            kept = len(self._logs) - len(update.removed)
            logs, self._logs = self._logs[:kept], []
            self._restart()
            for log in logs:
                self._take(log)
        before = len(self.entries)
        for log in update.new:
            self._take(log)
        return len(self.entries) - before

    def execute(self, parent: Claim, inbox_end: int) -> Execution:
        """Execute the entries after a claim that is right up to `inbox_end`."""
        state, segments = self.segments(parent, inbox_end)
        return Execution(list(segments), state)

    def segments(self, parent: Claim, inbox_end: int) -> tuple[State, Iterator[bytes]]:
        """The same step by step: a state that moves on by one segment with each root that is taken."""
        state = self.state_of(parent).copy()
        state.begin_assertion()
        return state, chain.from_iterable(self._run(state, one) for one in range(parent.inbox_end, inbox_end))

    def state_of(self, claim: Claim) -> State:
        """The state after a claim, which must be right; its withdrawals are that assertion's."""
        missing: list[Claim] = []
        at = claim
        while at.id not in self._states:
            parent = self.claims.get(at.parent)
            if parent is None or at.inbox_end > len(self.entries):
                raise StateUnknown(
                    f"replica: claim {at.id.hex()[:8]} rests on {at.parent.hex()[:8]}, which is not known here",
                    hint="step() until the chain's logs are read",
                )
            missing.append(at)
            at = parent
        # From the oldest on: each finds its parent's state kept, however many there are.
        for one in reversed(missing):
            self._keep(one, self.execute(self.claims[one.parent], one.inbox_end).state)
        return self._states[claim.id]

    def is_right(self, claim: Claim) -> bool:
        """Whether an assertion says what the inbox results in, its parent's truth included."""
        unknown: list[Claim] = []
        at: Claim | None = claim
        while at is not None and at.id not in self._verdicts:
            unknown.append(at)
            at = self.claims.get(at.parent)
        for one in reversed(unknown):
            parent = self.claims.get(one.parent)
            right = parent is not None and self._verdicts[parent.id] and self._matches(parent, one)
            self._verdicts[one.id] = right
        return self._verdicts[claim.id]

    def tip(self) -> Claim:
        """The right assertion that covers most, among those that can still become final."""
        final = self.final()
        alive = (one for one in self.claims.values() if self._goes_on_from(one, final))
        return max((one for one in alive if self._stands(one) and self.is_right(one)), key=lambda one: one.inbox_end)

    def final(self) -> Claim:
        """The last final assertion."""
        return self.claims[self.rollup.finality()[0]]

    # ------------------------------------------------------------------------------------------------------- inside

    def _restart(self) -> None:
        self._seen = _Seen()
        self.head = self._genesis.copy()
        genesis = Claim(bytes(32), 0, 0, self._genesis.root, bytes(32), False)
        self._seen.claims[genesis.id] = genesis
        self._states: dict[bytes, State] = {genesis.id: self._genesis}
        self._verdicts: dict[bytes, bool] = {genesis.id: True}

    def _take(self, log: Log) -> None:
        self._logs.append(log)
        event = self.rollup.contract.decode_log(log)
        if event is None:
            return
        seen, args = self._seen, event.args
        if event.name == "Queued":
            raw = bytes(args["raw"])
            seen.raw.append(raw)
            seen.queue.append(decode_item(raw))
        elif event.name == "Posted":
            record = ItemRecord.of(args["item"])
            seen.items.append(record)
            if record.kind == ItemKind.QUEUE:
                self._enter(record, b"")
            elif record.kind == ItemKind.BLOBS:
                raise DataMissing(f"replica: entry {len(seen.items)} is in blobs", hint="use a node that reads blobs")
        elif event.name == "Frames":
            record, data = seen.items[-1], bytes(args["data"])
            if keccak(data) != record.data:
                raise DataMissing(f"replica: entry {len(seen.items)} came with other data", hint="use another node")
            self._enter(record, data)
        elif event.name == "Proposed":
            claim = Claim.of(args["claim"])
            seen.claims[claim.id] = claim
        elif event.name == "RootsGiven":
            seen.roots[bytes(args["id"])] = bytes(args["roots"])
        elif event.name == "Claimed":
            seen.claimed.setdefault(bytes(args["id"]), set()).add(int(args["index"]))

    def _enter(self, record: ItemRecord, data: bytes) -> None:
        self._seen.entries.append(Entry(record, data))
        for _ in self._run(self.head, len(self.entries) - 1):
            pass

    def _run(self, state: State, index: int) -> Iterator[bytes]:
        """Execute an entry, segment by segment: a root after each."""
        entry = self.entries[index]
        items = self.queue[state.queue_count : entry.record.queue_end]
        yield from apply_queue(state, items, self.authority)
        for frame in entry.frames():
            yield from apply_frame(state, frame, self.authority)

    def _matches(self, parent: Claim, claim: Claim) -> bool:
        if claim.inbox_end > len(self.entries):
            return False
        done = self.execute(parent, claim.inbox_end)
        # Roots in a blob have not been read: what is not checked is not taken for right.
        if done.roots[-1] != claim.root or claim.roots_in_blob:
            return False
        if keccak(pack_roots(done.roots)) != claim.roots:
            return False
        self._keep(claim, done.state)
        return True

    def _goes_on_from(self, claim: Claim, final: Claim) -> bool:
        """A claim beside the final one can never become final itself, however right it is."""
        while claim.inbox_end > final.inbox_end:
            claim = self.claims[claim.parent]
        return claim.id == final.id

    def _stands(self, claim: Claim) -> bool:
        status = self.rollup.status(claim.id)[2]
        return status in (Status.OPEN, Status.FINAL)

    def _keep(self, claim: Claim, state: State) -> None:
        self._states[claim.id] = state
        while len(self._states) > _KEPT:
            self._states.pop(next(one for one in self._states if self.claims[one].inbox_end))
