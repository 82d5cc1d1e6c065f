"""Addresses: one checksummed form, from whatever a caller holds."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from eth_keys.datatypes import PrivateKey as OracleKey
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from layer2.primitives.addresses import ZERO_ADDRESS, address_bytes, address_of_public_key, to_address
from layer2.primitives.errors import MalformedError

CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # from EIP-55
WORDS = st.binary(min_size=20, max_size=20)


def oracle(raw: bytes) -> str:
    return to_checksum_address(raw)


@given(WORDS)
def test_the_checksum_matches_eth_utils(raw: bytes) -> None:
    address = to_address(raw)
    assert address == oracle(raw)
    assert address_bytes(address) == raw


@given(WORDS)
def test_every_spelling_gives_the_same_address(raw: bytes) -> None:
    expected = oracle(raw)
    digits = raw.hex()
    for spelling in ("0x" + digits, "0x" + digits.upper(), "0X" + digits.upper(), expected):
        assert to_address(spelling) == expected
        assert to_address(spelling) == expected  # from the cache
        assert address_bytes(spelling) == raw
    assert to_address(bytearray(raw)) == to_address(memoryview(raw)) == expected


def test_an_object_with_an_address_stands_for_it() -> None:
    @dataclass
    class Account:
        address: object

    assert to_address(Account(CHECKSUMMED.lower())) == CHECKSUMMED
    with pytest.raises(MalformedError, match="int is not an address"):
        to_address(Account(5))


def test_a_wrong_checksum_is_refused_and_the_right_one_named() -> None:
    wrong = CHECKSUMMED.replace("aA", "Aa")
    with pytest.raises(MalformedError, match=f"wrong checksum; did you mean {CHECKSUMMED}"):
        to_address(wrong)
    with pytest.raises(MalformedError):
        to_address(wrong)  # a refusal is not cached as an address


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0x",
        CHECKSUMMED[:-1],
        CHECKSUMMED + "0",
        CHECKSUMMED[2:],
        "0y" + CHECKSUMMED[2:],
        "0x" + "g" * 40,
        "0x" + "1_" * 20,
        "0x" + " 1" * 20,
        "0x" + "\u0661" * 40,
        bytes(19),
        bytes(21),
        5,
        None,
    ],
)
def test_what_is_no_address_is_refused(value: object) -> None:
    with pytest.raises(MalformedError):
        to_address(value)


@pytest.mark.parametrize(
    "text",
    ["", "0x00", "0x" + "g" * 40, "zz" + "0" * 40, "0x" + "0" * 39 + " ", "0x" + "00 " * 20, "00" * 21 + "00"],
)
def test_no_bytes_come_from_what_is_no_address(text: str) -> None:
    with pytest.raises(MalformedError):
        address_bytes(text)


def test_the_zero_address_is_twenty_zero_bytes() -> None:
    assert address_bytes(ZERO_ADDRESS) == bytes(20)
    assert to_address(bytes(20)) == ZERO_ADDRESS


@given(st.integers(1, 2**255))
def test_the_address_of_a_public_key_matches_eth_keys(secret: int) -> None:
    public = OracleKey(secret.to_bytes(32, "big")).public_key
    assert address_of_public_key(public.to_bytes()) == oracle(public.to_canonical_address())
