"""Openings of parts of blobs: the prover of `BlobOpening.sol`. One quotient and one evaluation for any number of parts.

A part is an aligned run of 16 field elements, or one to three consecutive ones. With p_i the polynomial of a blob, I_i
the polynomial through the opened values and Z_i zero at their points, the quotient is
`q = sum g^i e_i (p_i - I_i) / Z_i`, and the polynomial opened at z is `sum g^i e_i (Z / Z_i)(z) p_i - Z(z) q`
(Boneh, Drake, Fisch, Gabizon, eprint 2020/081). e_i is a constant of the points that saves the contract inversions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from layer2.primitives.bls import g1_point
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak
from layer2.primitives.kzg import commitment, point_proof, versioned_hash

__all__ = ["MODULUS", "RUN", "Opening", "open_parts"]

MODULUS = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Order of the field of blobs."""

RUN = 16
_FIELDS = 4096
_BITS = 12
_ROOT = pow(7, (MODULUS - 1) // _FIELDS, MODULUS)


@dataclass(frozen=True, slots=True)
class Opening:
    """Part of a blob: `count` field elements from `first` on, either 16 from a multiple of 16, or one to three."""

    blob: bytes
    first: int
    count: int

    def __post_init__(self) -> None:
        run = self.count == RUN and self.first % RUN == 0
        if not (run or 1 <= self.count <= 3) or not 0 <= self.first <= _FIELDS - self.count:
            raise RangeError(
                f"{self.count} field elements from {self.first}",
                hint="open 16 from a multiple of 16, or one to three, below 4,096",
            )

    @property
    def values(self) -> bytes:
        """Field elements, 32 bytes each."""
        return self.blob[32 * self.first : 32 * (self.first + self.count)]

    @property
    def points(self) -> list[int]:
        """Points at which the polynomial of the blob has these values."""
        return [point_of(self.first + at) for at in range(self.count)]

    def scale(self) -> int:
        """Return e: `16 s^16` for a run, else the product of the differences of the points."""
        points = self.points
        if self.count == RUN:
            return RUN * pow(points[0], RUN, MODULUS) % MODULUS
        product = 1
        for at, one in enumerate(points):
            for other in points[at + 1 :]:
                product = product * (one - other) % MODULUS
        return product

    def zero(self, z: int) -> int:
        """Return Z at z."""
        product = 1
        for point in self.points:
            product = product * (z - point) % MODULUS
        return product

    def quotient(self) -> list[int]:
        """Return the coefficients of `(p - I) / Z`; the division's remainder is I."""
        rest = list(coefficients(self.blob))
        if self.count == RUN:
            power = pow(self.points[0], RUN, MODULUS)
            for at in range(_FIELDS - 1, RUN - 1, -1):
                rest[at - RUN] = (rest[at - RUN] + rest[at] * power) % MODULUS
            return rest[RUN:] + [0] * RUN
        for point in self.points:
            carry = 0
            for at in range(_FIELDS - 1, -1, -1):
                rest[at], carry = carry, (rest[at] + carry * point) % MODULUS
        return rest


def open_parts(parts: Sequence[Opening]) -> bytes:
    """Return the proof that the blobs have the values of one or two parts.

    The proof has 128 bytes for the commitment of each part and for that of the quotient (points in the EIP-2537 form),
    32 for the inverse of the first factor, then the 48 bytes of an evaluation proof.
    """
    claimed, points = bytes(32), b""
    for part in parts:
        made = commitment(part.blob)
        row = claimed + versioned_hash(made) + part.first.to_bytes(32, "big") + keccak(part.values)
        claimed, points = keccak(row), points + g1_point(made)
    draw = int.from_bytes(claimed, "big") % MODULUS
    factors = [pow(draw, at, MODULUS) * part.scale() % MODULUS for at, part in enumerate(parts)]
    quotient = _sum(factors, [part.quotient() for part in parts])
    values = evaluations(quotient)
    committed = g1_point(commitment(_blob(values)))
    z = int.from_bytes(keccak(claimed + keccak(committed)), "big") % MODULUS
    zeros = [part.zero(z) for part in parts]
    whole = 1
    for one in zeros:
        whole = whole * one % MODULUS
    folding = [factor * pow(zero, -1, MODULUS) * whole % MODULUS for factor, zero in zip(factors, zeros, strict=True)]
    # Divided by the first factor, which saves the contract the multiplication of one commitment.
    inverse = pow(folding[0], -1, MODULUS)
    folding = [one * inverse % MODULUS for one in folding]
    rows = [_fields(part.blob) for part in parts]
    proof, _ = point_proof(_blob(_sum([*folding, -whole * inverse % MODULUS], [*rows, values])), z.to_bytes(32, "big"))
    return points + committed + inverse.to_bytes(32, "big") + proof


def point_of(index: int) -> int:
    """Return the point of field element `index` of a blob (EIP-4844: bit-reversed order)."""
    return _powers()[_reversed(index)]


@lru_cache(maxsize=8)
def coefficients(blob: bytes) -> tuple[int, ...]:
    """Return the coefficients of the polynomial of a blob, lowest first."""
    values = _fields(blob)
    natural = [values[_reversed(at)] for at in range(_FIELDS)]
    inverse, result = pow(_FIELDS, -1, MODULUS), _transform(natural)
    return (result[0] * inverse % MODULUS, *(one * inverse % MODULUS for one in reversed(result[1:])))


def evaluations(row: Sequence[int]) -> list[int]:
    """Return the field elements of the blob whose polynomial has these coefficients."""
    natural = _transform(row)
    return [natural[_reversed(at)] for at in range(_FIELDS)]


def _sum(factors: Sequence[int], rows: Sequence[Sequence[int]]) -> list[int]:
    total = [0] * _FIELDS
    for factor, row in zip(factors, rows, strict=True):
        total = [(have + factor * one) % MODULUS for have, one in zip(total, row, strict=True)]
    return total


def _fields(blob: bytes) -> list[int]:
    return [int.from_bytes(blob[at : at + 32], "big") for at in range(0, 32 * _FIELDS, 32)]


def _blob(values: Sequence[int]) -> bytes:
    return b"".join(one.to_bytes(32, "big") for one in values)


def _transform(row: Sequence[int]) -> list[int]:
    """Return the values at the powers of the root, in their natural order (radix 2, in place)."""
    values = [row[_reversed(at)] for at in range(_FIELDS)]
    powers, size = _powers(), 2
    while size <= _FIELDS:
        half, stride = size // 2, _FIELDS // size
        for start in range(0, _FIELDS, size):
            for at in range(half):
                low = start + at
                term = values[low + half] * powers[at * stride] % MODULUS
                values[low], values[low + half] = values[low] + term, values[low] - term
        if size % 16 == 0:
            values = [one % MODULUS for one in values]
        size *= 2
    return [one % MODULUS for one in values]


@cache
def _powers() -> tuple[int, ...]:
    powers, power = [], 1
    for _ in range(_FIELDS):
        powers.append(power)
        power = power * _ROOT % MODULUS
    return tuple(powers)


def _reversed(index: int) -> int:
    return int(format(index, f"0{_BITS}b")[::-1], 2)
