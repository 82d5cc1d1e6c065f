"""Assertions, queue and payments as read from the contract's logs: the part of a replica that executes nothing."""

from __future__ import annotations

from collections.abc import Set

from layer2.primitives.addresses import Address
from layer2.rollup.derivation.inbox import InboxLog
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.state.commitments import Assertion, ItemRecord, Status, unpack_roots
from layer2.rollup.state.forced_queue import QueueItem

__all__ = ["AssertionLog"]

_FIELD = 32


class AssertionLog:
    """Contents of the logs of one rollup as read so far; logged values are never queried from L1 again."""

    def __init__(self, rollup: RollupContract, start_block: int, confirmations: int, blobs: Blobs) -> None:
        self.rollup = rollup
        self.blobs = blobs
        self._log = InboxLog(rollup, start_block=start_block, confirmations=confirmations)

    @property
    def queue(self) -> list[QueueItem]:
        """Every queue item so far."""
        return self._log.queue

    @property
    def raw_queue(self) -> list[bytes]:
        """Every queue item in the encoding that the contract hashed."""
        return self._log.raw

    @property
    def posted(self) -> int:
        """Number of inbox entries in the logs read so far; their data may not be available yet."""
        return len(self._log.posted)

    def record(self, index: int) -> ItemRecord | None:
        """Return the contract's record of an entry (counted from 0), executed or not; None if there is none yet."""
        return self._log.posted[index].record if 0 <= index < len(self._log.posted) else None

    @property
    def claims(self) -> dict[bytes, Assertion]:
        """Every assertion by id, valid or not."""
        return self._log.claims

    @property
    def given_roots(self) -> dict[bytes, bytes]:
        """Roots of assertions that were posted in calldata, by assertion id."""
        return self._log.roots

    @property
    def announced(self) -> dict[bytes, int]:
        """Blocks in which proofs were committed, by commitment; the first one counts if a commitment repeats."""
        return self._log.announced

    @property
    def claimed(self) -> Set[int]:
        """Numbers of paid withdrawals, counted from genesis."""
        return self._log.claimed.keys()

    @property
    def transferred(self) -> dict[tuple[int, bytes], Address]:
        """Current owners of transferred withdrawals, by number and leaf."""
        return self._log.transferred

    @property
    def frozen(self) -> bool:
        """True if the rollup has been frozen."""
        return self._log.frozen

    @property
    def escaped(self) -> Set[int]:
        """Accounts paid in frozen mode."""
        return self._log.escaped.keys()

    @property
    def refunded(self) -> Set[int]:
        """Indices of queue items whose deposit was refunded in frozen mode."""
        return self._log.refunded.keys()

    def status(self, claim: Assertion) -> Status:
        """Return the status of an assertion in the logs read so far."""
        return self._log.status.get(claim.id, Status.UNKNOWN)

    def open_claims(self) -> list[Assertion]:
        """Return the open assertions, oldest first."""
        return [self.claims[one] for one, status in self._log.status.items() if status is Status.OPEN]

    def final_claims(self) -> list[Assertion]:
        """Return the final assertions."""
        return [self.claims[one] for one, status in self._log.status.items() if status is Status.FINAL]

    def created(self, claim: Assertion) -> int:
        """Return the Unix time at which an assertion was created; each block's time is queried once."""
        number, times = self._log.claim_blocks[claim.id], self._log.times
        if number not in times:
            block = self.rollup.connection.block(number)
            # The block has just been reorganised out; the next step reads its replacement.
            return self.rollup.connection.timestamp() if block is None else times.setdefault(number, block.timestamp)
        return times[number]

    def final(self) -> Assertion:
        """Return the final assertion that covers the most entries in the logs read so far."""
        return max(self.final_claims(), key=lambda one: one.inbox_end)

    def foundations(self) -> list[Assertion]:
        """Return the newest final assertion and the final parents of open ones, lowest coverage first."""
        newest = self.final().inbox_end
        parents = {one.parent for one in self.open_claims()}
        found = (one for one in self.final_claims() if one.id in parents or one.inbox_end >= newest)
        return sorted(found, key=lambda one: (one.inbox_end, one.id))

    def roots_of(self, claim: Assertion) -> list[bytes]:
        """Return the roots posted with an assertion, 32 bytes each; raise DataMissing if they are not available."""
        blob = self.roots_blob(claim)
        if blob is None:
            return unpack_roots(self.given_roots[claim.id])
        count = claim.segments - self.claims[claim.parent].segments
        return [blob[at : at + _FIELD] for at in range(0, _FIELD * count, _FIELD)]

    def roots_blob(self, claim: Assertion) -> bytes | None:
        """Return the blob with an assertion's roots, None if they are in calldata; raise DataMissing if unavailable."""
        if not claim.roots_in_blob:
            return None
        return self.blobs.get(claim.roots, self._log.claim_blocks.get(claim.id, 0))
