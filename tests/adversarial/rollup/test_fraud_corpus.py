"""For every wrong assertion a proof convicts; against a right one none does: not tampered with, not starved of gas."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.rollup.protocol.blob_encoding import blob_of_roots
from layer2.rollup.state.commitments import Assertion, Status, pack_roots
from layer2.rollup.validator.challenger import ENDPOINT_JUDGE, STATE_JUDGE
from layer2.testing.adversaries.rollup.fraud_corpus import Fraud, assert_roots, frauds, right_roots
from layer2.testing.adversaries.rollup.judges import Court
from layer2.testing.revert_checks.reverts import reverts

KINDS = {"F1", "F2", "F3", "F4", "F5"}
PAIRINGS = ("queue", "type 8")
"""Segments whose execution needs a precompile that the in-process chain computes in pure Python."""
TX_GAS_CAP = 16_777_216
"""EIP-7825."""


@pytest.fixture
def court(l2, people) -> Court:
    return Court(l2, people.sequencer, people.payer, people.payee)


def all_frauds(court: Court) -> list[Fraud]:
    return list(frauds(court.replica, court.parent, court.end))


def missed(court: Court, lies: list[Fraud]) -> list[tuple[str, str, int, str]]:
    """The lies that the challenger's proof does not convict."""
    left = []
    for one in lies:
        claim = court.claim(one.roots)
        judge, proof = court.l2.challenger.prove(claim, one.segment)
        if court.convicts(judge, claim, proof) is not True:
            left.append((one.kind, one.name, one.segment, court.kind(one.segment)))
    return left


def tampered(proof: bytes, seed: int, count: int) -> list[bytes]:
    """The proof with single words changed, swapped, cut off or put in."""
    dice, made = random.Random(seed), []
    words = len(proof) // 32
    for at in range(count):
        one, two = 32 * dice.randrange(words), 32 * dice.randrange(words)
        word = proof[one : one + 32]
        other = {
            0: bytes(32),
            1: b"\xff" * 32,
            2: ((int.from_bytes(word, "big") + 1) % 2**256).to_bytes(32, "big"),
            3: (int.from_bytes(word, "big") ^ 1 << dice.randrange(256)).to_bytes(32, "big"),
            4: proof[two : two + 32],
            5: b"",
            6: word + word,
        }[at % 7]
        made.append(proof[:one] + other + proof[one + 32 :])
    return made


@pytest.mark.slow
@pytest.mark.parametrize("chain", [pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)
def test_every_lie_is_convicted_by_the_challengers_proof(court: Court) -> None:
    lies = all_frauds(court)
    misses = missed(court, lies)
    kinds = Counter(one.kind for one in lies)
    print(f"{len(lies)} lies about {len(court.right)} segments: {dict(kinds)}; {len(misses)} misses")
    assert misses == []
    assert set(kinds) == KINDS
    assert len(lies) > 1_000
    assert {one.segment for one in lies} == set(range(len(court.right)))


def test_a_sample_of_lies_is_convicted_on_either_chain(court: Court) -> None:
    lies = [one for one in all_frauds(court) if court.kind(one.segment) not in PAIRINGS]
    chosen = [one for one in lies if one.kind != "F2" and one.kind != "F3"][::40]
    assert len(chosen) > 25
    assert missed(court, chosen) == []


@pytest.mark.parametrize("chain", [pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)
def test_no_proof_convicts_the_truth(court: Court) -> None:
    """Of any judge, for any segment; with witnesses tampered with, and at any limit of gas."""
    honest = court.claim(court.right)
    verdicts: Counter[str] = Counter()
    seen: set[tuple[int, str]] = set()
    wrong = []
    for segment in range(len(court.right)):
        for judge, proof in court.proofs(honest, segment):
            rows = [("right", one, None) for one in (proof,)]
            if (judge, court.kind(segment)) not in seen:
                rows += [("tampered", one, None) for one in tampered(proof, segment, 70)]
                rows += [("starved", proof, gas) for gas in range(60_000, 4_000_000, 90_000)]
                rows += [("other judge", proof, None)]
            seen.add((judge, court.kind(segment)))
            for what, one, gas in rows:
                asked = [at for at in range(len(court.judges)) if at != judge] if what == "other judge" else [judge]
                for at in asked:
                    verdict = court.convicts(at, honest, one, gas)
                    verdicts[f"{what}: {'reverts' if verdict is None else 'guilty' if verdict else 'acquits'}"] += 1
                    if verdict:
                        wrong.append((what, at, segment, gas))
    print(dict(verdicts), f"{len(wrong)} false convictions")
    assert wrong == []
    assert verdicts["right: acquits"] >= len(court.right)
    # The judge of signatures does not read a frame that holds no operations; the challenger never asks it to.
    assert verdicts["right: reverts"] == 2
    assert min(verdicts["tampered: reverts"], verdicts["starved: reverts"], verdicts["starved: acquits"]) > 50


@pytest.mark.parametrize("chain", [pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)
def test_a_lie_of_each_kind_costs_its_author_the_bond_in_one_transaction(court: Court, people) -> None:
    """First, middle, last; queue, first half, second half: by the challenger as it runs, within the cap of gas."""
    l2, chain = court.l2, court.l2.connection
    lies = all_frauds(court)
    chosen = {one.kind: one for one in lies if one.name != "noise"}
    places = {court.kind(one.segment): one for one in lies}
    ends = {"first": lies[0], "last": lies[-1]}
    gas = {}
    for name, one in {**chosen, **places, **ends}.items():
        before = chain.snapshot()
        claim = assert_roots(l2, court.parent, court.end, one.roots, Sender(chain, people.attacker))
        l2.challenger.step()
        chain.mine(l2.profile.reveal_blocks)
        (receipt,) = l2.challenger.step()
        assert l2.rollup.status(claim.id)[2] is Status.INVALID, name
        gas[name] = receipt.gas_used
        chain.revert(before)
        court.replica.step()
    print(gas)
    assert set(gas) >= {*KINDS, "queue", "second", "first", "last", *(f"type {n}" for n in range(9))}
    assert max(gas.values()) < TX_GAS_CAP


@pytest.mark.parametrize("root", ["none of them", "another of them"])
def test_a_claimed_root_that_is_not_the_last_of_its_blob_is_convicted(l2, chain, people, root: str) -> None:
    """F6 in a blob, which the contract cannot read when it is proposed: all roots are right, the claimed one is not."""
    payer = l2.wallet(people.payer)
    for _ in range(2):
        payer.deposit("1 ether")
        l2.post()
    replica, challenger = l2.challenger.replica, l2.challenger
    replica.step()
    parent, end = replica.final(), len(replica.entries)
    right = right_roots(replica, parent, end)
    claimed = right[0] if root == "another of them" else bytes(32)
    row = (parent, replica.entries[-1].record, end)
    liar, honest = Sender(chain, people.attacker), Sender(chain, people.stranger)
    l2.rollup.propose(liar, *row, claimed, b"", l2.profile.bond, blob=blob_of_roots(right))
    l2.rollup.propose(honest, *row, right[-1], b"", l2.profile.bond, blob=blob_of_roots(right))
    challenger.step()
    (lie,) = challenger.wrong()
    assert challenger.first_wrong_segment(lie) is None
    assert challenger.prove(lie, None)[0] == ENDPOINT_JUDGE
    # Of the truth the same proof says nothing.
    (truth,) = [one for one in replica.claims.values() if one.parent == parent.id and one.id != lie.id]
    judge = Contract(chain, l2.rollup.contract.call("judges", ENDPOINT_JUDGE), load_artifact("EndpointVerifier").abi)
    assert judge.call("isFraudulent", lie.as_tuple(), parent.as_tuple(), challenger.prove(lie, None)[1])
    assert not judge.call("isFraudulent", truth.as_tuple(), parent.as_tuple(), challenger.prove(truth, None)[1])
    chain.mine(l2.profile.reveal_blocks)
    (receipt,) = challenger.step()
    assert receipt.gas_used < TX_GAS_CAP
    assert [l2.rollup.status(one.id)[2] for one in (lie, truth)] == [Status.INVALID, Status.OPEN]


def test_wrong_endpoints_and_ranges_are_refused_when_they_are_proposed(court: Court, people) -> None:
    """F6 and F7: the last root is not the claimed one, too few or too many roots, entries that are not those."""
    l2, right = court.l2, court.right
    last, end = court.replica.entries[-1].record, court.end
    liar, bond = Sender(l2.connection, people.attacker), l2.profile.bond
    for roots in (right[:-1], [*right, right[-1]], [*right[:-1], right[0]], right[1:]):
        with reverts("InvalidRoots"):
            l2.rollup.propose(liar, court.parent, last, end, right[-1], pack_roots(roots), bond)
    for row in (
        (court.parent, last, end - 1),
        (court.parent, court.replica.entries[-2].record, end),
        (court.parent, last, end + 1),
    ):
        with reverts("BatchMismatch", index=row[2]):
            l2.rollup.propose(liar, *row, right[-1], pack_roots(right), bond)
    unknown = Assertion(bytes(32), 0, 0, right[0], bytes(32), False)
    with reverts("UnexpectedStatus", id=unknown.id, status=Status.UNKNOWN):
        l2.rollup.propose(liar, unknown, last, end, right[-1], pack_roots(right), bond)
    assert court.convicts(STATE_JUDGE, court.claim(right), b"") is None
