"""A channel's key and its id."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st
from tests.support.channels.strategies import PAYEE, PAYER, keys

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak

FIELDS = {
    "a": PAYER.address,
    "b": PAYEE.address,
    "token": ZERO_ADDRESS,
    "delay": 3600,
    "open_before": 2_000_000_000,
    "salt": 7,
}


@given(keys())
def test_the_encoding_is_that_of_the_abi_and_is_read_back(key: ChannelKey) -> None:
    assert key.encode() == encode(["(address,address,address,uint256)"], [key.as_tuple()])
    assert ChannelKey.decode(key.encode()) == key
    assert ChannelKey.from_params(*key.as_tuple()) == key


@given(keys())
def test_the_id_is_the_hash_with_what_a_deposit_by_id_needs_in_its_tail(key: ChannelKey) -> None:
    assert key.id[:27] == keccak(key.encode())[:27]
    tail = int.from_bytes(key.id[27:], "big")
    assert tail >> 8 == key.open_before
    assert tail & 1 == (key.token != ZERO_ADDRESS)
    assert tail & 2 == 2 * key.simplex
    assert tail & 0xFC == 0


@given(keys(), st.integers(0, 1023))
def test_any_flipped_bit_gives_another_channel_or_none(key: ChannelKey, bit: int) -> None:
    data = (int.from_bytes(key.encode(), "big") ^ 1 << bit).to_bytes(128, "big")
    try:
        other = ChannelKey.decode(data)
    except MalformedError:
        return
    assert other.id != key.id


def test_the_params_word_is_packed_as_documented() -> None:
    key = ChannelKey(**FIELDS, simplex=True)
    assert key.params == 1 << 128 | 3600 << 96 | 2_000_000_000 << 64 | 7
    assert ChannelKey(**FIELDS).params == key.params - (1 << 128)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"b": PAYER.address}, MalformedError),
        ({"a": ZERO_ADDRESS}, MalformedError),
        ({"b": ZERO_ADDRESS}, MalformedError),
        ({"token": "0x12"}, MalformedError),
        ({"delay": 1 << 32}, RangeError),
        ({"open_before": -1}, RangeError),
        ({"salt": 1 << 64}, RangeError),
        ({"salt": 1.0}, MalformedError),
        ({"delay": True}, MalformedError),
        ({"simplex": 1}, MalformedError),
    ],
)
def test_a_key_that_breaks_a_rule_is_refused(changes: dict[str, object], error: type[Exception]) -> None:
    assert ChannelKey(**FIELDS)
    with pytest.raises(error):
        ChannelKey(**{**FIELDS, **changes})


def test_bytes_of_another_length_or_with_stray_bits_are_refused() -> None:
    data = ChannelKey(**FIELDS).encode()
    assert ChannelKey.decode(data)
    for bad in (data[:-1], data + b"\0", b"\x01" + data[1:], data[:96] + b"\x01" + data[97:]):
        with pytest.raises(MalformedError):
            ChannelKey.decode(bad)


def test_the_other_party_is_known_and_a_stranger_refused() -> None:
    key = ChannelKey(**FIELDS)
    assert (key.other(key.a), key.other(key.b)) == (key.b, key.a)
    with pytest.raises(MalformedError):
        key.other(ZERO_ADDRESS)
