"""The UTXO set: outputs made by blocks and deposits, spent by blocks, and exiting through the contract.

The latest blocks can be undone. Nothing is validated here; see `layer2.plasma.payments.utxo.spend_rules`.
"""

from __future__ import annotations

import struct
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from layer2.plasma.payments.utxo.columns import EXITED, EXITING, FORGOTTEN, GONE, SPENT, Deposits, Segment
from layer2.plasma.payments.utxo.owner_index import Owners
from layer2.plasma.protocol.packed import ROW, Fields
from layer2.plasma.protocol.positions import DEPOSIT_BLOCK
from layer2.plasma.protocol.transaction import Deposit, Output
from layer2.primitives.errors import MalformedError, RangeError

__all__ = ["Found", "UtxoSet", "output_of"]

Found = tuple[bytes, int]
"""Row of an output (34 bytes: owner, token, amount) and its flags."""

_DEPOSIT_BIT = DEPOSIT_BLOCK << 24
_MEMORY = 64
_SHAPE = struct.Struct("<QII?")


def output_of(row: bytes) -> Output:
    """Return the output encoded in a row."""
    return Output(row[:20], int.from_bytes(row[20:22], "big"), int.from_bytes(row[22:], "big"))


class UtxoSet:
    """Outputs by position. Not thread-safe without a lock.

    Args:
        memory: number of latest blocks that can be undone.
        owners: True to index outputs for `owned`, which costs some bytes per output.

    Attributes:
        head: the last block, 0 before the first.
    """

    def __init__(self, *, memory: int = _MEMORY, owners: bool = True) -> None:
        self.head = 0
        self.memory = memory
        self._segments: dict[int, Segment] = {}
        self._deposits = Deposits()
        self._done: deque[array[int]] = deque()
        self._owners = Owners() if owners else None

    def __repr__(self) -> str:
        return f"<UtxoSet head={self.head} deposits={len(self._deposits)}>"

    # ------------------------------------------------------------------------------------------------------- reading

    @property
    def deposits(self) -> int:
        """Number of deposits."""
        return len(self._deposits)

    @property
    def undoable(self) -> int:
        """Number of blocks that can be undone."""
        return len(self._done)

    def find(self, position: int) -> Found | None:
        """Return row and flags of an output; None if it never existed or was pruned."""
        if position & _DEPOSIT_BIT:
            if position & 0xFFFFFF:
                return None
            return self._deposits.find((position ^ _DEPOSIT_BIT) >> 24)
        segment = self._segments.get(position >> 24)
        return None if segment is None else segment.find(position & 0xFFFFFF)

    def passed(self, position: int) -> bool:
        """Return True if an output that is not found belongs to an applied block, so that it may have been pruned."""
        return not position & _DEPOSIT_BIT and 0 < position >> 24 <= self.head

    def output(self, position: int) -> Output | None:
        """Return a spendable output; None for every other position."""
        found = self.find(position)
        return None if found is None or found[1] else output_of(found[0])

    def owned(self, owner: bytes) -> Iterator[tuple[int, Output, bool]]:
        """Yield an owner's unspent outputs in order: position, output, and True if it is exiting."""
        if self._owners is None:
            raise RangeError("this ledger has no index of owners", hint="create it with owners=True")
        kept, given = [], self._owners.count(owner)
        for position in self._owners.of(owner):
            found = self.find(position)
            if not (self.passed(position) if found is None else found[1] & FORGOTTEN):
                kept.append(position)
            # An undone block may have left an entry for a position that has another owner now.
            if found is not None and not found[1] & GONE and found[0][:20] == owner:
                yield position, output_of(found[0]), bool(found[1] & EXITING)
        if self._owners.count(owner) == given:
            # The iteration is complete: pruned outputs are removed from the index.
            self._owners.keep(owner, kept)

    def unspent(self) -> Iterator[tuple[int, Output]]:
        """Yield all outputs that are neither spent nor paid out by the contract, including exiting ones."""
        for deposit, row, _ in self._deposits.live():
            yield _DEPOSIT_BIT | deposit << 24, output_of(row)
        for number, segment in sorted(self._segments.items()):
            for place, row, _ in segment.live():
                yield number << 24 | place, output_of(row)

    def totals(self) -> dict[int, int]:
        """Return the sum of all unspent outputs by token, which the contract must hold."""
        sums: dict[int, int] = {}
        for _, one in self.unspent():
            sums[one.token] = sums.get(one.token, 0) + one.amount
        return sums

    # ------------------------------------------------------------------------------------------------------- blocks

    def apply(self, number: int, transactions: Sequence[Fields]) -> None:
        """Spend and create the outputs of a valid block.

        Raises:
            RangeError: the block is not the next one, or spends an output that is spent or missing; nothing has
                changed.
        """
        if number != self.head + 1:
            raise RangeError(f"block {number} after {self.head}", hint="apply blocks in order")
        spent = array("Q", [position for one in transactions for position in one.inputs])
        for at, position in enumerate(spent):
            found = self.find(position)
            # Later decisions of the contract about an output do not invalidate a block that spent it.
            if found is None or found[1] & SPENT:
                for done in spent[:at]:
                    self._unmark(done, SPENT)
                raise RangeError(f"block {number} spends {position:#x}, which does not exist")
            self._set(position, found[1] | SPENT)
        segment = Segment([one.rows for one in transactions])
        self._segments[number] = segment
        self.head = number
        self._done.append(spent)
        if self._owners is not None:
            self._owners.note(number, transactions)
        while len(self._done) > self.memory:
            self._retire(self._done.popleft())

    def undo(self) -> int:
        """Undo the last block and return its number; raise RangeError if it is too old."""
        if not self._done:
            raise RangeError(f"block {self.head} cannot be undone", hint="start from an older state")
        for position in self._done.pop():
            self._unmark(position, SPENT)
        del self._segments[self.head]
        self.head -= 1
        return self.head + 1

    def settle(self, number: int) -> None:
        """Make blocks up to this one final, and prune the outputs that they spent."""
        while self._done and self.head - len(self._done) < number:
            self._retire(self._done.popleft())

    # --------------------------------------------------------------------------------------------------- checkpoints

    def pack(self) -> list[bytes]:
        """Return the effects of blocks on the deposits in pieces, without the contract's decisions on outputs."""
        shape = _SHAPE.pack(self.head, len(self._segments), len(self._done), self._owners is not None)
        pieces = [shape, self._deposits.rows, self._deposits.flags]
        for number, segment in self._segments.items():
            pieces += [number.to_bytes(8, "little"), *segment.pack()]
        pieces += [spent.tobytes() for spent in self._done]
        return pieces if self._owners is None else pieces + self._owners.pack()

    def unpack(self, given: Sequence[bytes]) -> bool:
        """Restore the pieces from `pack`; return False without changes if they belong to other deposits.

        Deposits spent by the blocks must be present; others may still be missing, or additional.

        Raises:
            MalformedError: the pieces were not made by `pack`.
        """
        try:
            pieces = iter(given)
            head, blocks, done, owned = _SHAPE.unpack(next(pieces))
            rows, flags = next(pieces), next(pieces)
            segments = {int.from_bytes(next(pieces), "little"): Segment.unpack(pieces) for _ in range(blocks)}
            spent = deque(_numbers(next(pieces)) for _ in range(done))
            owners = Owners.unpack(pieces) if owned else None
        except (struct.error, ValueError, RuntimeError, StopIteration) as failure:
            raise MalformedError(f"not a ledger: {failure!r}", hint="write it again") from failure
        if len(rows) != ROW * len(flags) or owned != (self._owners is not None):
            raise MalformedError("a ledger of another kind", hint="write it again")
        known = min(len(self._deposits), len(flags))
        if any(flags[known:]) or self._deposits.rows[: ROW * known] != rows[: ROW * known]:
            return False
        self.head, self._segments, self._done, self._owners = head, segments, spent, owners
        self._deposits.set_flags(flags[:known])
        if owners is not None:
            for number in range(len(flags) + 1, len(self._deposits) + 1):
                found = self._deposits.find(number)
                assert found is not None
                owners.add(found[0][:20], _DEPOSIT_BIT | number << 24)
        return True

    # --------------------------------------------------------------------------------------------- deposits and exits

    def deposit(self, one: Deposit) -> None:
        """Add the next deposit; raise RangeError if its number is not the next one."""
        if one.number != len(self._deposits) + 1:
            raise RangeError(f"deposit {one.number} after {len(self._deposits)}", hint="add deposits in order")
        self._deposits.push(one.record[:34])
        if self._owners is not None:
            self._owners.add(one.owner, one.position)

    def is_spent(self, number: int) -> bool:
        """Return True if a block has spent the deposit."""
        found = self._deposits.find(number)
        return found is not None and bool(found[1] & SPENT)

    def replace_deposit(self, one: Deposit) -> None:
        """Replace a deposit that no block has spent; raise RangeError if a block has spent it."""
        if not 0 < one.number <= len(self._deposits) or self.is_spent(one.number):
            raise RangeError(f"deposit {one.number} cannot be replaced", hint="undo the block that spends it")
        self._deposits.put(one.number, one.record[:34])
        if self._owners is not None:
            self._owners.add(one.owner, one.position)

    def drop_deposit(self) -> int:
        """Remove the last deposit after a reorganisation and return its number.

        Raises:
            RangeError: the ledger has no deposits, or a block has spent the last one and must be undone first.
        """
        last = len(self._deposits)
        found = self._deposits.find(last)
        if found is None or found[1] & SPENT:
            raise RangeError(f"deposit {last} cannot be removed", hint="undo the block that spends it")
        self._deposits.pop()
        return last

    def exiting(self, position: int, begun: bool = True) -> bool:
        """Set or clear the exiting flag of an output; return False if the output does not exist."""
        return self._toggle(position, EXITING, begun)

    def exited(self, position: int, paid: bool = True) -> bool:
        """Set or clear the paid-out flag of an output; return False if the output does not exist."""
        return self._toggle(position, EXITED, paid)

    # ----------------------------------------------------------------------------------------------------- internal

    def _toggle(self, position: int, flag: int, on: bool) -> bool:
        found = self.find(position)
        if found is None:
            return False
        self._set(position, found[1] | flag if on else found[1] & ~flag)
        return True

    def _unmark(self, position: int, flag: int) -> None:
        self._toggle(position, flag, False)

    def _set(self, position: int, flags: int) -> None:
        if position & _DEPOSIT_BIT:
            self._deposits.flag((position ^ _DEPOSIT_BIT) >> 24, flags)
        else:
            self._segments[position >> 24].flag(position & 0xFFFFFF, flags)

    def _retire(self, spent: Iterable[int]) -> None:
        """Prune the outputs spent by a final block, and the blocks without remaining outputs."""
        touched = set()
        for position in spent:
            if position & _DEPOSIT_BIT:
                self._toggle(position, FORGOTTEN, True)
            else:
                touched.add(position >> 24)
                self._segments[position >> 24].forget(position & 0xFFFFFF)
        for number in touched:
            segment = self._segments[number]
            if segment.kept <= 0:
                del self._segments[number]
            else:
                segment.squeeze()


def _numbers(raw: bytes) -> array[int]:
    found = array("Q")
    found.frombytes(raw)
    return found
