"""The ledger in the order of the chain below: deposits, exits and blocks as they came, as far as bodies are there.

A block is judged on top of what had happened before it was posted: every watcher comes to the same verdict, whenever
it gets the body.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from layer2.plasma.payments.chain.events import BlockPosted, Happening, News
from layer2.plasma.payments.utxo.chain_view import Books
from layer2.plasma.payments.utxo.checkpoint import Frozen
from layer2.plasma.payments.utxo.exiting_outputs import Where
from layer2.plasma.payments.utxo.utxo_set import Ledger
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.packed import Fields, packed_of, read, split
from layer2.plasma.protocol.transaction import transaction_hash
from layer2.primitives.errors import RangeError

__all__ = ["Entry", "Line"]

_MEMORY = 1 << 12
"""Child blocks that can be taken back: those of the last reorganisation's depth."""


@dataclass(slots=True)
class Entry:
    """What happened in a block of the chain below, and whether the ledger has it."""

    block: int
    what: Happening
    taken: bool = False


class Line:
    """Happenings waiting for their turn, and a ledger of those that had it.

    `verified`: the last block that is good with all before it. `invalid`: the block behind it, once it is found to be
    bad: the ledger stands still then. `broken`: why it cannot go on, when what the chain said does not fit together.
    """

    def __init__(self, where: Where) -> None:
        self.ledger = Ledger(memory=_MEMORY, owners=False)
        self.books = Books(self.ledger, 0, where)
        self.invalid: int | None = None
        self.broken = ""
        self._entries: deque[Entry] = deque()
        self._taken = 0

    def __repr__(self) -> str:
        return f"<Line verified={self.verified} waiting={len(self._entries) - self._taken}>"

    @property
    def verified(self) -> int:
        """The last good block."""
        return self.ledger.head

    def push(self, block: int, what: Happening) -> None:
        """Something happened."""
        self._entries.append(Entry(block, what))

    def pop(self) -> None:
        """The last happening was taken back. Raises RangeError when it is out of reach."""
        if not self._entries:
            raise RangeError("what is taken back is forgotten", hint="read all anew")
        last = self._entries.pop()
        if isinstance(last.what, BlockPosted) and last.what.number == self.invalid:
            self.invalid = None
        if last.taken:
            self._taken -= 1
            if isinstance(last.what, BlockPosted):
                self.books.undo()
            self.books.take(News(removed=[(last.block, last.what)], head=last.block))

    def following(self) -> tuple[int, Header] | None:
        """The next block to be judged, after all that happened before it; None if there is none, or one is bad."""
        while self.invalid is None and not self.broken and self._taken < len(self._entries):
            entry = self._entries[self._taken]
            if isinstance(entry.what, BlockPosted):
                return entry.what.number, entry.what.header
            try:
                self._take(entry)
            except RangeError as failure:
                self.broken = str(failure)
        return None

    def accept(self, transactions: Sequence[Fields], hashes: Callable[[], list[bytes]]) -> None:
        """The next block is good."""
        entry = self._entries[self._taken]
        assert isinstance(entry.what, BlockPosted)
        self._take(entry)
        self.books.apply(entry.what.number, transactions, hashes)

    def refuse(self) -> None:
        """The next block is bad."""
        entry = self._entries[self._taken]
        assert isinstance(entry.what, BlockPosted)
        self.invalid = entry.what.number

    def accept_again(self, records: list[bytes]) -> None:
        """The next block was found to be good before."""
        fields = [one for one in (_read(record) for record in records) if one is not None]
        self.accept(fields, lambda: [transaction_hash(packed_of(record)) for record in records])

    def accept_unread(self) -> None:
        """The next block was found to be good before, and what it holds comes with `thaw`."""
        self.accept([], list)

    def thaw(self, one: Frozen) -> bool:
        """Be as after the block at which it was frozen, which is the last accepted; False if it does not fit."""
        return self.verified == one.number and self.books.thaw(one)

    def forget(self, block: int) -> None:
        """What happened before a block of the chain below will not be taken back."""
        while self._taken and self._entries[0].block < block:
            what = self._entries.popleft().what
            self._taken -= 1
            if isinstance(what, BlockPosted):
                self.ledger.settle(what.number)

    def _take(self, entry: Entry) -> None:
        self.books.take(News(new=[(entry.block, entry.what)], head=entry.block))
        entry.taken = True
        self._taken += 1


def _read(record: bytes) -> Fields | None:
    parts = split(record)
    return None if parts is None else read(parts[0])
