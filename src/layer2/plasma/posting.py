"""What every operator does with the blocks it made: each gets onto the chain once, in order, and none in its place."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from layer2.ethereum.errors import ContractReverted
from layer2.plasma.blockstore import BodyStore
from layer2.plasma.promises import Made
from layer2.plasma.refusals import BlockLost
from layer2.store.journal import fault_point

__all__ = ["Posted", "Posting"]

Tree = TypeVar("Tree")


class Posted(Protocol):
    """The header of a block that the chain has."""

    @property
    def root(self) -> bytes:
        """Of its tree."""
        ...


class Posting(ABC, Generic[Tree]):
    """The half of an operator that submits. Subclasses say what the chain has and how a block is put there.

    Attributes:
        points: first word of the names of its fault points.
        halted: why nothing is accepted or made any more: the chain has what this operator cannot stand for.
    """

    points: ClassVar[str]
    store: BodyStore[Tree]
    lock: threading.RLock
    halted: BlockLost | None

    @abstractmethod
    def follow(self) -> None:
        """Read what the chain says now."""

    @property
    @abstractmethod
    def posted(self) -> Mapping[int, Posted]:
        """The blocks that the chain has, by number; read under the lock."""

    @abstractmethod
    def _put(self, one: Made) -> None:
        """Put a block on the chain, and wait until it is there."""

    def _agree(self, one: Made, header: Any) -> bool:
        """Whether the chain's block is the one that was made."""
        return bool(one.root == header.root)

    def _compare(self) -> None:
        """The chain may lack blocks of ours, and have none that is not."""
        with self.lock:
            for number, header in self.posted.items():
                own = self.store.made[number - 1] if number <= len(self.store.made) else None
                if own is None or not self._agree(own, header):
                    raise self._halt(
                        f"the chain has block {number} with root 0x{header.root.hex()[:8]}.., "
                        + (f"this operator made 0x{own.root.hex()[:8]}.." if own else "this operator has made none"),
                        "stop: another operator uses this key, or this journal is an old copy",
                    )

    def _halt(self, message: str, hint: str) -> BlockLost:
        """From now on nothing is accepted; what was promised cannot be kept."""
        self.halted = BlockLost(message, hint=hint)
        return self.halted

    def _missing(self) -> Made | None:
        """The next block that the chain lacks, to be put there now."""
        with self.lock:
            return next((one for one in self.store if one.number not in self.posted), None)

    def _submit_missing(self) -> None:
        while True:
            missing = self._missing()
            if missing is None:
                return
            fault_point(f"{self.points}.submit.before")
            try:
                self._put(missing)
            except ContractReverted:
                # It may be there: sent before a crash, and mined just now.
                self.follow()
                self._compare()
                if missing.number not in self.posted:
                    raise
            fault_point(f"{self.points}.submit.after")
            self.follow()
            self._compare()
            if missing.number not in self.posted:
                # Mined, and gone again or not yet shown by the node: the next step looks.
                return
