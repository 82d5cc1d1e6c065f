"""The proposer: asserts what the inbox results in, and makes right assertions final."""

from __future__ import annotations

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.batcher import Data, Poster
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.params import MAX_SEGMENTS
from layer2.rollup.state.commitments import Claim, Status
from layer2.store.fault_points import fault_point

__all__ = ["FAULT_POINTS", "Proposer"]

FAULT_POINTS = ("proposer.propose.before", "proposer.propose.after", "proposer.final.before", "proposer.final.after")


class Proposer:
    """Anybody with a bond. `step()` makes final what is due and proposes for entries that no right assertion covers."""

    def __init__(
        self, rollup: RollupContract, sender: Sender, replica: Replica, *, data: Data | str = Data.AUTO
    ) -> None:
        self.rollup = rollup
        self.sender = sender
        self.replica = replica
        self.poster = Poster(rollup, sender, replica.blobs, data)
        config = rollup.contract.call("config")
        self._window, self._bond = int(config[3]), int(config[6])

    def __repr__(self) -> str:
        return f"<Proposer {self.sender.address}>"

    def step(self) -> list[Receipt]:
        """Do what is due."""
        self.replica.step()
        done = self.finalize_due()
        proposed = self.propose()
        if proposed is not None:
            done.append(proposed)
        return done

    def propose(self) -> Receipt | None:
        """Propose on top of the right assertion that covers most; None when it covers everything, or in frozen mode."""
        if self.replica.frozen:
            return None
        tip = self.replica.tip()
        end = self._reach(tip)
        if end == tip.inbox_end:
            return None
        execution = self.replica.execute(tip, end)
        free = int(self.rollup.contract.call("freeBond", self.sender.address))
        last, roots = self.replica.entries[end - 1].record, execution.roots
        fault_point("proposer.propose.before")
        receipt = self.poster.propose(tip, last, end, roots[-1], roots, max(0, self._bond - free))
        fault_point("proposer.propose.after")
        self.replica.step()
        return receipt

    def finalize_due(self) -> list[Receipt]:
        """Make final, parents first, the right assertions that are due, those that cover most first.

        Those too that cover no more than the last final one: as long as they are open, a node that begins anew has to
        begin before them. In frozen mode nothing becomes final: then it takes its own bonds back in this way.
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
                if race.name != "StatusWrong":
                    raise
                # Somebody else was faster; the logs will say so.
                return done
            fault_point("proposer.final.after")
            self.replica.step()

    def _due(self) -> list[Claim]:
        """Right assertions whose window is over and whose parent is final. The chain is asked for the time alone."""
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
        """The open assertions of its own, and those that they rest on: none is released before its parent."""
        found: set[bytes] = set()
        for one in self.replica.open_claims():
            if self.rollup.status(one.id)[0] == self.sender.address:
                at = one
                while self.replica.status(at) is Status.OPEN:
                    found.add(at.id)
                    at = self.replica.claims[at.parent]
        return found

    def _reach(self, tip: Claim) -> int:
        """The last entry that one assertion can cover."""
        end = tip.inbox_end
        for entry in self.replica.entries[tip.inbox_end :]:
            if entry.record.segments - tip.segments > MAX_SEGMENTS:
                break
            end += 1
        return end
