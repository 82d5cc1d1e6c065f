"""Outputs as columns: the concatenated rows of a block's outputs, and a byte of flags for each.

A row has 34 bytes, so a million outputs take about 40 MB; one object per output would take ten times as much.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator

from layer2.plasma.protocol.packed import ROW
from layer2.primitives.errors import MalformedError

__all__ = ["EXITED", "EXITING", "FORGOTTEN", "GONE", "SPENT", "Deposits", "Segment"]

SPENT, EXITING, EXITED, FORGOTTEN = 1, 2, 4, 8
GONE = SPENT | EXITED
"""Flags of an output: spent by a block, exiting through the contract, paid out by it; spent and final."""

_OF_CONTRACT = bytes(flags & ~(EXITING | EXITED) for flags in range(256))
"""Mask table for stored flags; the contract's flags are read again."""

_SPARSE = 8
"""A block with less than one in this number of outputs left is stored as a dictionary."""


_SHAPE = struct.Struct("<IQ?")


class Segment:
    """The outputs of one child block.

    Attributes:
        count: number of its transactions.
        kept: number of outputs that are not pruned.
    """

    __slots__ = ("_few", "_flags", "_rows", "_starts", "count", "kept")

    def __init__(self, outputs: Iterable[bytes]) -> None:
        """Store the rows of each transaction's outputs, in order."""
        parts = list(outputs)
        starts, at = array("I", (0,)), 0
        for one in parts:
            at += len(one) // ROW
            starts.append(at)
        self._starts: array[int] = starts
        self._rows = b"".join(parts)
        self._flags = bytearray(at)
        self._few: dict[int, tuple[bytes, int]] | None = None
        self.count = len(parts)
        self.kept = at

    def find(self, place: int) -> tuple[bytes, int] | None:
        """Return row and flags of the output at `txIndex << 8 | outIndex`; None if it never existed or was pruned."""
        if self._few is not None:
            return self._few.get(place)
        index = place >> 8
        if index >= self.count:
            return None
        at = self._starts[index] + (place & 255)
        if at >= self._starts[index + 1]:
            return None
        return self._rows[ROW * at : ROW * at + ROW], self._flags[at]

    def flag(self, place: int, flags: int) -> None:
        """Set the flags of an existing output."""
        if self._few is not None:
            self._few[place] = (self._few[place][0], flags)
        else:
            self._flags[self._starts[place >> 8] + (place & 255)] = flags

    def forget(self, place: int) -> None:
        """Mark an existing output as spent and final; it need not be found any more."""
        self.kept -= 1
        if self._few is not None:
            del self._few[place]
        else:
            self._flags[self._starts[place >> 8] + (place & 255)] |= FORGOTTEN

    def squeeze(self) -> None:
        """Compact the segment if few outputs are left."""
        if self._few is None and self.kept * _SPARSE < len(self._flags):
            self._few = {place: (row, flags) for place, row, flags in self._all() if not flags & FORGOTTEN}
            self._starts, self._rows, self._flags = array("I"), b"", bytearray()

    def live(self) -> Iterator[tuple[int, bytes, int]]:
        """Return an iterator over place, row and flags of the outputs that are neither spent nor paid out."""
        return (one for one in self._all() if not one[2] & GONE)

    def pack(self) -> list[bytes]:
        """Return the segment without the contract's flags, in four pieces."""
        if self._few is None:
            columns = [self._starts.tobytes(), self._rows, bytes(self._flags)]
        else:
            rows, flags = b"".join([row for row, _ in self._few.values()]), bytes(one for _, one in self._few.values())
            columns = [array("I", self._few).tobytes(), rows, flags]
        columns[2] = columns[2].translate(_OF_CONTRACT)
        return [_SHAPE.pack(self.count, self.kept, self._few is not None), *columns]

    @classmethod
    def unpack(cls, pieces: Iterator[bytes]) -> Segment:
        """Rebuild a segment from the next four pieces; raise MalformedError if they are inconsistent."""
        one = cls(())
        shape, places, rows, flags = next(pieces), array("I"), b"", b""
        places.frombytes(next(pieces))
        rows, flags = next(pieces), next(pieces)
        one.count, one.kept, few = _SHAPE.unpack(shape)
        if len(rows) != ROW * len(flags) or len(places) != (len(flags) if few else one.count + 1):
            raise MalformedError(f"{len(rows)} bytes of rows, {len(flags)} flags", hint="write it again")
        if few:
            parts = [rows[at : at + ROW] for at in range(0, len(rows), ROW)]
            one._few = dict(zip(places, zip(parts, flags, strict=True), strict=True))
        else:
            one._starts, one._rows, one._flags = places, rows, bytearray(flags)
        return one

    def _all(self) -> Iterator[tuple[int, bytes, int]]:
        if self._few is not None:
            yield from ((place, row, flags) for place, (row, flags) in sorted(self._few.items()))
            return
        for index in range(self.count):
            first = self._starts[index]
            for at in range(first, self._starts[index + 1]):
                yield index << 8 | at - first, self._rows[ROW * at : ROW * at + ROW], self._flags[at]


class Deposits:
    """The outputs of deposits, by id from 1."""

    __slots__ = ("_flags", "_rows")

    def __init__(self) -> None:
        self._rows = bytearray()
        self._flags = bytearray()

    def __len__(self) -> int:
        return len(self._flags)

    def find(self, deposit: int) -> tuple[bytes, int] | None:
        """Return row and flags of a deposit; None if it does not exist."""
        if not 0 < deposit <= len(self._flags):
            return None
        return bytes(self._rows[ROW * (deposit - 1) : ROW * deposit]), self._flags[deposit - 1]

    def flag(self, deposit: int, flags: int) -> None:
        """Set the flags of an existing deposit."""
        self._flags[deposit - 1] = flags

    def push(self, row: bytes) -> int:
        """Append the next deposit and return its id."""
        self._rows += row
        self._flags.append(0)
        return len(self._flags)

    def put(self, deposit: int, row: bytes) -> None:
        """Replace an existing deposit."""
        self._rows[ROW * (deposit - 1) : ROW * deposit] = row
        self._flags[deposit - 1] = 0

    def pop(self) -> None:
        """Remove the last deposit."""
        del self._rows[-ROW:], self._flags[-1]

    @property
    def rows(self) -> bytes:
        """Concatenated rows of all deposits."""
        return bytes(self._rows)

    @property
    def flags(self) -> bytes:
        """Flags of all deposits, without the contract's flags."""
        return bytes(self._flags).translate(_OF_CONTRACT)

    def set_flags(self, flags: bytes) -> None:
        """Set the flags of the first deposits."""
        self._flags[: len(flags)] = flags

    def live(self) -> Iterator[tuple[int, bytes, int]]:
        """Yield id, row and flags of the deposits that are neither spent nor paid out."""
        for at, flags in enumerate(self._flags):
            if not flags & GONE:
                yield at + 1, bytes(self._rows[ROW * at : ROW * at + ROW]), flags
