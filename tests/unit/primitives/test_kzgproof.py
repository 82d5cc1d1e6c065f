"""Openings of blobs: the prover's polynomials and proofs against algebra that shares nothing with it."""

from __future__ import annotations

import pytest
from tests.support.kzg_algebra import FIELDS, ZERO_BLOB, blob_from, holds, point_of, through, value_at, words_of

from layer2.primitives import kzg
from layer2.primitives import kzg_opening as kzgproof
from layer2.primitives.errors import RangeError
from layer2.primitives.kzg_opening import MODULUS, Opening, open_parts

ONE, OTHER = blob_from(1), blob_from(2)
PLACES = [(0, 16), (2048, 16), (4080, 16), (0, 1), (4095, 1), (15, 2), (4094, 2), (14, 3), (4093, 3)]
IDS = [f"{count}at{first}" for first, count in PLACES]


def shown(*parts: Opening) -> list[tuple[bytes, int, bytes]]:
    return [(kzg.hash_of_blob(one.blob), one.first, one.values) for one in parts]


def evaluate(row: list[int] | tuple[int, ...], z: int) -> int:
    total = 0
    for one in reversed(row):
        total = (total * z + one) % MODULUS
    return total


def test_the_points_and_the_coefficients_are_those_of_the_blob() -> None:
    row = kzgproof.coefficients(ONE)
    assert len(row) == FIELDS
    for index in (0, 1, 2, 15, 16, 2047, 2048, 4095):
        assert kzgproof.point_of(index) == point_of(index)
        assert evaluate(row, point_of(index)) == words_of(ONE)[index]
    for z in (0, 3, MODULUS - 2, 0xDEADBEEF):
        assert evaluate(row, z) == value_at(ONE, z)
    assert kzgproof.evaluations(row) == words_of(ONE)


@pytest.mark.parametrize(("first", "count"), PLACES, ids=IDS)
def test_the_quotient_times_the_zeros_plus_what_is_opened_is_the_polynomial(first: int, count: int) -> None:
    part = Opening(ONE, first, count)
    points = [point_of(first + at) for at in range(count)]
    quotient = part.quotient()
    for z in (5, 0x1234567890, MODULUS - 3):
        zero = 1
        for point in points:
            zero = zero * (z - point) % MODULUS
        assert part.zero(z) == zero
        inside = through(points, words_of(part.values), z)
        assert (evaluate(quotient, z) * zero + inside) % MODULUS == value_at(ONE, z)


@pytest.mark.parametrize(("first", "count"), PLACES, ids=IDS)
def test_one_part_is_opened(first: int, count: int) -> None:
    part = Opening(ONE, first, count)
    assert part.values == ONE[32 * first : 32 * (first + count)]
    proof = open_parts([part])
    assert len(proof) == 2 * 128 + 80
    assert holds(shown(part), proof)
    ((hash_, _, values),) = shown(part)
    wrong = ((words_of(values)[0] + 1) % MODULUS).to_bytes(32, "big") + values[32:]
    assert not holds([(hash_, first, wrong)], proof)


def test_two_parts_are_opened_together() -> None:
    pairs = [
        (Opening(ONE, 1600, 16), Opening(OTHER, 4093, 3)),
        (Opening(ONE, 0, 16), Opening(ONE, 0, 16)),
        (Opening(ONE, 32, 16), Opening(ONE, 31, 2)),
        (Opening(ZERO_BLOB, 16, 16), Opening(OTHER, 7, 1)),
        (Opening(ZERO_BLOB, 16, 16), Opening(ZERO_BLOB, 7, 1)),
    ]
    for pair in pairs:
        proof = open_parts(pair)
        assert len(proof) == 3 * 128 + 80
        assert holds(shown(*pair), proof)
    first, second = shown(*pairs[0])
    proof = open_parts(pairs[0])
    assert not holds([second, first], proof)
    assert not holds([first], proof)


@pytest.mark.parametrize(
    ("first", "count"),
    [
        (1, 16),
        (4081, 16),
        (4096, 1),
        (4095, 2),
        (4094, 3),
        (0, 0),
        (0, 4),
        (0, 15),
        (0, 17),
        (0, 32),
        (-1, 1),
        (-16, 16),
    ],
)
def test_parts_of_no_proof_are_refused(first: int, count: int) -> None:
    with pytest.raises(RangeError, match="field elements"):
        Opening(ONE, first, count)
