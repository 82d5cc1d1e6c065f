"""Revert data of every shape becomes an error with its raw bytes kept."""

from __future__ import annotations

import pickle

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from layer2.ethereum.abi import error_codecs
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.reverts import ERROR_SELECTOR, PANIC_SELECTOR, ErrorDecoder, decode_revert

OWN = [{"type": "error", "name": "Closed", "inputs": [{"name": "have", "type": "uint256"}]}]
OTHER = [{"type": "error", "name": "Foreign", "inputs": [{"name": "who", "type": "address"}]}]


def test_each_kind_of_revert_is_named() -> None:
    closed = next(error_codecs(OWN))
    decoder = ErrorDecoder(OWN)
    assert decoder.decode(closed.selector + encode(["uint256"], [4])).args == {"have": 4}
    assert decoder.decode(ERROR_SELECTOR + encode(["string"], ["no"])).args == {"message": "no"}
    assert decoder.decode(PANIC_SELECTOR + encode(["uint256"], [0x11])).args == {"code": 0x11}
    empty = decoder.decode(b"")
    assert (empty.name, empty.selector, empty.args) == ("", b"", {})


def test_foreign_error_is_named_only_when_its_abi_is_known() -> None:
    foreign = next(error_codecs(OTHER))
    data = foreign.selector + b"\0" * 32
    assert ErrorDecoder(OWN).decode(data).name == ""
    assert ErrorDecoder(OWN, OTHER).decode(data).name == "Foreign"
    assert ErrorDecoder(OWN).extended(OTHER).decode(data).name == "Foreign"


def test_error_survives_pickling() -> None:
    error = ErrorDecoder(OWN).decode(next(error_codecs(OWN)).selector + encode(["uint256"], [4]))
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, ContractReverted)
    assert (copy.name, copy.args, copy.data, str(copy)) == (error.name, error.args, error.data, str(error))


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", ERROR_SELECTOR, PANIC_SELECTOR, next(error_codecs(OWN)).selector]),
)
def test_no_data_a_contract_can_return_breaks_the_decoder(data: bytes, prefix: bytes) -> None:
    error = ErrorDecoder(OWN).decode(prefix + data)
    assert error.data == prefix + data
    assert "\n" not in str(error)


@pytest.mark.parametrize("cut", [0, 4, 35, 67])
def test_truncated_error_string_keeps_its_bytes(cut: int) -> None:
    data = (ERROR_SELECTOR + encode(["string"], ["too late"]))[: 4 + cut]
    error = decode_revert(data)
    assert (error.name, error.selector, error.data) == ("", ERROR_SELECTOR, data)
