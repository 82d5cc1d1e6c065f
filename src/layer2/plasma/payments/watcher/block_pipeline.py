"""The ledger in the order of L1: deposits, exits and blocks as they occurred, as far as bodies are available.

A block is validated on the state before its submission, so every watcher reaches the same verdict, regardless of when
it receives the body.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from layer2.plasma.payments.chain.events import BlockSubmitted, Happening, News
from layer2.plasma.payments.utxo.chain_view import DepositAndExitIndex
from layer2.plasma.payments.utxo.checkpoint import Checkpoint
from layer2.plasma.payments.utxo.exiting_outputs import Where
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.packed import Fields, packed_of, read, split
from layer2.plasma.protocol.transaction import transaction_hash
from layer2.primitives.errors import RangeError

__all__ = ["Entry", "BlockPipeline"]

_MEMORY = 1 << 12
"""Maximum number of child blocks that a reorganisation may undo."""


@dataclass(slots=True)
class Entry:
    """An event of an L1 block; `taken` is True if the ledger has applied it."""

    block: int
    what: Happening
    taken: bool = False


class BlockPipeline:
    """Queued events, and a ledger of those already applied.

    Attributes:
        verified: the last block that is valid together with all before it.
        invalid: the next block, if it was found to be invalid; the ledger then stops.
        broken: the reason why inconsistent L1 events stop the ledger; empty if there is none.
    """

    def __init__(self, where: Where) -> None:
        self.ledger = UtxoSet(memory=_MEMORY, owners=False)
        self.books = DepositAndExitIndex(self.ledger, 0, where)
        self.invalid: int | None = None
        self.broken = ""
        self._entries: deque[Entry] = deque()
        self._taken = 0

    def __repr__(self) -> str:
        return f"<BlockPipeline verified={self.verified} waiting={len(self._entries) - self._taken}>"

    @property
    def verified(self) -> int:
        """The last valid block."""
        return self.ledger.head

    def push(self, block: int, what: Happening) -> None:
        """Append an event."""
        self._entries.append(Entry(block, what))

    def pop(self) -> None:
        """Undo the last event; raise RangeError if it is no longer stored."""
        if not self._entries:
            raise RangeError(
                "the reorganisation is deeper than the kept blocks", hint="read the chain again from the start"
            )
        last = self._entries.pop()
        if isinstance(last.what, BlockSubmitted) and last.what.number == self.invalid:
            self.invalid = None
        if last.taken:
            self._taken -= 1
            if isinstance(last.what, BlockSubmitted):
                self.books.undo()
            self.books.take(News(removed=[(last.block, last.what)], head=last.block))

    def following(self) -> tuple[int, Header] | None:
        """Apply events up to the next block and return it for validation; None if there is none or one is invalid."""
        while self.invalid is None and not self.broken and self._taken < len(self._entries):
            entry = self._entries[self._taken]
            if isinstance(entry.what, BlockSubmitted):
                return entry.what.number, entry.what.header
            try:
                self._take(entry)
            except RangeError as failure:
                self.broken = str(failure)
        return None

    def accept(self, transactions: Sequence[Fields], hashes: Callable[[], list[bytes]]) -> None:
        """Apply the next block, which is valid."""
        entry = self._entries[self._taken]
        assert isinstance(entry.what, BlockSubmitted)
        self._take(entry)
        self.books.apply(entry.what.number, transactions, hashes)

    def refuse(self) -> None:
        """Mark the next block as invalid."""
        entry = self._entries[self._taken]
        assert isinstance(entry.what, BlockSubmitted)
        self.invalid = entry.what.number

    def accept_again(self, records: list[bytes]) -> None:
        """Apply the next block from its records; it was found to be valid before."""
        fields = [one for one in (_read(record) for record in records) if one is not None]
        self.accept(fields, lambda: [transaction_hash(packed_of(record)) for record in records])

    def accept_unread(self) -> None:
        """Pass the next block without its contents, which `restore` restores; it was found to be valid before."""
        self.accept([], list)

    def restore(self, one: Checkpoint) -> bool:
        """Restore the checkpoint of the last accepted block; return False if it does not match."""
        return self.verified == one.number and self.books.restore(one)

    def forget(self, block: int) -> None:
        """Discard undo data of events before an L1 block; they are final."""
        while self._taken and self._entries[0].block < block:
            what = self._entries.popleft().what
            self._taken -= 1
            if isinstance(what, BlockSubmitted):
                self.ledger.settle(what.number)

    def _take(self, entry: Entry) -> None:
        self.books.take(News(new=[(entry.block, entry.what)], head=entry.block))
        entry.taken = True
        self._taken += 1


def _read(record: bytes) -> Fields | None:
    parts = split(record)
    return None if parts is None else read(parts[0])
