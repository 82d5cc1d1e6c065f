"""Proposer: asserts the state that the inbox results in, and finalizes valid assertions."""

from __future__ import annotations

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.batcher import Batcher, Data
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.params import MAX_SEGMENTS
from layer2.rollup.state.commitments import Assertion, Status
from layer2.store.fault_points import fault_point

__all__ = ["FAULT_POINTS", "Proposer"]

FAULT_POINTS = ("proposer.propose.before", "proposer.propose.after", "proposer.final.before", "proposer.final.after")


class Proposer:
    """Proposer, which anyone with a bond may run: finalizes due assertions and proposes for uncovered entries."""

    def __init__(
        self, rollup: RollupContract, sender: Sender, replica: Replica, *, data: Data | str = Data.AUTO
    ) -> None:
        self.rollup = rollup
        self.sender = sender
        self.replica = replica
        self.poster = Batcher(rollup, sender, replica.blobs, data)
        config = rollup.contract.call("config")
        self._window, self._bond = int(config[3]), int(config[6])

    def __repr__(self) -> str:
        return f"<Proposer {self.sender.address}>"

    def step(self) -> list[Receipt]:
        """Finalize due assertions, then propose; return the receipts."""
        self.replica.step()
        done = self.finalize_due()
        proposed = self.propose()
        if proposed is not None:
            done.append(proposed)
        return done

    def propose(self) -> Receipt | None:
        """Propose on top of the valid assertion that covers the most entries.

        Returns:
            The receipt; None if all entries are covered, or in frozen mode.
        """
        if self.replica.frozen:
            return None
        tip = self.replica.tip()
        end = self._reach(tip)
        if end == tip.inbox_end:
            return None
        execution = self.replica.execute(tip, end)
        free = int(self.rollup.contract.call("availableBond", self.sender.address))
        last, roots = self.replica.entries[end - 1].record, execution.roots
        fault_point("proposer.propose.before")
        receipt = self.poster.propose(tip, last, end, roots[-1], roots, max(0, self._bond - free))
        fault_point("proposer.propose.after")
        self.replica.step()
        return receipt

    def finalize_due(self) -> list[Receipt]:
        """Finalize the valid assertions that are due, parents first, and those that cover the most entries first.

        Assertions that cover no more than the last final one are finalized too, because a new node must start from a
        state before every open assertion. In frozen mode, nothing becomes final, and this call releases the proposer's
        own bonds.
        """
        done: list[Receipt] = []
        while True:
            due = self._due()
            if not due:
                return done
            fault_point("proposer.final.before")
            try:
                done.append(self.rollup.finalize(self.sender, max(due, key=lambda one: one.inbox_end)))
            except ContractReverted as race:
                if race.name != "UnexpectedStatus":
                    raise
                # Another node finalized it first; the next logs will show that.
                return done
            fault_point("proposer.final.after")
            self.replica.step()

    def _due(self) -> list[Assertion]:
        """Return the valid assertions whose window is over and whose parent is final; only the time is queried.

        In frozen mode, the parent may also be released, and only assertions that hold back the proposer's bonds are
        due.
        """
        replica = self.replica
        standing = (Status.FINAL, Status.RELEASED) if replica.frozen else (Status.FINAL,)
        able = [
            one
            for one in replica.open_claims()
            if replica.status(replica.claims[one.parent]) in standing and replica.is_right(one)
        ]
        if able and replica.frozen:
            bearing = self._bearing()
            able = [one for one in able if one.id in bearing]
        if not able:
            return []
        now = self.rollup.connection.timestamp()
        return [one for one in able if now > replica.created(one) + self._window]

    def _bearing(self) -> set[bytes]:
        """Return the proposer's open assertions and their open ancestors, because a parent must be released first."""
        found: set[bytes] = set()
        for one in self.replica.open_claims():
            if self.rollup.status(one.id)[0] == self.sender.address:
                at = one
                while self.replica.status(at) is Status.OPEN:
                    found.add(at.id)
                    at = self.replica.claims[at.parent]
        return found

    def _reach(self, tip: Assertion) -> int:
        """Return the last entry that one assertion on top of `tip` can cover."""
        end = tip.inbox_end
        for entry in self.replica.entries[tip.inbox_end :]:
            if entry.record.segments - tip.segments > MAX_SEGMENTS:
                break
            end += 1
        return end
