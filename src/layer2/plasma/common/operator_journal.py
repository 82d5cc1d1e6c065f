"""The operator's journal: accepted payments, the blocks made of them, and the contract they belong to."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from layer2.plasma.common.errors import JournalMismatch
from layer2.plasma.protocol.malformed import BodyMalformed
from layer2.plasma.protocol.packed import ROW, packed_of
from layer2.primitives.display import Readable
from layer2.primitives.hashing import keccak
from layer2.store.errors import JournalCorrupt
from layer2.store.journal import Entry, Journal

__all__ = ["KIND", "SealedBlock", "OperatorJournal", "RecordCodec", "JournalContents", "judged", "unjudged"]

KIND = "plasma.operator"
_RECOVERY = "restore journal and bodies from a backup or a mirror: whoever owns outputs needs the blocks to exit"
_BLOCK = struct.Struct(">Q32sI32s32s")
_RUN = 1024
"""Maximum number of records in one row of a compacted journal."""


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


@dataclass(slots=True)
class JournalContents:
    """Contents of a journal: accepted records and blocks in order, and the reasons of dropped payments by hash."""

    records: dict[bytes, bytes] = field(default_factory=dict)
    blocks: list[SealedBlock] = field(default_factory=list)
    dropped: dict[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordCodec:
    """Codec of record runs: `join` encodes, `split` decodes (raises BodyMalformed), `hash_of` identifies a record."""

    join: Callable[[Sequence[bytes]], bytes]
    split: Callable[[bytes], list[bytes]]
    hash_of: Callable[[bytes], bytes]


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


PAYMENTS = RecordCodec(_join, _split, lambda row: keccak(b"\x02" + packed_of(unjudged(row)[0])))
"""Codec of `judged` rows, each prefixed by its length in 2 bytes."""


class OperatorJournal:
    """Durable journal of accepted payments and blocks. Writes are buffered until `commit`.

    Args:
        runs: codec of record runs, which also defines a record's hash.

    Raises:
        JournalMismatch: the journal belongs to another contract or chain.
        JournalCorrupt: the journal contains an invalid entry.
    """

    def __init__(
        self,
        journal: Journal | str | Path,
        chain_id: int,
        contract: str,
        *,
        kind: str = KIND,
        runs: RecordCodec = PAYMENTS,
    ) -> None:
        self._opened = isinstance(journal, str | Path)
        self._kind, self._runs = kind, runs
        self.journal = journal if isinstance(journal, Journal) else Journal(journal, kind=kind, recovery=_RECOVERY)
        self.records = 0
        """Number of records in the journal."""
        try:
            self._claim(f"{contract} on chain {chain_id}")
        except BaseException:
            self.release()
            raise

    def __repr__(self) -> str:
        return f"<OperatorJournal {self.journal.path} records={self.records}>"

    def release(self) -> None:
        """Close the journal, if it was opened here."""
        if self._opened:
            self.journal.close()

    def read(self) -> JournalContents:
        """Return the contents of the journal."""
        found = JournalContents()
        self.records = 0
        for entry in self.journal.read():
            if entry.stream == "txs":
                rows = self._split(entry)
                self.records += len(rows)
                for row in rows:
                    hashed = self._runs.hash_of(row)
                    found.records[hashed] = row
                    # The payment was dropped and then accepted again.
                    found.dropped.pop(hashed, None)
            elif entry.stream == "block":
                self._note(found, entry)
            elif entry.stream == "undo":
                number = int.from_bytes(entry.payload, "big")
                if not found.blocks or not found.blocks[0].number <= number <= found.blocks[-1].number:
                    raise self._corrupt(entry.sequence)
                del found.blocks[number - found.blocks[0].number :]
            elif entry.stream == "drop":
                found.dropped[entry.payload[:32]] = entry.payload[32:].decode(errors="replace")
        return found

    def accept(self, records: Sequence[bytes]) -> None:
        """Append accepted payments."""
        if records:
            self.journal.append("txs", self._runs.join(records))
            self.records += len(records)

    def make(self, block: SealedBlock) -> None:
        """Append a block; its body must be durable already."""
        self.journal.append("block", block.encoded)

    def undo(self, number: int) -> None:
        """Discard a block and its successors; they were never included on L1."""
        self.journal.append("undo", number.to_bytes(8, "big"))

    def drop(self, hashed: bytes, reason: str) -> None:
        """Append that a payment has become impossible."""
        self.journal.append("drop", hashed + reason.encode())

    def commit(self) -> None:
        """Make all appended entries durable."""
        self.journal.commit()

    def keep(self, records: Iterable[bytes], blocks: Iterable[SealedBlock]) -> None:
        """Rewrite the journal with only these records and blocks."""
        left = list(records)
        rows = [("block", one.encoded) for one in blocks]
        rows += [("txs", self._runs.join(left[at : at + _RUN])) for at in range(0, len(left), _RUN)]
        self.journal.rewrite(rows)
        self.records = len(left)

    def _claim(self, own: str) -> None:
        known = self.journal.get_meta("plasma")
        if known is None:
            self.journal.put_meta("plasma", own.encode())
            self.journal.commit()
        elif known != own.encode():
            raise JournalMismatch(
                f"the journal {self.journal.path} is of {known.decode(errors='replace')}, this is {own}",
                hint="name another journal",
            )

    def _note(self, found: JournalContents, entry: Entry) -> None:
        if len(entry.payload) != _BLOCK.size:
            raise self._corrupt(entry.sequence)
        made = SealedBlock(*_BLOCK.unpack(entry.payload))
        if made.number != len(found.blocks) + 1:
            raise self._corrupt(entry.sequence)
        found.blocks.append(made)

    def _split(self, entry: Entry) -> list[bytes]:
        try:
            return self._runs.split(entry.payload)
        except BodyMalformed as fault:
            raise self._corrupt(entry.sequence) from fault

    def _corrupt(self, sequence: int) -> JournalCorrupt:
        return JournalCorrupt(
            f"the {self._kind} journal {self.journal.path} is damaged: row {sequence} is none of ours", hint=_RECOVERY
        )
