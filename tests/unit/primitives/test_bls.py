"""BLS12-381 against py_ecc, and points that must not be taken."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G1
from py_ecc.optimized_bls12_381 import FQ, G2, curve_order, field_modulus, is_inf, multiply, normalize

from layer2.primitives import bls
from layer2.primitives.errors import RangeError, SignatureError
from layer2.primitives.hashing import keccak

secrets = st.integers(1, bls.ORDER - 1)
digests = st.binary(min_size=32, max_size=32)
FEW = settings(max_examples=5, deadline=None)


@FEW
@given(secrets, digests)
def test_keys_signatures_and_hashes_are_those_of_py_ecc(secret: int, digest: bytes) -> None:
    key = bls.BlsKey(secret)
    point = multiply(G2, secret)
    assert key.public == b"".join(int(one).to_bytes(48, "big") for one in compress_G2(point))
    x, y = normalize(point)
    words = (*x.coeffs, *y.coeffs)
    assert bls.uncompressed_key(key.public) == b"".join(int(one).to_bytes(64, "big") for one in words)
    hashed = hash_to_G1(digest, bls.DST, hashlib.sha256)
    assert bls.hash_to_g1(digest) == int(compress_G1(hashed)).to_bytes(48, "big")
    assert key.sign(digest) == int(compress_G1(multiply(hashed, secret))).to_bytes(48, "big")
    assert curve_order == bls.ORDER


def test_an_aggregate_is_by_all_the_keys_over_all_their_digests_and_no_others() -> None:
    keys = [bls.BlsKey.derive(keccak(bytes((n,)))) for n in range(5)]
    pairs = [(key.public, keccak(b"message %d" % n)) for n, key in enumerate(keys)]
    total = bls.aggregate([key.sign(digest) for key, (_, digest) in zip(keys, pairs, strict=True)])
    assert bls.verify_aggregate(pairs, total)
    assert bls.verify_aggregate(pairs[::-1], total)
    assert not bls.verify_aggregate(pairs[:-1], total)
    assert not bls.verify_aggregate([*pairs[:-1], (pairs[-1][0], keccak(b"other"))], total)
    assert not bls.verify_aggregate([(pairs[1][0], pairs[0][1]), (pairs[0][0], pairs[1][1]), *pairs[2:]], total)
    assert not bls.verify_aggregate([], total)


def outside_of_the_subgroup() -> bytes:
    x = 1
    while True:
        y = pow((x**3 + 4) % field_modulus, (field_modulus + 1) // 4, field_modulus)
        point = (FQ(x), FQ(y), FQ(1))
        if y * y % field_modulus == (x**3 + 4) % field_modulus and not is_inf(multiply(point, curve_order)):
            return int(compress_G1(point)).to_bytes(48, "big")
        x += 1


@pytest.mark.parametrize(
    "wrong",
    [b"", bytes(48), b"\xff" * 48, b"\xc0" + bytes(47), bytes(47), b"\x80" + bytes(48), outside_of_the_subgroup()],
    ids=["empty", "zeros", "ones", "infinity", "short", "long", "outside"],
)
def test_a_point_that_is_no_signature_is_refused(wrong: bytes) -> None:
    key = bls.BlsKey(7)
    assert not bls.verify_aggregate([(key.public, bytes(32))], wrong)
    with pytest.raises(SignatureError):
        bls.aggregate([key.sign(bytes(32)), wrong])
    if len(wrong) == 48 and not wrong[0] & 0x40 and any(wrong):
        assert wrong == b"\xff" * 48 or decompress_G1(int.from_bytes(wrong, "big"))


@pytest.mark.parametrize("wrong", [b"", bytes(96), b"\xff" * 96, b"\xc0" + bytes(95), bytes(95)])
def test_bytes_that_are_no_key_are_refused(wrong: bytes) -> None:
    assert not bls.is_key(wrong)
    assert not bls.verify_aggregate([(wrong, bytes(32))], bls.BlsKey(7).sign(bytes(32)))
    with pytest.raises(SignatureError):
        bls.uncompressed_key(wrong)


def test_a_secret_outside_the_group_and_a_short_seed_are_refused() -> None:
    for wrong in (0, bls.ORDER, -1):
        with pytest.raises(RangeError):
            bls.BlsKey(wrong)
    with pytest.raises(RangeError):
        bls.BlsKey.derive(bytes(31))
    assert bls.BlsKey.derive(bytes(32)).public != bls.BlsKey.derive(bytes(33)).public
