"""The challenger: finds the first wrong segment of an assertion and proves it in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.rollup.contract import RollupContract
from layer2.rollup.records import Claim, Status
from layer2.rollup.replica import Replica
from layer2.rollup.witness import endpoint_proof, signature_proof, state_proof, turns_on_signature

__all__ = ["ENDPOINT_JUDGE", "SIGNATURE_JUDGE", "STATE_JUDGE", "Challenge", "Challenger"]

STATE_JUDGE, SIGNATURE_JUDGE, ENDPOINT_JUDGE = 0, 1, 2
"""Positions of the judges among the rollup's."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A proof on its way: committed in block `block`, or told why not."""

    claim: Claim
    segment: int | None
    judge: int
    proof: bytes
    block: int


class Challenger:
    """Anybody. `step()` commits to a proof against each wrong assertion, and shows it when it may."""

    def __init__(self, rollup: RollupContract, sender: Sender, replica: Replica) -> None:
        self.rollup = rollup
        self.sender = sender
        self.replica = replica
        self._under_way: dict[bytes, Challenge] = {}

    def __repr__(self) -> str:
        return f"<Challenger {self.sender.address} under_way={len(self._under_way)}>"

    def step(self) -> list[Receipt]:
        """Do what is due: drop descendants of convicted assertions, show proofs, commit to new ones."""
        self.replica.step()
        done: list[Receipt] = []
        for claim in self.wrong():
            parent = self.replica.claims[claim.parent]
            if self.rollup.status(parent.id)[2] is Status.INVALID:
                done.append(self._send("discard", claim.as_tuple(), parent.as_tuple()))
            elif not self.replica.is_right(parent):
                continue  # its parent goes first
            elif claim.id in self._under_way:
                shown = self._show(self._under_way[claim.id], parent)
                done += [shown] if shown is not None else []
            else:
                done += self._commit(claim)
        return done

    def forget(self) -> None:
        """Drop what is under way: after the chain has gone back, commitments may be gone too."""
        self._under_way.clear()

    def wrong(self) -> list[Claim]:
        """The open assertions that are wrong."""
        open_ = (one for one in self.replica.claims.values() if self.rollup.status(one.id)[2] is Status.OPEN)
        return [one for one in open_ if self.replica.verdict(one) is False]

    def first_wrong_segment(self, claim: Claim) -> int | None:
        """The first segment whose root is not what the inbox gives; None if only the claimed root itself is wrong."""
        given = self.replica.roots_of(claim)
        right = self.replica.execute(self.replica.claims[claim.parent], claim.inbox_end).roots
        return next((at for at, pair in enumerate(zip(given, right, strict=True)) if pair[0] != pair[1]), None)

    def _commit(self, claim: Claim) -> list[Receipt]:
        segment = self.first_wrong_segment(claim)
        judge, proof = self.prove(claim, segment)
        receipt = self._send("commitChallenge", self.commitment(claim, judge, proof))
        self._under_way[claim.id] = Challenge(claim, segment, judge, proof, receipt.block_number)
        return [receipt]

    def prove(self, claim: Claim, segment: int | None) -> tuple[int, bytes]:
        """The judge that convicts a claim for a segment (None: for not ending in its own last root), and the proof."""
        if segment is None:
            return ENDPOINT_JUDGE, endpoint_proof(self.replica, claim)
        if turns_on_signature(self.replica, claim, segment):
            return SIGNATURE_JUDGE, signature_proof(self.replica, claim, segment)
        return STATE_JUDGE, state_proof(self.replica, claim, segment)

    def commitment(self, claim: Claim, judge: int, proof: bytes) -> bytes:
        """What is announced: it binds the challenger, so that nobody can take the proof."""
        row = [self.sender.address, claim.id, judge, keccak(proof)]
        return keccak(encode(["address", "bytes32", "uint256", "bytes32"], row))

    def _show(self, one: Challenge, parent: Claim) -> Receipt | None:
        wait = int(self.rollup.contract.call("config")[5])
        if self.rollup.connection.block_number() + 1 < one.block + wait:
            return None
        row = (one.claim.as_tuple(), parent.as_tuple(), one.judge, one.proof)
        try:
            receipt = self._send("challenge", *row)
        except ContractReverted as failure:
            if failure.name not in ("StatusWrong", "CommitmentMissing"):
                raise
            # Somebody else was faster; or the chain took the announcement back, and the next step makes it again.
            receipt = None
        del self._under_way[one.claim.id]
        return receipt

    def _send(self, name: str, *args: object) -> Receipt:
        return self.rollup.contract.transact(self.sender, name, *args)
