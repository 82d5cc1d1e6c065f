"""Frames and roots in blobs, on both chains and both sets of rules: read, rebuilt, withheld, and lied about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.errors import ContractReverted, TransactionFailed
from layer2.ethereum.sender import Sender
from layer2.ethereum.sidecars import GAS_PER_BLOB, MAX_BLOBS
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.kzg import hash_of_blob
from layer2.primitives.units import parse_amount
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.l1.batcher import Batcher, Data
from layer2.rollup.l1.blob_sources import Blobs, NodeBlobs
from layer2.rollup.protocol.blob_encoding import blob_of_roots, to_blobs
from layer2.rollup.protocol.errors import DataMissing
from layer2.rollup.protocol.params import FRAME_BYTES, FRAMES_PER_BLOB
from layer2.rollup.state.commitments import Assertion, ItemKind, Status
from layer2.rollup.validator.challenger import ENDPOINT_JUDGE, Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.validator.witness import endpoint_proof
from layer2.testing.revert_checks.reverts import reverts

RULES = [
    "tester",
    pytest.param("prague", marks=pytest.mark.anvil),
    pytest.param("osaka", marks=pytest.mark.anvil),
]


class Gate:
    """The node as a source of blobs that can be shut for all or for some of them."""

    def __init__(self, connection: Connection) -> None:
        self._node = NodeBlobs(connection)
        self.shut: set[bytes] | None = None

    def close(self, *hashes: bytes) -> None:
        self.shut = set(hashes)

    def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
        if self.shut is not None and (not self.shut or versioned_hash in self.shut):
            return None
        return self._node.fetch(versioned_hash, block)

    def open(self) -> None:
        self.shut = None


@pytest.fixture(scope="module", params=RULES)
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield new_chain()
        return
    with AnvilNode(hardfork=request.param) as node:
        yield node.connection


@pytest.fixture
def l2(chain: Connection, people: SimpleNamespace, tmp_path: Path) -> Iterator[LocalRollup]:
    before = chain.snapshot()
    made = LocalRollup(chain, people.sequencer, folder=tmp_path, data=Data.BLOBS)
    yield made
    made.close()
    chain.revert(before)


def busy(l2: LocalRollup, people: SimpleNamespace) -> None:
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    payer.send(payee.account(), "0.3 ether")
    payee.withdraw("1.2 ether")
    l2.post()


def gated(l2: LocalRollup) -> tuple[Replica, Gate]:
    """A follower that shares nothing with the others, behind a gate."""
    gate = Gate(l2.connection)
    return Replica(l2.rollup, start_block=l2.start_block, blobs=Blobs([gate])), gate


def assert_root(l2: LocalRollup, sender: Sender, root: bytes, roots: list[bytes]) -> Assertion:
    """Assert a root with these roots in a blob, whatever they are."""
    replica = l2.challenger.replica
    replica.step()
    parent, end, known = replica.tip(), len(replica.entries), set(replica.claims)
    l2.rollup.propose(
        sender, parent, replica.entries[-1].record, end, root, b"", l2.profile.bond, blob=blob_of_roots(roots)
    )
    replica.step()
    (made,) = (one for one in replica.claims.values() if one.id not in known)
    return made


def right_roots(l2: LocalRollup) -> list[bytes]:
    l2.challenger.replica.step()
    return l2.challenger.replica.execute(l2.challenger.replica.tip(), len(l2.challenger.replica.entries)).roots


def convicted(l2: LocalRollup, challenger: Challenger, claim: Assertion) -> list[str]:
    """Let a challenger do what it does; the names of the rollup's events."""
    receipts = challenger.step()
    l2.connection.mine(l2.profile.reveal_blocks)
    receipts += challenger.step()
    assert l2.rollup.status(claim.id)[2] is Status.INVALID
    return [event.name for one in receipts for event in l2.rollup.contract.events(one)]


# --------------------------------------------------------------------------------------------------------- truth


def test_money_moves_through_blobs_and_a_stranger_rebuilds_the_same_root(l2, chain, people) -> None:
    busy(l2, people)
    entry = l2.sequencer.replica.entries[-1]
    assert (entry.record.kind, len(entry.blobs)) == (ItemKind.BLOBS, 1)
    assert entry.record.data == keccak(hash_of_blob(entry.blobs[0]))
    verifier = l2.replica()
    assert verifier.blobs is not l2.sequencer.replica.blobs
    verifier.step()
    assert verifier.head.root == l2.root
    assert verifier.entries[-1].data == entry.data
    l2.settle()
    final = l2.proposer.replica.final()
    assert final.roots_in_blob
    assert final.inbox_end == len(verifier.entries)
    before = chain.balance(people.payee.address)
    receipts = l2.wallet(people.payee).claim_all()
    gas = sum(one.gas_used * one.effective_gas_price for one in receipts)
    assert chain.balance(people.payee.address) - before + gas == parse_amount("1.2 ether")


def test_six_full_blobs_are_one_entry_and_one_assertion(l2, chain, people) -> None:
    busy(l2, people)
    poster = Batcher(l2.rollup, Sender(chain, people.sequencer), Blobs([]), Data.BLOBS)
    assert poster.most_frames == MAX_BLOBS * FRAMES_PER_BLOB == 1_536
    l2.sequencer.replica.step()
    record = l2.sequencer.replica.entries[-1].record
    # Half of them begin like no frame, half are empty: each is executed, none changes anything.
    data = (b"\xfe" * FRAME_BYTES + bytes(FRAME_BYTES)) * (poster.most_frames // 2)
    receipt = poster.post(record.hash(), data, record.queue_end)
    print(f"six blobs: {receipt.gas_used} gas")
    root = l2.root
    verifier = l2.replica()
    verifier.step()
    entry = verifier.entries[-1]
    assert (entry.record.frames, len(entry.blobs), entry.data) == (1_536, 6, data)
    assert entry.record.segments == record.segments + 2 * 1_536
    assert verifier.head.root == root
    (receipt,) = l2.proposer.step()
    print(f"its assertion: {receipt.gas_used} gas")
    made = l2.proposer.replica.tip()
    assert (made.segments, made.roots_in_blob) == (entry.record.segments, True)
    with pytest.raises(RangeError, match="7 blobs"):
        poster.post(entry.record.hash(), data + bytes(1), record.queue_end)
    l2.challenger.replica.step()
    assert l2.challenger.replica.is_right(made)


def test_data_goes_where_it_is_cheaper(l2, chain, people, monkeypatch) -> None:
    sender = Sender(chain, people.sequencer)
    poster = Batcher(l2.rollup, sender, Blobs([]))
    price = chain.latest().base_fee + sender.gas_policy.priority_fee
    data = b"\x01" * 900 + bytes(100)
    calldata = (900 * 40 + 100 * 10) * price
    for blobs in (1, 3):
        even = -(-calldata // (blobs * GAS_PER_BLOB))
        for fee, expected in ((even - 1, True), (even, False), (10 * even, False), (1, True)):
            monkeypatch.setattr(chain.backend, "blob_base_fee", lambda fee=fee: fee)
            assert poster.in_blobs(data, blobs) is expected
            assert Batcher(l2.rollup, sender, Blobs([]), "calldata").in_blobs(data, blobs) is False
            assert Batcher(l2.rollup, sender, Blobs([]), "blobs").in_blobs(data, blobs) is True
    assert not poster.in_blobs(b"", 0)
    # What is posted follows: dear blobs first, then cheap ones.
    busy(l2, people)
    post = Batcher(l2.rollup, sender, l2.sequencer.replica.blobs)
    for fee, kind in ((10**12, ItemKind.CALLDATA), (1, ItemKind.BLOBS)):
        monkeypatch.setattr(chain.backend, "blob_base_fee", lambda fee=fee: fee)
        l2.sequencer.replica.step()
        record = l2.sequencer.replica.entries[-1].record
        if kind == ItemKind.BLOBS:
            monkeypatch.undo()
        post.post(record.hash(), b"\xfe" * 3_000, record.queue_end)
        l2.sequencer.replica.step()
        assert l2.sequencer.replica.entries[-1].record.kind == kind
    assert l2.rebuild_from_l1() == l2.root


# ------------------------------------------------------------------------------------------------------- withheld


def test_while_a_blob_is_withheld_the_head_stops_and_nobody_speaks(l2, chain, people) -> None:
    replica, gate = gated(l2)
    gate.close()
    busy(l2, people)
    assert replica.step() == 1  # the queue alone needs no data
    stopped = replica.head.root
    assert len(replica.entries) == 1
    assert "none of 1 sources" in str(replica.missing)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    proposer = Proposer(l2.rollup, Sender(chain, people.stranger), replica)
    challenger = Challenger(l2.rollup, Sender(chain, people.stranger), replica)
    # The first entry is known: it alone is asserted. Of what follows nothing is said.
    assert len(proposer.step()) == 1
    assert replica.tip().inbox_end == 1
    assert proposer.step() == challenger.step() == []
    assert replica.verdict(lie) is None
    assert replica.head.root == stopped
    gate.open()
    assert replica.step() == 1
    assert replica.missing is None
    assert replica.head.root == l2.root
    assert replica.verdict(lie) is False
    assert "Invalidated" in convicted(l2, challenger, lie)
    assert len(proposer.step()) == 1
    assert replica.tip().inbox_end == 2


@pytest.mark.parametrize("honest", [True, False], ids=["truth", "lie"])
def test_a_claim_whose_roots_are_withheld_is_not_judged_until_they_are_seen(l2, chain, people, honest: bool) -> None:
    busy(l2, people)
    roots = right_roots(l2)
    if not honest:
        roots[-1] = b"\0" + keccak(b"lie")[1:]
    replica, gate = gated(l2)
    gate.close(hash_of_blob(blob_of_roots(roots)))
    claim = assert_root(l2, Sender(chain, people.attacker), roots[-1], roots)
    challenger = Challenger(l2.rollup, Sender(chain, people.stranger), replica)
    assert challenger.step() == []
    assert replica.head.root == l2.root  # the entries are there
    assert replica.verdict(claim) is None
    assert "none of 1 sources" in str(replica.missing)
    assert replica.tip().inbox_end == 0
    with pytest.raises(DataMissing):
        replica.roots_of(claim)
    gate.open()
    if honest:
        assert challenger.step() == []
        assert replica.verdict(claim) is True
        assert replica.tip() == claim
    else:
        assert "Invalidated" in convicted(l2, challenger, claim)
        assert replica.verdict(claim) is False


# ---------------------------------------------------------------------------------------------------------- lies


@pytest.mark.parametrize("fault", ["inflate", "deflate", "noise"])
def test_a_lie_in_a_blob_of_roots_is_convicted(l2, people, fault: str) -> None:
    busy(l2, people)
    lie = l2.propose(fault=fault, sender=people.attacker)
    assert lie.roots_in_blob
    assert convicted(l2, l2.challenger, lie).count("Invalidated") == 1
    assert l2.challenger.step() == []
    l2.settle()
    final = l2.proposer.replica.final()
    assert (final.inbox_end, final.root == lie.root) == (len(l2.sequencer.replica.entries), False)


@pytest.mark.parametrize("segment", [0, 1, 2, 3])
def test_a_lie_about_any_segment_is_convicted_from_the_two_blobs(l2, chain, people, segment: int) -> None:
    busy(l2, people)
    roots = right_roots(l2)
    roots[segment] = b"\0" + keccak(b"lie")[1:]
    lie = assert_root(l2, Sender(chain, people.attacker), roots[-1], roots)
    assert l2.challenger.first_wrong_segment(lie) == segment
    assert convicted(l2, l2.challenger, lie).count("Invalidated") == 1


def test_another_root_than_the_last_one_in_the_blob_is_convicted(l2, chain, people) -> None:
    busy(l2, people)
    roots = right_roots(l2)
    lie = assert_root(l2, Sender(chain, people.attacker), b"\0" + keccak(b"lie")[1:], roots)
    assert l2.challenger.replica.verdict(lie) is False
    assert l2.challenger.first_wrong_segment(lie) is None
    assert l2.challenger.prove(lie, None)[0] == ENDPOINT_JUDGE
    assert convicted(l2, l2.challenger, lie).count("Invalidated") == 1


def test_a_claim_that_ends_in_its_last_root_is_acquitted_at_its_end(l2, chain, people) -> None:
    busy(l2, people)
    honest = assert_root(l2, Sender(chain, people.sequencer), right_roots(l2)[-1], right_roots(l2))
    replica = l2.challenger.replica
    parent, proof = replica.claims[honest.parent], endpoint_proof(replica, honest)
    judge = Contract(chain, l2.rollup.contract.call("judges", ENDPOINT_JUDGE), load_artifact("EndpointVerifier").abi)
    assert judge.call("isFraudulent", honest.as_tuple(), parent.as_tuple(), proof) is False
    # The same proof against another claimed root convicts, and with another last root it shows nothing.
    other = Assertion(honest.parent, honest.inbox_end, honest.segments, bytes(32), honest.roots, True)
    assert judge.call("isFraudulent", other.as_tuple(), parent.as_tuple(), proof) is True
    with pytest.raises(ContractReverted, match=r"InvalidInverse|PointEvaluationFailed"):
        judge.call(
            "isFraudulent", honest.as_tuple(), parent.as_tuple(), proof[:31] + bytes((proof[31] ^ 1,)) + proof[32:]
        )
    shorter = Assertion(honest.parent, honest.inbox_end, honest.segments - 1, honest.root, honest.roots, True)
    with pytest.raises(ContractReverted, match=r"InvalidInverse|PointEvaluationFailed"):
        judge.call("isFraudulent", shorter.as_tuple(), parent.as_tuple(), proof)
    # Roots in calldata were compared when they were proposed.
    calldata = Assertion(honest.parent, honest.inbox_end, honest.segments, bytes(32), honest.roots, False)
    assert judge.call("isFraudulent", calldata.as_tuple(), parent.as_tuple(), b"") is False
    attacker = l2.challenger
    attacker.sender = Sender(chain, people.attacker)
    commitment = attacker.commitment(honest, ENDPOINT_JUDGE, proof)
    l2.rollup.contract.transact(attacker.sender, "commitChallenge", commitment)
    chain.mine(3)
    row = (honest.as_tuple(), parent.as_tuple(), ENDPOINT_JUDGE, proof)
    with reverts("AssertionValid", id=honest.id):
        l2.rollup.contract.transact(attacker.sender, "challenge", *row)
    assert l2.rollup.status(honest.id)[2] is Status.OPEN


def test_roots_come_in_a_blob_or_not_at_all(l2, chain, people) -> None:
    busy(l2, people)
    replica = l2.challenger.replica
    replica.step()
    row = (replica.tip(), replica.entries[-1].record, len(replica.entries), right_roots(l2)[-1], b"")
    with reverts("MissingBlob", index=0):
        l2.rollup.propose(Sender(chain, people.stranger), *row, l2.profile.bond)


# ----------------------------------------------------------------------------------------------------- transactions


def test_a_transaction_with_blobs_that_reverts_is_reported_and_changes_nothing(l2, chain, people) -> None:
    busy(l2, people)
    sender = Sender(chain, people.sequencer)
    inbox, root = l2.rollup.inbox(), l2.root
    (blob,) = to_blobs(b"\xfe" * FRAME_BYTES)
    with pytest.raises(TransactionFailed) as told:
        l2.rollup.post_blobs(sender, bytes(32), 1, inbox[2], [blob])
    assert told.value.receipt is not None
    assert told.value.receipt.status == 0
    assert isinstance(told.value, ContractReverted) == (
        chain.backend.trace_revert(told.value.receipt.tx_hash) is not None
    )
    with pytest.raises(TransactionFailed) as short:
        l2.rollup.post_blobs(sender, l2.rollup.acc(inbox[0]), 257, inbox[2], [blob])  # two blobs' frames in one
    assert short.value.receipt is not None
    assert short.value.receipt.status == 0
    assert l2.rollup.inbox() == inbox
    # The next one goes through: no nonce was lost.
    l2.rollup.post_blobs(sender, l2.rollup.acc(inbox[0]), 1, inbox[2], [blob])
    assert l2.rebuild_from_l1() == root
