"""Block submission, shared by all operators: follow L1, make blocks, and submit each one once and in order."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from layer2.ethereum.errors import ContractReverted
from layer2.node.intake import Intake, Refusals
from layer2.node.tx_status import TxStatus
from layer2.plasma.common.block_store import BodyStore
from layer2.plasma.common.errors import BlockLost, StateUnknown
from layer2.plasma.common.operator_journal import OperatorJournal, SealedBlock
from layer2.primitives.errors import Layer2Error
from layer2.primitives.worker_pool import WorkerPool
from layer2.store.journal import fault_point

__all__ = ["Posted", "BlockSubmitter"]

_COMPACT_AT = 200_000
"""Number of journal records."""


class Posted(Protocol):
    """The header of a block on L1."""

    @property
    def root(self) -> bytes:
        """Root of the block's tree."""
        ...


Tree = TypeVar("Tree")
Head = TypeVar("Head", bound=Posted)


class BlockSubmitter(ABC, Generic[Tree, Head]):
    """The step loop of an operator. Subclasses define the blocks on L1, the contents of a block and its submission.

    Attributes:
        compact_at: number of journal records from which on the journal is compacted.
        points: prefix of the fault points' names.
    """

    points: ClassVar[str]
    compact_at: int = _COMPACT_AT
    store: BodyStore[Tree]
    lock: threading.RLock
    workers: WorkerPool
    _promises: OperatorJournal
    _intake: Intake[Any, Any]
    _stepping: threading.Lock

    def close(self) -> None:
        """Close the journal and the workers."""
        self._promises.close()
        self.workers.close()

    @property
    def waiting(self) -> int:
        """Number of accepted payments in no block."""
        return len(self._intake.pool.pending)

    @property
    def most_pending(self) -> int:
        """Maximum number of pending payments."""
        return self._intake.pool.most

    @property
    def halted(self) -> Layer2Error | None:
        """Set when L1 contradicts the blocks of this operator; nothing further is accepted or made."""
        return self._intake.halted

    def accept(self, batches: Sequence[Any]) -> list[Refusals]:
        """Accept the valid payments of several verified batches, in order and with one commit; durable on return.

        Returns:
            For each batch, the rejection or None for each of its payments.

        Raises:
            BlockLost: the operator has halted.
        """
        return self._intake.accept(batches)

    def tx_status(self, hashed: bytes) -> TxStatus | None:
        """Return the status of an accepted payment by its hash; None if it is unknown, or its status was pruned."""
        return self._intake.tx_status(hashed)

    def step(self) -> SealedBlock | None:
        """Follow L1, submit missing blocks, then make and submit a block of pending payments, if there are any.

        Returns:
            The block that was made, or None.

        Raises:
            BlockLost: L1 has a block that this operator did not make; nothing further can be accepted.
            DepositsMissing: L1 lacks deposits on which blocks depend, and may include them again.
        """
        with self._stepping:
            self._look()
            self._submit_missing()
            made = self._make()
            if made is not None:
                self._submit_missing()
            self._tidy()
            return made

    def submit_block(self) -> SealedBlock | None:
        """Run `step()` and return the block that was made and submitted, or None."""
        return self.step()

    def make_block(self) -> SealedBlock | None:
        """Make a durable block of pending payments without submitting it; return None if nothing is pending."""
        with self._stepping:
            self._look()
            return self._make()

    def header(self, number: int) -> Head:
        """Return the header of a block on L1; raise StateUnknown while L1 lacks the block."""
        with self.lock:
            found = self.posted.get(number)
        if found is None:
            self.store.block(number)
            raise StateUnknown(f"block {number} is made but not on the chain yet", hint="ask again")
        return found

    # -------------------------------------------------------------------------------------------- abstract methods

    @abstractmethod
    def follow(self) -> None:
        """Read the current state of L1."""

    @property
    @abstractmethod
    def posted(self) -> Mapping[int, Head]:
        """Headers of the blocks on L1, by number; read under the lock."""

    @abstractmethod
    def _make(self) -> SealedBlock | None:
        """Make a durable block of pending payments."""

    @abstractmethod
    def _put(self, one: SealedBlock) -> None:
        """Submit a block to L1 and wait until it is mined."""

    @abstractmethod
    def _settle_lost(self) -> None:
        """Handle deposits removed by a reorganisation: wait for them, or discard the blocks that depend on them."""

    def _agree(self, one: SealedBlock, header: Any) -> bool:
        """Return True if the block on L1 is the one that was made."""
        return bool(one.root == header.root)

    # ------------------------------------------------------------------------------------------------------- steps

    def _look(self) -> None:
        """Follow L1, and verify that the blocks of this operator are consistent with it."""
        if self.halted is not None:
            raise self.halted
        self.follow()
        self._compare()
        self._settle_lost()

    def _tidy(self) -> None:
        """Compact the journal by dropping included payments, if it has grown enough."""
        with self.lock:
            if self._promises.size < max(self.compact_at, 2 * self.waiting):
                return
            fault_point(f"{self.points}.compact.before")
            self._promises.keep(self._intake.rows(), self.store)

    def _compare(self) -> None:
        """Require that every block on L1 is one of this operator; raise BlockLost otherwise."""
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
        """Halt the operator, which accepts nothing from now on; return the error to raise."""
        halted = self._intake.halted = BlockLost(message, hint=hint)
        return halted

    def _missing(self) -> SealedBlock | None:
        """Return the next block that L1 lacks, to be submitted now."""
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
                # The block may be on L1 already, sent before a crash and mined just now.
                self.follow()
                self._compare()
                if missing.number not in self.posted:
                    raise
            fault_point(f"{self.points}.submit.after")
            self.follow()
            self._compare()
            if missing.number not in self.posted:
                # It was mined, but was removed again or is not reported by the node yet: the next step checks.
                return
