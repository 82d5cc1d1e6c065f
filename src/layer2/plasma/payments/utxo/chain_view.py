"""The ledger kept in sync with L1 and the blocks: deposits, exits, blocks, and their reversal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence, Set

from layer2.plasma.payments.chain.events import BlockSubmitted, Deposited, Happening, News
from layer2.plasma.payments.utxo.checkpoint import Checkpoint
from layer2.plasma.payments.utxo.exiting_outputs import ExitingOutputs, Exits, Where
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.packed import ROW, Fields
from layer2.plasma.protocol.positions import deposit_position
from layer2.plasma.protocol.transaction import Deposit
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import sha256

__all__ = ["DepositAndExitIndex"]


class DepositAndExitIndex:
    """A ledger that follows L1.

    Args:
        margin: number of L1 blocks above a deposit before it counts.
        where: finds a transaction in the blocks.

    Attributes:
        posted: headers of the blocks on L1, by number.
        deposits: deposits on L1 by number, including those that do not count yet.
        lost: deposits spent by a block but removed from L1, by number, with the L1 head at that
            time; -1 if L1 has another deposit in its place.
    """

    def __init__(self, ledger: UtxoSet, margin: int, where: Where) -> None:
        self.ledger = ledger
        self.margin = margin
        self.head = 0
        self.posted: dict[int, Header] = {}
        self.deposits: dict[int, Deposit] = {}
        self.lost: dict[int, int] = {}
        self._coming: deque[tuple[int, Deposit]] = deque()
        self._leaving = ExitingOutputs(where)

    def __repr__(self) -> str:
        return f"<DepositAndExitIndex head={self.head} posted={len(self.posted)} deposits={len(self.deposits)}>"

    def take(self, news: News) -> set[int]:
        """Apply L1 events; return the positions of outputs whose spends may have become impossible."""
        self.head = news.head
        touched: set[int] = set()
        for block, one in news.removed:
            self._undo(block, one, touched)
        for block, one in news.new:
            self._do(block, one, touched)
        self.ripen()
        return touched

    def ripen(self) -> None:
        """Add the deposits that are deep enough to the ledger."""
        while self._coming and self._coming[0][0] + self.margin <= self.head:
            self._count(self._coming.popleft()[1])

    def require(self, number: int) -> bool:
        """Add deposits up to this one regardless of depth, for a block that spends it; return False if absent."""
        while self.ledger.deposits < number and self._coming:
            self._count(self._coming.popleft()[1])
        return self.ledger.deposits >= number

    def apply(self, number: int, transactions: Sequence[Fields], hashes: Callable[[], Sequence[bytes]]) -> None:
        """Apply a block; `hashes` returns its transactions' hashes on demand."""
        self.ledger.apply(number, transactions)
        for position in self._leaving.included(number, transactions, hashes):
            self._mark(position)

    def undo(self) -> int:
        """Undo the last block and return its number."""
        number = self.ledger.undo()
        self._leaving.undone(number)
        return number

    def freeze(self, history: bytes) -> Checkpoint:
        """Return a checkpoint of the ledger; `history` identifies its blocks."""
        return Checkpoint(self.ledger.head, history, self._leaving.standing(), self.ledger.pack())

    def restore(self, one: Checkpoint) -> bool:
        """Restore a checkpoint; return False if it belongs to other deposits."""
        if not self.require(one.deposit_spent) or not self.ledger.unpack(one.ledger):
            return False
        for position in self._leaving.resume(one.number, one.standing):
            self._mark(position)
        return True

    def leaving_since(self, position: int) -> int | None:
        """Return the L1 block in which the exit of an output started; None if it is not exiting."""
        return self._leaving.since(position)

    def leaving_among(self, positions: Set[int]) -> tuple[bool, int | None]:
        """Return True if one of these outputs has exited, and the first L1 block in which one started to exit."""
        known = self._leaving.among(positions)
        since = (self._leaving.since(position) for position in known)
        left = any(self._leaving.state(position)[1] for position in known)
        return left, min((one for one in since if one is not None), default=None)

    def spends_lost(self, transactions: Sequence[Fields]) -> bool:
        """Return True if a block spends a lost deposit."""
        lost = {deposit_position(number) for number in self.lost}
        return bool(lost) and any(position in lost for one in transactions for position in one.inputs)

    def rests(self, transactions: Sequence[Fields]) -> bytes:
        """Return the SHA-256 of the deposits that a block spends, as they are now."""
        places = (position for one in transactions for position in one.inputs if position >> 63)
        return sha256(b"".join([found[0] for found in map(self.ledger.find, places) if found is not None]))

    def compare(self, one: Fields, basis: bytes) -> None:
        """Mark the deposits spent by a payment as lost if they differ from its basis."""
        for at, position in enumerate(one.inputs):
            found = self.ledger.find(position)
            if position >> 63 and (found is None or found[0] != basis[ROW * at : ROW * at + ROW]):
                self.lost[position >> 24 & (1 << 39) - 1] = -1

    def settle_lost(self) -> None:
        """Clear the lost deposits, which no block spends any more; their replacements on L1 count again."""
        first = min(self.lost, default=0)
        while self.lost and self.ledger.deposits >= first and not self.ledger.is_spent(self.ledger.deposits):
            self.ledger.drop_deposit()
        for number in self.lost:
            if number <= self.ledger.deposits:
                # A block spends a later deposit that still exists, so L1 has a deposit with this number too.
                self.ledger.replace_deposit(self.deposits[number])
                self._mark(self.deposits[number].position)
        first = max(first, self.ledger.deposits + 1)
        known = {one.number for _, one in self._coming}
        again = [self.deposits[number] for number in sorted(self.deposits) if number >= first and number not in known]
        self._coming.extendleft((self.head, one) for one in reversed(again if self.lost else []))
        self.lost.clear()
        self.ripen()

    def _count(self, one: Deposit) -> None:
        self.ledger.deposit(one)
        self._mark(one.position)

    def _mark(self, position: int) -> None:
        leaves, left = self._leaving.state(position)
        self.ledger.exiting(position, leaves)
        self.ledger.exited(position, left)

    def _do(self, block: int, one: Happening, touched: set[int]) -> None:
        if isinstance(one, Deposited):
            deposit = one.deposit
            if deposit.number > self.ledger.deposits + len(self._coming) + 1:
                raise RangeError(
                    f"deposit {deposit.number} without the one before", hint="the node omits logs: use another node"
                )
            self.deposits[deposit.number] = deposit
            if deposit.number > self.ledger.deposits:
                self._coming.append((block, deposit))
            elif self._same(deposit):
                self.lost.pop(deposit.number, None)
            else:
                # It replaces a deposit that a block spends.
                self.lost[deposit.number] = -1
        elif isinstance(one, BlockSubmitted):
            self.posted[one.number] = one.header
        else:
            self._exits(block, one, 1, touched)

    def _undo(self, block: int, one: Happening, touched: set[int]) -> None:
        if isinstance(one, Deposited):
            number = one.deposit.number
            self.deposits.pop(number, None)
            if self._coming and self._coming[-1][1].number == number:
                self._coming.pop()
                return
            touched.add(one.deposit.position)
            try:
                self.ledger.drop_deposit()
            except RangeError:
                self.lost[number] = self.head
        elif isinstance(one, BlockSubmitted):
            self.posted.pop(one.number, None)
        else:
            self._exits(block, one, -1, touched)

    def _exits(self, block: int, one: Exits, step: int, touched: set[int]) -> None:
        for position in self._leaving.note(one, block, step):
            touched.add(position)
            self._mark(position)

    def _same(self, one: Deposit) -> bool:
        found = self.ledger.find(one.position)
        return found is not None and found[0] == one.record[:34]
