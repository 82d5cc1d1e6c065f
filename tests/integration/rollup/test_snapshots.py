"""A node goes on from the state of a final assertion; and from states it kept, when the chain takes entries back."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey
from layer2.primitives.hashing import keccak
from layer2.primitives.units import parse_amount
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.derivation.snapshot import Snapshot
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.l1.batcher import Batcher, Data
from layer2.rollup.l1.blob_sources import Blobs, NodeBlobs
from layer2.rollup.protocol.errors import DataMissing, SnapshotWrong
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.wallet.wallet import Wallet
from layer2.testing.revert_checks.reverts import reverts

MAGIC = b"layer2 rollup snapshot 2\n"


class Counting:
    """The node as a source of blobs; what it was asked for."""

    def __init__(self, connection: Connection) -> None:
        self._node = NodeBlobs(connection)
        self.shut = False
        self.blocks: list[int] = []

    def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
        self.blocks.append(block)
        return None if self.shut else self._node.fetch(versioned_hash, block)


@pytest.fixture
def l2(chain: Connection, people: SimpleNamespace, tmp_path: Path) -> Iterator[LocalRollup]:
    before = chain.snapshot()
    made = LocalRollup(chain, people.sequencer, folder=tmp_path, data=Data.BLOBS)
    yield made
    made.close()
    chain.revert(before)


@pytest.fixture
def made(l2: LocalRollup, people: SimpleNamespace) -> Snapshot:
    """Of a rollup with accounts of both kinds, payments and a withdrawal in blobs, all of it final."""
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("3 ether")
    payee.deposit("1 ether")
    l2.post()
    l2.sequencer.open_account(payer.bls.public)
    l2.post()
    payer.send(payer.account(bls=True), "0.5 ether", account=payer.account(bls=False))
    payee.withdraw("0.7 ether")
    l2.post()
    l2.settle()
    l2.proposer.replica.step()
    snapshot = l2.proposer.replica.snapshot()
    assert snapshot.claim.inbox_end == len(l2.sequencer.replica.entries) == 3
    return snapshot


def pay(l2: LocalRollup, people: SimpleNamespace, amount: str = "0.1 ether") -> None:
    payer = l2.wallet(people.payer)
    payer.send(l2.wallet(people.payee).account(), amount, account=payer.account(bls=False))
    l2.post()


def begun(l2: LocalRollup, snapshot: Snapshot | None) -> tuple[Replica, Counting]:
    source = Counting(l2.connection)
    blobs = Blobs([source])
    return Replica(l2.rollup, start_block=l2.start_block, blobs=blobs, snapshot=snapshot), source


def taken_back(l2: LocalRollup, handle: object) -> None:
    """The chain goes back, and goes on with other blocks."""
    l2.connection.revert(handle)
    l2.connection.advance(17)


# ---------------------------------------------------------------------------------------------------- starting from it


def test_a_node_that_begins_with_a_snapshot_needs_no_data_of_what_lies_before(l2, people, made, tmp_path) -> None:
    made.save(tmp_path / "state.snapshot")
    known = l2.connection.block_number()
    pay(l2, people)
    replica, source = begun(l2, Snapshot.load(tmp_path / "state.snapshot"))
    assert replica.step() == 4
    assert source.blocks
    assert min(source.blocks) > known
    assert replica.missing is None
    assert replica.head.root == l2.root == l2.rebuild_from_l1()
    from_genesis, everything = begun(l2, None)
    from_genesis.step()
    assert min(everything.blocks) < known
    assert from_genesis.head.root == replica.head.root
    # Where the old blobs are gone, the snapshot is the only way.
    late, gone = begun(l2, None)
    gone.shut = True
    late.step()
    assert (len(late.entries), type(late.missing)) == (1, DataMissing)


def test_it_proposes_finalises_challenges_and_pays_out_from_there(l2, chain, people, made) -> None:
    stranger = Sender(chain, people.stranger)
    replica, _ = begun(l2, made)
    pay(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    challenger = Challenger(l2.rollup, stranger, replica)
    assert len(challenger.step()) == 1
    chain.mine(l2.profile.reveal_blocks)
    challenger.step()
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    proposer = Proposer(l2.rollup, stranger, replica)
    assert len(proposer.step()) == 1
    assert replica.tip().parent == made.claim.id
    chain.advance(l2.profile.window + 1)
    assert len(proposer.step()) == 1
    assert replica.final().inbox_end == 4
    wallet = Wallet(l2.rollup, people.payee, replica)
    before = chain.balance(people.payee.address)
    receipts = wallet.claim_all()
    gas = sum(one.gas_used * one.effective_gas_price for one in receipts)
    assert chain.balance(people.payee.address) - before + gas == parse_amount("0.7 ether")
    later = replica.snapshot()
    later.check(l2.rollup)
    assert later.claim.inbox_end == 4


def test_what_lies_before_it_cannot_be_asserted_and_is_not_executed(l2, chain, people, made) -> None:
    """Its blobs may be gone for good: a claim about it, right or wrong, is refused by the chain, so that no node has to
    judge what it cannot read."""
    root = next(one for one in l2.challenger.replica.claims.values() if not one.inbox_end)
    l2.challenger.replica.step()
    entries = l2.challenger.replica.entries
    done = l2.challenger.replica.execute(root, 2)
    post = Batcher(l2.rollup, Sender(chain, people.stranger), Blobs([]), Data.CALLDATA)
    for first in (done.roots[0], b"\0" + keccak(b"lie")[1:]):
        roots = [first, *done.roots[1:]]
        with reverts("InvalidRange", segments=0):
            post.propose(root, entries[1].record, 2, roots[-1], roots, l2.profile.bond)
    replica, source = begun(l2, made)
    replica.step()
    assert [one.inbox_end for one in replica.claims.values() if one.inbox_end == 2] == []
    assert Challenger(l2.rollup, post.sender, replica).step() == []
    assert source.blocks == []
    for refused in (lambda: replica.execute(root, 2), replica.entries[2].frames):
        with pytest.raises(DataMissing, match="precedes the snapshot"):
            refused()


def test_a_file_gives_back_everything_it_was_made_of(l2, made, tmp_path) -> None:
    path = tmp_path / "state.snapshot"
    made.save(path)
    again = Snapshot.load(path)
    assert (again.claim, again.acc, again.state.root) == (made.claim, made.acc, made.state.root)
    assert dict(again.state.accounts) == dict(made.state.accounts)
    assert again.state.withdrawals == made.state.withdrawals
    assert len(again.state.withdrawals) == 1
    wanted = {one.owner for one in made.state.accounts.values() if one.address is None}
    assert set(again.state.keys) == wanted
    assert len(wanted) == 1
    again.check(l2.rollup)
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    assert not list(tmp_path.glob("*.part"))


# ------------------------------------------------------------------------------------------------------------- refused


def refused(l2: LocalRollup, path: Path) -> bool:
    """Whether a file is refused, when it is read or when it is checked, and with no other error."""
    try:
        Snapshot.load(path).check(l2.rollup)
    except SnapshotWrong:
        return True
    return False


def test_a_damaged_file_is_refused(l2, made, tmp_path) -> None:
    path = tmp_path / "state.snapshot"
    made.save(path)
    whole = path.read_bytes()
    payload = zlib.decompress(whole[len(MAGIC) :])
    files = {"empty": b"", "no magic": whole[1:], "text": b"hello" * 100, "only magic": MAGIC}
    for at in range(0, len(whole), 7):
        files[f"file {at}"] = whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :]
        files[f"cut {at}"] = whole[:at]
    files["more"] = whole + b"\0"
    # Packed again after the change: nothing but the content can tell.
    for at in range(len(payload)):
        changed = payload[:at] + bytes((payload[at] ^ 1 << at % 8,)) + payload[at + 1 :]
        files[f"content {at}"] = MAGIC + zlib.compress(changed, 1)
    for cut in (1, 16, 96, len(payload) // 2, len(payload) - 3):
        files[f"shorter {cut}"] = MAGIC + zlib.compress(payload[:-cut], 1)
    files["longer"] = MAGIC + zlib.compress(payload + b"\0", 1)
    files["bomb"] = MAGIC + zlib.compress(bytes(1 << 24), 9)
    accepted = []
    for name, content in files.items():
        path.write_bytes(content)
        if not refused(l2, path):
            accepted.append(name)
    print(f"{len(files)} damaged files")
    assert accepted == []
    path.write_bytes(whole)
    assert not refused(l2, path)


def test_an_account_beyond_all_reason_makes_no_room_for_itself(made, tmp_path) -> None:
    path = tmp_path / "state.snapshot"
    made.save(path)
    payload = bytearray(zlib.decompress(path.read_bytes()[len(MAGIC) :]))
    head = struct.calcsize(">32sQQ32s32s?32s")
    payload[head : head + 4] = b"\xff" * 4
    path.write_bytes(MAGIC + zlib.compress(bytes(payload), 1))
    with pytest.raises(SnapshotWrong, match="the next one 4294967295"):
        Snapshot.load(path)


def test_a_tampered_state_is_refused(l2, made) -> None:
    richer = made.state.copy()
    richer.change(1, balance=richer.accounts[1].balance + 1)
    with pytest.raises(SnapshotWrong, match="its state has root"):
        replace(made, state=richer).check(l2.rollup)
    claimed = Assertion(
        *{**dict(zip(Assertion.__slots__, made.claim.as_tuple(), strict=True)), "root": richer.root}.values()
    )
    with pytest.raises(SnapshotWrong, match="unknown"):
        replace(made, state=richer, claim=claimed).check(l2.rollup)
    with pytest.raises(SnapshotWrong, match="not final"):
        replace(made, acc=bytes(32)).check(l2.rollup)
    voiceless = made.state.copy()
    voiceless.keys = {}
    with pytest.raises(SnapshotWrong, match="key of owner"):
        replace(made, state=voiceless).check(l2.rollup)
    with pytest.raises(SnapshotWrong):
        Replica(l2.rollup, start_block=l2.start_block, snapshot=replace(made, state=richer))
    made.check(l2.rollup)


def test_a_key_that_is_not_the_owners_is_refused(l2, made, tmp_path) -> None:
    other = BlsKey.derive(keccak(b"another"))
    (owner,) = {one.owner for one in made.state.accounts.values() if one.address is None}
    state = made.state.copy()
    state.keys = {owner: other.public}
    path = tmp_path / "state.snapshot"
    replace(made, state=state).save(path)
    with pytest.raises(SnapshotWrong, match="key of owner"):
        Snapshot.load(path).check(l2.rollup)


def test_what_is_not_final_or_of_another_rollup_is_refused(l2, chain, people, made, tmp_path) -> None:
    pay(l2, people)
    l2.proposer.step()
    replica = l2.proposer.replica
    tip = replica.tip()
    ahead = Snapshot(tip, replica.entries[tip.inbox_end - 1].record.hash(), replica.state_of(tip))
    with pytest.raises(SnapshotWrong, match="is open"):
        ahead.check(l2.rollup)
    chain.advance(l2.profile.window + 1)
    l2.proposer.step()
    ahead.check(l2.rollup)
    other = LocalRollup(chain, people.stranger, folder=tmp_path / "other")
    with pytest.raises(SnapshotWrong, match="unknown"):
        made.check(other.rollup)


# ---------------------------------------------------------------------------------------------------- reorganisations


def test_entries_behind_it_are_taken_back_and_the_node_goes_on_from_it(l2, chain, people, made) -> None:
    replica, source = begun(l2, made)
    before = chain.snapshot()
    pay(l2, people)
    replica.step()
    taken_back(l2, before)
    pay(l2, people, "0.2 ether")
    source.blocks.clear()
    replica.step()
    assert replica.reorganisations == 1
    assert replica.missing is None
    assert replica.head.root == l2.root == l2.rebuild_from_l1()
    assert len(source.blocks) == 1


def test_entries_before_it_are_taken_back_and_the_node_begins_anew(l2, chain, people) -> None:
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("3 ether")
    payee.deposit("1 ether")
    l2.post()
    before = chain.snapshot()
    pay(l2, people)
    l2.settle()
    snapshot = l2.proposer.replica.snapshot()
    replica, source = begun(l2, snapshot)
    replica.step()
    assert source.blocks == []
    taken_back(l2, before)
    pay(l2, people, "0.2 ether")
    pay(l2, people, "0.3 ether")
    source.shut = True
    replica.step()
    # Its state is of entries that never were: without the data of the others there is nothing to go on from.
    assert len(replica.entries) == 1
    assert isinstance(replica.missing, DataMissing)
    assert replica.tip().inbox_end == 0
    source.shut = False
    replica.step()
    assert replica.head.root == l2.root == l2.rebuild_from_l1()
    with pytest.raises(SnapshotWrong):
        snapshot.check(l2.rollup)


def test_a_chain_that_changed_before_the_first_look_does_not_get_the_snapshots_state(l2, chain, people) -> None:
    l2.wallet(people.payer).deposit("3 ether")
    l2.wallet(people.payee).deposit("1 ether")
    l2.post()
    before = chain.snapshot()
    pay(l2, people)
    l2.settle()
    replica, _ = begun(l2, l2.proposer.replica.snapshot())
    taken_back(l2, before)
    pay(l2, people, "0.2 ether")
    replica.step()
    assert replica.head.root == l2.root == l2.rebuild_from_l1()


def test_the_heads_list_of_withdrawals_never_fills(l2, people, made) -> None:
    payer = l2.wallet(people.payer)
    for count in (2, 3):
        for _ in range(count):
            payer.withdraw("0.01 ether", account=payer.account(bls=False))
        l2.post()
    head = l2.sequencer.replica.head
    assert (head.withdrawals, head.earlier) == ([], 6)
    replica, _ = begun(l2, made)
    replica.step()
    assert (replica.head.withdrawals, replica.head.earlier, replica.head.root) == ([], 6, head.root)


def test_after_a_reorganisation_kept_states_spare_the_data_of_what_is_left(l2, chain, people, made) -> None:
    replica, source = begun(l2, None)
    pay(l2, people)
    l2.proposer.step()
    replica.step()
    tip = replica.tip()
    before = chain.snapshot()
    pay(l2, people)
    replica.step()
    # From now on nobody has anything of what was read so far.
    replica.blobs = Blobs([source])
    source.blocks.clear()
    taken_back(l2, before)
    pay(l2, people, "0.3 ether")
    replica.step()
    assert (replica.reorganisations, replica.missing, len(source.blocks)) == (1, None, 1)
    assert replica.head.root == l2.root == l2.rebuild_from_l1()
    # What is known of claims whose entries are left is still known, however many they are.
    assert all(replica.is_right(one) for one in replica.claims.values() if one.inbox_end <= tip.inbox_end)


def test_a_claim_that_was_wrong_of_entries_that_are_gone_is_judged_anew(l2, chain, people, made) -> None:
    """Known by its hash, the same claim is right of some entries and wrong of others in their place."""
    replica, _ = begun(l2, None)
    replica.step()
    acc, queued = replica.entries[-1].record.hash(), l2.rollup.queue_length()
    before, rows, ids = chain.snapshot(), [], set()
    poster = Batcher(l2.rollup, l2.proposer.sender, Blobs([]), Data.CALLDATA)
    for amount, right in ((2, True), (1, False), (2, True)):
        l2.wallet(people.payer).deposit(amount)
        l2.rollup.post_calldata(poster.sender, acc, b"", queued + 1)
        replica.step()
        rows = rows or replica.execute(made.claim, 4).roots
        poster.propose(made.claim, replica.entries[-1].record, 4, rows[-1], rows, l2.profile.bond)
        replica.step()
        (claim,) = (one for one in replica.claims.values() if one.inbox_end == 4)
        assert replica.verdict(claim) is right
        assert replica.verdict(made.claim) is True
        ids.add(claim.id)
        taken_back(l2, before)
        before = chain.snapshot()
    assert len(ids) == 1
    assert replica.reorganisations == 2


def claimed(l2: LocalRollup, liar: random.Random | None) -> bool:
    """Assert what is not yet asserted, or lie about a segment of it; whether there was anything."""
    replica = l2.challenger.replica
    replica.step()
    parent, end = replica.tip(), len(replica.entries)
    if parent.inbox_end == end:
        return False
    roots = replica.execute(parent, end).roots
    if liar is not None:
        roots[liar.randrange(len(roots))] = b"\0" + liar.randbytes(31)
    l2.proposer.poster.propose(parent, replica.entries[-1].record, end, roots[-1], roots, l2.profile.bond)
    return True


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32))
def test_after_any_reorganisations_a_node_stands_where_one_from_scratch_does(seed: int) -> None:
    """Entries, right and wrong claims and reorganisations in any order; verdicts and heads are those of a new node."""
    dice, chain = random.Random(seed), CHAIN()
    start = chain.snapshot()
    signers = chain.signers(3)
    people = SimpleNamespace(payer=signers[1], payee=signers[2])
    l2 = LocalRollup(chain, signers[0])
    payer = l2.wallet(people.payer)
    payer.deposit("9 ether")
    l2.wallet(people.payee).deposit("1 ether")
    l2.post()
    replica, handles, counts = l2.replica(), [chain.snapshot()], {"post": 0, "claim": 0, "back": 0}
    for _ in range(14):
        what = dice.choice(["post", "post", "noise", "claim", "lie", "final", "back"])
        if what == "post":
            pay(l2, people, f"0.0{dice.randint(1, 9)} ether")
            counts["post"] += 1
        elif what == "noise":
            l2.sequencer.replica.step()
            record = l2.sequencer.replica.entries[-1].record
            data = dice.randbytes(2 * FRAME_BYTES)
            l2.rollup.post_calldata(l2.sequencer.sender, record.hash(), data, record.queue_end)
        elif what in ("claim", "lie"):
            counts["claim"] += claimed(l2, dice if what == "lie" else None)
        elif what == "final":
            chain.advance(l2.profile.window + 1)
            l2.proposer.step()
        else:
            taken_back(l2, dice.choice(handles))
            handles = [chain.snapshot()]
            counts["back"] += 1
        if dice.random() < 0.4 and what != "back":
            handles.append(chain.snapshot())
        if dice.random() < 0.7:
            replica.step()
            for one in list(replica.claims.values()):
                replica.verdict(one)
    l2.sequencer.replica.step()
    pay(l2, people)
    replica.step()
    fresh = l2.replica()
    fresh.step()
    assert [one.record for one in replica.entries] == [one.record for one in fresh.entries]
    assert replica.head.root == fresh.head.root
    assert set(replica.claims) == set(fresh.claims)
    for one in fresh.claims.values():
        assert replica.verdict(one) == fresh.verdict(one)
        if fresh.verdict(one):
            assert replica.state_of(one).root == fresh.state_of(one).root == one.root
    assert replica.tip() == fresh.tip()
    assert counts["post"] + counts["claim"] > 0
    chain.revert(start)


_chain: list[Connection] = []


def CHAIN() -> Connection:
    """One chain in this process for all examples."""
    if not _chain:
        _chain.append(new_chain())
    return _chain[0]
