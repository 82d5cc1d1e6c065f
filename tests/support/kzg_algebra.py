"""The check of an opening done again with plain algebra: no code of `kzgproof` or of the contract is used."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import ckzg
from eth_utils import keccak
from py_ecc.bls.point_compression import compress_G1
from py_ecc.optimized_bls12_381 import FQ, Z1, add, multiply

from layer2.primitives.kzg import BLOB_BYTES, setup

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
FIELDS = 4096
ROOT = pow(7, (R - 1) // FIELDS, R)

Shown = tuple[bytes, int, bytes]
"""Versioned hash, index of the first field element, values."""


def blob_from(seed: int) -> bytes:
    """A blob of field elements that look like noise."""
    words = (keccak(b"%d/%d" % (seed, at)) for at in range(FIELDS))
    return b"".join((int.from_bytes(one, "big") % R).to_bytes(32, "big") for one in words)


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def point_of(index: int) -> int:
    """EIP-4844: field elements are the values at the powers of the root, in bit-reversed order."""
    bits = 0
    for place in range(12):
        bits |= (index >> place & 1) << (11 - place)
    return pow(ROOT, bits, R)


def value_at(blob: bytes, z: int) -> int:
    """The polynomial of a blob at z, by the barycentric formula over all its points."""
    total = 0
    for at, value in enumerate(words_of(blob)):
        x = point_of(at)
        total += value * x * pow(z - x, -1, R)
    return total * (pow(z, FIELDS, R) - 1) * pow(FIELDS, -1, R) % R


def through(points: Sequence[int], values: Sequence[int], z: int) -> int:
    """The polynomial through these values at z (Lagrange)."""
    total = 0
    for at, value in enumerate(values):
        term = value
        for other, point in enumerate(points):
            if other != at:
                term = term * (z - point) * pow(points[at] - point, -1, R) % R
        total += term
    return total % R


def scale_of(points: Sequence[int]) -> int:
    """e of a part: `16 s^16` for a run of sixteen, else the product of the differences."""
    if len(points) == 16:
        return 16 * pow(points[0], 16, R) % R
    product = 1
    for at, one in enumerate(points):
        for later in points[at + 1 :]:
            product = product * (one - later) % R
    return product


def holds(shown: Sequence[Shown], proof: bytes) -> bool:
    """Whether an opening shows these parts of blobs."""
    count = len(shown)
    if len(proof) != 128 * (count + 1) + 80:
        return False
    points = [_point(proof[128 * at : 128 * (at + 1)]) for at in range(count + 1)]
    claimed = bytes(32)
    for (hash_, first, values), point in zip(shown, points, strict=False):
        if b"\x01" + sha256(_compressed(point)).digest()[1:] != hash_:
            return False
        claimed = keccak(claimed + hash_ + first.to_bytes(32, "big") + keccak(values))
    z = int.from_bytes(keccak(claimed + keccak(proof[128 * count : 128 * (count + 1)])), "big") % R
    draw, whole, rows = int.from_bytes(claimed, "big") % R, 1, []
    for at, (_, first, values) in enumerate(shown):
        places = [point_of(first + one) for one in range(len(values) // 32)]
        zero = 1
        for place in places:
            zero = zero * (z - place) % R
        whole = whole * zero % R
        rows.append((pow(draw, at, R) * scale_of(places), zero, through(places, words_of(values), z)))
    # All are divided by the factor of the first commitment, which the proof gives turned over.
    inverse = int.from_bytes(proof[-80:-48], "big")
    if inverse * rows[0][0] * whole * pow(rows[0][1], -1, R) % R != 1:
        return False
    folded, value = multiply(points[count], (R - whole) * inverse % R), 0
    for point, (factor, zero, inside) in zip(points, rows, strict=False):
        scalar = factor * whole * pow(zero, -1, R) * inverse % R
        folded, value = add(folded, multiply(point, scalar)), (value + scalar * inside) % R
    words = (z.to_bytes(32, "big"), value.to_bytes(32, "big"))
    try:
        return bool(ckzg.verify_kzg_proof(_compressed(folded), *words, proof[-48:], setup()))
    except RuntimeError:
        return False


def _point(raw: bytes) -> tuple[FQ, FQ, FQ]:
    x, y = int.from_bytes(raw[:64], "big"), int.from_bytes(raw[64:], "big")
    return (FQ(x), FQ(y), FQ(1)) if x or y else Z1


def _compressed(point: tuple[FQ, FQ, FQ]) -> bytes:
    return int(compress_G1(point)).to_bytes(48, "big")


ZERO_BLOB = bytes(BLOB_BYTES)
