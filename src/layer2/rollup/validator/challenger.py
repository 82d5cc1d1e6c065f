"""Challenger: finds the first wrong segment of an assertion and proves it wrong in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode

from layer2.ethereum.errors import ConnectionFailed, ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import Layer2Error
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import StateUnknown
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.validator.witness import endpoint_proof, signature_proof, state_proof, turns_on_signature
from layer2.store.fault_points import fault_point

__all__ = ["ENDPOINT_JUDGE", "FAULT_POINTS", "SIGNATURE_JUDGE", "STATE_JUDGE", "Challenge", "Challenger"]

STATE_JUDGE, SIGNATURE_JUDGE, ENDPOINT_JUDGE = 0, 1, 2
"""Indices of the fraud verifiers (judges) in the rollup contract."""

FAULT_POINTS = (
    "challenger.commit.before",
    "challenger.commit.after",
    "challenger.show.before",
    "challenger.show.after",
)


SLOT_SECONDS = 12
"""Seconds between two L1 blocks."""

_PATIENCE = 32
"""Number of blocks after which a commitment that no log contains is sent again."""

_LATE = ("UnexpectedStatus", "UnknownCommitment")
"""Reverts that mean another challenger was faster, or that a reorganisation removed a commitment."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A proof that an assertion is invalid.

    Attributes:
        judge: index of the fraud verifier for the proof.
        proof: the encoded proof.
        commitment: commitment to the proof, sent before the proof is revealed.
    """

    judge: int
    proof: bytes
    commitment: bytes


class Challenger:
    """Challenger, which anyone may run. `step()` commits to a proof against each invalid assertion, then reveals it.

    No state is required between two steps: a proof follows from the assertion, and commitments are in the L1 logs. A
    restarted challenger therefore continues where the previous one stopped.

    Attributes:
        faults: failures of the last step by assertion id. A failure for one assertion does not block the others.
    """

    def __init__(self, rollup: RollupContract, sender: Sender, replica: Replica) -> None:
        self.rollup = rollup
        self.sender = sender
        self.replica = replica
        self.faults: dict[bytes, str] = {}
        self._proofs: dict[tuple[bytes, bytes], Challenge] = {}
        self._sent: dict[bytes, tuple[int, bytes]] = {}
        self._convicted: set[bytes] = set()
        self._reorganisations = replica.reorganisations
        config = rollup.contract.call("config")
        self._window, self._reveal = int(config[3]), int(config[5])

    def __repr__(self) -> str:
        return f"<Challenger {self.sender.address} proofs={len(self._proofs)} faults={len(self.faults)}>"

    def step(self) -> list[Receipt]:
        """Perform all due actions: discard descendants of convicted assertions, reveal proofs, commit to new ones.

        The oldest assertion comes first, because it has the least time left. A failure for one assertion is recorded in
        `faults`; only an unreachable L1 node ends the step.
        """
        self.replica.step()
        if self._reorganisations != self.replica.reorganisations:
            self._reorganisations = self.replica.reorganisations
            self._sent.clear()
        self.faults = {}
        self._convicted.clear()
        done: list[Receipt] = []
        for claim in self.replica.open_claims():
            try:
                receipt = self._handle(claim)
            except ConnectionFailed as failure:
                # A query that fails for one assertion must not protect the others; this one raises if the node is
                # unreachable.
                self.rollup.connection.block_number()
                self.faults[claim.id] = str(failure)
            except ContractReverted as failure:
                if failure.name not in _LATE:
                    self.faults[claim.id] = str(failure)
            except Exception as failure:
                # An assertion that triggers an unknown bug must not protect the others.
                self.faults[claim.id] = str(failure) or repr(failure)
            else:
                done += [] if receipt is None else [receipt]
        self._forget()
        return done

    def wrong(self) -> list[Assertion]:
        """Return the open assertions that are invalid, except those that the last step refuted or discarded."""
        left = (one for one in self.replica.open_claims() if one.id not in self._convicted)
        return [one for one in left if self.replica.verdict(one) is False]

    def last_moment(self, claim: Assertion) -> int:
        """Return the latest Unix time to commit to a proof; a later one can be revealed only after the window.

        The limit is the end of the window less `revealBlocks` and two blocks for the transactions.
        """
        return self.replica.created(claim) + self._window - (self._reveal + 2) * SLOT_SECONDS

    def _handle(self, claim: Assertion) -> Receipt | None:
        """Perform the due action for one assertion; return its receipt, or None."""
        parent = self.replica.claims[claim.parent]
        if parent.id in self._convicted or self.replica.status(parent) is Status.INVALID:
            receipt = self._send("discard", claim.as_tuple(), parent.as_tuple())
            self._convicted.add(claim.id)
            return receipt
        right = self.replica.verdict(claim)
        if right is None:
            raise self._unjudged(claim)
        if right or not self.replica.is_right(parent):
            return None  # an invalid parent is refuted first
        one = self._challenge(claim)
        announced = self.replica.announced.get(one.commitment)
        now = self.rollup.connection.block_number()
        if announced is None:
            sent = self._sent.get(one.commitment)
            if sent is not None and now < sent[0] + _PATIENCE and self._stands(*sent):
                return None
            return self._announce(one)
        return None if now + 1 < announced + self._reveal else self._show(claim, parent, one)

    def _stands(self, number: int, block_hash: bytes) -> bool:
        """Return True if a block is still canonical; a reorganisation of blocks with unread logs is not reported."""
        block = self.rollup.connection.block(number)
        return block is not None and block.hash == block_hash

    def _unjudged(self, claim: Assertion) -> Layer2Error:
        name = f"assertion {claim.id.hex()[:8]} up to entry {claim.inbox_end}"
        if claim in self.replica.out_of_reach():
            return StateUnknown(
                f"{name} goes on from before entry {self.replica.unread}, which this node began with: not verified",
                hint="use an older snapshot, or none",
            )
        return self.replica.missing or StateUnknown(f"{name} is not verified yet", hint="wait for the next step")

    def first_wrong_segment(self, claim: Assertion) -> int | None:
        """Return the first segment whose root differs from the execution; None if only the asserted root is wrong."""
        given = self.replica.roots_of(claim)
        right = self.replica.execute(self.replica.claims[claim.parent], claim.inbox_end).roots
        return next((at for at, pair in enumerate(zip(given, right, strict=True)) if pair[0] != pair[1]), None)

    def prove(self, claim: Assertion, segment: int | None) -> tuple[int, bytes]:
        """Return the index of the verifier that refutes an assertion, and the proof.

        Args:
            segment: the first wrong segment; None if the asserted root differs from the last segment's root.
        """
        if segment is None:
            return ENDPOINT_JUDGE, endpoint_proof(self.replica, claim)
        if turns_on_signature(self.replica, claim, segment):
            return SIGNATURE_JUDGE, signature_proof(self.replica, claim, segment)
        return STATE_JUDGE, state_proof(self.replica, claim, segment)

    def commitment(self, claim: Assertion, judge: int, proof: bytes) -> bytes:
        """Return the commitment to a proof; it includes the challenger's address, so nobody else can use the proof."""
        row = [self.sender.address, claim.id, judge, keccak(proof)]
        return keccak(encode(["address", "bytes32", "uint256", "bytes32"], row))

    def _challenge(self, claim: Assertion) -> Challenge:
        """Return the proof against an assertion, cached as long as the entries that it depends on are unchanged."""
        name = (claim.id, self.replica.entries[claim.inbox_end - 1].record.hash())
        known = self._proofs.get(name)
        if known is None:
            judge, proof = self.prove(claim, self.first_wrong_segment(claim))
            known = self._proofs[name] = Challenge(judge, proof, self.commitment(claim, judge, proof))
        return known

    def _forget(self) -> None:
        """Drop proofs against assertions that are no longer open."""
        open_ = {one.id for one in self.replica.open_claims()}
        self._proofs = {name: one for name, one in self._proofs.items() if name[0] in open_}

    def _announce(self, one: Challenge) -> Receipt:
        fault_point("challenger.commit.before")
        receipt = self._send("commitChallenge", one.commitment)
        fault_point("challenger.commit.after")
        self._sent[one.commitment] = receipt.block_number, receipt.block_hash
        return receipt

    def _show(self, claim: Assertion, parent: Assertion, one: Challenge) -> Receipt:
        fault_point("challenger.show.before")
        receipt = self._send("challenge", claim.as_tuple(), parent.as_tuple(), one.judge, one.proof)
        fault_point("challenger.show.after")
        self._convicted.add(claim.id)
        return receipt

    def _send(self, name: str, *args: object) -> Receipt:
        return self.rollup.contract.transact(self.sender, name, *args)
