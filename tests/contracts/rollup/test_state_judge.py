"""The judge of states: for every part of a proof, what binds it. Nothing that anybody shows moves a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.rollup.corner import ACQUITS, BY_KEY, GUILTY, KEY, PAYEE, PAYER, Corner
from tests.support.rollup.proof_parts import changed, part

from layer2.ethereum.errors import ContractReverted
from layer2.primitives.bls import BlsKey, packed_key
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.params import OPS_PER_SEGMENT
from layer2.rollup.state.commitments import Assertion, Roots
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.state.state import owner_of_address
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.validator.witness import state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import claim_of, right_roots

NEW = BlsKey.derive(keccak(b"a new account"))
WORD = b"\xa5" * 32
ITEMS = OPS_PER_SEGMENT + 1


class Bench:
    """Two entries after each other, one claim over each, and a third entry that no claim covers."""

    def __init__(self, corner: Corner, people: Any) -> None:
        self.corner, self.people = corner, people
        self._queue()
        frames = {
            "payments": corner.frame(fee=0x02, receiver=PAYEE, nonce=8),
            "signed": corner.by_key(*[(PAYEE, 7)] * 28, nonce=1),
            "skipped": corner.by_key(*[(PAYEE, 7)] * 28, nonce=29, signature=KEY.sign(bytes(32))),
            "withdrawal": self._withdrawal(),
            "accounts": encode_frame(Frame(FrameType.ACCOUNTS, 0, ops=(Op(key=NEW.public),))),
        }
        corner.post(*frames.values())
        self.at = {"queue": 0, "rest of the queue": 1} | {name: 2 + 2 * at for at, name in enumerate(frames)}
        corner.l2.settle()
        replica = corner.replica
        replica.step()
        self.first = replica.final()
        # Its second half is known to have been skipped by the state before the claim alone.
        corner.post(corner.by_key(*[(PAYEE, 7)] * 28, nonce=29, signature=KEY.sign(bytes(32))), corner.frame(nonce=10))
        corner.post(corner.frame(nonce=11))
        self.origin = replica.claims[self.first.parent]
        self.right = {1: right_roots(replica, self.origin, 1), 2: right_roots(replica, self.first, 2)}

    def _queue(self) -> None:
        corner = self.corner
        mine = owner_of_address(self.people.payer.address)
        corner.deposit(mine, 0)
        corner.rollup.force(corner.payer, PAYER, 0, 5, self.people.payer.address)
        signed = KEY.sign(Transfer(BY_KEY, 0, PAYEE, 6, 0, 0).digest(corner.rollup.domain))
        corner.rollup.force(corner.payee, BY_KEY, 0, 6, PAYEE, Scheme.BLS, signed)
        for _ in range(ITEMS - 3):
            # With gas given nothing is estimated: half the time.
            corner.rollup.contract.transact(corner.payee, "deposit", 0, 3, mine, PAYER, value=3, gas=300_000)

    def _withdrawal(self) -> bytes:
        corner, target = self.corner, self.people.payee.address
        digest = Withdraw(PAYER, 9, target, 44, 0, 0).digest(corner.rollup.domain)
        op = Op(PAYER, 0, 44, target, to_compact(self.people.payer.sign_digest(digest)))
        return encode_frame(Frame(FrameType.ECDSA_WITHDRAWALS, 0, 0, 0, b"", (op,)))

    def claim(self, entry: int, roots: list[bytes] | None = None) -> Assertion:
        """Of the first entry or of the second."""
        parent = self.origin if entry == 1 else self.first
        return claim_of(self.corner.replica, parent, entry, roots or self.right[entry])

    def proof(self, name: str, half: int = 0) -> bytes:
        """Of a segment of the first entry."""
        return state_proof(self.corner.replica, self.claim(1), self.at[name] + half)

    def says(self, proof: bytes, entry: int = 1) -> str:
        """What the judge says of the truth."""
        return self.corner.verdict(STATE_JUDGE, self.claim(entry), proof)


@pytest.fixture(scope="module")
def bench(chain, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    before = chain.snapshot()
    corner = Corner(chain, people, Path(tmp_path_factory.mktemp("corner")))
    yield Bench(corner, people)
    corner.l2.close()
    chain.revert(before)


def other(word: bytes) -> bytes:
    return bytes(one ^ 1 for one in word)


def test_every_segment_is_judged_rightly_of_this_claim_and_of_the_next(bench: Bench) -> None:
    """The next one goes on from a state with withdrawals, of which none is its own."""
    judged = 0
    for entry, right in bench.right.items():
        for segment, root in enumerate(right):
            assert bench.says(state_proof(bench.corner.replica, bench.claim(entry), segment), entry) == ACQUITS
            lie = bench.claim(entry, [*right[:segment], b"\0" + keccak(root)[1:], *right[segment + 1 :]])
            proof = state_proof(bench.corner.replica, lie, segment)
            assert bench.corner.verdict(STATE_JUDGE, lie, proof) == GUILTY, (entry, segment)
            judged += 1
    assert judged == 2 + 10 + 4


def test_what_was_left_out_is_convicted(bench: Bench) -> None:
    """Only whether a frame by keys had to be executed is for the other judge."""
    right, told = bench.right[1], {}
    for name, at in bench.at.items():
        for half in range(1 if "queue" in name else 2):
            before = right[at + half - 1] if at + half else bench.corner.before.root
            if right[at + half] != before:
                lie = bench.claim(1, [*right[: at + half], before, *right[at + half + 1 :]])
                proof = state_proof(bench.corner.replica, lie, at + half)
                told[name, half] = bench.corner.verdict(STATE_JUDGE, lie, proof)
    assert told.pop(("signed", 0)) == ACQUITS
    assert told == dict.fromkeys(told, GUILTY)
    assert set(told) == {
        ("queue", 0), ("rest of the queue", 0), ("payments", 0), ("signed", 1), ("withdrawal", 0), ("accounts", 0)
    }  # fmt: skip


def test_the_place_is_bound_by_the_inbox_and_the_claim(bench: Bench) -> None:
    proof = bench.proof("payments")
    item, entry = part(proof, "item"), part(proof, "entry")
    last = bench.corner.replica.entries[1].record
    for name, shown, told in (
        ("another entry", changed(proof, item=(*item[:3], item[3] + 1, *item[4:])), "UnknownEntry"),
        ("no entry", changed(proof, entry=0), "UnknownEntry"),
        ("the entry of another place", changed(proof, entry=entry + 1), "UnknownEntry"),
        ("the entry after it", changed(proof, entry=2, item=last.as_tuple(), previous=item), "SegmentOutOfRange"),
        ("a segment of the entry after it", changed(proof, segment=len(bench.right[1])), "SegmentOutOfRange"),
        ("a segment beyond everything", changed(proof, segment=1 << 40), "SegmentOutOfRange"),
    ):
        assert bench.says(shown) == f"{told}()", name
    assert bench.says(proof) == ACQUITS


def test_a_claim_is_not_judged_by_what_lies_behind_its_end(bench: Bench) -> None:
    """The third entry is in the inbox and not in the claim over the second: no root of the claim is about it."""
    replica = bench.corner.replica
    wider = claim_of(replica, bench.first, 3, right_roots(replica, bench.first, 3))
    count = len(bench.right[2])
    behind = state_proof(replica, wider, count)
    assert bench.corner.verdict(STATE_JUDGE, wider, behind) == ACQUITS
    narrow = bench.proof("payments")
    shown = changed(behind, roots=part(state_proof(replica, bench.claim(2), count - 1), "roots"), roots_path=b"")
    assert bench.says(shown, 2) == "SegmentOutOfRange()"
    # Of the second entry, under the place before it and under the right one.
    inside = state_proof(replica, bench.claim(2), 0)
    assert bench.says(changed(inside, previous=part(narrow, "previous")), 2) == "UnknownPreviousEntry()"
    earlier = changed(inside, entry=1, item=part(narrow, "item"), previous=part(narrow, "previous"))
    assert bench.says(earlier, 2) == "SegmentOutOfRange()"
    assert bench.says(inside, 2) == ACQUITS


def test_roots_and_frames_are_bound_by_what_was_posted(bench: Bench) -> None:
    proof = bench.proof("payments")
    frame, roots, path = part(proof, "frame"), part(proof, "roots"), part(proof, "frame path")
    for name, shown, told in (
        (
            "another byte of the frame",
            changed(proof, frame=frame[:9] + other(frame[9:10]) + frame[10:]),
            "InvalidFrameData",
        ),
        ("a longer frame", changed(proof, frame=frame + bytes(1)), "InvalidFrameData"),
        ("no frame", changed(proof, frame=b""), "InvalidFrameData"),
        ("another frame's path", changed(proof, frame_path=path[32:] + path[:32]), "InvalidFrameData"),
        ("another root", changed(proof, roots=roots[:70] + other(roots[70:71]) + roots[71:]), "InvalidRootsPath"),
        ("no roots", changed(proof, roots=b""), "InvalidRootsPath"),
        ("another root before", changed(proof, before=(WORD, *part(proof, "before")[1:])), "InvalidPrecedingState"),
        ("another queue before", changed(proof, before=(*part(proof, "before")[:3], WORD)), "InvalidPrecedingState"),
    ):
        assert bench.says(shown) == f"{told}()", name


def test_the_state_before_the_first_frame_is_bound_by_the_parent(bench: Bench) -> None:
    """By it the second half of a claim's first frame is known to have been skipped, or not."""
    proof = state_proof(bench.corner.replica, bench.claim(2), 1)
    origin = Roots.of(bench.corner.replica.state_of(bench.first)).as_tuple()
    assert part(proof, "origin") == origin
    for wrong in ((WORD, *origin[1:]), (*origin[:1], WORD, *origin[2:]), (*origin[:2], WORD, *origin[3:])):
        assert bench.says(changed(proof, origin=wrong), 2) == "InvalidParentState()"
    assert bench.says(proof, 2) == ACQUITS


def test_accounts_are_bound_by_the_root_before(bench: Bench) -> None:
    proof = bench.proof("payments")
    ids, leaves, order = part(proof, "ids"), part(proof, "leaves"), part(proof, "order")
    siblings = part(proof, "siblings")
    assert len(ids) == 8
    for name, shown, told in (
        (
            "another balance",
            changed(proof, leaves=leaves[:63] + other(leaves[63:64]) + leaves[64:]),
            "InvalidAccountsProof",
        ),
        ("another owner", changed(proof, leaves=other(leaves[:1]) + leaves[1:]), "InvalidAccountsProof"),
        ("nobody there", changed(proof, leaves=bytes(64) + leaves[64:]), "InvalidAccountsProof"),
        ("another sibling", changed(proof, siblings=other(siblings[:1]) + siblings[1:]), "InvalidAccountsProof"),
        ("a sibling more", changed(proof, siblings=siblings + bytes(32)), "InvalidAccountsProof"),
        ("a sibling less", changed(proof, siblings=siblings[:-32]), "InvalidAccountsProof"),
        ("a leaf more", changed(proof, leaves=leaves + bytes(64)), "InvalidAccountsLength"),
        ("a leaf less", changed(proof, leaves=leaves[:-64]), "InvalidAccountsLength"),
        ("no accounts", changed(proof, ids=b"", leaves=b""), "InvalidAccountsLength"),
        ("half of an id", changed(proof, ids=ids + b"\0"), "InvalidAccountsLength"),
        ("one account twice", changed(proof, ids=ids[:4] * 2), "UnsortedAccounts"),
        ("falling", changed(proof, ids=ids[4:] + ids[:4], leaves=leaves[64:] + leaves[:64]), "UnsortedAccounts"),
        ("another account", changed(proof, order=bytes(1 - one for one in order)), "AccountNotShown"),
        ("an account behind the last", changed(proof, order=b"\2" + order[1:]), "AccountNotShown"),
        ("a hint less", changed(proof, order=order[:1]), "AccountNotShown"),
        ("no hints", changed(proof, order=b""), "AccountNotShown"),
    ):
        assert bench.says(shown) == f"{told}()", name


def test_the_number_of_nobody_names_no_account(bench: Bench) -> None:
    """Somewhere behind the accounts, and behind the hints, lie zeros, which would pass for account 0, or name it."""
    corner = bench.corner
    before = corner.l2.connection.snapshot()
    corner.post(corner.frame(to=0, nonce=12))
    claim = claim_of(corner.replica, bench.first, 4, right_roots(corner.replica, bench.first, 4))
    proof = state_proof(corner.replica, claim, claim.segments - bench.first.segments - 2)
    assert corner.verdict(STATE_JUDGE, claim, proof) == ACQUITS
    count, order = len(part(proof, "ids")) // 4, part(proof, "order")
    assert (count, order) == (2, b"\1\0")
    for beyond in range(count, count + 12):
        assert corner.verdict(STATE_JUDGE, claim, changed(proof, order=bytes((1, beyond)))) == "AccountNotShown()"
    assert corner.verdict(STATE_JUDGE, claim, changed(proof, order=order[:1])) == "AccountNotShown()"
    corner.l2.connection.revert(before)
    corner.replica.step()


def test_a_number_that_nobody_has_holds_nothing(bench: Bench) -> None:
    """A balance without an owner is no empty leaf: it would be one before and none after."""
    proof = bench.proof("accounts")
    assert part(proof, "leaves") == bytes(64)
    assert bench.says(changed(proof, leaves=bytes(63) + b"\5")) == "InvalidAccountsProof()"
    assert bench.says(proof) == ACQUITS


def test_a_verdict_by_the_roots_alone_is_about_accounts_that_are_shown(bench: Bench) -> None:
    """Who shows nobody where the fee's receiver is would have an honest frame skipped."""
    proof = bench.proof("payments")
    ids, leaves = part(proof, "ids"), part(proof, "leaves")
    place = ids.index(PAYEE.to_bytes(4, "big")) // 4
    empty = leaves[: 64 * place] + bytes(64) + leaves[64 * place + 64 :]
    assert bench.says(changed(proof, leaves=empty)) == "InvalidAccountsProof()"


def test_withdrawals_are_bound_by_the_root_before(bench: Bench) -> None:
    proof = bench.proof("withdrawal")
    branch = part(proof, "branch")
    assert len(branch) == 17 * 32
    # One was forced before it: its leaf is the next one's left sibling.
    assert branch[:32] != bytes(32)
    for name, shown, told in (
        ("another withdrawal", changed(proof, branch=other(branch[:1]) + branch[1:]), "InvalidWithdrawalsProof"),
        ("none", changed(proof, branch=b""), "InvalidWithdrawalsLength"),
        ("a level less", changed(proof, branch=branch[:-32]), "InvalidWithdrawalsLength"),
        ("a level more", changed(proof, branch=branch + bytes(32)), "InvalidWithdrawalsLength"),
    ):
        assert bench.says(shown) == f"{told}()", name
    # Where it is itself on the left, what is said of the right is not read.
    assert bench.says(changed(proof, branch=branch[:-32] + WORD)) == ACQUITS


def test_queue_items_are_bound_by_the_entry(bench: Bench) -> None:
    proof = bench.proof("queue")
    items, later = list(part(proof, "items")), list(part(proof, "later"))
    assert (len(items), len(later)) == (OPS_PER_SEGMENT, ITEMS - OPS_PER_SEGMENT)
    moved = [keccak(one) for one in items[-1:]]
    for name, shown, told in (
        ("items as hashes", changed(proof, items=items[:-1], later=[*moved, *later]), "InvalidItemCount"),
        ("no items", changed(proof, items=[], later=[*map(keccak, items), *later]), "InvalidItemCount"),
        ("another item", changed(proof, items=[*items[:-1], items[-1][:-1] + b"\5"]), "UnknownQueueItems"),
        ("in another order", changed(proof, items=[items[1], items[0], *items[2:]]), "UnknownQueueItems"),
        ("another one after them", changed(proof, later=[*later[:-1], WORD]), "UnknownQueueItems"),
        ("one less after them", changed(proof, later=later[:-1]), "UnknownQueueItems"),
        ("one more after them", changed(proof, later=[*later, WORD]), "UnknownQueueItems"),
        ("none after them", changed(proof, later=[]), "UnknownQueueItems"),
    ):
        assert bench.says(shown) == f"{told}()", name


def test_forced_operations_are_judged_by_their_owners_keys(bench: Bench) -> None:
    """Somebody else's key would make a right signature wrong."""
    proof = bench.proof("queue")
    assert part(proof, "keys") == packed_key(KEY.public)
    thief = packed_key(BlsKey.derive(keccak(b"thief")).public)
    for name, shown, told in (
        ("another key", changed(proof, keys=thief), "UnexpectedSignerKey()"),
        ("the right one behind it", changed(proof, keys=thief + packed_key(KEY.public)), "UnexpectedSignerKey()"),
        ("no key", changed(proof, keys=b""), "KeyMissing(0)"),
        ("the key behind the end", changed(proof, keys=b"") + packed_key(KEY.public), "KeyMissing(0)"),
        ("no hint", changed(proof, hints=[]), "MissingSignerHint()"),
        ("more keys than are read", changed(proof, keys=packed_key(KEY.public) + thief), ACQUITS),
    ):
        assert bench.says(shown) == told, name


def test_what_is_read_in_place_lies_inside_the_proof(bench: Bench) -> None:
    """MultiProof and keys are read where they lie: a length or a place that leads out of the proof is refused."""
    proof = bench.proof("queue")
    judge = bench.corner.judges[STATE_JUDGE]
    row = (bench.claim(1).as_tuple(), bench.origin.as_tuple())

    def told(data: bytes) -> str:
        try:
            return GUILTY if judge.call("isFraudulent", *row, data, sender=bench.corner.rollup.address) else ACQUITS
        except ContractReverted as refusal:
            return refusal.name

    for index in (1, 2):
        head = slice(32 * index, 32 * index + 32)
        start = int.from_bytes(proof[head], "big")
        length = slice(start, start + 32)
        for place, value in (
            (length, len(proof) - start - 31),
            (length, 2**256 - 1),
            (head, len(proof) - 31),
            (head, len(proof)),
            (head, 2**256 - 32),
            (head, 2**256 - 1),
        ):
            bent = proof[: place.start] + value.to_bytes(32, "big") + proof[place.stop :]
            assert told(bent) == "BytesOutside", (index, place, value)
    assert told(proof) == ACQUITS
