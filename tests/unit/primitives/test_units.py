"""Amounts and durations: what people write is read exactly, or refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.units import counted, format_amount, parse_amount, parse_duration

ETHER = 10**18


@pytest.mark.parametrize(
    ("text", "wei"),
    [
        ("5 ether", 5 * ETHER),
        ("5ether", 5 * ETHER),
        (" 0.001 ETH ", ETHER // 1000),
        ("3 gwei", 3 * 10**9),
        ("0.5 gwei", 5 * 10**8),
        ("12 wei", 12),
        ("12 units", 12),
        ("1 unit", 1),
        ("0", 0),
        ("0.0", 0),
        ("1_000 wei", 1000),
        ("1.0 wei", 1),
        (7, 7),
        (0, 0),
    ],
)
def test_an_amount_is_read(text: str | int, wei: int) -> None:
    assert parse_amount(text) == wei


def test_a_token_amount_scales_by_the_decimals_of_the_token() -> None:
    assert parse_amount("1.5 token", decimals=6) == 1_500_000
    assert parse_amount("2 tokens", decimals=0) == 2
    assert parse_amount("1 ether", decimals=6) == ETHER


@pytest.mark.parametrize(
    "text", ["", "ether", "1 bitcoin", "1", "1.5", "1e18", "1,5 ether", "1. ether", ".5 ether", "0x10", "_1", "1" * 101]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_amount(text)


def test_an_unknown_unit_is_named_in_the_error() -> None:
    with pytest.raises(MalformedError, match="'bitcoin', need wei, gwei, ether, token or units"):
        parse_amount("1 bitcoin")


def test_a_bare_number_is_asked_for_its_unit() -> None:
    with pytest.raises(MalformedError, match='\'1\' has no unit; write "1 ether" or "1 wei"'):
        parse_amount("1")
    with pytest.raises(MalformedError, match='\'90\' has no unit; write "90 seconds" or "90 hours"'):
        parse_duration("90")


def test_a_negative_amount_is_called_negative() -> None:
    with pytest.raises(RangeError, match="'-1 ether' is negative"):
        parse_amount("-1 ether")
    with pytest.raises(RangeError, match="'-1 hour' is negative"):
        parse_duration("-1 hour")


@pytest.mark.parametrize("value", [1 << 256, 1 << 40_000, "9" * 80 + " ether"], ids=["257 bits", "40,001 bits", "text"])
def test_an_amount_above_256_bits_is_refused(value: str | int) -> None:
    with pytest.raises(RangeError, match="above 256 bits"):
        parse_amount(value)


@pytest.mark.parametrize("value", [None, 1.0, float("nan"), Decimal(1), b"1 ether", [], object()])
def test_what_is_neither_text_nor_an_integer_is_refused(value: object) -> None:
    for read in (parse_amount, parse_duration):
        with pytest.raises(MalformedError):
            read(value)  # type: ignore[arg-type]


def test_a_truth_value_is_no_number() -> None:
    with pytest.raises(MalformedError):
        parse_amount(True)
    with pytest.raises(MalformedError):
        parse_duration(True)


@pytest.mark.parametrize("text", ["0.5 wei", "-1 ether", "0.0000000000000000001 ether", "0.0000000001 gwei", -1])
def test_an_amount_finer_than_a_wei_or_below_zero_is_refused(text: str | int) -> None:
    with pytest.raises(RangeError):
        parse_amount(text)


def test_an_amount_of_more_digits_than_decimal_keeps_is_not_rounded() -> None:
    text = "123456789012345.123456789012345678 ether"
    assert parse_amount(text) == 123456789012345123456789012345678


@given(st.integers(0, 2**256 - 1), st.integers(0, 36))
def test_an_amount_survives_being_formatted_and_read(amount: int, decimals: int) -> None:
    assert parse_amount(format_amount(amount, decimals, "token"), decimals) == amount


@given(st.integers(0, 2**256 - 1))
def test_ether_survives_being_formatted_and_read(amount: int) -> None:
    text = format_amount(amount)
    assert parse_amount(text) == amount
    assert Decimal(text.removesuffix(" ether")).as_tuple().digits  # a plain decimal number


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1_500_000_000_000_000_000, "1.5 ether"),
        (10 * ETHER, "10 ether"),
        (1, "0.000000000000000001 ether"),
        (0, "0 ether"),
        (-ETHER // 2, "-0.5 ether"),
    ],
)
def test_an_amount_is_written_without_trailing_zeros(amount: int, text: str) -> None:
    assert format_amount(amount) == text


def test_an_amount_without_a_symbol_is_a_bare_number() -> None:
    assert format_amount(1_500_000, 6, "") == "1.5"
    assert format_amount(15, 0, "") == "15"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90 s", 90),
        ("1 second", 1),
        ("30 secs", 30),
        ("5 min", 300),
        ("5 m", 300),
        ("2 minutes", 120),
        ("1 hour", 3600),
        ("1.5 hours", 5400),
        ("7 days", 604_800),
        ("1 w", 604_800),
        ("2 Weeks", 1_209_600),
        ("0", 0),
        (45, 45),
    ],
)
def test_a_duration_is_read(text: str | int, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "hour", "1 fortnight", "90", "90 ms", "3 hs", "1 ss", "1 hour 5 min"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0.5 s", "0.001 min", -1])
def test_a_duration_finer_than_a_second_or_below_zero_is_refused(text: str | int) -> None:
    with pytest.raises(RangeError):
        parse_duration(text)


def test_one_of_a_thing_takes_no_plural() -> None:
    assert [counted(number, "exit") for number in (0, 1, 2, 1_024)] == ["0 exits", "1 exit", "2 exits", "1,024 exits"]
