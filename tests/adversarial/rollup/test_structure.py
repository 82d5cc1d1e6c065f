"""Structural fuzz of the judges: no length, no offset and no byte behind an end moves a verdict. On anvil.

Each dynamic member of a proof, and each pair of them, is emptied, made longer and shorter, moved onto another member,
over its neighbours and behind the end, with an attacker's bytes there. What a judge still reads, it judges rightly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from eth_abi.abi import decode, encode
from tests.support.campaign import NIGHTLY

from layer2.ethereum.backend import CallRequest
from layer2.primitives.bls import BlsKey, packed_key, signature_hint
from layer2.primitives.hashing import keccak
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.validator.challenger import SIGNATURE_JUDGE, STATE_JUDGE
from layer2.rollup.validator.witness import PROOF_TYPES, signature_proof, state_proof
from layer2.testing.adversaries.rollup.judges import Court
from layer2.testing.adversaries.rollup.verdict_attacks import stranger_keys, with_owners
from layer2.testing.fuzz.abi_mutations import bent

pytestmark = pytest.mark.parametrize("chain", [pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)

MOST = None if NIGHTLY else 8
"""Shapes of each proof, beside those that tell most (see `bent`): all, or so many."""
LEAVES, BRANCH = (0, 8, 1), (0, 8, 3)


@pytest.fixture
def court(l2, people) -> Court:
    return Court(l2, people.sequencer, people.payer, people.payee)


@dataclass(frozen=True, slots=True)
class Case:
    """A proof about a segment of a claim, and what the judge must say of it if it says anything."""

    name: str
    judge: int
    claim: Assertion
    proof: bytes
    guilty: bool
    donors: dict[tuple[int, ...], bytes]


def lie_about(court: Court, segment: int, *, skipped: bool) -> Assertion:
    """A claim that is wrong from a segment on: nothing happened there, or something that did not."""
    right = court.right
    before = right[segment - 1]
    wrong = before if skipped else b"\0" + keccak(right[segment])[1:]
    return court.claim([*right[:segment], *([wrong] * (len(right) - segment))])


def cases(court: Court) -> Iterator[Case]:
    """One for each kind of segment, judge and verdict: executed and skipped frames, honest claims and lies."""
    seen: list[tuple[str, bool]] = []
    honest = court.claim(court.right)
    for segment in range(1, len(court.right)):
        kind, moved = court.kind(segment), court.right[segment] != court.right[segment - 1]
        told = f"{kind}, {'executed' if moved else 'skipped'}"
        lie = lie_about(court, segment, skipped=moved)
        known = (kind, moved) in seen
        by_keys = kind in ("type 1", "type 2", "type 3", "type 4")
        asked = seen.count((kind, moved)) < (99 if NIGHTLY else 1 if moved else 3)
        if by_keys and court.count(segment) and asked:
            for claim, guilty in ((honest, False), (lie, True)):
                proof = signature_proof(court.replica, claim, segment)
                _, leaves = with_owners(court.replica, claim, segment, proof)
                yield Case(f"signatures of {told}", SIGNATURE_JUDGE, claim, proof, guilty, {LEAVES: leaves})
        seen.append((kind, moved))
        if known:
            continue
        for claim, guilty in ((honest, False), (lie, True)):
            # Whether a frame of BLS keys had to be executed is for the other judge.
            if not (by_keys and guilty):
                proof = state_proof(court.replica, claim, segment)
                yield Case(f"state of {told}", STATE_JUDGE, claim, proof, guilty, donors(proof) if NIGHTLY else {})


def donors(proof: bytes) -> dict[tuple[int, ...], bytes]:
    """The accounts in the form of the judge of signatures, and an empty list of withdrawals."""
    row, _, _ = decode(PROOF_TYPES, proof)
    _, leaves, _, _ = row[-1]
    words = b"".join(leaves[at + 32 : at + 64] for at in range(0, len(leaves), 64))
    return {LEAVES: words, BRANCH: bytes(32 * 17)}


def told(court: Court, case: Case, proof: bytes) -> str:
    verdict = court.convicts(case.judge, case.claim, proof)
    return "reverts" if verdict is None else "guilty" if verdict else "acquits"


def test_no_structure_of_a_proof_convicts_the_truth_or_saves_a_lie(court: Court) -> None:
    tries: Counter[str] = Counter()
    wrong, kinds = [], Counter()
    for number, case in enumerate(cases(court)):
        right = "guilty" if case.guilty else "acquits"
        assert told(court, case, case.proof) == right, case.name
        kinds[case.name.split(" of ")[0], right] += 1
        shapes = bent(PROOF_TYPES, case.proof, attacker=stranger_keys(60), donors=case.donors, most=MOST, seed=number)
        for shape in shapes:
            verdict = told(court, case, shape.data)
            tries[verdict] += 1
            if verdict not in ("reverts", right):
                wrong.append((case.name, right, shape.name))
        # Nothing that was tried is remembered anywhere.
        assert told(court, case, case.proof) == right, case.name
    print(dict(tries), dict(kinds), f"{len(wrong)} wrong verdicts")
    assert wrong == []
    assert set(kinds) == {(judge, right) for judge in ("state", "signatures") for right in ("guilty", "acquits")}
    assert sum(tries.values()) > (200_000 if NIGHTLY else 700)
    assert min(tries["acquits"], tries["guilty"]) > 20


def test_no_structure_of_a_voice_speaks_for_another_key(court: Court) -> None:
    """`IBlsSignatureVerifier`: key, signature and hint are bound to the owner, wherever they are made to lie."""
    mine, other = BlsKey.derive(keccak(b"mine" * 8)), BlsKey.derive(keccak(b"a key of the attacker"))
    digest, judge = keccak(b"escape"), court.judges[SIGNATURE_JUDGE]
    types = ("bytes", "bytes", "bytes")
    tries: Counter[str] = Counter()
    for speaker, right in ((mine, True), (other, False)):
        signature = speaker.sign(digest)
        proof = encode(types, [packed_key(speaker.public), signature, signature_hint(signature)])
        owner = keccak(b"".join(bytes(16) + packed_key(mine.public)[at : at + 48] for at in range(0, 192, 48)))
        assert bool(judge.call("isValidSignature", owner, digest, proof)) is right
        donor = {(0,): packed_key(mine.public), (1,): other.sign(digest), (2,): signature_hint(other.sign(digest))}
        for shape in bent(
            types, proof, attacker=packed_key(mine.public) * 2, donors=donor, most=None if NIGHTLY else 300
        ):
            data = judge.encode("isValidSignature", owner, digest, shape.data)
            outcome = court.l2.connection.simulate(CallRequest(judge.address, data, 0, court.l2.rollup.address, None))
            if outcome.failure is not None or outcome.revert is not None:
                tries["reverts"] += 1
                continue
            spoke = bool(int.from_bytes(outcome.output, "big"))
            tries["speaks" if spoke else "is silent"] += 1
            assert right or not spoke, shape.name
    print(dict(tries))
    assert sum(tries.values()) > 300
    assert min(tries["speaks"], tries["is silent"], tries["reverts"]) > 1
