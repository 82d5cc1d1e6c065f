"""Follows a contract's logs: range queries, confirmations, and rollback after a reorganisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from layer2.ethereum.backend import Topics
from layer2.ethereum.bloom import may_hold
from layer2.ethereum.connection import Connection
from layer2.ethereum.cursor import Cursor, filter_id
from layer2.ethereum.errors import ConnectionFailed, ReorgTooDeep, RpcError, WrongChain
from layer2.ethereum.records import Block, Log
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import MalformedError, RangeError

__all__ = ["Cursor", "LogFollower", "Update"]

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Update:
    """The result of one step: revert `removed` in the given order (newest first), then apply `new` (chain order).

    `head`: the node's newest block. A log that a reorganisation moved to another block is in both lists.
    """

    new: list[Log] = field(default_factory=list)
    removed: list[Log] = field(default_factory=list)
    head: int = 0


class _Moved(Exception):
    """Raised when the chain changed between two requests of one step, which then starts over."""


class LogFollower:
    """The logs of one or several addresses from `start_block` on, each delivered once.

    Store `cursor` with the state derived from each `Update`, in one transaction. For the newest `memory` blocks an
    empty response is verified against the bloom filters of their headers.

    Args:
        confirmations: blocks required above a block before it is read.
        cursor: position of an earlier follower with the same filter.
        chunk: blocks per request, halved if the node refuses.
        memory: number of recent blocks stored: the deepest reorganisation that can be undone.
    """

    def __init__(
        self,
        connection: Connection,
        address: Address | Sequence[Address],
        topics: Topics | None = None,
        *,
        start_block: int,
        confirmations: int = 0,
        cursor: Cursor | bytes | None = None,
        chunk: int = 2000,
        memory: int = 64,
    ) -> None:
        if start_block < 0 or confirmations < 0 or chunk < 1 or memory < 1:
            raise RangeError(
                f"log follower: start {start_block}, confirmations {confirmations}, chunk {chunk}, memory {memory}",
                hint="start and confirmations from 0, chunk and memory from 1",
            )
        self.connection = connection
        self.addresses = tuple(to_address(one) for one in ([address] if isinstance(address, str) else address))
        self.topics = topics
        self.confirmations = confirmations
        self.chunk = chunk
        self.memory = memory
        identity = filter_id(self.addresses, topics)
        if isinstance(cursor, bytes):
            cursor = Cursor.from_bytes(cursor)
        self._cursor = cursor or Cursor(connection.chain_id, identity, start_block, start_block)
        self._check(self._cursor, identity, start_block)

    def __repr__(self) -> str:
        return f"<LogFollower next={self._cursor.next_block} addresses={len(self.addresses)}>"

    @property
    def cursor(self) -> Cursor:
        """Position of the follower; changes only when a step succeeds."""
        return self._cursor

    def step(self) -> Update:
        """Read all blocks that are due. On any error the cursor is unchanged and the step can be repeated.

        Raises `ReorgTooDeep` if blocks older than those in the cursor were replaced.
        """
        for _ in range(_ATTEMPTS):
            try:
                cursor, update = self._read()
            except _Moved:
                continue
            self._cursor = cursor
            return update
        raise ConnectionFailed(
            f"log follower: the chain changed during each of {_ATTEMPTS} attempts",
            hint="try again in a moment",
        )

    def _check(self, cursor: Cursor, identity: bytes, start_block: int) -> None:
        if cursor.chain_id != self.connection.chain_id:
            raise WrongChain(
                f"log follower: the cursor belongs to chain {cursor.chain_id}, connected to {self.connection.chain_id}",
                hint="connect to the cursor's chain",
            )
        if cursor.filter_id != identity or cursor.start_block != start_block:
            raise MalformedError(
                "log follower: the cursor belongs to another address, topic filter or start block",
                hint="use the same filter, or start without a cursor",
            )

    def _read(self) -> tuple[Cursor, Update]:
        head = self.connection.latest()
        kept, removed = self._fork_point(head)
        cursor = self._cursor
        next_block = kept[-1][0] + 1 if kept else (cursor.start_block if cursor.ring else cursor.next_block)
        target = head.number - self.confirmations
        ring, logs = list(kept), [log for log in cursor.logs if log.block_number < next_block]
        new: list[Log] = []
        if target >= next_block:
            found = self._scan(next_block, target)
            headers = self._headers(max(next_block, target + 1 - self.memory), target, ring)
            ring += [(header.number, header.hash) for header in headers]
            self._verify(found, dict(ring))
            new = self._complete(found, headers)
            next_block = target + 1
        ring = ring[-self.memory :]
        oldest = ring[0][0] if ring else next_block
        recent = tuple(log for log in logs + new if log.block_number >= oldest)
        moved = Cursor(cursor.chain_id, cursor.filter_id, cursor.start_block, next_block, tuple(ring), recent)
        return moved, Update(new=new, removed=removed, head=head.number)

    def _fork_point(self, head: Block) -> tuple[list[tuple[int, bytes]], list[Log]]:
        ring = list(self._cursor.ring)
        while ring:
            number, known = ring[-1]
            block = head if number == head.number else self.connection.block(number)
            if block is not None and block.hash == known:
                break
            ring.pop()
        if not ring and self._cursor.ring and self._cursor.ring[0][0] > self._cursor.start_block:
            raise ReorgTooDeep(self._cursor.ring[0][0], head.number)
        first_gone = ring[-1][0] + 1 if ring else self._cursor.start_block
        removed = [log for log in reversed(self._cursor.logs) if log.block_number >= first_gone]
        return ring, removed if self._cursor.ring else []

    def _scan(self, start: int, stop: int) -> list[Log]:
        # Keyed by position, because some nodes return a log twice or return unrequested logs.
        found: dict[tuple[int, int], Log] = {}
        size = self.chunk
        while start <= stop:
            end = min(start + size - 1, stop)
            try:
                for log in self.connection.logs(start, end, self.addresses, self.topics):
                    if start <= log.block_number <= end:
                        found[log.block_number, log.log_index] = log
            except RpcError:
                # Nodes limit the range or the number of results, each with its own message: request a smaller range.
                if end == start:
                    raise
                size = max(1, (end - start + 1) // 2)
                continue
            start = end + 1
        return [found[place] for place in sorted(found)]

    def _headers(self, start: int, stop: int, ring: list[tuple[int, bytes]]) -> list[Block]:
        headers: list[Block] = []
        parent = ring[-1][1] if ring and ring[-1][0] == start - 1 else None
        for number in range(start, stop + 1):
            block = self.connection.block(number)
            if block is None or (parent is not None and block.parent_hash != parent):
                raise _Moved
            headers.append(block)
            parent = block.hash
        return headers

    def _complete(self, found: list[Log], headers: list[Block]) -> list[Log]:
        """Return the logs found, with the missing logs of blocks whose bloom indicates logs.

        A node whose log index lags behind its headers returns nothing for a range. For a block hash it reads the block
        itself.
        """
        told = {log.block_number for log in found}
        missed: list[Log] = []
        for header in headers:
            if header.number not in told and may_hold(header.bloom, self.addresses, self.topics):
                missed += self.connection.block_logs(header.hash, self.addresses, self.topics)
        return sorted([*found, *missed], key=lambda log: (log.block_number, log.log_index)) if missed else found

    def _verify(self, new: list[Log], hashes: dict[int, bytes]) -> None:
        # Logs and headers come from separate requests, and must be from the same blocks.
        if any(hashes.get(log.block_number, log.block_hash) != log.block_hash for log in new):
            raise _Moved
