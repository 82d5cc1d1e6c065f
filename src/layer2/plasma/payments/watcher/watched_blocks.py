"""Block state of the watcher: contract events, block bodies, their validation and its stored results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from layer2.ethereum.contract import Event
from layer2.ethereum.errors import ConnectionFailed
from layer2.plasma.common.watcher.alerts import TOLD_ONCE, Alert, AlertKind
from layer2.plasma.common.watcher.watched_blocks import BodyForged, WatchedBlocks, WatcherFiles
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.follower import happening_of
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.utxo.block_validation import Flaw, Verdict, validate
from layer2.plasma.payments.utxo.checkpoint import Checkpoint, CheckpointStore
from layer2.plasma.payments.watcher.block_pipeline import BlockPipeline
from layer2.plasma.payments.watcher.checkpoint import freeze, restore
from layer2.plasma.payments.watcher.proof_index import Evidence
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.malformed import BodyMalformed
from layer2.plasma.protocol.packed import packed_of, read, split_body
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["PaymentBlocks"]

_FOR_EVER = 1 << 40
_MOST_FORMS = 8
"""Maximum number of stored copies of one payment with different signatures that cannot be verified yet."""


class PaymentBlocks(WatchedBlocks[Header, list[bytes]]):
    """State of a root chain's events and of the contents of its blocks.

    Attributes:
        evidence: index of the transactions in blocks and of learned payments.
        line: the ledger in the order of L1.
        over: in-flight exits that were paid in full.
    """

    view: RootChainState

    def __init__(self, root_chain: RootChain, files: WatcherFiles, workers: WorkerPool) -> None:
        self.root_chain = root_chain
        self.workers = workers
        self._memory, self._store = files.memory, files.store
        folder = None if files.path is None else files.path / "ledger"
        self.checkpoints = CheckpointStore(folder, files.identity, "watcher")

    # --------------------------------------------------------------------------------------------------------- state

    @property
    def bad_block(self) -> int | None:
        """The first invalid block, found by validation or by a data challenge's answer; None if there is none."""
        shown = (number for number, index in self.view.shown if self._shown_badly(number, index))
        return min((one for one in (self.line.invalid, *shown) if one is not None), default=None)

    def believed(self, position: int) -> bool:
        """Return True if the position belongs to a deposit or to a valid block."""
        if position >> 63:
            return (position >> 24) - (1 << 39) in self.view.deposits
        bad = self.bad_block
        return position >> 24 <= self.line.verified and (bad is None or position >> 24 < bad)

    def missing(self) -> list[int]:
        """Return the numbers of the blocks whose body is not available yet."""
        found, posted = [], self.view.posted
        while self._complete < posted and self.view.headers[self._complete + 1].hash in self._have:
            self._complete += 1
        for number in range(self._complete + 1, posted + 1):
            if self.view.headers[number].hash not in self._have:
                found.append(number)
        return found

    def learn(self, record: bytes) -> bool:
        """Store a signed payment, `packed | signatures(64 each)`, that may be in no block and can challenge exits.

        It is durable when this returns True. The result is False for a record that is not a valid payment, has an
        invalid signature of a known owner, or exceeds the limit of copies that cannot be verified yet.
        """
        packed = packed_of(record) if len(record) > 1 else b""
        fields = read(packed)
        if fields is None or not fields.inputs or len(record) != len(packed) + 64 * len(fields.inputs):
            return False
        known = self.evidence.is_signed(record)
        forms = [one for one in self._store.loose(fields.inputs[0]) if packed_of(one) == packed]
        if known is False or (known is None and len(forms) >= _MOST_FORMS):
            return False
        self._store.learn(record, fields.inputs)
        return True

    # -------------------------------------------------------------------------------------------------------- events

    @property
    def headers(self) -> Mapping[int, Header]:
        """Headers of the blocks on L1 by number."""
        return self.view.headers

    def reset(self) -> None:
        """Reset to the state before the first event."""
        self.view = RootChainState(self.root_chain, operator=self.root_chain.head()[0])
        self.evidence = Evidence(self.view, self._store, self.root_chain.domain)
        self.line = BlockPipeline(self.evidence.find)
        self.over: set[bytes] = set()
        self._have: set[bytes] = set()
        self._complete = 0
        self._fault = ""
        self._kept: Checkpoint | None = None

    def apply(self, event: Event) -> AlertKind | None:
        """Apply an event, and return the kind of alert that reports it; None for an ordinary event."""
        self.view.apply(event)
        happening = happening_of(event)
        if happening is not None:
            self.line.push(event.log.block_number, happening)
            self.view.on_revert(self.line.pop)
        return TOLD_ONCE.get(event.name)

    def reverted(self) -> None:
        """Forget what may have changed with the reverted events."""
        self.over.clear()
        self._complete = 0

    def prune(self, oldest: int) -> None:
        """Discard undo data for L1 blocks before `oldest`, and a checkpoint of blocks that were reverted."""
        if self.line.verified < self.checkpoints.number:
            self.checkpoints.drop("the chain took back blocks of it")
        super().prune(oldest)
        self.line.forget(oldest)

    def broken(self) -> str:
        """Return the reason why the events are inconsistent; empty if they are not."""
        return self.line.broken

    def start_over(self, why: str) -> None:
        """Discard the checkpoint, because the events are read again."""
        self.checkpoints.drop(why)

    # ------------------------------------------------------------------------------------------------------- bodies

    def load(self, number: int, header: Header) -> bool:
        """Use the stored body of a block; return False if there is none."""
        if header.hash not in self._store:
            return False
        self._have.add(header.hash)
        return True

    def read_body(self, number: int, header: Header, body: bytes) -> list[bytes]:
        """Return the records of a body; raise BodyMalformed or BodyForged if it is not that of the block."""
        records = split_body(body)
        if len(records) != header.count:
            raise BodyMalformed(f"{len(records)} records, block {number} has {header.count}")
        if BlockTree.of_records(records).root != header.root:
            raise BodyForged(f"{len(records)} records do not lead to the header of block {number}", _spent_by(records))
        return records

    def keep(self, number: int, header: Header, body: bytes, contents: list[bytes]) -> None:
        """Store the body of a block."""
        self._store.put(header.hash, number, body, contents)
        self._have.add(header.hash)

    def advance(self, fetch: Callable[[int, Header], bool]) -> None:
        """Validate blocks in order, as far as bodies are available; `fetch` gets a stored body that was lost."""
        while (found := self.line.following()) is not None:
            number, header = found
            body = self._store.body(header.hash)
            if body is None:
                asked = header.hash not in self._have
                self._have.discard(header.hash)
                self._complete = min(self._complete, number - 1)
                # A body that was here but is damaged or missing is fetched again.
                if asked or not fetch(number, header):
                    return
                continue
            domain = self.root_chain.domain
            verdict = validate(self.line.ledger, number, header, body, domain, self.workers, spendable=self._spendable)
            self._settle(verdict, header)

    def _spendable(self, position: int) -> int:
        """Return the Unix time until which an exiting output may be spent.

        It is late enough for payments that the operator had accepted, and early enough to challenge the exit with them.

        Raises:
            ConnectionFailed: the node lacks the block in which the exit started.
        """
        since = self.line.books.leaving_since(position)
        if since is None:
            return _FOR_EVER
        began = self.root_chain.connection.block(since)
        if began is None:
            raise ConnectionFailed(f"the node has no block {since}", hint="ask again")
        return began.timestamp + self.root_chain.profile.grace

    def _settle(self, verdict: Verdict, header: Header) -> None:
        if verdict.good:
            self._memory.note_verdict(verdict.number, header.hash, "")
            self.line.accept(verdict.transactions, verdict.hashes.copy)
            freeze(self.checkpoints, self.view, self.line)
            return
        flaws = ",".join(sorted({one.flaw.name for one in verdict.faults}))
        self._fault = f"{flaws}|{verdict}"
        self._memory.note_verdict(verdict.number, header.hash, self._fault)
        self.line.refuse()

    def alerts(self) -> list[Alert]:
        """Return alerts about invalid blocks and inconsistent events."""
        found = []
        if self.line.invalid is not None:
            flaws, _, detail = self._fault.partition("|")
            found.append(Alert(AlertKind.BLOCK_INVALID, self.line.invalid, detail))
            if Flaw.FEE_WRONG.name in flaws.split(","):
                found.append(Alert(AlertKind.FEE_TOO_HIGH, self.line.invalid, detail))
        if self.line.broken:
            found.append(Alert(AlertKind.EVENT_ODD, self.line.verified, self.line.broken))
        for number, index in self.view.shown:
            if number != self.line.invalid and self._shown_badly(number, index):
                detail = f"transaction {index}, which the operator had to show, is none that may stand there"
                found.append(Alert(AlertKind.BLOCK_INVALID, number, detail))
        return found

    def _shown_badly(self, number: int, index: int) -> bool:
        one = read(self.view.shown[number, index])
        return one is None or number > one.expiry or (not one.inputs and number != one.expiry)

    # ------------------------------------------------------------------------------------------------------- replay

    def begin_reload(self) -> None:
        """Load the checkpoint of the ledger, with which the blocks before it need not be read."""
        self._kept = self.checkpoints.load()

    def end_reload(self) -> bool:
        """Drop the checkpoint and return False if it was not restored, so that each block must be read."""
        if self._kept is None:
            return True
        self.checkpoints.drop("it is of other blocks or deposits than the chain has")
        return False

    def replay_verdict(self, number: int, header: bytes, fault: str) -> None:
        """Apply the journal's verdict on a block."""
        found = self.line.following()
        if found is None or found[0] != number or found[1].hash != header:
            return
        if fault:
            self._fault = fault
            self.line.refuse()
            return
        if self._kept is not None:
            if header in self._store:
                self._have.add(header)
            self.line.accept_unread()
            if restore(self._kept, self.checkpoints, self.view, self.line):
                self._kept = None
            return
        records = self.evidence.records(number)
        # A body that was lost is fetched and validated again.
        if records is not None:
            self._have.add(header)
            self.line.accept_again(records)


def _spent_by(records: Sequence[bytes]) -> set[int]:
    fields = (read(packed_of(record)) for record in records)
    return {position for one in fields if one is not None for position in one.inputs}
