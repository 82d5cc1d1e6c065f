"""Entries, queue items and assertions decoded from the contract's logs, without state or execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Event
from layer2.ethereum.errors import RpcError
from layer2.ethereum.event_projection import EventProjection
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

T = TypeVar("T")

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
                f"entry of block {self.block}: it precedes the snapshot, its {self.record.frames} frames are unread",
                hint="use a node without a snapshot",
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


@dataclass(frozen=True, slots=True)
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


class InboxLog(EventProjection):
    """Projection of one rollup's events, without execution; values of the logs are never queried from L1 again.

    Attributes:
        posted: entries of the inbox.
        queue: every queue item so far.
        raw: every queue item in the encoding that the contract hashed.
        claims: every assertion by id, valid or not.
        claim_blocks: L1 blocks of the assertions.
        times: cached timestamps of blocks with assertions.
        announced: L1 blocks in which proofs were committed, by commitment; a repetition does not count.
        claimed: L1 blocks in which withdrawals were paid, by number.
        roots: roots of assertions that were posted in calldata.
        transferred: current owners of transferred withdrawals, by number and leaf.
        escaped: L1 blocks in which accounts were paid in frozen mode.
        refunded: L1 blocks in which deposits of the queue were refunded in frozen mode.
    """

    def __init__(self, rollup: RollupContract, *, start_block: int = 0, confirmations: int = 0) -> None:
        super().__init__(rollup.contract, start_block=start_block, confirmations=confirmations)
        self.posted: list[Posted] = []
        self.queue: list[QueueItem] = []
        self.raw: list[bytes] = []
        self.claims: dict[bytes, Assertion] = {}
        self.claim_blocks: dict[bytes, int] = {}
        self.status: dict[bytes, Status] = {}
        self.times: dict[int, int] = {}
        self.announced: dict[bytes, int] = {}
        self.claimed: dict[int, int] = {}
        self.roots: dict[bytes, bytes] = {}
        self.transferred: dict[tuple[int, bytes], Address] = {}
        self.escaped: dict[int, int] = {}
        self.refunded: dict[int, int] = {}
        self._frozen: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<InboxLog entries={len(self.posted)} queue={len(self.queue)} assertions={len(self.claims)}>"

    @property
    def frozen(self) -> bool:
        """True if the rollup has been frozen."""
        return bool(self._frozen)

    def revert(self) -> None:
        """Revert the last event, and forget the times of blocks, which may be other ones now."""
        super().revert()
        self.times.clear()

    # ------------------------------------------------------------------------------------------------------- events

    def _on_Queued(self, args: dict[str, Any], event: Event) -> None:
        raw = bytes(args["raw"])
        self._append(self.queue, decode_item(raw))
        self._append(self.raw, raw)

    def _on_Posted(self, args: dict[str, Any], event: Event) -> None:
        self._append(self.posted, Posted(ItemRecord.of(args["item"]), event.log.block_number))

    def _on_Frames(self, args: dict[str, Any], event: Event) -> None:
        self._amend(replace(self.posted[-1], data=bytes(args["data"])))

    def _on_Blobs(self, args: dict[str, Any], event: Event) -> None:
        self._amend(replace(self.posted[-1], hashes=tuple(bytes(one) for one in args["hashes"])))

    def _on_Proposed(self, args: dict[str, Any], event: Event) -> None:
        claim = Assertion.of(args["claim"])
        self._put(self.claims, claim.id, claim)
        self._put(self.claim_blocks, claim.id, event.log.block_number)
        self._put(self.status, claim.id, Status.OPEN)

    def _on_Finalized(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.status, bytes(args["id"]), _STATUS[event.name])

    _on_Invalidated = _on_Released = _on_Finalized

    def _on_Committed(self, args: dict[str, Any], event: Event) -> None:
        commitment = bytes(args["commitment"])
        if commitment not in self.announced:
            self._put(self.announced, commitment, event.log.block_number)

    def _on_RootsGiven(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.roots, bytes(args["id"]), bytes(args["roots"]))

    def _on_Claimed(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.claimed, int(args["number"]), event.log.block_number)

    def _on_ClaimTransferred(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.transferred, (int(args["number"]), bytes(args["leaf"])), to_address(args["to"]))

    def _on_Frozen(self, args: dict[str, Any], event: Event) -> None:
        self._put(self._frozen, "in", event.log.block_number)

    def _on_Escaped(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.escaped, int(args["account"]), event.log.block_number)

    def _on_Refunded(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.refunded, int(args["index"]), event.log.block_number)

    def _append(self, rows: list[T], row: T) -> None:
        rows.append(row)
        self.on_revert(rows.pop)

    def _amend(self, posted: Posted) -> None:
        """Replace the last entry, to which a further event of its transaction belongs."""
        before, self.posted[-1] = self.posted[-1], posted
        self.on_revert(partial(self.posted.__setitem__, -1, before))
