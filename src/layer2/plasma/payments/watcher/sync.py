"""The observing part of a watcher: syncs events, fetches block bodies, validates blocks, and stores the results."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from layer2.ethereum.contract import Event
from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.records import Log
from layer2.plasma.common.watcher.alerts import TOLD_ONCE, Alert, AlertKind, Report
from layer2.plasma.common.watcher.block_cache import BlockCache
from layer2.plasma.common.watcher.block_sources import BodySource, Sources
from layer2.plasma.common.watcher.journal import WatcherStore
from layer2.plasma.common.watcher.log_sync import LogSync
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
from layer2.primitives.errors import Layer2Error, RangeError
from layer2.primitives.worker_pool import WorkerPool
from layer2.store.journal import Journal

__all__ = ["WatchState"]

_FOR_EVER = 1 << 40
_MOST_FORMS = 8
"""Maximum number of stored copies of one payment with different signatures that cannot be verified yet."""


class WatchState(LogSync):
    """The state of the contract's events and of the blocks' contents. See `Watcher`."""

    def __init__(
        self,
        root_chain: RootChain,
        sources: BodySource | Sequence[BodySource],
        folder: str | Path | None,
        *,
        start_block: int,
        confirmations: int,
        memory: int,
        workers: WorkerPool | None,
    ) -> None:
        super().__init__(root_chain.contract, start_block, confirmations, memory)
        self.root_chain = root_chain
        self.sources = Sources(sources if isinstance(sources, Sequence) else [sources])
        self.workers = workers or WorkerPool()
        self.lock = threading.Lock()
        """Held during a step, except while it waits for a source of bodies."""
        path = None if folder is None else Path(folder)
        identity = f"{root_chain.address} on chain {self.connection.chain_id}"
        self._memory = WatcherStore(None if path is None else path / "watcher.journal", identity)
        try:
            self.store = BlockCache(None if path is None else path / "watcher.bodies")
            self.checkpoints = CheckpointStore(None if path is None else path / "ledger", identity, "watcher")
            self._reload()
            self._follower = self._follow_from_memory()
        except BaseException:
            self._memory.close()
            raise

    def close(self) -> None:
        """Close the files and the workers."""
        self._memory.close()
        self.store.close()
        self.workers.close()

    @property
    def journal(self) -> Journal | None:
        """The journal; None if nothing is stored on disk."""
        return self._memory.journal

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

    def rumoured(self, position: int) -> bool:
        """Return True if a rejected body for a missing block contains a spend of the output."""
        return any(position in spent for spent in self._rumours.values())

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
        forms = [one for one in self.store.loose(fields.inputs[0]) if packed_of(one) == packed]
        if known is False or (known is None and len(forms) >= _MOST_FORMS):
            return False
        self.store.learn(record, fields.inputs)
        return True

    # -------------------------------------------------------------------------------------------------------- chain

    def _reset(self) -> None:
        self.view = RootChainState(self.root_chain, operator=self.root_chain.head()[0])
        self.evidence = Evidence(self.view, self.store, self.root_chain.domain)
        self.line = BlockPipeline(self.evidence.find)
        self._have: set[bytes] = set()
        self._complete = 0
        self._late: set[int] = set()
        self._rumours: dict[int, set[int]] = {}
        """Outputs that rejected bodies spend, by missing block; neither proven nor refuted."""
        self._fault = ""
        self._gap = ""
        self._head = 0
        self._over: set[bytes] = set()
        self._kept: Checkpoint | None = None

    def _doubts(self) -> str:
        return self._gap or self.line.broken

    def _settled(self, oldest: int) -> None:
        if self.line.verified < self.checkpoints.number:
            self.checkpoints.drop("the chain took back blocks of it")
        self.view.prune(oldest)
        self.line.forget(oldest)

    def _start_over(self, report: Report, why: str) -> None:
        self.checkpoints.drop(why)
        super()._start_over(report, why)

    def _apply(self, removed: int, new: Sequence[Log], report: Report) -> None:
        if removed:
            self._over.clear()
            self._complete = 0
        for _ in range(removed):
            self.view.revert()
        for log in new:
            self._take(log, report)

    def _take(self, log: Log, report: Report) -> None:
        before = self.view.applied
        try:
            event = self.root_chain.contract.decode_log(log)
            if event is None:
                event = Event("", {}, log.log_index, log)
            self.view.apply(event)
            happening = happening_of(event)
        except (Layer2Error, LookupError, TypeError, ValueError) as failure:
            report.findings.append(Alert(AlertKind.EVENT_ODD, log.tx_hash, f"block {log.block_number}: {failure!r}"))
            if self.view.applied == before:
                self.view.skip(log.block_number)
            if isinstance(failure, RangeError):
                self._gap = str(failure)
            return
        if happening is not None:
            self.line.push(log.block_number, happening)
            self.view.on_revert(self.line.pop)
        if event.name in TOLD_ONCE:
            kind = TOLD_ONCE[event.name]
            subject = event.args.get("number", 0)
            told = ", ".join(f"{name} {value}" for name, value in event.args.items())
            report.findings.append(Alert(kind, subject, told))

    # ------------------------------------------------------------------------------------------------------- bodies

    def _fetch(self, report: Report, now: int, patience: int) -> None:
        self.sources.begin()
        for number in self.missing():
            header = self.view.headers[number]
            if header.hash in self.store or self._ask(number, header, report):
                self._have.add(header.hash)
                if number in self._late:
                    self._late.discard(number)
                    detail = f"after {now - header.time} s"
                    report.findings.append(Alert(AlertKind.BLOCK_SHOWN, number, detail))
            elif now - header.time >= patience:
                self._late.add(number)
        self._late &= self.view.headers.keys()
        self._rumours = {one: spent for one, spent in self._rumours.items() if one in self.view.headers}

    def _ask(self, number: int, header: Header, report: Report) -> bool:
        def read(body: bytes) -> tuple[bytes, list[bytes]]:
            records = split_body(body)
            if len(records) != header.count:
                raise BodyMalformed(f"{len(records)} records, block {number} has {header.count}")
            if BlockTree.of_records(records).root != header.root:
                self._rumours.setdefault(number, set()).update(_spent_by(records))
                raise BodyMalformed(f"{len(records)} records do not lead to the header of block {number}")
            return body, records

        self.lock.release()
        try:
            found, said = self.sources.ask(number, read)
        finally:
            self.lock.acquire()
        report.findings += [Alert(AlertKind.SOURCE_FAULTY, number, text) for text in said]
        if found is None:
            return False
        self.store.put(header.hash, number, *found)
        self._rumours.pop(number, None)
        return True

    def _advance(self, report: Report) -> None:
        """Validate blocks in order, as far as their bodies are available."""
        while (found := self.line.following()) is not None:
            number, header = found
            body = self.store.body(header.hash)
            if body is None:
                asked = header.hash not in self._have
                self._have.discard(header.hash)
                self._complete = min(self._complete, number - 1)
                # A body that was here but is damaged or missing is fetched again.
                if asked or not self._ask(number, header, report):
                    return
                self._have.add(header.hash)
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
        began = self.connection.block(since)
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

    def _standing_of_blocks(self, now: int) -> list[Alert]:
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
        for number in sorted(self._late):
            since = now - self.view.headers[number].time
            found.append(Alert(AlertKind.BLOCK_WITHHELD, number, f"since {self.view.headers[number].time}, {since} s"))
        return found

    def _shown_badly(self, number: int, index: int) -> bool:
        one = read(self.view.shown[number, index])
        return one is None or number > one.expiry or (not one.inputs and number != one.expiry)

    # ------------------------------------------------------------------------------------------------------- replay

    def _reload(self) -> None:
        """Restore the state from the ledger checkpoint, or else by reading each block again."""
        self._reset()
        self._kept = self.checkpoints.load()
        self._memory.replay(self._replay_news, self._replay_verdict)
        if self._kept is not None:
            self.checkpoints.drop("it is of other blocks or deposits than the chain has")
            self._reset()
            self._memory.replay(self._replay_news, self._replay_verdict)

    def _replay_news(self, removed: int, new: list[Log]) -> None:
        self._apply(removed, new, Report())

    def _replay_verdict(self, number: int, header: bytes, fault: str) -> None:
        found = self.line.following()
        if found is None or found[0] != number or found[1].hash != header:
            return
        if fault:
            self._fault = fault
            self.line.refuse()
            return
        if self._kept is not None:
            if header in self.store:
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


def _spent_by(records: Sequence[bytes]) -> Iterator[int]:
    for record in records:
        fields = read(packed_of(record))
        yield from fields.inputs if fields is not None else ()
