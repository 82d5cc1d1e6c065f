"""The blocks that were made: bodies on disk, and for the few that are asked for just now records and tree in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from layer2.plasma.blocks import BlockTree
from layer2.plasma.fields import join_body, packed_of, split_body
from layer2.plasma.promises import Made
from layer2.plasma.refusals import StateUnknown
from layer2.primitives.hashing import keccak
from layer2.store.errors import JournalCorrupt
from layer2.store.files import FileStore

__all__ = ["BlockStore"]

T = TypeVar("T")

_KEPT = 3


class BlockStore:
    """Blocks from number 1 on. Safe to use from several threads; one of them writes."""

    def __init__(self, folder: str | Path) -> None:
        self.files = FileStore(folder)
        self.made: list[Made] = []
        self._lock = threading.Lock()
        self._records: OrderedDict[Made, list[bytes]] = OrderedDict()
        self._trees: OrderedDict[Made, BlockTree] = OrderedDict()

    def __repr__(self) -> str:
        return f"<BlockStore {self.files.folder} blocks={len(self.made)}>"

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[Made]:
        return iter(tuple(self.made))

    def block(self, number: int) -> Made:
        """A block; raises StateUnknown if it is not made."""
        made = self.made
        if not 0 < number <= len(made):
            raise StateUnknown(f"block {number} is not there, {len(made)} are", hint="wait for it")
        return made[number - 1]

    def write(self, number: int, root: bytes, records: Sequence[bytes]) -> Made:
        """Make the body of a block durable. It is no block before `add`."""
        one = Made(number, root, len(records), b"")
        return Made(number, root, len(records), self.files.put(one.name, join_body(records)))

    def add(self, one: Made, records: list[bytes], tree: BlockTree) -> None:
        """The next block, whose body is durable."""
        assert one.number == len(self.made) + 1
        self.made.append(one)
        with self._lock:
            _keep(self._records, one, records)
            _keep(self._trees, one, tree)

    def drop_last(self) -> Made:
        """The last one is none after all. Its body stays on disk: the chain may show it again."""
        return self.made.pop()

    def path(self, number: int) -> Path:
        """Where the body of a block lies."""
        return self.files.path(self.block(number).name)

    def records(self, number: int) -> list[bytes]:
        """The records of a block. Raises StateUnknown, JournalCorrupt."""
        one = self.block(number)
        with self._lock:
            found = self._records.get(one)
        return found if found is not None else self.load(one)

    def stand(self, blocks: Sequence[Made]) -> None:
        """These come next, whose bodies are durable, and are not read now. Raises JournalCorrupt if one is not here."""
        for one in blocks:
            if one.name not in self.files:
                raise self._gone(one)
        self.made += blocks

    def load(self, one: Made) -> list[bytes]:
        """Records from disk."""
        body = self.files.get(one.name, one.checksum)
        if body is None:
            raise self._gone(one)
        found = split_body(body)
        with self._lock:
            _keep(self._records, one, found)
        return found

    def find(self, hashed: bytes, first: int, last: int) -> tuple[int, int] | None:
        """Where the transaction with this hash stands, in blocks `first` to `last`: block and index."""
        for number in range(max(1, first), min(last, len(self.made)) + 1):
            for index, record in enumerate(self.records(number)):
                if keccak(b"\x02" + packed_of(record)) == hashed:
                    return number, index
        return None

    def tree(self, number: int) -> BlockTree:
        """The tree of a block."""
        one = self.block(number)
        with self._lock:
            tree = self._trees.get(one)
        if tree is None:
            tree = BlockTree(packed_of(record) for record in self.records(number))
            with self._lock:
                _keep(self._trees, one, tree)
        return tree

    def _gone(self, one: Made) -> JournalCorrupt:
        return JournalCorrupt(
            f"the body of block {one.number} is gone: no {one.name} in {self.files.folder}",
            hint="restore it from a backup or a mirror",
        )


def _keep(cache: OrderedDict[Made, T], one: Made, what: T) -> None:
    cache[one] = what
    cache.move_to_end(one)
    while len(cache) > _KEPT:
        cache.popitem(last=False)
