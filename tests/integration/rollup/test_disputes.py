"""Every lie about a root is convicted, whichever segment it is in; no honest root ever is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.primitives.units import parse_amount
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.state.commitments import Assertion, Status, pack_roots
from layer2.rollup.validator.witness import locate, state_proof
from layer2.testing import deploy_mock
from layer2.testing.revert_checks.reverts import reverts


class Court:
    """A rollup with a busy inbox, and its state judge asked directly, as the rollup would ask it."""

    def __init__(self, l2: LocalRollup, people: SimpleNamespace) -> None:
        self.l2 = l2
        self.replica = l2.challenger.replica
        judge = l2.rollup.contract.call("judges", 0)
        self.judge = Contract(l2.connection, judge, load_artifact("StateVerifier").abi)
        self.fill(people)
        self.replica.step()

    def fill(self, people: SimpleNamespace) -> None:
        """Deposits, tokens, forced operations, ECDSA and BLS frames of every kind, and frames that mean nothing."""
        l2 = self.l2
        operator = Sender(l2.connection, people.sequencer)
        payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
        payer.deposit("50 ether")
        payee.deposit("5 ether")
        for _ in range(28):
            payer.deposit("0.1 ether")
        l2.post()
        one, two = payer.account(), payee.account()
        for wallet in (payer, payee):
            l2.sequencer.open_account(wallet.bls.public)
        l2.post()
        assert self.opened(l2)
        self.parent = l2.propose()
        l2.connection.advance(l2.profile.window + 1)
        l2.proposer.step()
        first, second = payer.account(bls=True), payee.account(bls=True)
        payer.send(first, "20 ether", account=one)
        payer.send(second, "1.23456789 ether", account=one)
        payer.withdraw("0.5 ether", account=one)
        l2.post()
        token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=operator)
        l2.rollup.register_token(operator, token.address)
        payer.deposit("1 ether", to=first)
        payer.force("0.2 ether", two, account=one)
        payer.force("0.3 ether", people.payer.address, account=one)
        l2.rollup.force(payee.sender, one, 0, parse_amount("0.3 ether"), people.payer.address)  # not its own
        l2.rollup.deposit(payer.sender, 0, 7, keccak(b"no key"), 0)  # goes back
        l2.post()
        for _ in range(54):
            payer.send(second, "0.01 ether", account=first)
        for _ in range(20):
            payer.withdraw("0.01 ether", account=first)
        payer.send(two, "0.123456789123 ether", account=first)
        l2.post()
        # A frame of noise, one with a wrong signature, one of an account that is not there.
        ops = (
            Op(one, two, 10**15, None, bytes(64), packed=12 << 11 | 1000),
            Op(999, two, 5, None, bytes(64), packed=5),
        )
        frames = b"\xfe" * 496 + encode_frame(Frame(FrameType.ECDSA_TRANSFERS, ops=ops))
        frames += encode_frame(Frame(FrameType.TRANSFERS, 0, 0x1, one, bytes(48), (Op(998, 1, 5, packed=5),)))
        record = l2.sequencer.replica.entries[-1].record
        l2.rollup.post_calldata(operator, record.hash(), frames, record.queue_end)

    def opened(self, l2: LocalRollup) -> bool:
        return any(one.address is None for one in l2.sequencer.replica.head.accounts.values())

    def claim(self, roots: list[bytes]) -> Assertion:
        last = self.replica.entries[-1].record
        packed = pack_roots(roots)
        made = Assertion(self.parent.id, len(self.replica.entries), last.segments, roots[-1], commit(packed), False)
        # The judge is asked about claims that were never proposed: it is stateless.
        self.replica.given_roots[made.id] = packed
        return made

    def guilty(self, claim: Assertion, segment: int) -> bool:
        parent = self.replica.claims[claim.parent]
        proof = state_proof(self.replica, claim, segment)
        row = (claim.as_tuple(), parent.as_tuple(), proof)
        return bool(self.judge.call("isFraudulent", *row, sender=self.l2.rollup.address))


@pytest.fixture
def court(l2: LocalRollup, people: SimpleNamespace) -> Court:
    return Court(l2, people)


def test_every_wrong_root_is_convicted_and_no_right_one(court: Court) -> None:
    right = court.replica.execute(court.parent, len(court.replica.entries)).roots
    honest = court.claim(right)
    kinds = set()
    false_convictions, misses = [], []
    for segment in range(len(right)):
        place = locate(court.replica, court.parent.segments + segment)
        kinds.add("queue" if place.offset < place.queue_segments else (place.offset - place.queue_segments) % 2)
        if court.guilty(honest, segment):
            false_convictions.append(segment)
        lies = [b"\0" + keccak(right[segment])[1:]]
        if segment and right[segment - 1] != right[segment]:
            lies.append(right[segment - 1])
        for lie in lies:
            lying = court.claim([*right[:segment], lie, *right[segment + 1 :]])
            skipped = lie == right[segment - 1] if segment else False
            if not court.guilty(lying, segment) and not (skipped and is_bls(court, segment)):
                misses.append((segment, lie))
    print(f"{len(right)} segments: {len(false_convictions)} false convictions, {len(misses)} misses")
    assert kinds == {"queue", 0, 1}
    assert len(right) > 15
    assert false_convictions == []
    assert misses == []


def is_bls(court: Court, segment: int) -> bool:
    """A BLS frame that a claim skips is a matter of its signature, for another judge."""
    place = locate(court.replica, court.parent.segments + segment)
    at = place.offset - place.queue_segments
    if at < 0 or at % 2:
        return False
    data = court.replica.entries[place.entry - 1].frames()[at // 2]
    return 1 <= data[0] <= 4


@pytest.mark.parametrize("fault", ["inflate", "deflate", "noise"])
def test_a_liar_loses_its_bond_to_the_challenger_in_one_transaction(l2, chain, people, fault: str) -> None:
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    payer.send(payee.account(), "0.3 ether")
    payer.withdraw("0.1 ether")
    l2.post()
    lie = l2.propose(fault=fault, sender=people.attacker)
    l2.challenger.step()
    assert l2.rollup.status(lie.id)[2] is Status.OPEN
    chain.mine(2)
    (receipt,) = l2.challenger.step()
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    print("dispute gas", receipt.gas_used)
    assert l2.rollup.contract.call("availableBond", l2.challenger.sender.address) == l2.profile.bond // 2
    assert l2.challenger.step() == []
    # The truth goes on from where it was, and nothing was lost or delayed.
    l2.settle()
    assert l2.rollup.status(l2.proposer.replica.final().id)[2] is Status.FINAL
    payer.claim_all()


def test_what_rests_on_a_lie_falls_with_it(l2, chain, people) -> None:
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    lie = l2.propose(fault="inflate", sender=people.attacker)
    payer.send(payee.account(), "0.3 ether")
    l2.post()
    replica = l2.challenger.replica
    replica.step()
    last = replica.entries[-1].record
    root = b"\0" + keccak(b"anything")[1:]
    liar = Sender(chain, people.attacker)
    roots = pack_roots([root] * (last.segments - lie.segments))
    l2.rollup.propose(liar, lie, last, len(replica.entries), root, roots, l2.profile.bond)
    receipts = l2.challenger.step()
    chain.mine(2)
    receipts += l2.challenger.step()
    names = [event.name for one in receipts for event in l2.rollup.contract.events(one)]
    assert names.count("Invalidated") == 2
    assert l2.challenger.wrong() == []
    assert l2.rollup.contract.call("availableBond", l2.challenger.sender.address) == l2.profile.bond


def test_an_honest_assertion_stands_against_a_proof_of_its_truth(l2, chain, people) -> None:
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.post()
    honest = l2.propose()
    replica = l2.challenger.replica
    proof = state_proof(replica, honest, 0)
    attacker = Sender(chain, people.attacker)
    row = (honest.as_tuple(), replica.claims[honest.parent].as_tuple(), 0, proof)
    l2.challenger.sender = attacker
    commitment = l2.challenger.commitment(honest, 0, proof)
    with reverts("UnknownCommitment", commitment=commitment):
        l2.rollup.contract.transact(attacker, "challenge", *row)
    l2.rollup.contract.transact(attacker, "commitChallenge", commitment)
    chain.mine(3)
    with reverts("AssertionValid", id=honest.id):
        l2.rollup.contract.transact(attacker, "challenge", *row)
    with pytest.raises(ContractReverted, match=r"(PointMultiplication|PointEvaluation|Hash)Failed"):
        # Starved of gas the judge reverts: it never convicts because something ran out.
        l2.rollup.contract.transact(attacker, "challenge", *row, gas=150_000)
    assert l2.rollup.status(honest.id)[2] is Status.OPEN


def test_a_proof_serves_only_who_committed_to_it(l2, chain, people) -> None:
    l2.wallet(people.payer).deposit("2 ether")
    l2.post()
    lie = l2.propose(fault="inflate", sender=people.attacker)
    l2.challenger.step()
    chain.mine(3)
    proof = state_proof(l2.challenger.replica, lie, l2.challenger.first_wrong_segment(lie))
    parent = l2.challenger.replica.claims[lie.parent]
    thief = Sender(chain, people.stranger)
    with pytest.raises(ContractReverted, match="UnknownCommitment"):
        l2.rollup.contract.transact(thief, "challenge", lie.as_tuple(), parent.as_tuple(), 0, proof)
    l2.challenger.step()
    assert l2.rollup.contract.call("availableBond", thief.address) == 0
    assert parse_amount("1 ether") == l2.profile.bond
