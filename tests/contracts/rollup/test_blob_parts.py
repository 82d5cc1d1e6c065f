"""What the judges are shown of blobs: frames and roots count only as the very values of the blobs that were posted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.rollup.corner import ACQUITS, GUILTY, PAYEE, Corner
from tests.support.rollup.proof_parts import changed, part

from layer2.ethereum.sender import Sender
from layer2.primitives.kzg import hash_of_blob
from layer2.rollup.protocol.blob_encoding import blob_of_roots, to_blobs
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.validator.challenger import ENDPOINT_JUDGE, STATE_JUDGE
from layer2.rollup.validator.witness import endpoint_proof, state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import right_roots

WORD = b"\x05" * 32


class Bench:
    """Entries in calldata and in blobs, and a claim over all of them whose roots are in a blob."""

    def __init__(self, corner: Corner, people: Any) -> None:
        self.corner, self.replica, chain = corner, corner.replica, corner.l2.connection
        corner.post(corner.frame())
        corner.l2.settle()
        operator, rollup = Sender(chain, people.sequencer), corner.rollup
        corner.deposit(bytes(32), 0)
        frames = corner.frame(nonce=8, fee=0x02, receiver=PAYEE) + corner.frame(nonce=9)
        rollup.post_blobs(operator, rollup.acc(1), 2, rollup.queue_length(), to_blobs(frames))
        rollup.post_blobs(operator, rollup.acc(2), 1, rollup.queue_length(), to_blobs(corner.frame(nonce=10)))
        self.replica.step()
        self.parent = self.replica.final()
        self.right = right_roots(self.replica, self.parent, 3)
        self.liar = Sender(chain, people.attacker)
        self.honest = self.proposed(self.right)

    def proposed(self, roots: list[bytes], claimed: bytes | None = None) -> Assertion:
        """Assert these roots, and at the end of them one that may be another."""
        replica, known = self.replica, set(self.replica.claims)
        row = (self.parent, replica.entries[-1].record, 3, claimed or roots[-1], b"", self.corner.l2.profile.bond)
        self.corner.rollup.propose(self.liar, *row, blob=blob_of_roots(roots))
        replica.step()
        (made,) = [one for one in replica.claims.values() if one.id not in known]
        return made

    def proof(self, segment: int) -> bytes:
        return state_proof(self.replica, self.honest, segment)

    def says(self, proof: bytes) -> str:
        """What the judge of states says of the truth."""
        return self.corner.verdict(STATE_JUDGE, self.honest, proof)


@pytest.fixture(scope="module")
def bench(chain, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    before = chain.snapshot()
    corner = Corner(chain, people, Path(tmp_path_factory.mktemp("corner")))
    yield Bench(corner, people)
    corner.l2.close()
    chain.revert(before)


def test_segments_are_judged_rightly(bench: Bench) -> None:
    """Queue, first and second frame, and the entry after it: each from one blob or from two."""
    assert len(bench.right) == 1 + 4 + 2
    for segment in (0, 1, 3, 5):
        assert bench.says(bench.proof(segment)) == ACQUITS, segment
    lie = bench.proposed([*bench.right[:3], b"\0" + WORD[1:], *bench.right[4:]])
    assert bench.corner.verdict(STATE_JUDGE, lie, state_proof(bench.replica, lie, 3)) == GUILTY


def test_a_frame_is_the_value_of_the_entrys_own_blob(bench: Bench) -> None:
    proof = bench.proof(3)
    frame, hashes = part(proof, "frame"), part(proof, "hashes")
    foreign = hash_of_blob(bench.replica.entries[2].blobs[0])
    assert (len(frame), hashes) == (32 * 16, hash_of_blob(bench.replica.entries[1].blobs[0]))
    for name, shown, told in (
        ("another entry's blob", changed(proof, hashes=foreign), "InvalidFrameData()"),
        ("a blob more", changed(proof, hashes=hashes + foreign), "InvalidFrameData()"),
        ("no blobs", changed(proof, hashes=b""), "InvalidFrameData()"),
        ("a field less", changed(proof, frame=frame[:-32]), "InvalidFrameData()"),
        ("a field more", changed(proof, frame=frame + bytes(32)), "InvalidFrameData()"),
        ("another field", changed(proof, frame=WORD + frame[32:]), "InvalidInverse()"),
        ("the frame before it", changed(proof, frame=part(bench.proof(1), "frame")), "InvalidInverse()"),
        ("another opening", changed(proof, opening=part(bench.proof(1), "opening")), "InvalidInverse()"),
        ("no opening", changed(proof, opening=b""), "InvalidOpeningLength()"),
    ):
        assert bench.says(shown) == told, name
    assert bench.says(proof) == ACQUITS


def test_roots_are_the_values_of_the_claims_own_blob(bench: Bench) -> None:
    """As many as are asked for: behind fewer lies nothing, which would pass for a root of zero."""
    # One value alone needs no factor: there only the evaluation itself refuses another one.
    for segment, refused in ((0, "PointEvaluationFailed"), (3, "InvalidInverse")):
        proof = bench.proof(segment)
        roots = part(proof, "roots")
        for name, shown, told in (
            ("a root less", changed(proof, roots=roots[:-32]), "InvalidRootsLength()"),
            ("none", changed(proof, roots=b""), "InvalidRootsLength()"),
            ("a root more", changed(proof, roots=roots + WORD), "InvalidRootsLength()"),
            ("another root", changed(proof, roots=roots[:-32] + WORD), f"{refused}()"),
        ):
            assert bench.says(shown) == told, (segment, name)


def test_the_claimed_root_is_compared_with_the_last_one_of_the_blob_alone(bench: Bench) -> None:
    """The last by how many segments the claim has after its parent's; the parent has some here."""
    assert bench.parent.segments > 0
    proof = endpoint_proof(bench.replica, bench.honest)
    verdict = bench.corner.verdict
    assert verdict(ENDPOINT_JUDGE, bench.honest, proof) == ACQUITS
    assert verdict(ENDPOINT_JUDGE, bench.honest, WORD + proof[32:]) == "PointEvaluationFailed()"
    lie = bench.proposed(bench.right, b"\0" + WORD[1:])
    assert verdict(ENDPOINT_JUDGE, lie, endpoint_proof(bench.replica, lie)) == GUILTY
    # What lies in calldata was compared when it was claimed: nothing is opened.
    calldata = Assertion(*bench.honest.as_tuple()[:5], False)
    assert verdict(ENDPOINT_JUDGE, calldata, b"") == ACQUITS
