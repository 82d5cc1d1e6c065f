"""Ledger checkpoints in a file, so that a restarting node replays only later blocks.

A checkpoint is a cache: it is used only with exactly the blocks and deposits that it was made from, and the contract's
decisions on outputs are read again. A torn, damaged or mismatched checkpoint is discarded, and the node replays all
blocks.
"""

from __future__ import annotations

import logging
import struct
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from layer2.plasma.payments.utxo.columns import SPENT
from layer2.primitives.errors import MalformedError
from layer2.store.errors import JournalError, JournalFull
from layer2.store.fault_points import fault_point
from layer2.store.file_store import FileStore

__all__ = ["FREEZE_AFTER", "CheckpointStore", "Checkpoint"]

FREEZE_AFTER = 1 << 18
"""Transactions after a checkpoint that trigger the next one; their replay takes a few seconds."""

_log = logging.getLogger(__name__)
_NAME = "ledger"
_MAGIC = b"layer2 plasma ledger 1 %d %s\n" % (array("I").itemsize, sys.byteorder.encode())
"""File header; columns are stored in memory layout, which restricts a file to machines of the same kind."""
_HEAD = struct.Struct("<Q32sII")
_STANDING = struct.Struct("<32sQI")
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A ledger checkpoint, made by `Books.freeze`.

    Attributes:
        number: the last block.
        history: a hash over all blocks up to it.
        standing: see `Leaving.standing`.
        ledger: see `Ledger.pack`.
    """

    number: int
    history: bytes
    standing: Mapping[bytes, tuple[int, int] | None]
    ledger: Sequence[bytes]

    @property
    def deposit_spent(self) -> int:
        """Number of the last deposit spent by its blocks; 0 for none."""
        flags = self.ledger[2]
        return next((at + 1 for at in reversed(range(len(flags))) if flags[at] & SPENT), 0)

    def encode(self, identity: str) -> bytes:
        """Return the checkpoint's bytes with a checksum; `identity` names the contract and chain."""
        places = (_STANDING.pack(hashed, *(place or (0, 0))) for hashed, place in self.standing.items())
        head = _HEAD.pack(self.number, self.history, len(self.standing), len(self.ledger))
        pieces = [identity.encode(), head, b"".join(places), *self.ledger]
        raw = b"".join([part for one in pieces for part in (_LENGTH.pack(len(one)), one)])
        return _MAGIC + sha256(raw).digest() + raw

    @classmethod
    def decode(cls, data: bytes, identity: str) -> Checkpoint:
        """Decode the result of `encode`; raise MalformedError if it is not valid or of another contract."""
        start = len(_MAGIC) + 32
        if data[: len(_MAGIC)] != _MAGIC or sha256(memoryview(data)[start:]).digest() != data[len(_MAGIC) : start]:
            raise MalformedError(
                "it is truncated, damaged, or from another kind of machine", hint="it is written again"
            )
        try:
            owner, head, places, *ledger = _pieces(data, start)
            number, history, standing, count = _HEAD.unpack(head)
        except (struct.error, ValueError) as failure:
            raise MalformedError(f"it was never written: {failure}", hint="it is written again") from failure
        if owner != identity.encode(errors="surrogatepass"):
            raise MalformedError(
                f"it belongs to {owner.decode(errors='replace')}, this is {identity}", hint="write it again"
            )
        if len(places) != standing * _STANDING.size or len(ledger) != count or count < 3:
            raise MalformedError(f"{len(ledger)} pieces of {count}", hint="it is written again")
        found = {hashed: (block, at) if block else None for hashed, block, at in _STANDING.iter_unpack(places)}
        return cls(number, history, found, ledger)


class CheckpointStore:
    """Stores the latest checkpoint of a node in a folder.

    Args:
        folder: directory of the checkpoint; None stores nothing.
        identity: the contract and chain.
        who: prefix of the fault points at which a test may kill the process.
    """

    def __init__(self, folder: Path | None, identity: str, who: str) -> None:
        self._files = None if folder is None else FileStore(folder)
        self._identity = identity
        self._who = who
        self.after = FREEZE_AFTER
        self.number = 0
        """Block number of the stored checkpoint."""
        self.fault = ""
        """The reason why the last checkpoint could not be used or stored."""

    def __repr__(self) -> str:
        return f"<CheckpointStore {self._files} block={self.number}>"

    def due(self, transactions: int) -> bool:
        """Return True if this number of transactions since the stored checkpoint justifies a new one."""
        return self._files is not None and transactions >= self.after

    def load(self) -> Checkpoint | None:
        """Return the stored checkpoint if it is intact; the caller verifies that it matches the blocks."""
        if self._files is None or _NAME not in self._files:
            return None
        try:
            found = Checkpoint.decode(self._files.path(_NAME).read_bytes(), self._identity)
        except (MalformedError, OSError) as failure:
            self.drop(str(failure))
            return None
        self.number = found.number
        return found

    def save(self, one: Checkpoint) -> None:
        """Replace the stored checkpoint; a disk failure is only reported, because no data depends on it."""
        if self._files is None:
            return
        fault_point(f"{self._who}.frozen.before")
        # A failed write is not repeated at every step.
        self.number = one.number
        try:
            self._files.put(_NAME, one.encode(self._identity))
        except (JournalError, JournalFull) as failure:
            self._report(f"not kept: {failure}")
        fault_point(f"{self._who}.frozen.durable")

    def drop(self, why: str) -> None:
        """Discard the stored checkpoint, which is not usable."""
        self.number = 0
        if self._files is None or _NAME not in self._files:
            return
        self._report(f"not used, all blocks are replayed: {why}")
        try:
            self._files.drop(_NAME)
        except OSError as failure:
            self._report(f"cannot be removed: {failure}")

    def _report(self, what: str) -> None:
        self.fault = what
        _log.warning("the %s's copy of the ledger in %s: %s", self._who, self._files and self._files.folder, what)


def _pieces(data: bytes, at: int) -> Iterator[bytes]:
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        yield data[at : at + length]
        at += length
