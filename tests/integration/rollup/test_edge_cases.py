"""Corners of the transition: each has one result, nodes agree on it, and the judge convicts every other."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.primitives.kzg import BLOB_BYTES, is_blob
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.blob_encoding import to_blobs
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.compressed_amounts import pack_amount
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.state.commitments import Assertion, ItemKind, pack_roots
from layer2.rollup.state.state import owner_of_address, owner_of_key
from layer2.rollup.validator.witness import state_proof
from layer2.testing import deploy_mock
from layer2.testing.revert_checks.reverts import reverts


class Bench:
    """A rollup with account 1 of the payer (10,000 units) and 2 of the payee (500), and its state judge."""

    def __init__(self, l2: LocalRollup, people: SimpleNamespace) -> None:
        self.l2, self.people = l2, people
        self.operator = Sender(l2.connection, people.sequencer)
        self.replica = l2.challenger.replica
        self.judge = Contract(l2.connection, l2.rollup.contract.call("judges", 0), load_artifact("StateVerifier").abi)
        for who, amount in ((people.payer, 10_000), (people.payee, 500)):
            l2.wallet(who).deposit(amount)
        l2.post()
        self.parent = l2.propose()

    def frame(self, *rows: tuple[int, int, int], fee: int = 0, receiver: int = 0, token: int = 0) -> bytes:
        """Transfers signed by the payer's key: `(from, to, amount)`, nonces counted on; `fee` below 16 is itself."""
        nonces = {index: one.nonce for index, one in self.replica.head.accounts.items()}
        ops = []
        for sender, to, amount in rows:
            nonce = nonces.get(sender, 0)
            digest = Transfer(sender, nonce, to, amount, token, fee).digest(self.l2.rollup.domain)
            signature = to_compact(self.people.payer.sign_digest(digest))
            ops.append(Op(sender, to, amount, None, signature, packed=pack_amount(amount)))
            nonces[sender] = nonce + 1
        return encode_frame(Frame(FrameType.ECDSA_TRANSFERS, token, fee, receiver, b"", tuple(ops)))

    def post(self, *frames: bytes) -> None:
        """One entry that consumes what waits in the queue first."""
        acc = self.replica.entries[-1].record.hash()
        self.l2.rollup.post_calldata(self.operator, acc, b"".join(frames), self.l2.rollup.queue_length())
        self.replica.step()

    def balances(self) -> dict[int, int]:
        return {index: one.balance for index, one in self.replica.head.accounts.items()}

    def judged(self) -> int:
        """Every segment since the parent: the truth stands, two lies do not. How many segments."""
        right = self.replica.execute(self.parent, len(self.replica.entries)).roots
        start = self.replica.state_of(self.parent).copy()
        start.begin_assertion()
        for segment, root in enumerate(right):
            assert not self.guilty(right, segment), f"segment {segment}: the truth was convicted"
            before = right[segment - 1] if segment else start.root
            for lie in {b"\0" + keccak(root)[1:], before} - {root}:
                lying = [*right[:segment], lie, *right[segment + 1 :]]
                assert self.guilty(lying, segment), f"segment {segment}: a lie was not"
        fresh = self.l2.replica()
        fresh.step()
        assert fresh.head.root == self.replica.head.root
        return len(right)

    def guilty(self, roots: list[bytes], segment: int) -> bool:
        packed, last = pack_roots(roots), self.replica.entries[-1].record
        claim = Assertion(self.parent.id, len(self.replica.entries), last.segments, roots[-1], commit(packed), False)
        # Judges are stateless: they are asked about claims that were never proposed.
        self.replica.given_roots[claim.id] = packed
        row = (claim.as_tuple(), self.parent.as_tuple(), state_proof(self.replica, claim, segment))
        return bool(self.judge.call("isFraudulent", *row, sender=self.l2.rollup.address))


@pytest.fixture
def bench(l2, people) -> Bench:
    return Bench(l2, people)


def test_an_account_opened_by_a_deposit_pays_in_the_first_frame_of_the_same_entry(bench: Bench) -> None:
    bench.l2.rollup.deposit(bench.operator, 0, 100, owner_of_address(bench.people.payer.address), 0)
    bench.post(bench.frame((3, 2, 60), (3, 2, 41), (3, 1, 40)))
    # The second one had too little left; it was signed, so its nonce counts.
    assert bench.balances() == {1: 10_040, 2: 560, 3: 0}
    assert bench.replica.head.accounts[3].nonce == 3
    assert bench.judged() == 3


def test_an_account_opened_by_a_frame_is_paid_by_the_next_one_and_by_none_before(bench: Bench) -> None:
    key = BlsKey.derive(keccak(b"new")).public
    opens = encode_frame(Frame(FrameType.ACCOUNTS, ops=(Op(key=key), Op(key=key))))
    before = bench.frame((1, 3, 10))
    bench.post(before, opens)
    assert bench.balances() == {1: 10_000, 2: 500, 3: 0, 4: 0}
    bench.post(bench.frame((1, 3, 10), (1, 4, 20)))
    assert bench.balances() == {1: 9_970, 2: 500, 3: 10, 4: 20}
    # The same key twice is two accounts; which key an account has never changes.
    assert {bench.replica.head.accounts[one].owner for one in (3, 4)} == {owner_of_key(key)}
    assert bench.judged() == 6


def test_one_account_as_sender_payee_and_fee_receiver_many_times_in_a_frame(bench: Bench) -> None:
    bench.post(
        bench.frame((1, 1, 50), (1, 1, 9_990), (1, 2, 100), (1, 1, 9_900), (1, 2, 1), (1, 1, 1), fee=7, receiver=1)
    )
    # A fee comes back at the end of its half: the second and the fourth cannot spend those before them.
    assert bench.balances() == {1: 9_899, 2: 601}
    assert bench.replica.head.accounts[1].nonce == 6
    assert bench.judged() == 2


def test_fees_of_the_payee_are_credited_to_it(bench: Bench) -> None:
    bench.post(bench.frame((1, 2, 10), (1, 2, 20), (1, 2, 30), (1, 2, 40), fee=5, receiver=2))
    assert bench.balances() == {1: 10_000 - 120, 2: 500 + 120}
    assert bench.judged() == 2


def test_a_token_counts_from_the_entry_that_consumes_its_registration_on(bench: Bench) -> None:
    l2, payer = bench.l2, bench.people.payer
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=bench.operator)
    early = bench.frame((3, 3, 5), token=1)
    bench.post(early)  # no such token, no such account
    l2.rollup.register_token(bench.operator, token.address)
    token.transact(bench.operator, "mint", bench.people.sequencer.address, 1_000)
    token.transact(bench.operator, "approve", l2.rollup.address, 1_000)
    l2.rollup.deposit(bench.operator, 1, 1_000, owner_of_address(payer.address), 0)
    bench.post(early)
    assert bench.replica.head.tokens == 2
    assert (bench.replica.head.accounts[3].token, bench.replica.head.accounts[3].nonce) == (1, 1)
    # Another token's account neither pays nor is paid in a frame of this one.
    bench.post(bench.frame((1, 3, 5)), bench.frame((3, 1, 5), token=1))
    assert bench.balances() == {1: 10_000, 2: 500, 3: 1_000}
    assert bench.judged() == 2 + 3 + 4


def test_top_bytes_of_field_elements_are_ignored_by_nodes_and_judges(bench: Bench) -> None:
    """Whoever posts may write anything there that keeps the element in the field."""
    (clean,) = to_blobs(bench.frame((1, 2, 10)) + bench.frame((1, 2, 20)))
    rows = (clean[at : at + 32] for at in range(0, BLOB_BYTES, 32))
    dirty = b"".join(bytes((at % 0x73,)) + row[1:] for at, row in enumerate(rows))
    assert is_blob(dirty)
    acc = bench.replica.entries[-1].record.hash()
    bench.l2.rollup.post_blobs(bench.operator, acc, 2, bench.l2.rollup.queue_length(), [dirty])
    bench.replica.step()
    assert bench.replica.entries[-1].record.kind == ItemKind.BLOBS
    assert bench.balances()[2] == 510  # the second frame was signed for the nonce of the first
    assert bench.judged() == 4


def test_the_last_frame_may_be_cut_off_and_the_last_blob_partly_used(bench: Bench) -> None:
    whole = bench.frame((1, 2, 10))
    end = len(whole.rstrip(b"\0"))
    bench.post(bytes(FRAME_BYTES), whole[:end])
    assert bench.balances()[2] == 510
    acc = bench.replica.entries[-1].record.hash()
    # One frame of the blob is named: the one behind it is not part of the entry.
    bench.l2.rollup.post_blobs(
        bench.operator, acc, 1, bench.l2.rollup.queue_length(), to_blobs(bench.frame((1, 2, 20)) * 2)
    )
    bench.replica.step()
    assert bench.balances()[2] == 530
    assert bench.judged() == 6


def test_an_entry_of_nothing_is_refused_and_one_of_the_queue_alone_is_not(bench: Bench) -> None:
    acc, queued = bench.replica.entries[-1].record.hash(), bench.l2.rollup.queue_length()
    with reverts("InvalidBatchSize", segments=0):
        bench.l2.rollup.post_calldata(bench.operator, acc, b"", queued)
    bench.l2.wallet(bench.people.payer).deposit(5)
    bench.post()
    assert bench.balances() == {1: 10_000, 2: 500, 3: 5}
    assert bench.judged() == 1
