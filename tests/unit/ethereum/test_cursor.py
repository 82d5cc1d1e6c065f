"""A cursor survives storage, and what is not a cursor is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.ethereum.cursor import Cursor, filter_id
from layer2.ethereum.records import Log
from layer2.primitives.addresses import Address
from layer2.primitives.errors import MalformedError

LOGGER = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
word = st.binary(min_size=32, max_size=32)
logs = st.builds(
    Log, st.just(LOGGER), st.lists(word, max_size=4).map(tuple), st.binary(max_size=80), st.integers(0,
    2**40), word, word, st.integers(0, 500), st.integers(0, 500),
)  # fmt: skip


@given(st.integers(0, 2**40), st.lists(word, max_size=8), st.lists(logs, max_size=4))
def test_cursor_comes_back_from_bytes(first: int, hashes: list[bytes], delivered: list[Log]) -> None:
    ring = tuple((first + index, block_hash) for index, block_hash in enumerate(hashes))
    cursor = Cursor(5, b"\x01" * 32, first, first + len(ring), ring, tuple(delivered))
    assert Cursor.from_bytes(cursor.to_bytes()) == cursor


def test_what_is_not_a_cursor_is_refused() -> None:
    good = json.loads(Cursor(5, b"\x01" * 32, 0, 2, ((0, b"\0" * 32), (1, b"\x02" * 32))).to_bytes())
    assert Cursor.from_bytes(json.dumps(good).encode()).next_block == 2
    gap = {**good, "next_block": 3}
    newer = {**good, "version": 2}
    for wrong in (b"", b"null", b"[]", b"\xff", b"{}", json.dumps(gap).encode(), json.dumps(newer).encode()):
        with pytest.raises(MalformedError):
            Cursor.from_bytes(wrong)


def test_filters_have_different_fingerprints_and_order_of_addresses_does_not_matter() -> None:
    other = Address("0x000000000000000000000000000000000000dEaD")
    assert filter_id([LOGGER, other], None) == filter_id([other, LOGGER], None)
    different = [
        ([LOGGER], None),
        ([other], None),
        ([LOGGER], [b"\1" * 32]),
        ([LOGGER], [None, b"\1" * 32]),
        ([LOGGER], []),
    ]
    assert len({filter_id(addresses, topics) for addresses, topics in different}) == len(different)
