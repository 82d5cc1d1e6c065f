"""A rollup with a busy inbox, whose judges are called directly as the rollup would call them."""

from __future__ import annotations

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.backend import CallRequest
from layer2.ethereum.contract import Contract
from layer2.ethereum.signer import Signer
from layer2.rollup.devnet import JUDGES, LocalRollup
from layer2.rollup.protocol.frames import decode_frame
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.validator.challenger import SIGNATURE_JUDGE, STATE_JUDGE
from layer2.rollup.validator.witness import locate, signature_proof, state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import Remembering, claim_of, right_roots
from layer2.testing.adversaries.rollup.random_inbox import RandomInbox

__all__ = ["Court"]


class Court:
    """The rollup's judges and the busy inbox; `right` lists the valid roots of the inbox."""

    def __init__(self, l2: LocalRollup, operator: Signer, payer: Signer, payee: Signer) -> None:
        self.l2 = l2
        self.busy = RandomInbox(l2, operator, payer, payee)
        self.parent = self.busy.parent
        self.replica = l2.challenger.replica
        self.replica.step()
        self.replica.authority = Remembering(self.replica.authority)
        self.end = len(self.replica.entries)
        self.right = right_roots(self.replica, self.parent, self.end)
        self.judges = [
            Contract(l2.connection, l2.rollup.contract.call("judges", at), load_artifact(name).abi)
            for at, name in enumerate(JUDGES)
        ]

    def claim(self, roots: list[bytes]) -> Assertion:
        """Return the assertion of these roots; it need not be proposed, because judges are stateless."""
        return claim_of(self.replica, self.parent, self.end, roots)

    def convicts(self, judge: int, claim: Assertion, proof: bytes, gas: int | None = None) -> bool | None:
        """Return the judge's verdict, or None if it reverts."""
        asked = self.judges[judge]
        data = asked.encode("isFraudulent", claim.as_tuple(), self.parent.as_tuple(), proof)
        request = CallRequest(asked.address, data, 0, self.l2.rollup.address, gas)
        outcome = self.l2.connection.simulate(request)
        if outcome.failure is not None or outcome.revert is not None:
            return None
        return bool(int.from_bytes(outcome.output, "big"))

    def proofs(self, claim: Assertion, segment: int) -> list[tuple[int, bytes]]:
        """Return every proof about a segment that can be made, each with the judge that accepts its format."""
        made = [(STATE_JUDGE, state_proof(self.replica, claim, segment))]
        if self.kind(segment) in ("type 1", "type 2", "type 3", "type 4"):
            made.append((SIGNATURE_JUDGE, signature_proof(self.replica, claim, segment)))
        chosen = self.l2.challenger.prove(claim, segment)
        return made if chosen in made else [*made, chosen]

    def count(self, segment: int) -> int:
        """Return the number of operations of the frame whose first half is the segment."""
        place = locate(self.replica, self.parent.segments + segment)
        at = place.offset - place.queue_segments
        return len(decode_frame(self.replica.entries[place.entry - 1].frames()[at // 2]).ops)

    def kind(self, segment: int) -> str:
        """Return the kind of a segment: `queue`, or the frame's type, or `second` for a frame's second half."""
        place = locate(self.replica, self.parent.segments + segment)
        if place.offset < place.queue_segments:
            return "queue"
        at = place.offset - place.queue_segments
        return "second" if at % 2 else f"type {self.replica.entries[place.entry - 1].frames()[at // 2][0]}"
