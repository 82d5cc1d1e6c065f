"""The transition against an independent reference: random, adversarial and arbitrary bytes; roots compared throughout.

Signatures are stand-ins, so that millions of operations can be tried: who signed what is still checked by both.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from tests.support.campaign import NIGHTLY, SEED
from tests.support.rollup.reference import Reference

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain
from layer2.rollup.protocol.compressed_amounts import pack_amount
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, decode_frame, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw, rollup_domain
from layer2.rollup.protocol.params import FRAME_BYTES, MAX_BALANCE, MAX_NONCE
from layer2.rollup.state import transition
from layer2.rollup.state.forced_queue import Deposit, Forced, NewToken, QueueItem, Scheme, apply_item, decode_item
from layer2.rollup.state.state import Account, State

DOMAIN = rollup_domain(31337, "0x" + "11" * 20)
OPERATIONS = 1_000_000 if NIGHTLY else 30_000
TOKENS = 3


def mark(who: bytes, digest: bytes) -> bytes:
    return keccak(who + digest)[:16]


class StandIns:
    """A key of 96 bytes beginning with 'K' signs by its hash; an address signs 64 bytes that name it."""

    domain: Domain = DOMAIN

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        total = keccak(b"".join(mark(*pair) for pair in pairs))
        return signature[:32] == total

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        return to_address(signature[:20]) if signature[20:36] == mark(signature[:20], digest) else None

    def is_key(self, key: bytes) -> bool:
        return key[:1] == b"K"


SIGNS = StandIns()


def owner_of(key: bytes) -> bytes:
    return keccak(b"owner" + key)


def reference() -> Reference:
    def digest(sender: int, nonce: int, to: int, target: bytes | None, amount: int, token: int, fee: int) -> bytes:
        if target is None:
            return Transfer(sender, nonce, to, amount, token, fee).digest(DOMAIN)
        return Withdraw(sender, nonce, to_address(target), amount, token, fee).digest(DOMAIN)

    def recover(digest: bytes, signature: bytes) -> bytes | None:
        found = SIGNS.recover(digest, signature)
        return None if found is None else address_bytes(found)

    return Reference(SIGNS.verify, recover, SIGNS.is_key, digest, owner_of)


class Pair:
    """Both transitions on the same inputs, and a maker of inputs that knows the accounts."""

    def __init__(self, seed: int) -> None:
        self.rnd = random.Random(seed)
        self.state, self.other = State(), reference()
        self.counts: Counter[str] = Counter()
        for token in range(1, TOKENS):
            self.queue(NewToken(to_address(b"\1" * 20), token, to_address(bytes((token,)) * 20)))

    def agree(self) -> None:
        assert self.state.root == self.other.root()
        assert len(self.state.withdrawals) == len(self.other.out)

    def queue(self, item: QueueItem) -> None:
        before = self.state.copy() if self.rnd.random() < 0.01 else None
        assert decode_item(item.encode()) == item
        apply_item(self.state, item, SIGNS)
        self.other.item(item.encode())
        self.counts[type(item).__name__] += 1
        assert before is None or before.root != self.state.root

    def frame(self, data: bytes) -> None:
        before = sum(one.nonce for one in self.state.accounts.values()) + len(self.state.accounts)
        roots = list(transition.apply_frame(self.state, data, SIGNS))
        assert len(roots) == 2
        self.other.frame(data)
        after = sum(one.nonce for one in self.state.accounts.values()) + len(self.state.accounts)
        frame = decode_frame(data)
        self.counts["tried"] += len(frame.ops)
        self.counts[frame.kind.name] += after - before

    # ------------------------------------------------------------------------------------------------ making inputs

    def someone(self, *, by_key: bool | None = None) -> int:
        known = [
            index for index, one in self.state.accounts.items() if by_key is None or (one.address is None) == by_key
        ]
        if not known or self.rnd.random() < 0.01:
            return self.rnd.choice((0, self.state.next_account, 0xFFFFFF, 77))
        return self.rnd.choice(known)

    def amount(self) -> int:
        return self.rnd.choice((0, 1, 7, 100, 2_047, 10**6, 10**9, 2_047 * 10**31))

    def ops(self, kind: FrameType) -> tuple[Op, ...]:
        count = self.rnd.randint(1, LIMITS[kind])
        made = []
        for _ in range(count):
            if kind is FrameType.ACCOUNTS:
                made.append(Op(key=self.rnd.choice((b"K", b"K", b"X")) + self.rnd.randbytes(95)))
                continue
            sender, amount = self.someone(by_key=kind.by_bls), self.amount()
            if kind.withdraws:
                made.append(Op(sender, 0, amount, to_address(self.rnd.randbytes(20))))
            else:
                made.append(Op(sender, self.someone(), amount, packed=pack_amount(amount)))
        return tuple(made)

    def signed(self, frame: Frame) -> Frame:
        """With right signatures, or now and then with wrong ones."""
        if frame.kind is FrameType.ACCOUNTS:
            return frame
        wrong = self.rnd.random() < 0.1
        if frame.kind.by_bls:
            pairs = transition.digests(self.state, frame, SIGNS) or []
            total = keccak(b"".join(mark(*pair) for pair in pairs)) if not wrong else bytes(32)
            return Frame(frame.kind, frame.token, frame.fee, frame.receiver, total + bytes(16), frame.ops)
        ops, seen = [], Counter[int]()
        for op in frame.ops:
            one = self.state.accounts.get(op.sender, Account(bytes(32)))
            message = transition.message_of(frame, op, min(one.nonce + seen[op.sender], MAX_NONCE))
            seen[op.sender] += 1
            who = one.owner[12:]
            signature = who + mark(who, message.digest(DOMAIN)) if self.rnd.random() > 0.1 else bytes(36)
            ops.append(Op(op.sender, op.to, op.amount, op.target, signature + bytes(28), packed=op.packed))
        return Frame(frame.kind, frame.token, frame.fee, frame.receiver, b"", tuple(ops))

    def make_frame(self) -> bytes:
        if self.rnd.random() < 0.05:
            return bytes((self.rnd.randrange(12),)) + self.rnd.randbytes(FRAME_BYTES - 1)
        kind = self.rnd.choice(list(LIMITS))
        token, fee = self.rnd.choice((0, 0, 0, 1, TOKENS)), self.rnd.choice((0, 0, 1, 0x23))
        data = encode_frame(self.signed(Frame(kind, token, fee, self.someone(), bytes(48), self.ops(kind))))
        if self.rnd.random() < 0.05:
            at = self.rnd.randrange(FRAME_BYTES)
            data = data[:at] + bytes((data[at] ^ 1 << self.rnd.randrange(8),)) + data[at + 1 :]
        return data

    def make_item(self) -> QueueItem:
        sender = to_address(self.rnd.choice((b"\1", b"\2", b"\3")) * 20)
        owner = bytes(12) + address_bytes(sender)
        if self.rnd.random() < 0.6:
            to = self.rnd.choice((0, 0, self.someone()))
            known = self.state.accounts.get(to)
            if known is not None and self.rnd.random() < 0.8:
                owner = known.owner
            amount = self.rnd.choice((10**9, 10**12, 2_047 * 10**31, MAX_BALANCE))
            token = known.token if known is not None else self.rnd.choice((0, 0, 1))
            return Deposit(sender, token, amount, self.rnd.choice((owner, owner, owner, self.rnd.randbytes(32))), to)
        account = self.someone()
        one = self.state.accounts.get(account, Account(bytes(32)))
        target = to_address(self.rnd.randbytes(20)) if self.rnd.random() < 0.5 else None
        to, amount = self.someone() if target is None else 0, self.amount()
        if target is None and self.rnd.random() < 0.05:
            return Forced(sender, account, one.token, amount, self.rnd.getrandbits(160))
        scheme = self.rnd.choice((*Scheme, 3))
        if one.address is not None and self.rnd.random() < 0.8:
            sender = one.address
        nonce = one.nonce
        row = (amount, one.token, 0)
        message = Transfer(account, nonce, to, *row) if target is None else Withdraw(account, nonce, target, *row)
        digest = message.digest(DOMAIN)
        signature = b""
        if scheme == Scheme.ECDSA:
            signature = one.owner[12:] + mark(one.owner[12:], digest) + bytes(28)
        elif scheme == Scheme.BLS:
            signature = keccak(mark(self.state.keys.get(one.owner, b""), digest)) + bytes(16)
        return Forced(sender, account, one.token, amount, to, target, scheme, signature)


def test_both_transitions_agree_on_everything(monkeypatch) -> None:
    monkeypatch.setattr(transition, "owner_of_key", owner_of)
    counts: Counter[str] = Counter()
    seed = SEED
    while counts["tried"] < OPERATIONS:
        pair, seed = Pair(seed), seed + 1
        for _ in range(20):
            pair.queue(pair.make_item())
        pair.agree()
        for step in range(150):
            if step % 5 == 0:
                pair.queue(pair.make_item())
            else:
                pair.frame(pair.make_frame())
            if step % 10 == 0:
                pair.agree()
        pair.agree()
        counts += pair.counts
    print(dict(counts))
    for kind in LIMITS:
        assert counts[kind.name] > counts["tried"] / 500, f"too few operations of {kind.name} were executed"
    executed = sum(counts[kind.name] for kind in LIMITS)
    assert executed > counts["tried"] * 0.3, f"{executed} of {counts['tried']} operations were executed"
