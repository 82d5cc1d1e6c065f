"""The compiled kernel where numbers are large, ids strange and halves odd: against the independent reference.

Signatures are right or wrong by decree, so that nothing but the movements of money is looked at.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from tests.support.campaign import NIGHTLY, SEED
from tests.support.rollup import reference as reference_module
from tests.support.rollup.reference import Reference

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol import frames
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import rollup_domain
from layer2.rollup.protocol.params import MAX_BALANCE, MAX_NONCE
from layer2.rollup.state import transition
from layer2.rollup.state.operations import move, withdraw
from layer2.rollup.state.state import Account, State

ROUNDS = 600 if NIGHTLY else 30
BLS = (FrameType.TRANSFERS, FrameType.WIDE_TRANSFERS, FrameType.WITHDRAWALS, FrameType.EXACT_TRANSFERS)
EDGES = (0, 1, 99, 2**64 - 1, 2**64, 2**64 + 1, 2**127, MAX_BALANCE - 1, MAX_BALANCE)
BALANCES = (*EDGES, 10**18, 10**18, 10**30)
AMOUNTS = (*EDGES, 1, 1, 5, 10**9, 2**64 - 16)
PACKED = (0, 1, 7, 2_047, 3 << 11 | 5, 19 << 11 | 2_047, 20 << 11 | 1, 31 << 11 | 2_047, 31 << 11 | 1)
STRANGE = (0, 63, 64, 127, 5_000, 2**24 - 1, 2**24, 2**31, 2**32 - 2, 2**32 - 1)


class Decreed:
    """Every BLS signature is right, unless it begins with a zero; every key beginning with 'K' is one."""

    domain = rollup_domain(1, "0x" + "11" * 20)

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        return signature[0] != 0

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        return to_address(signature[:20])

    def is_key(self, key: bytes) -> bool:
        return key[:1] == b"K"


SIGNS = Decreed()


def owner_of(key: bytes) -> bytes:
    return keccak(key)


class World:
    """The same accounts in the state, a second state for whole runs of frames, and the reference."""

    def __init__(self, seed: int) -> None:
        self.rnd = random.Random(seed)
        self.state = State()
        self.other = Reference(
            SIGNS.verify, lambda digest, raw: raw[:20], SIGNS.is_key, lambda *fields: bytes(32), owner_of
        )
        self.other.watch = True
        self.state.tokens = self.other.tokens = 2
        nonces = (0, 0, 7, MAX_NONCE, MAX_NONCE - 1, MAX_NONCE - 3, MAX_NONCE - 60)
        count = self.rnd.choice((3, 20, 61))
        for index in range(1, count + 1):
            key = b"K" + self.rnd.randbytes(95)
            nonce = self.rnd.choice(nonces) if self.rnd.random() < 0.1 else 0
            account = Account(owner_of(key), int(self.rnd.random() < 0.1), nonce, self.rnd.choice(BALANCES))
            self.enter(index, key, account)
        self.state.next_account = self.other.next = count + 1

    def enter(self, index: int, key: bytes, account: Account) -> None:
        self.state.keys[account.owner] = self.other.keys[account.owner] = key
        self.state.put(index, account)
        self.other.acc[index] = [account.owner, account.token, account.nonce, account.balance]

    def someone(self, strange: float) -> int:
        known = list(self.other.acc)
        return self.rnd.choice(STRANGE) if self.rnd.random() < strange else self.rnd.choice(known)

    def ops(self, kind: FrameType) -> Iterator[Op]:
        # An unknown or exhausted sender spoils the whole frame: mostly none.
        senders = [one for one, (_, _, nonce, _) in self.other.acc.items() if nonce < MAX_NONCE - 60]
        spoiled = self.rnd.random() < 0.15
        few = self.rnd.sample(senders, min(len(senders), self.rnd.choice((1, 2, 50))))
        narrow = 2**24 if kind is FrameType.TRANSFERS else 2**32
        for _ in range(self.rnd.choice((1, LIMITS[kind] // 2, LIMITS[kind] // 2 + 1, LIMITS[kind], LIMITS[kind]))):
            sender = self.someone(0.1) if spoiled else self.rnd.choice(few)
            to = sender if self.rnd.random() < 0.1 else self.someone(0.1)
            target = to_address(self.rnd.randbytes(20)) if kind.withdraws else None
            signature = self.rnd.randbytes(64) if kind.by_ecdsa else b""
            yield Op(sender % narrow, to % narrow, self.rnd.choice(AMOUNTS), target, signature,
                     packed=self.rnd.choice(PACKED))  # fmt: skip

    def frame(self, kinds: Sequence[FrameType] = BLS) -> bytes:
        kind = self.rnd.choice(kinds)
        token, fee = int(self.rnd.random() < 0.1), self.rnd.choice((0, 1, 0x23, 0x9F, 0xFF))
        if kind is FrameType.ACCOUNTS:
            keys = (self.rnd.choice((b"K", b"K", b"X")) + self.rnd.randbytes(95) for _ in range(self.rnd.randint(1, 5)))
            return encode_frame(Frame(kind, token, ops=tuple(Op(key=key) for key in keys)))
        signature = (b"\0" if self.rnd.random() < 0.1 else b"\1") + bytes(47)
        data = encode_frame(Frame(kind, token, fee, self.someone(0.03), signature, tuple(self.ops(kind))))
        if self.rnd.random() < 0.05:
            return bytes((self.rnd.randrange(256),)) + data[1:]
        return data

    def follow(self, data: bytes) -> list[bytes]:
        """The reference's roots."""
        self.other.frame(data)
        return [self.other.middle, self.other.root()]


@pytest.fixture(autouse=True)
def _owners(monkeypatch) -> None:
    monkeypatch.setattr(transition, "owner_of_key", owner_of)


def moved(world: World) -> int:
    return sum(row[2] for row in world.other.acc.values())


@pytest.mark.parametrize("first", [27, 3, 1])
def test_both_roots_of_every_frame_are_the_references(monkeypatch, first: int) -> None:
    for kind in LIMITS:
        monkeypatch.setitem(frames.FIRST_HALF, kind, first)
        monkeypatch.setitem(reference_module.FIRST, int(kind), first)
    counts: Counter[str] = Counter()
    kinds = (*BLS, *BLS, FrameType.ECDSA_TRANSFERS, FrameType.ECDSA_WITHDRAWALS, FrameType.ACCOUNTS)
    for seed in range(SEED, SEED + ROUNDS):
        world = World(seed)
        for _ in range(12):
            before, data = moved(world), world.frame(kinds)
            roots = list(transition.apply_frame(world.state, data, SIGNS))
            assert roots == world.follow(data)
            counts["tried"] += data[56] if data[0] <= FrameType.EXACT_TRANSFERS else data[8]
            counts["executed"] += moved(world) - before
            counts["halves apart"] += roots[0] != roots[1]
    print(dict(counts))
    assert counts["executed"] > 0.3 * counts["tried"]
    assert counts["halves apart"] > ROUNDS / 2


@pytest.mark.parametrize("told", [False, True])
def test_a_run_of_frames_has_the_roots_of_its_frames_one_by_one(told: bool) -> None:
    executed = 0
    for seed in range(SEED + 1_000, SEED + 1_000 + ROUNDS):
        world = World(seed)
        whole, data, wanted, before = world.state.copy(), [], [], moved(world)
        for _ in range(world.rnd.choice((0, 1, 3, 40))):
            data.append(world.frame((*BLS, *BLS, FrameType.ACCOUNTS, FrameType.ACCOUNTS)))
            wanted += world.follow(data[-1])
        signed = [one[8] != 0 for one in data] if told else None
        assert transition.run_frames(whole, data, SIGNS, signed) == wanted
        assert whole.root == world.other.root()
        assert len(whole.accounts) == len(world.other.acc)
        assert [one.amount for one in whole.withdrawals] == [one[2] for one in world.other.out]
        executed += moved(world) - before
    assert executed > 30 * ROUNDS


def test_a_run_that_cannot_be_read_changes_nothing() -> None:
    world = World(1)
    good, root = world.frame(), world.state.root
    with pytest.raises(MalformedError, match="496"):
        transition.run_frames(world.state, [good, good[1:]], SIGNS)
    with pytest.raises(RangeError, match="1 verdicts of signatures and 2 frames given"):
        transition.run_frames(world.state, [good, good], SIGNS, [True])
    assert world.state.root == root


def test_strange_ids_take_no_memory_and_do_not_stop_the_frame() -> None:
    world = World(3)
    sender = min(world.other.acc)
    world.enter(sender, b"K" * 96, Account(keccak(b"K" * 96), 0, 0, 10**30))
    rows = len(world.state.ledger.tree.path(0)), world.state.ledger._rows.shape
    ops = tuple(Op(sender, to, 1, packed=1) for to in STRANGE)
    for kind in (FrameType.WIDE_TRANSFERS, FrameType.EXACT_TRANSFERS):
        data = encode_frame(Frame(kind, 0, 0, 0, b"\1" * 48, ops))
        assert list(transition.apply_frame(world.state, data, SIGNS)) == world.follow(data)
    assert world.state.accounts[sender].nonce == 2 * len(STRANGE)
    assert (len(world.state.ledger.tree.path(0)), world.state.ledger._rows.shape) == rows
    assert world.state.accounts.get(2**32 - 1) is None
    assert -1 not in world.state.accounts
    with pytest.raises(KeyError):
        world.state.accounts[2**32 - 2]


@pytest.mark.parametrize(
    ("balance", "amount", "fee", "works"),
    [
        (2**64, 1, 15, True),
        (2**64, 2**64 - 15, 15, True),
        (2**64, 2**64 - 14, 15, False),
        (MAX_BALANCE, MAX_BALANCE - 15, 15, True),
        (MAX_BALANCE, MAX_BALANCE - 14, 15, False),
        (MAX_BALANCE, MAX_BALANCE, 1, False),
        (MAX_BALANCE, MAX_BALANCE, 0, True),
    ],
)
def test_amount_and_fee_are_covered_to_the_last_unit(balance: int, amount: int, fee: int, works: bool) -> None:
    for out in (False, True):
        state = State()
        one, two = state.create(Account(bytes(32), 0, 0, balance)), state.create(Account(b"\1" * 32))
        if out:
            assert withdraw(state, one, to_address(b"\1" * 20), amount, 0, fee) is works
        else:
            assert move(state, one, two, amount, 0, fee) is works
        left = balance - amount - fee if works else balance
        assert state.accounts[one] == Account(bytes(32), 0, 1, left)
        assert state.accounts[two].balance == (amount if works and not out else 0)
        assert len(state.withdrawals) == (works and out)


def test_a_full_receiver_takes_nothing_and_a_self_transfer_costs_its_fee() -> None:
    state = State()
    one = state.create(Account(bytes(32), 0, 0, 100))
    two = state.create(Account(b"\1" * 32, 0, 0, MAX_BALANCE - 5))
    assert not move(state, one, two, 6, 0, 1)
    assert move(state, one, two, 5, 0, 1)
    assert move(state, one, one, 90, 0, 3)
    assert not move(state, one, one, 91, 0, 1)
    assert state.accounts[one] == Account(bytes(32), 0, 4, 91)
    assert state.accounts[two].balance == MAX_BALANCE


def test_no_operation_without_a_sender_or_beyond_its_last_nonce() -> None:
    state = State()
    one = state.create(Account(bytes(32), 3, MAX_NONCE, 100))
    root = state.root
    with pytest.raises(KeyError):
        move(state, 2**32 - 1, one, 1, 3, 0)
    with pytest.raises(RangeError, match="no nonce is left"):
        move(state, one, one, 1, 3, 0)
    assert state.root == root


@pytest.mark.parametrize(("left", "runs"), [(5, True), (4, False), (3, False), (0, False)])
def test_a_sender_whose_nonces_run_out_inside_a_frame_stops_all_of_it(left: int, runs: bool) -> None:
    for told in (None, [True]):
        state = State()
        for number in range(2):
            state.keys[owner_of(b"K%d" % number)] = b"K%d" % number
            state.create(Account(owner_of(b"K%d" % number), 0, 0, 100))
        state.change(2, balance=100, nonces=MAX_NONCE - left)
        root = state.root
        ops = tuple(Op(sender, 1, 1, packed=1) for sender in (1, 2, 2, 1, 2, 2, 2))
        data = encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, b"\1" * 48, ops))
        assert transition.run_frames(state, [data], SIGNS, told) == [state.root] * 2
        assert (state.root != root) is runs
        assert state.accounts[2].nonce == (MAX_NONCE if runs else MAX_NONCE - left)
