"""Frames executed on a wrong signature or skipped in spite of a right one are convicted, honest roots never. On anvil:
there pairings are native."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from py_ecc.bls.point_compression import compress_G1
from py_ecc.optimized_bls12_381 import FQ, curve_order, field_modulus, is_inf, multiply

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey, aggregate
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.state.commitments import Assertion, Status, pack_roots
from layer2.rollup.validator.challenger import SIGNATURE_JUDGE
from layer2.rollup.validator.witness import signature_proof

pytestmark = pytest.mark.anvil


def off_the_curve() -> bytes:
    x = next(
        x for x in range(1, 99) if pow(pow(x, 3) + 4, (field_modulus - 1) // 2, field_modulus) == field_modulus - 1
    )
    return bytes((0x80,)) + x.to_bytes(47, "big")


def outside_of_the_subgroup() -> bytes:
    for x in range(1, 99):
        y = pow((x**3 + 4) % field_modulus, (field_modulus + 1) // 4, field_modulus)
        point = (FQ(x), FQ(y), FQ(1))
        on_curve = y * y % field_modulus == (x**3 + 4) % field_modulus
        if on_curve and not is_inf(multiply(point, curve_order)):
            return int(compress_G1(point)).to_bytes(48, "big")
    raise AssertionError("no such point among small x")


class Bench:
    """A rollup with two BLS accounts, frames of any signature, and the signature judge."""

    def __init__(self, l2, people) -> None:
        self.l2 = l2
        self.replica = l2.challenger.replica
        payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
        payer.deposit("5 ether")
        l2.post()
        for wallet in (payer, payee):
            l2.sequencer.open_account(wallet.bls.public)
        l2.post()
        self.payer, self.payee = payer, payee
        self.one, self.two = payer.account(bls=True), payee.account(bls=True)
        payer.send(self.one, "2 ether", account=payer.account(bls=False))
        l2.post()
        self.parent = l2.propose()
        judge = l2.rollup.contract.call("judges", SIGNATURE_JUDGE)
        self.judge = Contract(l2.connection, judge, load_artifact("SignatureVerifier").abi)
        self.operator = Sender(l2.connection, people.sequencer)

    def digest(self, nonce: int, amount: int) -> bytes:
        return Transfer(self.one, nonce, self.two, amount, 0, 0).digest(self.l2.rollup.domain)

    def post(self, signature: bytes, amounts: list[int]) -> None:
        ops = tuple(Op(self.one, self.two, amount, packed=amount) for amount in amounts)
        frame = encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, signature, ops))
        self.replica.step()
        record = self.replica.entries[-1].record
        self.l2.rollup.post_calldata(self.operator, record.hash(), frame, record.queue_end)
        self.replica.step()

    def verdicts(self) -> tuple[bool, bool]:
        """Is the truth guilty, is the lie guilty? A lie executes what must be skipped and the other way round."""
        right = self.replica.execute(self.parent, len(self.replica.entries)).roots
        start = self.replica.state_of(self.parent).copy()
        start.begin_assertion()
        executed = right[0] != start.root
        lie = start.root if executed else b"\0" + keccak(b"executed")[1:]
        return self.guilty(right), self.guilty([lie, lie])

    def guilty(self, roots: list[bytes]) -> bool:
        last, packed = self.replica.entries[-1].record, pack_roots(roots)
        claim = Assertion(self.parent.id, len(self.replica.entries), last.segments, roots[-1], commit(packed), False)
        self.replica.given_roots[claim.id] = packed
        row = (claim.as_tuple(), self.parent.as_tuple(), signature_proof(self.replica, claim, 0))
        return bool(self.judge.call("isFraudulent", *row, sender=self.l2.rollup.address))


@pytest.fixture(scope="module")
def chain() -> Iterator[Connection]:
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture
def bench(l2, people) -> Bench:
    return Bench(l2, people)


@pytest.mark.parametrize("count", [1, 2, 27, 28, 54])
def test_a_right_signature_must_be_executed(bench: Bench, count: int) -> None:
    amounts = list(range(1, count + 1))
    key = bench.payer.bls
    signature = aggregate([key.sign(bench.digest(nonce, amount)) for nonce, amount in enumerate(amounts)])
    bench.post(signature, amounts)
    assert bench.replica.head.accounts[bench.one].nonce == count
    last = bench.replica.entries[-1].record
    assert last.segments - bench.parent.segments == 2
    right = bench.replica.execute(bench.parent, len(bench.replica.entries)).roots
    start = bench.replica.state_of(bench.parent).copy()
    start.begin_assertion()
    assert not bench.guilty(right)
    assert bench.guilty([start.root, start.root])


WRONG = {
    "zeros": bytes(48),
    "ones": b"\xff" * 48,
    "infinity": b"\xc0" + bytes(47),
    "uncompressed": b"\x10" + bytes(47),
    "beyond the field": bytes((0x80 | field_modulus >> 376,)) + (field_modulus & (1 << 376) - 1).to_bytes(47, "big"),
    "off the curve": off_the_curve(),
    "outside of the subgroup": outside_of_the_subgroup(),
    "of another message": BlsKey.derive(keccak(b"any")).sign(bytes(32)),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_signature_must_be_skipped(bench: Bench, name: str) -> None:
    bench.post(WRONG[name], [1, 2, 3])
    assert bench.replica.head.accounts[bench.one].nonce == 0
    assert bench.verdicts() == (False, True)


def test_a_signature_for_other_nonces_amounts_or_by_another_key_must_be_skipped(bench: Bench) -> None:
    key, other = bench.payer.bls, bench.payee.bls
    for signature in (
        aggregate([key.sign(bench.digest(1, 1)), key.sign(bench.digest(0, 2))]),
        aggregate([key.sign(bench.digest(0, 1)), key.sign(bench.digest(1, 3))]),
        aggregate([other.sign(bench.digest(0, 1)), other.sign(bench.digest(1, 2))]),
        key.sign(bench.digest(0, 1)),
    ):
        before = bench.l2.connection.snapshot()
        bench.post(signature, [1, 2])
        assert bench.verdicts() == (False, True)
        bench.l2.connection.revert(before)
        bench.replica.step()


def test_a_proposer_that_skips_a_signed_frame_is_convicted_in_one_transaction(bench: Bench, people) -> None:
    l2, chain = bench.l2, bench.l2.connection
    amounts = list(range(1, 55))
    signature = aggregate([bench.payer.bls.sign(bench.digest(n, amount)) for n, amount in enumerate(amounts)])
    bench.post(signature, amounts)
    start = bench.replica.state_of(bench.parent).copy()
    start.begin_assertion()
    liar = Sender(chain, people.attacker)
    last, roots = bench.replica.entries[-1].record, pack_roots([start.root, start.root])
    end = len(bench.replica.entries)
    l2.rollup.propose(liar, bench.parent, last, end, start.root, roots, l2.profile.bond)
    l2.challenger.step()
    chain.mine(2)
    (receipt,) = l2.challenger.step()
    print("signature dispute gas", receipt.gas_used)
    assert receipt.gas_used < 3_600_000
    (lie,) = [one for one in bench.replica.claims.values() if l2.rollup.status(one.id)[2] is Status.INVALID]
    assert lie.root == start.root


def test_too_little_gas_never_convicts(bench: Bench) -> None:
    bench.post(bench.payer.bls.sign(bench.digest(0, 1)), [1])
    right = bench.replica.execute(bench.parent, len(bench.replica.entries)).roots
    packed = pack_roots(right)
    last = bench.replica.entries[-1].record
    claim = Assertion(bench.parent.id, len(bench.replica.entries), last.segments, right[-1], commit(packed), False)
    bench.replica.given_roots[claim.id] = packed
    row = (claim.as_tuple(), bench.parent.as_tuple(), signature_proof(bench.replica, claim, 0))
    for gas in range(60_000, 700_000, 40_000):
        data = bench.judge.encode("isFraudulent", *row)
        request = CallRequest(bench.judge.address, data, 0, bench.l2.rollup.address, gas)
        outcome = bench.l2.connection.simulate(request)
        assert outcome.failure is not None or outcome.revert is not None or int.from_bytes(outcome.output, "big") == 0
    assert not bench.guilty(right)
