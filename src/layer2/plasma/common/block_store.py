"""The operator's blocks: bodies on disk, with records and trees of the most recently used blocks in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.common.operator_journal import SealedBlock
from layer2.plasma.protocol.blocks import BlockTree
from layer2.plasma.protocol.packed import join_body, packed_of, split_body
from layer2.primitives.hashing import keccak
from layer2.store.errors import JournalCorrupt
from layer2.store.file_store import FileStore

__all__ = ["BlockStore", "BodyStore"]

T = TypeVar("T")
Tree = TypeVar("Tree")

_KEPT = 3


class BodyStore(Generic[Tree]):
    """The blocks from number 1 on. Thread-safe for several readers and one writer.

    Args:
        join: encodes the records of a block as its body.
        split: decodes a body into its records.
        plant: builds the tree over the records of a block.
    """

    def __init__(
        self,
        folder: str | Path,
        join: Callable[[Sequence[bytes]], bytes],
        split: Callable[[bytes], list[bytes]],
        plant: Callable[[Sequence[bytes]], Tree],
    ) -> None:
        self.files = FileStore(folder)
        self.made: list[SealedBlock] = []
        self._join, self._split, self.plant = join, split, plant
        self._lock = threading.Lock()
        self._records: OrderedDict[SealedBlock, list[bytes]] = OrderedDict()
        self._trees: OrderedDict[SealedBlock, Tree] = OrderedDict()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.files.folder} blocks={len(self.made)}>"

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[SealedBlock]:
        return iter(tuple(self.made))

    def block(self, number: int) -> SealedBlock:
        """Return a block; raise StateUnknown if it has not been made."""
        made = self.made
        if not 0 < number <= len(made):
            raise StateUnknown(f"block {number} does not exist yet, the last is {len(made)}", hint="wait for it")
        return made[number - 1]

    def write(self, number: int, root: bytes, records: Sequence[bytes], rests: bytes) -> SealedBlock:
        """Write a block's body durably; the block counts only after `add`. See `SealedBlock` for `rests`."""
        one = SealedBlock(number, root, len(records), b"", rests)
        return replace(one, checksum=self.files.put(one.name, self._join(records)))

    def add(self, one: SealedBlock, records: list[bytes], tree: Tree) -> None:
        """Append the next block; its body must be durable already."""
        assert one.number == len(self.made) + 1
        self.made.append(one)
        with self._lock:
            _keep(self._records, one, records)
            _keep(self._trees, one, tree)

    def drop_last(self) -> SealedBlock:
        """Remove and return the last block. Its body stays on disk, because L1 may include the block again."""
        return self.made.pop()

    def path(self, number: int) -> Path:
        """Return the path of a block's body."""
        return self.files.path(self.block(number).name)

    def records(self, number: int) -> list[bytes]:
        """Return the records of a block; raise StateUnknown or JournalCorrupt if they are not available."""
        one = self.block(number)
        with self._lock:
            found = self._records.get(one)
        return found if found is not None else self.load(one)

    def stand(self, blocks: Sequence[SealedBlock]) -> None:
        """Append blocks whose bodies are durable, without reading them; raise JournalCorrupt if a body is missing."""
        for one in blocks:
            if one.name not in self.files:
                raise self._gone(one)
        self.made += blocks

    def load(self, one: SealedBlock) -> list[bytes]:
        """Read the records of a block from disk; raise JournalCorrupt if the body is missing or damaged."""
        body = self.files.get(one.name, one.checksum)
        if body is None:
            raise self._gone(one)
        found = self._split(body)
        with self._lock:
            _keep(self._records, one, found)
        return found

    def tree(self, number: int) -> Tree:
        """Return the tree of a block."""
        one = self.block(number)
        with self._lock:
            tree = self._trees.get(one)
        if tree is None:
            tree = self.plant(self.records(number))
            with self._lock:
                _keep(self._trees, one, tree)
        return tree

    def _gone(self, one: SealedBlock) -> JournalCorrupt:
        return JournalCorrupt(
            f"the body of block {one.number} is missing: no {one.name} in {self.files.folder}",
            hint="restore it from a backup or a mirror",
        )


class BlockStore(BodyStore[BlockTree]):
    """The blocks of payments."""

    def __init__(self, folder: str | Path) -> None:
        super().__init__(folder, join_body, split_body, _tree_of)

    def find(self, hashed: bytes, first: int, last: int) -> tuple[int, int] | None:
        """Return block and index of the transaction with this hash in blocks `first` to `last`; None if absent."""
        for number in range(max(1, first), min(last, len(self.made)) + 1):
            for index, record in enumerate(self.records(number)):
                if keccak(b"\x02" + packed_of(record)) == hashed:
                    return number, index
        return None


def _tree_of(records: Sequence[bytes]) -> BlockTree:
    return BlockTree.of_records(records)


def _keep(cache: OrderedDict[SealedBlock, T], one: SealedBlock, what: T) -> None:
    cache[one] = what
    cache.move_to_end(one)
    while len(cache) > _KEPT:
        cache.popitem(last=False)
