"""Frames from pending operations: bytes as `encode_frame` writes them, order as accounts need it, the best first."""

from __future__ import annotations

import random
from typing import Any

from layer2.primitives.addresses import to_address
from layer2.primitives.bls import BlsKey, aggregate
from layer2.rollup.protocol.compressed_amounts import pack_amount, pack_fee
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, decode_frame, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.protocol.signed_operation import SignedOp, join_records, split_records
from layer2.rollup.sequencer.frame_builder import encode_accounts, encode_drafts, pack
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
from layer2.rollup.state.operations import move, withdraw
from layer2.rollup.state.overlay import layer_over
from layer2.rollup.state.state import Account, State

TARGET = to_address("0x" + "ab" * 20)
ECDSA = bytes(range(64))
BLS = BlsKey(77).sign(b"\1" * 32)
ADD_UP = SignatureWorkers().aggregates


def transfer(sender: int, nonce: int, to: int, amount: int = 5, fee: int = 0, token: int = 0, bls: bool = False) -> Any:
    return SignedOp(Transfer(sender, nonce, to, amount, token, fee), BLS if bls else ECDSA)


def state_of(balances: dict[int, int], token: int = 0) -> State:
    state = State()
    for index, balance in balances.items():
        state.put(index, Account(index.to_bytes(32, "big"), token, 0, balance))
    return state


def packed(ops: list[SignedOp], state: State, most: int = 1_000, ages: dict[int, float] | None = None) -> Any:
    rows = [(op.encode(), (ages or {}).get(at, 10.0)) for at, op in enumerate(ops)]
    drafts = pack(rows, layer_over(state)[1], most, overdue=5.0)
    return drafts, encode_drafts(drafts, {0: 9}, ADD_UP)


def test_every_kind_is_written_as_the_plain_encoder_writes_it() -> None:
    state = state_of(dict.fromkeys(range(1, 30), 10**20) | {1 << 25: 10**20})
    exact = 123_456_789
    fee = pack_fee(3)
    cases: list[tuple[SignedOp, FrameType, Op]] = []
    for bls, signature in ((True, b""), (False, ECDSA)):
        for to, amount in ((2, 5), (1 << 25, 5), (2, exact)):
            op = transfer(1, 0, to, amount, fee, bls=bls)
            row = Op(1, to, amount, None, signature, packed=0 if amount == exact else pack_amount(amount))
            cases.append((op, op.kind, row))
        out = SignedOp(Withdraw(1, 0, TARGET, exact, 0, fee), BLS if bls else ECDSA)
        cases.append((out, out.kind, Op(1, 0, exact, TARGET, signature)))
    assert {kind for _, kind, _ in cases} == set(FrameType) - {FrameType.SKIP, FrameType.ACCOUNTS}
    for op, kind, row in cases:
        _, (data,) = packed([op], state)
        assert data == encode_frame(Frame(kind, 0, fee, 9, aggregate([BLS]) if kind.by_bls else b"", (row,)))


def test_frames_that_open_accounts_are_written_as_the_plain_encoder_writes_them() -> None:
    keys = [BlsKey(number).public for number in range(1, 8)]
    most = LIMITS[FrameType.ACCOUNTS]
    rows = [tuple(Op(key=key) for key in keys[at : at + most]) for at in range(0, 7, most)]
    assert encode_accounts(3, keys) == [encode_frame(Frame(FrameType.ACCOUNTS, 3, ops=row)) for row in rows]


def test_small_groups_share_frames_with_their_like_and_all_are_as_full_as_can_be() -> None:
    state = state_of(dict.fromkeys(range(1, 200), 10**9))
    ops = [transfer(at, 0, at + 1, fee=pack_fee(1 + at % 2), bls=at % 3 == 0) for at in range(1, 150)]
    drafts, data = packed(ops, state)
    need = 0
    for bls in (True, False):
        for fee in (1, 2):
            count = sum(op.by_bls is bls and op.message.fee == pack_fee(fee) for op in ops)
            need += -(-count // LIMITS[FrameType.TRANSFERS if bls else FrameType.ECDSA_TRANSFERS])
    assert len(drafts) == len(data) == need
    assert all(len(one) == FRAME_BYTES for one in data)


def test_what_pays_best_and_fills_most_comes_first_but_nobody_waits_for_ever() -> None:
    state = state_of(dict.fromkeys(range(1, 50), 10**9))
    ops = [transfer(at, 0, at + 1) for at in range(1, 13)]
    ops += [transfer(20, 0, 21, fee=pack_fee(1)), transfer(22, 0, 23, fee=pack_fee(9))]
    ops += [transfer(30, 0, 31, 123_457)]
    drafts, _ = packed(ops, state, most=3)
    assert [(one.fee, len(one.records)) for one in drafts] == [(9, 1), (1, 1), (0, 6)]
    drafts, _ = packed(ops, state, most=3, ages={14: 1.0})
    assert [(one.kind, one.fee) for one in drafts] == [
        (FrameType.ECDSA_EXACT_TRANSFERS, 0),
        (FrameType.ECDSA_TRANSFERS, 9),
        (FrameType.ECDSA_TRANSFERS, 1),
    ]


def test_a_chain_of_kinds_stays_in_the_order_of_its_nonces() -> None:
    state = state_of({1: 10**9, 2: 0})
    ops = [transfer(1, nonce, 2, 5 if nonce % 2 else 123_457, fee=pack_fee(nonce % 4)) for nonce in range(40)]
    for most in (1, 7, 100):
        drafts, _ = packed(ops, state, most=most)
        nonces = [int.from_bytes(record[5:9], "big") for one in drafts for record in one.records]
        assert nonces == list(range(len(nonces)))
        assert len(drafts) == min(most, 40)


def test_whatever_was_admitted_works_in_the_order_in_which_it_is_packed() -> None:
    """Poor accounts that live on what others just paid them, in many groups, cut off anywhere: all must succeed."""
    dice, worked = random.Random(5), 0
    for _ in range(60):
        state = state_of({index: dice.choice((0, 0, 1_000)) for index in range(1, 9)} | {9: 0})
        ahead, layer = layer_over(state)
        ops = []
        for _ in range(120):
            sender, to = dice.randint(1, 8), dice.randint(1, 8)
            row = layer.row(sender)
            assert row is not None
            if row.balance < 10:
                continue
            amount = dice.randint(1, row.balance - 9)
            fee, nonce = dice.choice((0, 3, 9)), row.nonce
            rest = (amount, 0, pack_fee(fee))
            if dice.random() < 0.2:
                assert withdraw(ahead, sender, TARGET, amount, 0, fee)
                ops.append(SignedOp(Withdraw(sender, nonce, TARGET, *rest), dice.choice((BLS, ECDSA))))
            else:
                assert move(ahead, sender, to, amount, 0, fee)
                ops.append(SignedOp(Transfer(sender, nonce, to, *rest), dice.choice((BLS, ECDSA))))
        drafts, data = packed(ops, state, most=dice.choice((3, 10, 1_000)))
        assert [one.kind for one in drafts] == [decode_frame(one).kind for one in data]
        for draft in drafts:
            for record in draft.records:
                op = SignedOp.decode(record).message
                assert op.nonce == state.accounts[op.sender].nonce
                if isinstance(op, Withdraw):
                    assert withdraw(state, op.sender, op.to, op.amount, 0, draft.fee)
                else:
                    assert move(state, op.sender, op.to, op.amount, 0, draft.fee)
                worked += 1
    assert worked > 1_000


def test_records_are_joined_and_split() -> None:
    same = [transfer(1, nonce, 2).encode() for nonce in range(5)]
    mixed = [transfer(1, nonce, 2, bls=nonce % 2 == 0).encode() for nonce in range(5)]
    for rows in (same, mixed, []):
        assert split_records(join_records(rows)) == rows
