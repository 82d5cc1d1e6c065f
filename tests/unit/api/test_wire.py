"""What bodies mean, at the edges: numbers, hex, and how many there may be."""

from __future__ import annotations

from typing import Any

import pytest

from layer2.api.http.json_fields import bytes_of, number_of, require_count
from layer2.api.rollup.operations_json import MOST_OPERATIONS
from layer2.primitives.errors import MalformedError
from layer2.primitives.rejections import TooLarge


@pytest.mark.parametrize("bits", [8, 32, 128])
@pytest.mark.parametrize("form", [int, str])
def test_a_number_has_so_many_bits_and_no_more(bits: int, form: type) -> None:
    for value in (0, 1, (1 << bits) - 1):
        assert number_of("it", form(value), bits) == value
    with pytest.raises(TooLarge, match=f"need {bits} bits"):
        number_of("it", form(1 << bits), bits)


@pytest.mark.parametrize(
    "given", [None, True, False, 1.0, "1.0", "1e3", "", " 1", "+1", "0x1", "-1", "\u0661", [1], {"it": 1}, "9" * 50]
)
def test_what_is_no_number_is_none(given: Any) -> None:
    """Truth is none either, though Python counts it as one."""
    with pytest.raises(MalformedError, match="need an integer or a decimal string"):
        number_of("it", given)


def test_a_negative_number_is_too_small() -> None:
    with pytest.raises(MalformedError, match="it is -1, need zero or more"):
        number_of("it", -1)


@pytest.mark.parametrize("text", ["0x", "0x00", "0xabCD", "0x" + "11" * 48])
def test_hex_is_read(text: str) -> None:
    assert bytes_of(text).hex() == text[2:].lower()


NO_HEX = [None, b"0x00", 0, "", "00", "0X00", "0x0", "0xgg", "0x 00", "0x00 ", "0x00 11", "0x00\n"]


@pytest.mark.parametrize("text", NO_HEX)
def test_what_is_no_hex_is_none(text: Any) -> None:
    """Blanks are not read over."""
    with pytest.raises(MalformedError, match="hex"):
        bytes_of(text)


def test_bytes_have_their_size() -> None:
    assert bytes_of("0x1122", 2) == b"\x11\x22"
    for size in (0, 1, 3):
        with pytest.raises(MalformedError, match=f"2 bytes of hex given, {size or 'no blanks'} needed"):
            bytes_of("0x1122", size)


def test_so_many_at_once_and_not_one_more() -> None:
    require_count(1, "operations", MOST_OPERATIONS)
    require_count(MOST_OPERATIONS, "operations", MOST_OPERATIONS)
    with pytest.raises(MalformedError, match="no operations"):
        require_count(0, "operations", MOST_OPERATIONS)
    with pytest.raises(TooLarge, match=f"{MOST_OPERATIONS + 1} operations at once"):
        require_count(MOST_OPERATIONS + 1, "operations", MOST_OPERATIONS)
