"""What every operator does: looks, makes a block, gets each onto the chain once, in order, and none in its place."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from layer2.ethereum.errors import ContractReverted
from layer2.plasma.common.block_store import BodyStore
from layer2.plasma.common.errors import BlockLost, StateUnknown
from layer2.plasma.common.operator_journal import Made, Promises
from layer2.primitives.worker_pool import Workers
from layer2.store.journal import fault_point

__all__ = ["Posted", "Posting"]

_COMPACT_AT = 200_000
"""Records of the journal."""


class Posted(Protocol):
    """The header of a block that the chain has."""

    @property
    def root(self) -> bytes:
        """Of its tree."""
        ...


Tree = TypeVar("Tree")
Head = TypeVar("Head", bound=Posted)


class Posting(ABC, Generic[Tree, Head]):
    """The turns of an operator. Subclasses say what the chain has, what a block is made of and how it is put there.

    Attributes:
        compact_at: records of the journal from which on it is worth writing anew.
        points: first word of the names of its fault points.
        halted: why nothing is accepted or made any more: the chain has what this operator cannot stand for.
    """

    points: ClassVar[str]
    compact_at: int = _COMPACT_AT
    store: BodyStore[Tree]
    lock: threading.RLock
    halted: BlockLost | None
    workers: Workers
    _promises: Promises
    _stepping: threading.Lock

    def close(self) -> None:
        """Let go of the journal and of the workers."""
        self._promises.release()
        self.workers.close()

    def step(self) -> Made | None:
        """Follow the chain, submit what it does not have, then make and submit a block of what is pending, if any.

        Raises:
            BlockLost: the chain has a block that is not ours; nothing more can be promised.
            DepositsMissing: the chain took back deposits that blocks rest on, and may bring them back.
        """
        with self._stepping:
            self._look()
            self._submit_missing()
            made = self._make()
            if made is not None:
                self._submit_missing()
            self._tidy()
            return made

    def submit_block(self) -> Made | None:
        """`step()`, by the name of what people call it for: the block that was made and submitted, if there was one."""
        return self.step()

    def make_block(self) -> Made | None:
        """Make a block of what is pending, durably, without submitting it. None if nothing is pending."""
        with self._stepping:
            self._look()
            return self._make()

    def header(self, number: int) -> Head:
        """What the chain has of a block; raises StateUnknown while it has not."""
        with self.lock:
            found = self.posted.get(number)
        if found is None:
            self.store.block(number)
            raise StateUnknown(f"block {number} is made, and not on the chain yet", hint="ask again")
        return found

    # ---------------------------------------------------------------------------------------- what subclasses know

    @abstractmethod
    def follow(self) -> None:
        """Read what the chain says now."""

    @property
    @abstractmethod
    def posted(self) -> Mapping[int, Head]:
        """The blocks that the chain has, by number; read under the lock."""

    @abstractmethod
    def _make(self) -> Made | None:
        """Make a block of what is pending, durably."""

    @abstractmethod
    def _put(self, one: Made) -> None:
        """Put a block on the chain, and wait until it is there."""

    @abstractmethod
    def _settle_lost(self) -> None:
        """Deposits that the chain took back: wait for them, or give up the blocks that rest on them."""

    @property
    @abstractmethod
    def waiting(self) -> int:
        """How many are accepted and in no block."""

    @abstractmethod
    def _pending_records(self) -> list[bytes]:
        """What is accepted and in no block; read under the lock."""

    def _agree(self, one: Made, header: Any) -> bool:
        """Whether the chain's block is the one that was made."""
        return bool(one.root == header.root)

    # ------------------------------------------------------------------------------------------------------- turns

    def _look(self) -> None:
        """What the chain says now, and whether the blocks of this operator can stand on it."""
        if self.halted is not None:
            raise self.halted
        self.follow()
        self._compare()
        self._settle_lost()

    def _tidy(self) -> None:
        """Forget what stands in blocks, once that is worth writing the rest anew."""
        with self.lock:
            if self._promises.records < max(self.compact_at, 2 * self.waiting):
                return
            fault_point(f"{self.points}.compact.before")
            self._promises.keep(self._pending_records(), self.store)

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
