"""A position has one number, a number at most one position; deposits and blocks share none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.plasma.protocol.malformed import PositionMalformed
from layer2.plasma.protocol.positions import (
    block_of,
    decode_position,
    deposit_of,
    deposit_position,
    encode_position,
    is_deposit,
)

BLOCKS = st.integers(1, 2**39 - 1)
EDGES = st.sampled_from([0, 1, 2**8, 2**24 - 1, 2**24, 2**40, 2**63 - 1, 2**63, 2**63 + 2**24, 2**64 - 1])


@given(BLOCKS, st.integers(0, 65_535), st.integers(0, 3))
def test_a_place_in_a_block_survives(block: int, transaction: int, output: int) -> None:
    position = encode_position(block, transaction, output)
    assert tuple(decode_position(position)) == (block, transaction, output)
    assert block_of(position) == block
    assert decode_position(position).deposit == 0
    assert not is_deposit(position)
    with pytest.raises(PositionMalformed):
        deposit_of(position)


@given(BLOCKS)
def test_a_deposit_survives_and_is_older_than_every_block(deposit: int) -> None:
    position = deposit_position(deposit)
    assert position == (2**39 | deposit) << 24
    assert deposit_of(position) == decode_position(position).deposit == deposit
    assert is_deposit(position)
    assert block_of(position) == 0


@given(st.integers(0, 2**64 - 1) | EDGES | st.builds(lambda a, b: (a << 24) + b, BLOCKS, st.integers(0, 255)))
def test_a_number_is_refused_or_is_the_one_of_its_parts(position: int) -> None:
    try:
        parts = decode_position(position)
    except PositionMalformed:
        return
    again = deposit_position(parts.deposit) if parts.deposit else encode_position(*parts)
    assert again == position


@pytest.mark.parametrize("place", [(0, 0, 0), (2**39, 0, 0), (1, -1, 0), (1, 65_536, 0), (1, 0, 4), (1, 0, -1)])
def test_a_place_that_cannot_be_is_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(PositionMalformed):
        encode_position(*place)


@pytest.mark.parametrize("deposit", [0, -1, 2**39])
def test_a_deposit_number_out_of_range_is_refused(deposit: int) -> None:
    with pytest.raises(PositionMalformed):
        deposit_position(deposit)


@pytest.mark.parametrize(
    "position",
    [-1, 0, 2**64, 4 | 1 << 24, 255 | 1 << 24, 2**63, 2**63 | 1 << 24 | 1, 2**63 | 1 << 24 | 1 << 8],
)
def test_a_number_where_no_output_can_be_is_refused(position: int) -> None:
    with pytest.raises(PositionMalformed):
        decode_position(position)


def test_older_outputs_have_smaller_positions() -> None:
    places = [(1, 0, 0), (1, 0, 3), (1, 1, 0), (1, 65_535, 3), (2, 0, 0), (2**39 - 1, 65_535, 3)]
    numbers = [encode_position(*place) for place in places]
    assert numbers == sorted(numbers)
    assert numbers[-1] < deposit_position(1)
