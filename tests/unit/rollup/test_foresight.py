"""Frames judged ahead, many at a time: the answers are those of one after the other, whatever was foretold."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from layer2.primitives.bls import BlsKey, aggregate, verify_aggregate, verify_each
from layer2.primitives.bls_aggregates import verify_aggregates
from layer2.primitives.hashing import keccak
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.derivation.signature_prefetch import SignaturePrefetch
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, rollup_domain
from layer2.rollup.sequencer.frame_builder import encode_accounts
from layer2.rollup.state.signature_oracle import Signatures
from layer2.rollup.state.state import Account, State, owner_of_key
from layer2.rollup.state.transition import run_frames

DOMAIN = rollup_domain(31337, "0x" + "11" * 20)
KEYS = [BlsKey(700 + at) for at in range(6)]
FRESH = BlsKey(7_000)


class Counting(Signatures):
    """Says how often it had to look at a signature itself."""

    looked = 0

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        type(self).looked += self.recall(pairs, signature) is None
        return super().verify(pairs, signature)


def genesis() -> State:
    state = State()
    for key in KEYS:
        state.keys[owner_of_key(key.public)] = key.public
        state.create(Account(owner_of_key(key.public), balance=10**18))
    return state


def frame(nonces: dict[int, int], senders: Sequence[int], *, right: bool = True) -> bytes:
    """A transfer by each sender (an account's number) with the next nonce; `right`: whether it is signed for."""
    rows = [Transfer(one, nonces[one], senders[0], 1_000, 0, 0) for one in senders]
    keys = {at: key for at, key in enumerate([*KEYS, FRESH], 1)}
    signature = aggregate([keys[one.sender].sign(one.digest(DOMAIN)) for one in rows])
    if right:
        for one in senders:
            nonces[one] += 1
    else:
        signature = aggregate([signature, keys[1].sign(b"\1" * 32)])
    ops = tuple(Op(one.sender, one.to, 1_000, packed=1_000) for one in rows)
    return encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, signature, ops))


def judged(frames: list[bytes], workers: WorkerPool | None = None) -> tuple[list[bytes], int]:
    """The roots with signature_prefetch, and how many frames had to be looked at when they were executed."""
    state, authority = genesis(), Counting(DOMAIN)
    Counting.looked = 0
    signature_prefetch = SignaturePrefetch(authority, workers)
    signature_prefetch.prepare(state, frames)
    before = state.root
    assert before == genesis().root
    return run_frames(state, frames, authority), Counting.looked


@pytest.mark.parametrize("seed", range(4))
def test_what_is_judged_ahead_is_what_comes_out_one_after_the_other(seed: int) -> None:
    dice = random.Random(seed)
    nonces, frames = dict.fromkeys(range(1, 8), 0), []
    for at in range(14):
        if at == 5:
            frames += encode_accounts(0, [FRESH.public])
            continue
        senders = dice.sample(range(1, 7 + (at > 5)), dice.randint(1, 4))
        frames.append(frame(nonces, senders, right=dice.random() < 0.6))
    plain = run_frames(genesis(), frames, Signatures(DOMAIN))
    roots, looked = judged(frames)
    assert (roots, looked) == (plain, 0)


@pytest.mark.parametrize("pattern", ["all right", "all wrong", "every other", "random"])
def test_every_frame_is_judged_before_it_is_executed_whatever_pattern_an_attacker_posts(pattern: str) -> None:
    dice, nonces = random.Random(7), dict.fromkeys(range(1, 8), 0)
    right = {"all right": lambda at: True, "all wrong": lambda at: False, "every other": lambda at: at % 2 == 0}
    choose = right.get(pattern, lambda at: dice.random() < 0.5)
    frames = [frame(nonces, [1, 2], right=choose(at)) for at in range(16)]
    plain = run_frames(genesis(), frames, Signatures(DOMAIN))
    assert judged(frames) == (plain, 0)


def test_an_account_that_is_opened_later_in_the_entry_signs_for_nothing_before() -> None:
    nonces = dict.fromkeys(range(1, 8), 0)
    early = frame(dict(nonces), [7, 1])
    frames = [early, *encode_accounts(0, [FRESH.public]), frame(nonces, [7, 1])]
    plain = run_frames(genesis(), frames, Signatures(DOMAIN))
    assert judged(frames) == (plain, 0)


def test_what_an_account_signed_before_it_was_opened_moves_no_nonce_of_it() -> None:
    """It signs rightly in the first frame, which nobody executes: its next operation still has nonce 0."""
    nonces = dict.fromkeys(range(1, 8), 0)
    early = frame(dict(nonces), [7, 1])
    frames = [early, *encode_accounts(0, [FRESH.public]), frame(nonces, [7])]
    plain = run_frames(genesis(), frames, Signatures(DOMAIN))
    assert plain[-1] != plain[3]
    assert judged(frames) == (plain, 0)


def test_processes_judge_as_the_thread_itself_does() -> None:
    nonces = dict.fromkeys(range(1, 8), 0)
    frames = [frame(nonces, [1 + at % 6, 1 + (at + 1) % 6], right=at % 5 != 3) for at in range(12)]
    workers = WorkerPool(2)
    try:
        assert judged(frames, workers) == judged(frames)
    finally:
        workers.close()


# ------------------------------------------------------------------------------------------------------ random weights


NOBODYS = BlsKey.derive(keccak(b"nobody")).sign(bytes(32))
"""A signature that nobody is said to have made."""


def aggregates(count: int, repeated: int) -> list[tuple[list[tuple[bytes, bytes]], bytes]]:
    rows = []
    for at in range(count):
        keys = [KEYS[(at * repeated + one) % len(KEYS)] for one in range(3)]
        digests = [keccak(bytes((at, one))) for one in range(3)]
        signature = aggregate([key.sign(digest) for key, digest in zip(keys, digests, strict=True)])
        rows.append(([(key.public, digest) for key, digest in zip(keys, digests, strict=True)], signature))
    return rows


class Draw:
    """Numbers that an attacker would like, and how many bits were asked for."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)
        self.bits: set[int] = set()

    def __call__(self, bits: int) -> int:
        self.bits.add(bits)
        return self.numbers.pop(0) if self.numbers else random.getrandbits(bits)


def shifted(rows: list[tuple[list[tuple[bytes, bytes]], bytes]]) -> list[tuple[list[tuple[bytes, bytes]], bytes]]:
    """Two wrong signatures whose errors cancel each other out in a plain sum."""
    error = KEYS[0].sign(b"\5" * 32)
    # The order less one times a point is its negative: the same error taken away.
    negative = bytes((error[0] ^ 0x20,)) + error[1:]
    (first, one), (second, other), *rest = rows
    return [(first, aggregate([one, error])), (second, aggregate([other, negative])), *rest]


@pytest.mark.parametrize("wrong", [(), (0,), (3,), (0, 5), tuple(range(6))])
def test_right_ones_pass_together_and_wrong_ones_are_found(wrong: tuple[int, ...]) -> None:
    rows = aggregates(6, 1)
    for at in wrong:
        rows[at] = (rows[at][0], rows[(at + 1) % 6][1] if len(wrong) < 6 else KEYS[at].sign(b"x" * 32))
    draw = Draw()
    answers = verify_aggregates(rows, draw)
    assert answers == [verify_aggregate(*row) for row in rows] == [at not in wrong for at in range(6)]
    assert draw.bits == {64}


def test_errors_that_cancel_each_other_out_pass_under_equal_weights_alone() -> None:
    rows = shifted(aggregates(6, 1))
    assert [verify_aggregate(*row) for row in rows] == [False, False, True, True, True, True]
    assert verify_aggregates(rows, Draw(9, 9)) == [True] * 6  # who could foretell the weights would get away with it
    assert verify_aggregates(rows, Draw(8, 9)) == [False, False, True, True, True, True]


@pytest.mark.parametrize("wrong", [(0,), (3,), (0, 3), (1, 2), (0, 1, 2, 3)])
def test_wrong_single_signatures_are_found_wherever_they_are(wrong: tuple[int, ...]) -> None:
    """And those beside them are right: in the half of a wrong one, and in the other."""
    digests = [keccak(bytes((at,))) for at in range(4)]
    pairs = enumerate(zip(KEYS[:4], digests, strict=True))
    rows = []
    for at, (one, digest) in pairs:
        rows.append((one.public, digest, one.sign(bytes(32) if at in wrong else digest)))
    assert verify_each(rows, Draw()) == [at not in wrong for at in range(4)]


def test_the_greatest_weight_counts_too() -> None:
    """One more than the greatest number that is drawn has one bit more."""
    rows = aggregates(6, 1)
    rows[2] = (rows[2][0], rows[3][1])
    assert verify_aggregates(rows, Draw(*[2**64 - 1] * 6)) == [at != 2 for at in range(6)]


def test_all_bits_of_the_weights_of_single_signatures_count() -> None:
    """Two draws that differ in their last bit alone are two weights: the promised 2^-16, not 2^-15."""
    digests = [keccak(bytes((at,))) for at in range(2)]
    keys = KEYS[:2]
    error = KEYS[0].sign(b"\5" * 32)
    negative = bytes((error[0] ^ 0x20,)) + error[1:]
    signatures = [aggregate([k.sign(d), e]) for k, d, e in zip(keys, digests, (error, negative), strict=True)]
    rows = [(key.public, digest, one) for key, digest, one in zip(keys, digests, signatures, strict=True)]
    assert verify_each(rows, Draw(8, 9)) == [False, False]
    assert verify_each(rows, Draw(9, 9)) == [True, True]
    draw = Draw(0, 0xFFFF)
    assert verify_each([(k.public, d, k.sign(d)) for k, d in zip(keys, digests, strict=True)], draw) == [True, True]
    assert draw.bits == {16}


@pytest.mark.parametrize(
    "rows", [[], [([], b"")], [([], NOBODYS)], [([(b"k" * 96, b"d" * 32)], bytes(48))], [([(b"", b"")], b"x")]]
)
def test_what_is_no_signature_at_all_is_wrong_and_raises_nothing(rows) -> None:
    assert verify_aggregates(rows, Draw()) == [False] * len(rows)
