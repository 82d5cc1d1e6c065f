"""Which of many BLS aggregates are right: keys parsed once, right ones checked together under random weights.

An aggregate is by several keys over as many digests. What it costs to find a wrong one is bounded: at most one check
of all together on top of one of each by itself, and that one is made only where it would have saved much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

from layer2.primitives.bls import DST, GENERATOR, recent_key, signature_point

__all__ = ["verify_aggregates"]

_WEIGHT_BITS = 64
"""Of the random weights: a wrong aggregate passes among others with a chance of 2^-64, whoever made it."""
_DIGIT_BITS = 4
_REPEATED = 2
"""How often a key must occur on the average for a check of all together to save time."""

Row = tuple[Sequence[tuple[bytes, bytes]], bytes]
"""Pairs of a key (96 bytes) and a digest, and the aggregate over them (48 bytes)."""

_Read = tuple[int, BlstP1Element, list[tuple[bytes, BlstP2Element, BlstP1Element]]]
"""The place of a row, its signature's point, and of each pair the key's name, the key, and the hashed digest."""


def verify_aggregates(rows: Sequence[Row], draw: Callable[[int], int]) -> list[bool]:
    """Whether each is right. Never raises.

    `draw`: random numbers of so many bits that nobody can foretell, `secrets.randbits`.
    """
    good = [False] * len(rows)
    read = [one for one in (_read(place, row) for place, row in enumerate(rows)) if one is not None]
    operations = sum(len(pairs) for _, _, pairs in read)
    keys = {name for _, _, pairs in read for name, _, _ in pairs}
    if len(read) > 1 and operations >= _REPEATED * len(keys) and _all_fit(read, draw):
        for place, _, _ in read:
            good[place] = True
        return good
    for place, point, pairs in read:
        good[place] = _fits(point, pairs)
    return good


def _read(place: int, row: Row) -> _Read | None:
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
    return place, point, found


def _fits(point: BlstP1Element, pairs: Sequence[tuple[bytes, BlstP2Element, BlstP1Element]]) -> bool:
    loops = None
    for _, key, hashed in pairs:
        step = miller_loop(hashed, key)
        loops = step if loops is None else loops * step
    return bool(final_verify(miller_loop(point, GENERATOR), loops))


def _all_fit(rows: Sequence[_Read], draw: Callable[[int], int]) -> bool:
    """Whether the weighted sum of the signatures is by the keys over the weighted digests: one pairing for each key."""
    weights = [draw(_WEIGHT_BITS) + 1 for _ in rows]
    points: defaultdict[bytes, list[BlstP1Element]] = defaultdict(list)
    shares: defaultdict[bytes, list[int]] = defaultdict(list)
    keys: dict[bytes, BlstP2Element] = {}
    for (_, _, pairs), weight in zip(rows, weights, strict=True):
        for name, key, hashed in pairs:
            keys[name] = key
            points[name].append(hashed)
            shares[name].append(weight)
    loops = None
    for name, key in keys.items():
        step = miller_loop(_weighted(points[name], shares[name]), key)
        loops = step if loops is None else loops * step
    total = _weighted([point for _, point, _ in rows], weights)
    return bool(final_verify(miller_loop(total, GENERATOR), loops))


def _weighted(points: Sequence[BlstP1Element], weights: Sequence[int]) -> BlstP1Element:
    """The sum of the points by their weights, digit by digit: doubling is for all at once."""
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
        # Each bucket is added as often as its digit says, by sums of sums from the top down.
        running = summed = None
        for kept in reversed(buckets[1:]):
            if kept is not None:
                running = kept if running is None else running + kept
            if running is not None:
                summed = running if summed is None else summed + running
        if summed is not None:
            total = total + summed
    return total
