"""What the contract's logs say of its assertions, queue and payments: the half of a replica that executes nothing."""

from __future__ import annotations

from layer2.ethereum.log_follower import LogFollower
from layer2.primitives.addresses import Address
from layer2.rollup.derivation.inbox import InboxLog
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.state.commitments import Claim, ItemRecord, Status, unpack_roots
from layer2.rollup.state.forced_queue import QueueItem

__all__ = ["Reading"]

_FIELD = 32


class Reading:
    """The logs of one rollup as far as they are read. Nothing here asks the chain again for what a log has said."""

    def __init__(self, rollup: RollupContract, start_block: int, confirmations: int, blobs: Blobs) -> None:
        self.rollup = rollup
        self.blobs = blobs
        self._follower = LogFollower(
            rollup.connection, rollup.address, start_block=start_block, confirmations=confirmations
        )
        self._log = InboxLog(rollup)

    @property
    def queue(self) -> list[QueueItem]:
        """Every queue item so far."""
        return self._log.queue

    @property
    def raw_queue(self) -> list[bytes]:
        """The same, as the contract hashed them."""
        return self._log.raw

    @property
    def posted(self) -> int:
        """How many entries the inbox has, as far as the logs are read: their data may not be there yet."""
        return len(self._log.posted)

    def record(self, index: int) -> ItemRecord | None:
        """What the contract keeps of an entry (from 0 on), executed here or not; None when there is none yet."""
        return self._log.posted[index].record if 0 <= index < len(self._log.posted) else None

    @property
    def claims(self) -> dict[bytes, Claim]:
        """Every assertion by its id, right or wrong."""
        return self._log.claims

    @property
    def given_roots(self) -> dict[bytes, bytes]:
        """The roots of assertions that came in calldata, by id."""
        return self._log.roots

    @property
    def announced(self) -> dict[bytes, int]:
        """Blocks in which proofs were announced, by commitment; of equal ones the first, as the contract has it."""
        return self._log.announced

    @property
    def claimed(self) -> set[int]:
        """The withdrawals that have been paid, by their numbers from the beginning."""
        return self._log.claimed

    @property
    def transferred(self) -> dict[tuple[int, bytes], Address]:
        """Who owns withdrawals now that were given away, by number and leaf."""
        return self._log.transferred

    @property
    def frozen(self) -> bool:
        """Whether the rollup has been frozen."""
        return self._log.frozen

    @property
    def escaped(self) -> set[int]:
        """Accounts that were paid in frozen mode."""
        return self._log.escaped

    @property
    def refunded(self) -> set[int]:
        """Queue items whose deposit was paid back in frozen mode."""
        return self._log.refunded

    def status(self, claim: Claim) -> Status:
        """How an assertion stands, as far as the logs are read."""
        return self._log.status.get(claim.id, Status.UNKNOWN)

    def open_claims(self) -> list[Claim]:
        """The assertions that are neither final nor refused, the oldest first."""
        return [self.claims[one] for one, status in self._log.status.items() if status is Status.OPEN]

    def final_claims(self) -> list[Claim]:
        """The assertions that are final."""
        return [self.claims[one] for one, status in self._log.status.items() if status is Status.FINAL]

    def created(self, claim: Claim) -> int:
        """When an assertion was made, Unix seconds. Each block's time is asked for once."""
        number, times = self._log.claim_blocks[claim.id], self._log.times
        if number not in times:
            block = self.rollup.connection.block(number)
            # A block that has just gone: the next step reads what came instead.
            return self.rollup.connection.timestamp() if block is None else times.setdefault(number, block.timestamp)
        return times[number]

    def final(self) -> Claim:
        """The final assertion that covers most, as far as the logs are read."""
        return max(self.final_claims(), key=lambda one: one.inbox_end)

    def foundations(self) -> list[Claim]:
        """The final assertions that open or later ones go on from, those that cover least first."""
        newest = self.final().inbox_end
        parents = {one.parent for one in self.open_claims()}
        found = (one for one in self.final_claims() if one.id in parents or one.inbox_end >= newest)
        return sorted(found, key=lambda one: (one.inbox_end, one.id))

    def roots_of(self, claim: Claim) -> list[bytes]:
        """The roots that a claim was made with, 32 bytes each; DataMissing when nobody has them."""
        blob = self.roots_blob(claim)
        if blob is None:
            return unpack_roots(self.given_roots[claim.id])
        count = claim.segments - self.claims[claim.parent].segments
        return [blob[at : at + _FIELD] for at in range(0, _FIELD * count, _FIELD)]

    def roots_blob(self, claim: Claim) -> bytes | None:
        """The blob with a claim's roots, None if they are in calldata; DataMissing when nobody has it."""
        if not claim.roots_in_blob:
            return None
        return self.blobs.get(claim.roots, self._log.claim_blocks.get(claim.id, 0))
