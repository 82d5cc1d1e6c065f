"""The pairing precompile of the in-process chain in machine code: seconds each in Python, which is too slow for many.

Only how it is computed changes: lengths, gas, points off the curve and outside of the subgroup are refused as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eth.exceptions import VMError
from eth.precompiles.bls12_381 import bls12_pairing_check
from eth.precompiles.bls12_381.bls12_381_g1 import bytes_to_g1_optimized_point3D as g1_of
from eth.precompiles.bls12_381.bls12_381_g2 import bytes_to_g2_optimized_point3D as g2_of
from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES
from py_ecc.bls.point_compression import compress_G1, compress_G2
from py_ecc.optimized_bls12_381 import is_inf
from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

__all__ = ["native_pairing"]

_PAIR, _POINT = 384, 128


@contextmanager
def native_pairing() -> Iterator[None]:
    """Have it so while this lasts."""
    ((address, slow),) = [row for row in PRAGUE_PRECOMPILES.items() if row[1] is bls12_pairing_check]
    PRAGUE_PRECOMPILES[address] = _check
    try:
        yield
    finally:
        PRAGUE_PRECOMPILES[address] = slow


def _check(computation: Any) -> None:
    data = bytes(computation.msg.data)
    if not data or len(data) % _PAIR:
        raise VMError("Length of data must be a multiple of 384 bytes for BLS12_PAIRING_CHECK")
    count = len(data) // _PAIR
    computation.consume_gas(32600 * count + 37700, "BLS12_PAIRING_CHECK gas")
    pairs = [_pair(data[at : at + _PAIR]) for at in range(0, len(data), _PAIR)]
    left = [one for one in pairs if one is not None]
    right = _is_one(left) if left else True
    computation.output = int(right).to_bytes(32, "big")


def _pair(data: bytes) -> tuple[Any, Any] | None:
    """The two points; None if one of them is infinity, whose pairing is one."""
    one, two = g1_of(data[:_POINT]), g2_of(data[_POINT:])
    high, low = compress_G2(two)
    try:
        g1 = BlstP1Element().uncompress(int(compress_G1(one)).to_bytes(48, "big"))
        g2 = BlstP2Element().uncompress(int(high).to_bytes(48, "big") + int(low).to_bytes(48, "big"))
    except ValueError as failure:
        raise VMError("Sub-group check failed.") from failure
    return None if is_inf(one) or is_inf(two) else (g1, g2)


def _is_one(pairs: list[tuple[Any, Any]]) -> bool:
    """Whether the product of the pairings is one: the first of them on the other side."""
    (first, key), *others = pairs
    if not others:
        return False
    product = None
    for point, other in others:
        step = miller_loop(point, other)
        product = step if product is None else product * step
    return bool(final_verify(miller_loop(-first, key), product))
