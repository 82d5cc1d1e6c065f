"""Records survive the way through one line of JSON; anything else is refused with a typed error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.json_codec import decode, encode
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.proofs import CloseTerms, LockPayment, Payment, PaymentRequest, WithdrawTerms
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import MalformedError

PAYER = to_address("0x" + "11" * 20)
PAYEE = to_address("0x" + "22" * 20)
KEY = ChannelKey(PAYER, PAYEE, ZERO_ADDRESS, delay=3600, open_before=2_000_000_000, salt=7, simplex=False)
AMOUNTS = st.integers(0, 2**112 - 1)
SIGNATURES = st.binary(min_size=64, max_size=200)


def compact(raw: dict[str, object]) -> str:
    return json.dumps(raw, separators=(",", ":"))


@given(AMOUNTS, SIGNATURES)
def test_a_payment_survives(amount: int, signature: bytes) -> None:
    payment = Payment(KEY.id, amount, signature)
    assert decode(encode(payment, KEY), Payment) == (payment, KEY)


@given(AMOUNTS, SIGNATURES, st.text(max_size=40))
def test_the_other_records_survive(amount: int, signature: bytes, memo: str) -> None:
    lock = Lock(5, 1_900_000_000, 0, b"\7" * 32)
    for record in (
        LockPayment(KEY.id, amount, 3, (lock, lock), signature),
        PaymentRequest(KEY.id, amount, 1_900_000_000, memo),
        CloseTerms(KEY.id, "A", amount, 0, signature),
        WithdrawTerms(KEY.id, "B", amount, 1, 2, 1_900_000_000, signature),
    ):
        assert decode(encode(record, KEY), type(record)) == (record, KEY)


def test_a_record_of_another_kind_is_refused() -> None:
    line = encode(CloseTerms(KEY.id, "A", 1, 2, b"\1" * 65), KEY)
    with pytest.raises(MalformedError, match="'close' given, payment needed"):
        decode(line, Payment)


@pytest.mark.parametrize(
    "change",
    [
        {"layer2": "gift"},
        {"amount": "-1"},
        {"amount": 5},
        {"amount": "much"},
        {"amount": "05"},
        {"amount": "+5"},
        {"amount": " 5"},
        {"amount": "5_0"},
        {"signature": "0X" + "01" * 65},
        {"signature": "01" * 65},
        {"signature": "0x" + "AB" * 65},
        {"signature": "0xzz"},
        {"channel": {"a": PAYER}},
        {"channel": "none"},
        {"surprise": "1"},
    ],
)
def test_a_damaged_record_is_refused(change: dict[str, object]) -> None:
    whole = json.loads(encode(Payment(KEY.id, 5, b"\1" * 65), KEY))
    decode(compact(whole), Payment)
    with pytest.raises(MalformedError, match="not a signed record"):
        decode(compact({**whole, **change}), Payment)


@given(st.text(max_size=200))
def test_noise_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        decode(text, Payment)


def test_params_with_bits_that_mean_nothing_are_refused() -> None:
    whole = json.loads(encode(Payment(KEY.id, 5, b"\1" * 65), KEY))
    whole["channel"]["params"] = hex(KEY.params | 1 << 200)
    with pytest.raises(MalformedError):
        decode(json.dumps(whole), Payment)


def test_the_same_record_in_another_form_is_refused() -> None:
    line = encode(Payment(KEY.id, 5, b"\1" * 65), KEY)
    raw = json.loads(line)
    lower = {**raw, "channel": {**raw["channel"], "token": "0x" + "AB" * 20}}
    for other in (json.dumps(raw), compact(dict(reversed(raw.items()))), compact(lower), line + line):
        with pytest.raises(MalformedError):
            decode(other, Payment)
    assert decode(line + "\n", Payment) == (Payment(KEY.id, 5, b"\1" * 65), KEY)


def test_a_record_too_long_to_be_one_is_not_even_parsed() -> None:
    with pytest.raises(MalformedError, match="at most"):
        decode(" " * 1_000_001, Payment)
