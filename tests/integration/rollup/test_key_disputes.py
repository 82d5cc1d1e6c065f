"""Frames that open accounts, and forced operations signed by BLS: every root about them is judged rightly. On anvil."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.rollup.odd_keys import NO_KEYS, RIGHT_KEYS

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey, is_key
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.state.commitments import Assertion, pack_roots
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.validator.witness import locate, state_proof

pytestmark = pytest.mark.anvil


@pytest.fixture(scope="module")
def chain() -> Iterator[Connection]:
    with AnvilNode() as node:
        yield node.connection


class Bench:
    def __init__(self, l2, people) -> None:
        self.l2 = l2
        self.replica = l2.challenger.replica
        self.payer = l2.wallet(people.payer)
        self.payer.deposit("5 ether")
        l2.sequencer.open_account(self.payer.bls.public)
        l2.post()
        self.by_key = self.payer.account(bls=True)
        self.payer.deposit("3 ether", to=self.by_key)
        l2.post()
        self.parent = l2.propose()
        judge = l2.rollup.contract.call("judges", STATE_JUDGE)
        self.judge = Contract(l2.connection, judge, load_artifact("StateVerifier").abi)
        self.operator = Sender(l2.connection, people.sequencer)

    def post(self, frames: bytes = b"") -> None:
        self.replica.step()
        record = self.replica.entries[-1].record
        self.l2.rollup.post_calldata(self.operator, record.hash(), frames, self.l2.rollup.queue_length())
        self.replica.step()

    def guilty(self, roots: list[bytes], segment: int) -> bool:
        last, packed = self.replica.entries[-1].record, pack_roots(roots)
        claim = Assertion(self.parent.id, len(self.replica.entries), last.segments, roots[-1], commit(packed), False)
        self.replica.given_roots[claim.id] = packed
        row = (claim.as_tuple(), self.parent.as_tuple(), state_proof(self.replica, claim, segment))
        return bool(self.judge.call("isFraudulent", *row, sender=self.l2.rollup.address))

    def judged_rightly(self) -> int:
        """Every segment: the truth is not guilty, two lies are. How many segments."""
        right = self.replica.execute(self.parent, len(self.replica.entries)).roots
        start = self.replica.state_of(self.parent).copy()
        start.begin_assertion()
        for segment, root in enumerate(right):
            assert not self.guilty(right, segment), f"segment {segment}: the truth was convicted"
            before = right[segment - 1] if segment else start.root
            for lie in {b"\0" + keccak(root)[1:], before} - {root}:
                lying = [*right[:segment], lie, *right[segment + 1 :]]
                assert self.guilty(lying, segment), f"segment {segment}: a lie was not"
        assert locate(self.replica, self.parent.segments).offset == 0
        return len(right)


@pytest.fixture
def bench(l2, people) -> Bench:
    return Bench(l2, people)


def test_accounts_are_opened_for_keys(bench: Bench) -> None:
    bench.post(encode_frame(Frame(FrameType.ACCOUNTS, ops=tuple(Op(key=key) for key in RIGHT_KEYS))))
    assert len(bench.replica.head.accounts) == 2 + len(RIGHT_KEYS)
    assert bench.judged_rightly() == 2


@pytest.mark.parametrize("name", sorted(NO_KEYS))
def test_no_account_is_opened_for_what_is_no_key(bench: Bench, name: str) -> None:
    assert not is_key(NO_KEYS[name])
    keys = (RIGHT_KEYS[0], NO_KEYS[name], RIGHT_KEYS[1])
    bench.post(encode_frame(Frame(FrameType.ACCOUNTS, ops=tuple(Op(key=key) for key in keys))))
    assert len(bench.replica.head.accounts) == 4
    assert bench.judged_rightly() == 2


def test_accounts_of_an_unknown_token_are_not_opened(bench: Bench) -> None:
    bench.post(encode_frame(Frame(FrameType.ACCOUNTS, 7, ops=(Op(key=RIGHT_KEYS[0]),))))
    assert len(bench.replica.head.accounts) == 2
    assert bench.judged_rightly() == 2


def test_forced_operations_signed_by_a_bls_key_are_judged_whatever_is_wrong_with_them(bench: Bench) -> None:
    l2, key = bench.l2, bench.payer.bls
    to = bench.payer.account(bls=False)

    def signed(nonce: int, amount: int) -> bytes:
        return key.sign(Transfer(bench.by_key, nonce, to, amount, 0, 0).digest(l2.rollup.domain))

    balance = bench.replica.head.accounts[to].balance
    rows = [
        signed(0, 100),
        signed(0, 100),  # again
        signed(1, 99),  # of another amount
        bytes(48),
        b"\xc0" + bytes(47),
        signed(1, 100)[:47],
        BlsKey.derive(keccak(b"thief")).sign(bytes(32)),
        signed(1, 100),
    ]
    for signature in rows:
        l2.rollup.force(bench.operator, bench.by_key, 0, 100, to, Scheme.BLS, signature)
    # For an account of an address a BLS signature says nothing, and an unknown scheme never does.
    l2.rollup.force(bench.operator, to, 0, 100, bench.by_key, Scheme.BLS, signed(2, 100))
    l2.rollup.force(bench.operator, to, 0, 100, bench.by_key, 3, b"")
    bench.post()
    assert bench.replica.head.accounts[to].balance == balance + 200
    assert bench.judged_rightly() == 1
