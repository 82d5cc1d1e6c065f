"""Entries, queue items and assertions decoded from the contract's logs, without state or execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import RpcError
from layer2.ethereum.records import Log
from layer2.primitives.addresses import Address, to_address
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.blob_encoding import unpack_blobs
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.errors import DataMissing
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.state.commitments import Assertion, ItemKind, ItemRecord, Status
from layer2.rollup.state.forced_queue import QueueItem, decode_item

__all__ = ["Entry", "Heads", "InboxLog", "Posted"]

_STATUS = {"Finalized": Status.FINAL, "Invalidated": Status.INVALID, "Released": Status.RELEASED}
"""Status of an assertion by the name of the event that sets it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the inbox with its data.

    Attributes:
        record: the contract's record of the entry.
        data: encoded frames.
        blobs: blobs that contained the frames; empty for calldata.
        block: number of the L1 block.
        unread: True if the entry precedes the starting state, so that its data was not fetched.
    """

    record: ItemRecord
    data: bytes
    blobs: tuple[bytes, ...] = ()
    block: int = 0
    unread: bool = False

    def frames(self) -> list[bytes]:
        """Return the frames, the last one zero-padded; raise DataMissing for an unread entry."""
        if self.unread:
            raise DataMissing(
                f"entry of block {self.block}: it lies before the snapshot, its {self.record.frames} frames are unread",
                hint="use a node that began without a snapshot",
            )
        count, data = self.record.frames, self.data
        rows = (data[at * FRAME_BYTES : (at + 1) * FRAME_BYTES] for at in range(count))
        return [row.ljust(FRAME_BYTES, b"\0") for row in rows]


@dataclass(frozen=True, slots=True)
class Heads:
    """Numbers of entries read so far, in safe blocks and in finalised blocks."""

    unsafe: int
    safe: int
    final: int

    @classmethod
    def of(cls, connection: Connection, entries: Sequence[Entry]) -> Heads:
        """Count the entries by L1 block tag; a tag that the chain does not have or know counts as 0."""
        counts = []
        for tag in ("safe", "finalized"):
            try:
                block = connection.block(tag)
            except RpcError:
                block = None
            counts.append(0 if block is None else sum(one.block <= block.number for one in entries))
        return cls(len(entries), *counts)


@dataclass(slots=True)
class Posted:
    """An entry as logged: its frames, or the versioned hashes of the blobs that contain them."""

    record: ItemRecord
    block: int
    data: bytes | None = None
    hashes: tuple[bytes, ...] = ()

    def entry(self, blobs: Blobs) -> Entry:
        """Return the entry with its data; raise DataMissing if a blob is not available."""
        if self.record.kind == ItemKind.QUEUE:
            return Entry(self.record, b"", (), self.block)
        if self.record.kind == ItemKind.BLOBS:
            found = tuple(blobs.get(one, self.block) for one in self.hashes)
            return Entry(self.record, unpack_blobs(found, self.record.frames), found, self.block)
        if self.data is None or commit(self.data) != self.record.data:
            raise DataMissing(
                f"entry of block {self.block}: its frames are not in the node's logs", hint="use another node"
            )
        return Entry(self.record, self.data, (), self.block)

    def unread(self) -> Entry:
        """Return the entry without its data."""
        return Entry(self.record, b"", (), self.block, True)


@dataclass(slots=True)
class InboxLog:
    """Logs of one rollup, decoded in order; a reorganisation creates a new object from the remaining logs.

    Attributes:
        times: cached timestamps of blocks with assertions.
    """

    rollup: RollupContract
    logs: list[Log] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    queue: list[QueueItem] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    claims: dict[bytes, Assertion] = field(default_factory=dict)
    claim_blocks: dict[bytes, int] = field(default_factory=dict)
    status: dict[bytes, Status] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=dict)
    announced: dict[bytes, int] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)
    roots: dict[bytes, bytes] = field(default_factory=dict)
    transferred: dict[tuple[int, bytes], Address] = field(default_factory=dict)
    escaped: set[int] = field(default_factory=set)
    refunded: set[int] = field(default_factory=set)
    frozen: bool = False

    def take(self, log: Log) -> None:
        """Decode and apply the next log."""
        self.logs.append(log)
        event = self.rollup.contract.decode_log(log)
        if event is None:
            return
        args = event.args
        if event.name == "Queued":
            raw = bytes(args["raw"])
            self.raw.append(raw)
            self.queue.append(decode_item(raw))
        elif event.name == "Posted":
            self.posted.append(Posted(ItemRecord.of(args["item"]), log.block_number))
        elif event.name == "Frames":
            self.posted[-1].data = bytes(args["data"])
        elif event.name == "Blobs":
            self.posted[-1].hashes = tuple(bytes(one) for one in args["hashes"])
        elif event.name == "Proposed":
            claim = Assertion.of(args["claim"])
            self.claims[claim.id] = claim
            self.claim_blocks[claim.id] = log.block_number
            self.status[claim.id] = Status.OPEN
        elif event.name in _STATUS:
            self.status[bytes(args["id"])] = _STATUS[event.name]
        elif event.name == "Committed":
            self.announced.setdefault(bytes(args["commitment"]), log.block_number)
        elif event.name == "RootsGiven":
            self.roots[bytes(args["id"])] = bytes(args["roots"])
        elif event.name == "Claimed":
            self.claimed.add(int(args["number"]))
        elif event.name == "ClaimTransferred":
            self.transferred[int(args["number"]), bytes(args["leaf"])] = to_address(args["to"])
        elif event.name == "Frozen":
            self.frozen = True
        elif event.name == "Escaped":
            self.escaped.add(int(args["account"]))
        elif event.name == "Refunded":
            self.refunded.add(int(args["index"]))

    def without(self, count: int) -> InboxLog:
        """Return the contents without the newest `count` logs."""
        fresh = InboxLog(self.rollup)
        for log in self.logs[: len(self.logs) - count]:
            fresh.take(log)
        return fresh
