"""Verification of many BLS aggregates: keys decoded once, valid aggregates checked together under random weights.

An aggregate is by several keys over as many digests. The cost of finding an invalid one is bounded: at most one joint
check in addition to a check of each by itself. The joint check is made only if it would save much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from layer2.primitives.bls import DST, GENERATOR, recent_key, signature_point
from layer2.primitives.extras import needs

with needs("rollup"):
    from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

__all__ = ["verify_aggregates"]

_WEIGHT_BITS = 64
"""Bits of the random weights: an invalid aggregate passes among others with a probability of 2^-64."""
_DIGIT_BITS = 4
_REPEATED = 2
"""Minimum average number of occurrences of a key for a joint check."""
_TOGETHER = 4
"""Minimum number of aggregates for a joint check."""

Row = tuple[Sequence[tuple[bytes, bytes]], bytes]
"""Pairs of a key (96 bytes) and a digest, and the aggregate over them (48 bytes)."""

_Read = tuple[BlstP1Element, list[tuple[bytes, BlstP2Element, BlstP1Element]]]
"""A signature's point, and for each pair the key's bytes, its point, and the hashed digest."""


def verify_aggregates(rows: Sequence[Row], draw: Callable[[int], int], expected: bool | None = None) -> list[bool]:
    """Return the validity of each aggregate. Never raises.

    Args:
        draw: returns an unpredictable random number of the given number of bits, such as `secrets.randbits`.
        expected: stop after the first aggregate with another result; the list is then shorter.
    """
    read: list[_Read | None] = []
    if expected is not False and len(rows) >= _TOGETHER and _repeated(rows):
        read = [_read(row) for row in rows]
        if all(read) and _all_fit([one for one in read if one is not None], draw):
            return [True] * len(rows)
    good: list[bool] = []
    for place, row in enumerate(rows):
        one = read[place] if read else _read(row)
        good.append(one is not None and _fits(*one))
        if expected is not None and good[-1] != expected:
            break
    return good


def _repeated(rows: Sequence[Row]) -> bool:
    """Return True if keys occur often enough for a joint check to save time."""
    keys = {name for pairs, _ in rows for name, _ in pairs}
    return sum(len(pairs) for pairs, _ in rows) >= _REPEATED * len(keys)


def _read(row: Row) -> _Read | None:
    pairs, signature = row
    point = signature_point(signature)
    if point is None or not pairs:
        return None
    found = []
    for name, digest in pairs:
        key = recent_key(name)
        if key is None:
            return None
        found.append((name, key, BlstP1Element().hash_to_group(digest, DST)))
    return point, found


def _fits(point: BlstP1Element, pairs: Sequence[tuple[bytes, BlstP2Element, BlstP1Element]]) -> bool:
    loops = None
    for _, key, hashed in pairs:
        step = miller_loop(hashed, key)
        loops = step if loops is None else loops * step
    return bool(final_verify(miller_loop(point, GENERATOR), loops))


def _all_fit(rows: Sequence[_Read], draw: Callable[[int], int]) -> bool:
    """Return True if the weighted sums of signatures and digests match, with one pairing for each key."""
    weights = [draw(_WEIGHT_BITS) + 1 for _ in rows]
    points: defaultdict[bytes, list[BlstP1Element]] = defaultdict(list)
    shares: defaultdict[bytes, list[int]] = defaultdict(list)
    keys: dict[bytes, BlstP2Element] = {}
    for (_, pairs), weight in zip(rows, weights, strict=True):
        for name, key, hashed in pairs:
            keys[name] = key
            points[name].append(hashed)
            shares[name].append(weight)
    loops = None
    for name, key in keys.items():
        step = miller_loop(_weighted(points[name], shares[name]), key)
        loops = step if loops is None else loops * step
    total = _weighted([point for point, _ in rows], weights)
    return bool(final_verify(miller_loop(total, GENERATOR), loops))


def _weighted(points: Sequence[BlstP1Element], weights: Sequence[int]) -> BlstP1Element:
    """Return the weighted sum of the points, digit by digit, with shared doublings."""
    total, base = BlstP1Element(), 1 << _DIGIT_BITS
    for shift in range((_WEIGHT_BITS // _DIGIT_BITS) * _DIGIT_BITS, -1, -_DIGIT_BITS):
        for _ in range(_DIGIT_BITS):
            total = total + total
        buckets: list[BlstP1Element | None] = [None] * base
        for point, weight in zip(points, weights, strict=True):
            digit = weight >> shift & base - 1
            if digit:
                kept = buckets[digit]
                buckets[digit] = point if kept is None else kept + point
        # Each bucket counts as many times as its digit, through cumulative sums from the highest digit down.
        running = summed = None
        for kept in reversed(buckets[1:]):
            if kept is not None:
                running = kept if running is None else running + kept
            if running is not None:
                summed = running if summed is None else summed + running
        if summed is not None:
            total = total + summed
    return total
