"""Frames survive encoding; any 496 bytes mean something; sizes are those that the cost figures rest on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.primitives.addresses import to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.rollup.protocol.compressed_amounts import fee_of, pack_amount, pack_fee, unpack_amount
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, decode_frame, encode_frame
from layer2.rollup.protocol.params import FRAME_BYTES

packed = st.integers(0, 0xFFFF)
u32 = st.integers(0, 2**32 - 1)
targets = st.binary(min_size=20, max_size=20).map(to_address)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    kind = draw(st.sampled_from(sorted(LIMITS)))
    ids = st.integers(0, 2**24 - 1) if kind is FrameType.TRANSFERS else u32
    signature = st.binary(min_size=64, max_size=64) if kind.by_ecdsa else st.just(b"")
    exact = st.integers(0, 2**128 - 1)
    if kind is FrameType.ACCOUNTS:
        op = st.builds(Op, key=st.binary(min_size=96, max_size=96))
    elif kind.withdraws:
        op = st.builds(Op, u32, st.just(0), exact, targets, signature)
    elif kind in (FrameType.EXACT_TRANSFERS, FrameType.ECDSA_EXACT_TRANSFERS):
        op = st.builds(Op, u32, u32, exact, st.none(), signature)
    else:
        op = st.builds(lambda a, b, p, s: Op(a, b, unpack_amount(p), None, s, packed=p), ids, ids, packed, signature)
    ops = draw(st.lists(op, min_size=1, max_size=LIMITS[kind]))
    aggregate = draw(st.binary(min_size=48, max_size=48)) if kind.by_bls else b""
    return Frame(kind, draw(packed), draw(st.integers(0, 255)), draw(u32), aggregate, tuple(ops))


@given(frames())
def test_a_frame_survives(frame: Frame) -> None:
    data = encode_frame(frame)
    assert len(data) == FRAME_BYTES
    assert decode_frame(data) == frame


@given(frames(), st.integers(1, 20))
def test_what_follows_the_operations_is_ignored(frame: Frame, junk: int) -> None:
    data = encode_frame(frame)
    if data[-junk:] == bytes(junk) and len(frame.ops) < LIMITS[frame.kind]:
        assert decode_frame(data[:-junk] + b"\xee" * junk) == frame


@given(st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES))
def test_any_bytes_of_the_right_length_are_a_frame(data: bytes) -> None:
    frame = decode_frame(data)
    assert frame == Frame() or decode_frame(encode_frame(frame)) == frame


@pytest.mark.parametrize("kind", sorted(LIMITS))
def test_a_frame_that_claims_no_or_too_many_operations_does_nothing(kind: FrameType) -> None:
    at = 56 if kind.by_bls else 8
    for count in (0, LIMITS[kind] + 1, 255):
        data = bytearray(FRAME_BYTES)
        data[0], data[at] = kind, count
        assert decode_frame(bytes(data)) == Frame()
    data[at] = LIMITS[kind]
    assert len(decode_frame(bytes(data)).ops) == LIMITS[kind]


def test_frames_hold_what_the_costs_are_computed_from() -> None:
    assert {kind.name: LIMITS[kind] for kind in LIMITS} == {
        "TRANSFERS": 54, "WIDE_TRANSFERS": 43, "WITHDRAWALS": 10, "EXACT_TRANSFERS": 18, "ECDSA_TRANSFERS": 6,
        "ECDSA_WITHDRAWALS": 4, "ECDSA_EXACT_TRANSFERS": 5, "ACCOUNTS": 5,
    }  # fmt: skip
    assert FRAME_BYTES / LIMITS[FrameType.TRANSFERS] < 9.2


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(MalformedError):
        decode_frame(bytes(FRAME_BYTES - 1))
    with pytest.raises(RangeError):
        encode_frame(Frame(FrameType.TRANSFERS, signature=bytes(48), ops=(Op(2**24, 1),)))
    with pytest.raises(RangeError):
        encode_frame(Frame(FrameType.TRANSFERS, signature=bytes(48)))
    with pytest.raises(MalformedError):
        encode_frame(Frame(FrameType.TRANSFERS, signature=bytes(47), ops=(Op(1, 1),)))
    with pytest.raises(MalformedError):
        encode_frame(Frame(FrameType.WITHDRAWALS, signature=bytes(48), ops=(Op(1, 0, 5),)))


@given(packed)
def test_an_amount_survives_in_value(two: int) -> None:
    amount = unpack_amount(two)
    assert unpack_amount(pack_amount(amount)) == amount
    assert pack_amount(amount) <= two


@given(st.integers(0, 255))
def test_a_fee_survives_in_value(one: int) -> None:
    assert fee_of(pack_fee(fee_of(one))) == fee_of(one)


def test_an_amount_with_too_many_digits_needs_an_exact_operation() -> None:
    for amount in (2_049, 123_456, -1, 2_048 * 10**31):
        with pytest.raises(RangeError):
            pack_amount(amount)
    for fee in (16, 101, -1, 10**17):
        with pytest.raises(RangeError):
            pack_fee(fee)
