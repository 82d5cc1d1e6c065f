"""The prover in Python against the library that checks it on the chain: nothing but the truth is accepted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import ORDER, g1_point
from layer2.primitives.hashing import keccak
from layer2.primitives.kzg import BLOB_BYTES, commitment, point_proof, versioned_hash
from layer2.primitives.kzg_opening import MODULUS, Opening, evaluations, open_parts, point_of
from layer2.testing import deploy_mock

POINT = 128
Row = tuple[bytes, int, bytes]


def noise(seed: int) -> bytes:
    words = (int.from_bytes(keccak(b"%d/%d" % (seed, at)), "big") % MODULUS for at in range(4096))
    return b"".join(one.to_bytes(32, "big") for one in words)


ZERO, ONE, OTHER = bytes(BLOB_BYTES), noise(1), noise(2)
LAST_VALUE = ONE[:-32] + (MODULUS - 1).to_bytes(32, "big")


@pytest.fixture(scope="module")
def bench() -> Contract:
    connection = new_chain()
    return deploy_mock("BlobOpeningBench", sender=Sender(connection, connection.signers(1)[0]))


def rows(*parts: Opening) -> list[Row]:
    return [(versioned_hash(commitment(one.blob)), one.first, one.values) for one in parts]


REFUSALS = {
    "InvalidOpeningLength", "UnexpectedBlobHash", "FieldsOutOfRange", "InvalidFieldCount", "NonCanonicalField",
    "PointMultiplicationFailed", "PointEvaluationFailed", "InvalidInverse",
}  # fmt: skip
"""Errors of the library for openings that prove nothing."""


def accepts(bench: Contract, shown: Sequence[Row], proof: bytes) -> bool:
    """Whether the chain takes an opening; it says no by an error of the library's own and by no other."""
    try:
        bench.call("verify", list(shown), proof)
    except ContractReverted as failure:
        if failure.name not in REFUSALS:
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("first", "count"),
    [
        (0, 16), (16, 16), (2032, 16), (4080, 16),
        (0, 1), (15, 1), (2048, 1), (4095, 1), (0, 2), (15, 2), (4094, 2), (0, 3), (14, 3), (15, 3), (2047, 3),
        (4093, 3),
    ],
)  # fmt: skip
def test_one_part_is_shown(bench: Contract, first: int, count: int) -> None:
    part = Opening(ONE, first, count)
    assert accepts(bench, rows(part), open_parts([part]))


@pytest.mark.parametrize(
    "pair",
    [
        (Opening(ONE, 0, 16), Opening(OTHER, 0, 2)),
        (Opening(ONE, 4080, 16), Opening(OTHER, 4093, 3)),
        (Opening(ONE, 160, 16), Opening(OTHER, 15, 3)),
        (Opening(ONE, 16, 16), Opening(ONE, 16, 16)),
        (Opening(ONE, 16, 16), Opening(ONE, 31, 2)),
        (Opening(ZERO, 16, 16), Opening(OTHER, 31, 2)),
        (Opening(ONE, 16, 16), Opening(ZERO, 0, 1)),
        (Opening(ZERO, 16, 16), Opening(ZERO, 0, 1)),
        (Opening(ONE, 3, 1), Opening(OTHER, 3, 1)),
        (Opening(LAST_VALUE, 4080, 16), Opening(LAST_VALUE, 4095, 1)),
    ],
    ids=["first", "last", "straddling", "same", "overlapping", "zero run", "zero root", "zeros", "single", "greatest"],
)
def test_two_parts_are_shown_together(bench: Contract, pair: tuple[Opening, Opening]) -> None:
    proof = open_parts(pair)
    assert accepts(bench, rows(*pair), proof)
    swapped = proof[POINT : 2 * POINT] + proof[:POINT] + proof[2 * POINT :]
    # In zeros all commitments are alike: the other order is as true, and shown as well.
    if pair[0] != pair[1] and any(pair[0].blob + pair[1].blob):
        assert not accepts(bench, rows(*pair)[::-1], proof)
        assert not accepts(bench, rows(*pair)[::-1], swapped)
    if pair[0].blob != pair[1].blob:
        assert not accepts(bench, rows(*pair), swapped)


def test_a_zero_blob_is_shown(bench: Contract) -> None:
    for first, count in ((0, 16), (4080, 16), (0, 1), (4093, 3)):
        part = Opening(ZERO, first, count)
        assert accepts(bench, rows(part), open_parts([part]))
    hash_, first, values = rows(part)[0]
    assert not accepts(bench, [(hash_, first, bytes(31) + b"\1" + values[32:])], open_parts([part]))


def test_whoever_knows_a_proof_shows_nothing_else_with_it(bench: Contract) -> None:
    parts = (Opening(ONE, 160, 16), Opening(OTHER, 15, 3))
    shown, proof = rows(*parts), open_parts(parts)
    assert accepts(bench, shown, proof)
    wrong: dict[str, tuple[list[Row], bytes]] = {}
    for at, (hash_, first, values) in enumerate(shown):

        def changed(*row: object, at: int = at) -> list[Row]:
            return [*shown[:at], row, *shown[at + 1 :]]  # type: ignore[list-item]

        for word in (0, len(values) // 32 - 1):
            head, one, tail = values[: 32 * word], values[32 * word :][:32], values[32 * (word + 1) :]
            number = int.from_bytes(one, "big")
            other = ((number + 1) % MODULUS).to_bytes(32, "big")
            wrong[f"value {at}.{word}"] = changed(hash_, first, head + other + tail), proof
            if number + MODULUS < 2**256:
                # The same number for the field, another for whoever reads the bytes.
                wide = (number + MODULUS).to_bytes(32, "big")
                wrong[f"wide {at}.{word}"] = changed(hash_, first, head + wide + tail), proof
            wrong[f"order {at}.{word}"] = changed(hash_, first, head + MODULUS.to_bytes(32, "big") + tail), proof
        step = 16 if at == 0 else 1
        for other in (
            first + step,
            first - step,
            first + 1,
            4096 + first,
            first + (1 << 255),
            4096 - len(values) // 32 + 1,
        ):
            wrong[f"index {at}: {other}"] = changed(hash_, other, values), proof
        wrong[f"hash {at}"] = changed(shown[1 - at][0], first, values), proof
        wrong[f"version {at}"] = changed(b"\2" + hash_[1:], first, values), proof
        for size in (0, 1, 31, len(values) - 32, len(values) - 1):
            wrong[f"short {at}: {size}"] = changed(hash_, first, values[:size]), proof
        for more in (1, 32, 64):
            wrong[f"long {at}: {more}"] = changed(hash_, first, values + bytes(more)), proof
    foreign = g1_point(commitment(noise(3)))
    for at, name in enumerate(("commitment", "other commitment", "quotient")):
        place = slice(POINT * at, POINT * (at + 1))
        point = proof[place]
        y = int.from_bytes(point[64:], "big")
        # The same point on the other side of the curve: only a flag of its compressed form differs.
        beside = point[:64] + (FIELD - y).to_bytes(64, "big")
        for kind, new in (
            ("foreign", foreign),
            ("negated", beside),
            ("infinity", bytes(POINT)),
            ("off", b"\0" * 127 + b"\1"),
        ):
            wrong[f"{name} {kind}"] = shown, proof[: place.start] + new + proof[place.stop :]
        wide = (int.from_bytes(point[:64], "big") + FIELD).to_bytes(64, "big") + point[64:]
        wrong[f"{name} above the field"] = shown, proof[: place.start] + wide + proof[place.stop :]
    for at in (0, 1, 24, 47):
        flipped = bytearray(proof)
        flipped[len(proof) - 48 + at] ^= 1
        wrong[f"proof byte {at}"] = shown, bytes(flipped)
    wrong["proof infinity"] = shown, proof[:-48] + b"\xc0" + bytes(47)
    wrong["proof of others"] = shown, proof[:-48] + open_parts([parts[0], Opening(OTHER, 16, 3)])[-48:]
    wrong["proof too short"] = shown, proof[:-1]
    wrong["proof too long"] = shown, proof + b"\0"
    wrong["no proof"] = shown, b""
    wrong["one part less"] = shown[:1], proof
    wrong["one part less, and its commitment"] = shown[:1], proof[:POINT] + proof[2 * POINT :]
    wrong["three parts"] = [*shown, shown[0]], proof[:POINT] + proof
    wrong["no parts"] = [], proof[2 * POINT :]
    accepted = [name for name, row in wrong.items() if accepts(bench, *row)]
    print(f"{len(wrong)} tampered openings")
    assert len(wrong) > 60
    assert accepted == []


FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB


def test_a_prover_who_chooses_its_quotient_freely_shows_nothing_false(bench: Contract) -> None:
    """The honest procedure, run for a lie: the value is claimed, everything else is made to fit as well as it can."""
    lie = (7).to_bytes(32, "big")
    lying = lie + ONE[32:]
    made = open_parts([Opening(lying, 0, 16)])
    hash_ = versioned_hash(commitment(ONE))
    for values in (lying[: 32 * 16], ONE[: 32 * 16]):
        assert not accepts(bench, [(hash_, 0, values)], made)
        assert not accepts(bench, [(hash_, 0, values)], g1_point(commitment(ONE)) + made[POINT:])
    assert MODULUS == ORDER


def test_no_factor_makes_an_opening_fit(bench: Contract) -> None:
    """A prover may choose the quotient, and learns the point from it. Could it choose the factor too, any value would
    be shown: the factor is what makes both sides equal."""
    values = (7).to_bytes(32, "big") + ONE[32 : 32 * 16]
    made, quotient = commitment(ONE), commitment(OTHER)
    claimed = keccak(bytes(32) + versioned_hash(made) + bytes(32) + keccak(values))
    z = int.from_bytes(keccak(claimed + keccak(g1_point(quotient))), "big") % MODULUS
    zero, top, scale = lagrange(values, z)
    at_z = [int.from_bytes(point_proof(one, z.to_bytes(32, "big"))[1], "big") for one in (ONE, OTHER)]
    fitting = at_z[0] * pow(top + zero * at_z[1], -1, MODULUS) % MODULUS
    for factor, told in ((fitting, "InvalidInverse"), (pow(scale, -1, MODULUS), "PointEvaluationFailed")):
        rows = zip(words(ONE), words(OTHER), strict=True)
        fold = b"".join(((one - factor * zero * two) % MODULUS).to_bytes(32, "big") for one, two in rows)
        proof, value = point_proof(fold, z.to_bytes(32, "big"))
        # What the contract would compare with is what the fold has there, if only the factor counted.
        assert (int.from_bytes(value, "big") == factor * top % MODULUS) is (factor == fitting)
        shown = g1_point(made) + g1_point(quotient) + factor.to_bytes(32, "big") + proof
        with pytest.raises(ContractReverted, match=told):
            bench.call("verify", [(versioned_hash(made), 0, values)], shown)


def opened_as(part: Opening, hash_: bytes, first: int, values: bytes) -> bytes:
    """The honest procedure for a part, by a prover that tells of it another hash, place or form of the values."""
    made = commitment(part.blob)
    claimed = keccak(bytes(32) + hash_ + first.to_bytes(32, "big") + keccak(values))
    scale = part.scale()
    quotient = evaluations([scale * one % MODULUS for one in part.quotient()])
    committed = b"".join(one.to_bytes(32, "big") for one in quotient)
    z = int.from_bytes(keccak(claimed + keccak(g1_point(commitment(committed)))), "big") % MODULUS
    factor = pow(scale, -1, MODULUS)
    zero = part.zero(z) * factor % MODULUS
    rows = zip(words(part.blob), quotient, strict=True)
    fold = b"".join(((one - zero * two) % MODULUS).to_bytes(32, "big") for one, two in rows)
    tail = factor.to_bytes(32, "big") + point_proof(fold, z.to_bytes(32, "big"))[0]
    return g1_point(made) + g1_point(commitment(committed)) + tail


def test_a_prover_tells_of_a_part_what_it_is_and_nothing_else(bench: Contract) -> None:
    """All that it tells goes into the point that it is asked at: a proof made for what is told fits it."""
    for part in (Opening(ONE, 16, 16), Opening(ONE, 20, 1)):
        hash_, first, values = rows(part)[0]
        wide = (int.from_bytes(values[:32], "big") + MODULUS).to_bytes(32, "big") + values[32:]
        foreign = versioned_hash(commitment(OTHER))
        for row, told in (
            ((hash_, first, values), ""),
            ((foreign, first, values), "UnexpectedBlobHash"),
            ((b"\2" + hash_[1:], first, values), "UnexpectedBlobHash"),
            ((hash_, 4096 + first, values), "FieldsOutOfRange"),
            # The same numbers for the field, others for whoever reads their bytes.
            ((hash_, first, wide), "NonCanonicalField"),
        ):
            proof = opened_as(part, *row)
            if not told:
                assert proof == open_parts([part])
                assert accepts(bench, [row], proof)
                continue
            with pytest.raises(ContractReverted, match=told):
                bench.call("verify", [row], proof)


def test_a_proof_holds_nothing_that_nobody_reads(bench: Contract) -> None:
    """Points are read from its beginning, the rest from its end: in between lies nothing."""
    part = Opening(ONE, 16, 16)
    proof = open_parts([part])
    assert accepts(bench, rows(part), proof)
    for more in (b"\0", bytes(32), proof[:POINT]):
        with pytest.raises(ContractReverted, match=r"InvalidOpeningLength"):
            bench.call("verify", rows(part), proof[: 2 * POINT] + more + proof[2 * POINT :])


def words(blob: bytes) -> list[int]:
    return [int.from_bytes(blob[at : at + 32], "big") for at in range(0, len(blob), 32)]


def lagrange(values: bytes, z: int) -> tuple[int, int, int]:
    """Of the first run of a blob: the product of `z - x`, and e times the polynomial through the values, and e."""
    points = [point_of(at) for at in range(16)]
    zero = 1
    for x in points:
        zero = zero * (z - x) % MODULUS
    top = sum(v * x * zero * pow(z - x, -1, MODULUS) for v, x in zip(words(values), points, strict=True))
    return zero, top % MODULUS, 16 * pow(points[0], 16, MODULUS) % MODULUS
