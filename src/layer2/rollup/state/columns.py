"""Columnar storage of the accounts, their Merkle tree, and the log of each segment's writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from layer2.primitives.dense_merkle import DenseTree
from layer2.primitives.errors import RangeError
from layer2.primitives.extras import needs
from layer2.rollup.protocol.frames import FIRST_HALF, LIMITS, FrameType, shape
from layer2.rollup.protocol.params import ACCOUNT_DEPTH, FRAME_BYTES, MAX_BALANCE, MAX_NONCE
from layer2.rollup.state.kernel import BALANCE, META, PRESENT, SEGMENT, execute_half, operate, run_transfers, seal

with needs("rollup"):
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["AccountColumns", "Row"]

Row = tuple[bytes, int, int, int]
"""Owner, token, nonce and balance of an account."""

_Number = TypeVar("_Number", np.int64, np.uint64)

_WORDS = 8
_FIRST_WIDTH = 6
_CURRENT, _TOUCHED, _LOGGED, _SEALED = range(4)
_SPILL = 4096
"""Number of accounts after which a segment's writes are hashed early, to keep the log small."""
_RUN = 32
"""Number of frames hashed together: enough to fill all SIMD lanes, few enough for the second-level cache."""
_MOST = 2 * max(LIMITS.values()) + 2
"""Maximum number of accounts written by one frame, counting its fee receiver in both halves."""


def _layout() -> NDArray[np.int64]:
    """Return the frame layout for the kernel, one row per frame type.

    A row has the offset of the operations, the size of one, their maximum number and their number in the first half.
    """
    table = np.zeros((max(FrameType) + 1, 4), np.int64)
    for kind, limit in LIMITS.items():
        table[kind] = (*shape(kind), limit, FIRST_HALF[kind])
    return table


class AccountColumns:
    """Account storage in rows of 64 bytes, one for each index below a power of two.

    The writes of a segment are sealed; the writes of several sealed segments are hashed together.

    Attributes:
        present: number of existing accounts.
    """

    __slots__ = ("_bytes", "_counts", "_ends", "_heads", "_layout", "_leaves", "_log", "_numbers", "_numbers_in",
                 "_ready", "_rows", "_touched", "_tree", "_words", "present")  # fmt: skip

    def __init__(self, width: int = _FIRST_WIDTH) -> None:
        # Segments are numbered from 1, because rows that were never written contain segment 0.
        heads = np.array([1, 0, 0, 0], np.int64)
        self._hold(np.zeros((1 << width, _WORDS), np.uint64), DenseTree(ACCOUNT_DEPTH, width), heads)
        self.present = 0
        self._ready: list[bytes] = []
        self._layout = _layout()
        self._scratch(_MOST, 4)

    def copy(self) -> AccountColumns:
        """Return an independent ledger with the same accounts."""
        self._settle_leftovers()
        self._flush()
        other = AccountColumns.__new__(AccountColumns)
        other._hold(self._rows.copy(), self._tree.copy(), self._heads.copy())
        other.present, other._ready, other._layout = self.present, list(self._ready), self._layout
        other._scratch(_MOST, 4)
        return other

    # ----------------------------------------------------------------------------------------------------- accounts

    def __contains__(self, index: int) -> bool:
        return 0 <= index < len(self._rows) and self._words[index * _WORDS + META] >= PRESENT

    def __iter__(self) -> Iterator[int]:
        found: list[int] = np.flatnonzero(self._rows[:, META] >= np.uint64(PRESENT)).tolist()
        return iter(found)

    def read(self, index: int) -> Row | None:
        """Return an account; None if it does not exist."""
        words, at = self._words, index * _WORDS
        if not 0 <= at < len(words):
            return None
        meta = words[at + META]
        if meta < PRESENT:
            return None
        balance = words[at + BALANCE] << 64 | words[at + BALANCE + 1]
        return bytes(self._bytes[at * 8 : at * 8 + 32]), meta >> 32 & 0xFFFF, meta & MAX_NONCE, balance

    def write(self, index: int, row: Row) -> None:
        """Write an account; raise RangeError for values that do not fit their fields."""
        owner, token, nonce, balance = row
        if not 0 <= index < 1 << ACCOUNT_DEPTH or len(owner) != 32 or not 0 <= token < 1 << 16:
            raise RangeError(f"account {index}: owner of {len(owner)} bytes and token {token}, need 32 and two bytes")
        if index >= len(self._rows):
            self._widen(index)
        fresh = index not in self
        self.change(index, nonce, balance, token)
        at = index * _WORDS * 8
        self._bytes[at : at + 32] = owner
        self.present += fresh

    def change(self, index: int, nonce: int, balance: int, token: int) -> None:
        """Write the nonce, balance and token of an account; raise RangeError for values that do not fit."""
        if not 0 <= nonce <= MAX_NONCE or not 0 <= balance <= MAX_BALANCE:
            raise RangeError(f"account {index}: nonce {nonce}, balance {balance}, need 32 and 128 bits")
        self._touch(index)
        at, words = index * _WORDS, self._words
        words[at + META] = PRESENT | token << 32 | nonce
        words[at + BALANCE], words[at + BALANCE + 1] = balance >> 64, balance & (1 << 64) - 1

    def fill(self, first: int, owners: bytes, token: int, nonce: int, balance: int) -> None:
        """Write accounts `first`, `first + 1` and so on for owners of 32 bytes each, with all other fields equal."""
        count, rest = divmod(len(owners), 32)
        if rest or not count:
            raise RangeError(f"owners of {len(owners)} bytes given, need 32 for each account")
        # The regular way for the last and the first account, because it validates the values and makes room.
        for index, at in ((first + count - 1, len(owners) - 32), (first, 0)):
            self.write(index, (owners[at : at + 32], token, nonce, balance))
        self._spill()
        rows = self._rows[first : first + count]
        self.present += int(np.count_nonzero(rows[:, META] < np.uint64(PRESENT)))
        rows[:, :META] = np.frombuffer(owners, np.uint64).reshape(-1, 4)
        rows[:, META:SEGMENT] = rows[0, META:SEGMENT]
        for at in range(first, first + count, _SPILL):
            part = np.arange(at, min(at + _SPILL, first + count), dtype=np.int64)
            self._rows[part, SEGMENT] = self._counts[_CURRENT]
            self._reserve(len(part), 1)
            self._touched[: len(part)] = part
            self._counts[_TOUCHED] = len(part)
            self._spill()

    def owned(self, owner: bytes) -> list[int]:
        """Return the accounts of an owner."""
        same = (self._rows[:, :META] == np.frombuffer(owner, np.uint64)).all(axis=1)
        found: list[int] = np.flatnonzero(same & (self._rows[:, META] >= np.uint64(PRESENT))).tolist()
        return found

    # ----------------------------------------------------------------------------------------------------- segments

    def operate(self, sender: int, to: int | None, amount: int, token: int, fee: int) -> bool:
        """Transfer to account `to`, or withdraw if it is None; return True if funds moved. The nonce always increases.

        Args:
            sender: the paying account.
            to: the receiving account, or None.
            amount: amount of up to 128 bits.
            token: token of the operation.
            fee: fee of up to 64 bits.

        Raises:
            KeyError: the sender does not exist.
            RangeError: the sender has used its last nonce.
        """
        if sender not in self:
            raise KeyError(sender)
        if self._words[sender * _WORDS + META] & MAX_NONCE == MAX_NONCE:
            raise RangeError(f"account {sender}: no nonce is left")
        self._make_room(2)
        numbers = self._numbers
        numbers[0], numbers[1], numbers[2], numbers[3] = amount >> 64, amount & (1 << 64) - 1, fee, token
        moved: bool = operate(self._rows, self._touched, self._heads, self._numbers_in, sender, to or 0, to is None)
        return moved

    def run(self, frames: Sequence[bytes], signed: Sequence[bool], tokens: int) -> None:
        """Execute frames of transfers and seal two segments for each."""
        self._settle_leftovers()
        data = np.frombuffer(b"".join(frames), np.uint8).reshape(-1, FRAME_BYTES)
        flags = np.array(signed, np.uint8)
        for at in range(0, len(data), _RUN):
            part, some = data[at : at + _RUN], flags[at : at + _RUN]
            self._reserve(len(part) * _MOST, 2 * len(part))
            run_transfers(self._rows, self._touched, self._heads, self._leaves, self._log, self._ends, part, some,
                          self._layout, tokens)  # fmt: skip
            self._flush_full()

    def run_half(self, frame: bytes, half: int) -> list[bool]:
        """Execute half 0 or 1 of an accepted BLS frame without sealing it.

        Returns:
            For each operation, True if it moved funds; False for operations of the other half.
        """
        self._settle_leftovers()
        self._reserve(_MOST, 1)
        done = np.zeros(256, np.uint8)
        data = np.frombuffer(frame, np.uint8)
        execute_half(self._rows, self._touched, self._heads, data, self._layout, half, done)
        return [bool(one) for one in done]

    def seal(self) -> None:
        """End the open segment."""
        self._reserve(0, 1)
        if self._counts[_TOUCHED] > _MOST:
            self._touched[: self._counts[_TOUCHED]].sort()
        seal(self._rows, self._touched, self._heads, self._leaves, self._log, self._ends)
        self._flush_full()

    def roots(self) -> list[bytes]:
        """Return the account roots after each segment sealed since the last call."""
        self._flush()
        roots, self._ready = self._ready, []
        return roots

    @property
    def tree(self) -> DenseTree:
        """Merkle tree over all accounts written so far."""
        self._settle_leftovers()
        self._flush()
        return self._tree

    # ---------------------------------------------------------------------------------------------------- internals

    def _hold(self, rows: NDArray[np.uint64], tree: DenseTree, heads: NDArray[np.int64]) -> None:
        self._rows, self._tree, self._heads = rows, tree, heads
        # Python reads single numbers several times faster through memory views.
        self._bytes = rows.data.cast("B")
        self._words = self._bytes.cast("Q")
        self._counts = heads.data.cast("B").cast("q")
        self._numbers_in = np.zeros(4, np.uint64)
        self._numbers = self._numbers_in.data.cast("B").cast("Q")

    def _scratch(self, writes: int, segments: int) -> None:
        self._touched = np.empty(writes, np.int64)
        self._leaves = np.empty(writes, np.int64)
        self._log = np.empty((writes, _WORDS), np.uint64)
        self._ends = np.empty(segments, np.int64)

    def _reserve(self, writes: int, segments: int) -> None:
        """Make room for a number of further writes and segments."""
        _, touched, logged, sealed = self._counts.tolist()
        if touched + writes > len(self._touched):
            self._touched = _longer(self._touched, 2 * (touched + writes))
        if logged + touched + writes > len(self._leaves):
            size = 2 * (logged + touched + writes)
            self._leaves, self._log = _longer(self._leaves, size), _longer(self._log, size)
        if sealed + segments > len(self._ends):
            self._ends = _longer(self._ends, 2 * (sealed + segments))

    def _widen(self, index: int) -> None:
        self._settle_leftovers()
        self._flush()
        width = index.bit_length()
        rows = np.zeros((1 << width, _WORDS), np.uint64)
        rows[: len(self._rows)] = self._rows
        self._hold(rows, self._tree.widened(width), self._heads)

    def _make_room(self, writes: int) -> None:
        """Make room for a few more writes of the open segment."""
        count = self._counts[_TOUCHED]
        if count >= _SPILL:
            self._spill()
        elif count + writes > len(self._touched):
            self._reserve(writes, 0)

    def _touch(self, index: int) -> None:
        at = index * _WORDS + SEGMENT
        if self._words[at] == self._counts[_CURRENT]:
            return
        self._make_room(1)
        count = self._counts[_TOUCHED]
        self._words[at] = self._counts[_CURRENT]
        self._touched[count] = index
        self._counts[_TOUCHED] = count + 1

    def _spill(self) -> None:
        """Hash the writes of the open segment so far, without producing a segment root."""
        self.seal()
        self._flush()
        self._ready.pop()

    def _settle_leftovers(self) -> None:
        if self._counts[_TOUCHED]:
            self._spill()

    def _flush_full(self) -> None:
        if self._counts[_SEALED] >= 2 * _RUN:
            self._flush()

    def _flush(self) -> None:
        _, _, logged, sealed = self._counts.tolist()
        if sealed:
            roots = self._tree.settle(self._leaves[:logged], self._log[:logged], self._ends[:sealed])
            self._ready += roots
            self._counts[_LOGGED] = self._counts[_SEALED] = 0


def _longer(array: NDArray[_Number], size: int) -> NDArray[_Number]:
    longer = np.empty((size, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
