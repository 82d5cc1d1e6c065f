"""The operator's journal: accepted payments, the blocks made of them, and the contract they belong to."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from layer2.node.event_log import EventLog
from layer2.node.intake import Accepted, Dropped, RecordCodec, accepted, records_in
from layer2.plasma.protocol.malformed import BodyMalformed
from layer2.plasma.protocol.packed import ROW, packed_of
from layer2.primitives.display import Readable
from layer2.primitives.hashing import keccak
from layer2.store.journal import Journal

__all__ = [
    "KIND",
    "Discarded",
    "JournalContents",
    "OperatorEvent",
    "OperatorJournal",
    "SealedBlock",
    "judged",
    "unjudged",
]

KIND = "plasma.operator"
_RECOVERY = "restore journal and bodies from a backup or a mirror: whoever owns outputs needs the blocks to exit"
_BLOCK = struct.Struct(">Q32sI32s32s")


@dataclass(frozen=True, slots=True, repr=False)
class SealedBlock(Readable):
    """A block made by the operator: number, root and transaction count as submitted, and SHA-256 of its body.

    Attributes:
        rests: SHA-256 of the deposits that the block spends, because a reorganisation may replace them.
    """

    number: int
    root: bytes
    count: int
    checksum: bytes
    rests: bytes

    @property
    def name(self) -> str:
        """File name of the block's body."""
        return f"{self.number:012d}-{self.root.hex()[:16]}.body"

    @property
    def encoded(self) -> bytes:
        """Encoding of the block in the journal."""
        return _BLOCK.pack(self.number, self.root, self.count, self.checksum, self.rests)


@dataclass(frozen=True, slots=True)
class Discarded:
    """Recorded when a block and its successors were discarded, which were never included on L1."""

    number: int


OperatorEvent = Accepted | Dropped | SealedBlock | Discarded


@dataclass(frozen=True, slots=True)
class _Codec:
    records: RecordCodec

    def encode(self, event: OperatorEvent) -> tuple[str, bytes]:
        if isinstance(event, SealedBlock):
            return "block", event.encoded
        if isinstance(event, Discarded):
            return "undo", event.number.to_bytes(8, "big")
        return self.records.encode(event)

    def decode(self, stream: str, payload: bytes) -> OperatorEvent:
        if stream == "undo":
            return Discarded(int.from_bytes(payload, "big"))
        if stream != "block":
            return self.records.decode(stream, payload)
        if len(payload) != _BLOCK.size:
            raise ValueError(f"{len(payload)} bytes of a block")
        return SealedBlock(*_BLOCK.unpack(payload))


@dataclass(slots=True)
class JournalContents:
    """Contents of a journal: accepted records and blocks in order, and the reasons of dropped payments by hash."""

    codec: RecordCodec
    records: dict[bytes, bytes] = field(default_factory=dict)
    blocks: list[SealedBlock] = field(default_factory=list)
    dropped: dict[bytes, str] = field(default_factory=dict)

    def apply(self, event: OperatorEvent) -> None:
        """Apply an event; raise ValueError if it does not follow from those before it."""
        if isinstance(event, Accepted):
            for hashed, row in zip(self.codec.hashes(event.records), event.records, strict=True):
                self.records[hashed] = row
                # The payment was dropped and then accepted again.
                self.dropped.pop(hashed, None)
        elif isinstance(event, Dropped):
            self.dropped[event.hashed] = event.reason
        elif isinstance(event, SealedBlock):
            if event.number != len(self.blocks) + 1:
                raise ValueError(f"block {event.number} after {len(self.blocks)}")
            self.blocks.append(event)
        else:
            if not 0 < event.number <= len(self.blocks):
                raise ValueError(f"block {event.number} of {len(self.blocks)} was discarded")
            del self.blocks[event.number - 1 :]


def judged(record: bytes, basis: bytes) -> bytes:
    """Return the journal row of an accepted payment: its record and the outputs by which it was judged."""
    return record + basis.ljust(ROW * (record[1] >> 4), b"\0")


def unjudged(row: bytes) -> tuple[bytes, bytes]:
    """Split a row made by `judged` into record and basis."""
    end = len(row) - ROW * (row[1] >> 4)
    return row[:end], row[end:]


def _join(rows: Sequence[bytes]) -> bytes:
    return b"".join([len(row).to_bytes(2, "big") + row for row in rows])


def _split(run: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(run):
        end = at + 2 + int.from_bytes(run[at : at + 2], "big")
        row = run[at + 2 : end]
        if end > len(run) or len(row) < 2 or len(row) < (ROW + 64) * (row[1] >> 4) + 2:
            raise BodyMalformed(f"{len(run)} bytes end within accepted payment {len(found)}")
        found.append(row)
        at = end
    return found


def _hashes(rows: Sequence[bytes]) -> list[bytes]:
    return [keccak(b"\x02" + packed_of(unjudged(row)[0])) for row in rows]


PAYMENTS = RecordCodec(_join, _split, _hashes)
"""Codec of `judged` rows, each prefixed by its length in 2 bytes."""


class OperatorJournal(EventLog[OperatorEvent]):
    """Durable log of accepted payments and blocks; its size is the number of payments.

    Args:
        runs: codec of accepted payments.

    Raises:
        JournalMismatch: the journal belongs to another contract or chain.
    """

    def __init__(
        self,
        source: Journal | str | Path,
        chain_id: int,
        contract: str,
        *,
        kind: str = KIND,
        runs: RecordCodec = PAYMENTS,
    ) -> None:
        self._runs = runs
        super().__init__(
            source,
            _Codec(runs),
            kind=kind,
            bound_to=f"{contract} on chain {chain_id}",
            recovery=_RECOVERY,
            size_of=records_in,
        )

    def read(self) -> JournalContents:
        """Return the contents of the journal; raise JournalCorrupt if an entry is not valid."""
        found = JournalContents(self._runs)
        self.replay(found.apply)
        return found

    def keep(self, records: Sequence[bytes], blocks: Iterable[SealedBlock]) -> None:
        """Rewrite the journal with only these records and blocks."""
        self.rewrite([*blocks, *accepted(records)])
