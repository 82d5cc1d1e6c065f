"""Encoding and decoding by ABI, against eth-abi's own reading and with inputs that do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode

from layer2.ethereum.abi import Codec, canonical_type
from layer2.ethereum.errors import AbiError
from layer2.primitives.addresses import ZERO_ADDRESS

POINT = [{"name": "x", "type": "uint64"}, {"name": "owner", "type": "address"}]
MOVE = {
    "type": "function",
    "name": "move",
    "inputs": [
        {"name": "points", "type": "tuple[]", "components": POINT},
        {"name": "tag", "type": "bytes4"},
        {"name": "note", "type": "bytes"},
    ],
    "outputs": [
        {"name": "best", "type": "tuple", "components": POINT},
        {"name": "rest", "type": "tuple[2]", "components": POINT},
    ],
}
OWNER = "0x5B38Da6a701c568545dCfcB03FcB875f56beddC4"


def test_struct_types_become_tuples() -> None:
    assert canonical_type(MOVE["inputs"][0]) == "(uint64,address)[]"  # type: ignore[arg-type]
    assert Codec(MOVE).signature == "move((uint64,address)[],bytes4,bytes)"


@pytest.mark.parametrize(
    "points",
    [[(1, OWNER)], [{"owner": OWNER, "x": 1}], [[1, bytes.fromhex(OWNER[2:])]]],
    ids=["tuple", "dict", "list"],
)
@pytest.mark.parametrize("tag", [b"\x01\x02\x03\x04", "0x01020304"])
def test_structs_are_given_in_any_shape(points: Any, tag: Any) -> None:
    expected = encode(["(uint64,address)[]", "bytes4", "bytes"], [[(1, OWNER)], b"\x01\x02\x03\x04", b"n"])
    assert Codec(MOVE).encode_inputs([points, tag, b"n"]) == expected


def test_outputs_are_named_tuples_with_checksummed_addresses() -> None:
    data = encode(["(uint64,address)", "(uint64,address)[2]"], [(1, OWNER.lower()), [(2, OWNER), (3, ZERO_ADDRESS)]])
    best, rest = Codec(MOVE).decode_outputs(data)
    assert (best.x, best.owner) == (1, OWNER)
    assert [one.x for one in rest] == [2, 3]
    assert best == (1, OWNER)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (([(1, OWNER)], b"\0" * 4), "2 arguments given, 3 needed"),
        (([(2**64, OWNER)], b"\0" * 4, b""), "uint64"),
        (([(1, "0x12")], b"\0" * 4, b""), "owner"),
        (([(1, OWNER)], b"\0" * 3, b""), "3 bytes given, bytes4 needed"),
        (([(1, OWNER)], "0xzz", b""), "not hex"),
        (([{"x": 1}], b"\0" * 4, b""), "owner is missing"),
        (([(1,)], b"\0" * 4, b""), "2 fields"),
    ],
)
def test_argument_that_does_not_fit_is_named(args: tuple[Any, ...], said: str) -> None:
    with pytest.raises(AbiError, match=said):
        Codec(MOVE).encode_inputs(args)


def test_answer_that_does_not_fit_is_refused() -> None:
    with pytest.raises(AbiError, match="0 bytes"):
        Codec(MOVE).decode_outputs(b"")


def test_event_puts_indexed_and_plain_arguments_back_in_order() -> None:
    event = {
        "type": "event",
        "name": "Paid",
        "inputs": [
            {"name": "amount", "type": "uint128", "indexed": False},
            {"name": "payer", "type": "address", "indexed": True},
            {"name": "memo", "type": "string", "indexed": True},
            {"name": "id", "type": "bytes32", "indexed": False},
        ],
    }
    codec = Codec(event)
    topics = [codec.topic, bytes.fromhex(OWNER[2:]).rjust(32, b"\0"), b"\x05" * 32]
    data = encode(["uint128", "bytes32"], [7, b"\x09" * 32])
    assert codec.decode_event(topics, data) == {
        "amount": 7,
        "payer": OWNER,
        "memo": b"\x05" * 32,
        "id": b"\x09" * 32,
    }
    with pytest.raises(AbiError, match="2 topics, 3 needed"):
        codec.decode_event(topics[:2], data)
    with pytest.raises(AbiError):
        codec.decode_event(topics, data[:40])
