"""What the structural fuzzes of contracts share: how deep they go, what a call with less in it is, what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from random import Random
from typing import Any

from tests.support.campaign import NIGHTLY, SEED

from layer2.ethereum.abi import select
from layer2.ethereum.contract import Contract
from layer2.testing.fuzz.abi_mutations import Bend
from layer2.testing.fuzz.call_trials import Trials

MOST = 500 if NIGHTLY else 8
"""Shapes of each call, for each of its layers."""


def some(shapes: Iterable[Bend], most: int = MOST) -> list[Bend]:
    """The first ones, which tell most, and as many of the others."""
    found = list(shapes)
    half, rest = found[: most // 2], found[most // 2 :]
    return half + Random(SEED + most).sample(rest, min(len(rest), most - len(half)))


def fewer(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Some of them, in any order."""
    for count in range(len(rows)):
        yield from permutations(rows, count)
    yield from permutations(rows)


def entries(contract: Contract) -> set[str]:
    """Every function of a contract that takes data of any length."""
    dynamic = ("bytes", "string", "[]")
    return {one.name for one in select(contract.abi, "function") if any(word in one.signature.replace("bytes32", "")
            for word in dynamic)}  # fmt: skip


def told(scene: str, tried: Iterable[Trials]) -> tuple[Counter[str], Counter[str]]:
    """How all calls of a scene ended, and which of them were refused by which errors; a fault fails the test."""
    ends, refusals, faults = Counter[str](), Counter[str](), list[str]()
    for trials in tried:
        for name, count in trials.tries.items():
            # Each entry did what it should, and refused something.
            assert count["same"] > 0, name
            assert count["refused"] + count["not decoded"] > 3, name
            ends += count
        refusals += trials.refusals
        faults += trials.faults
    print(scene, dict(ends), dict(refusals))
    assert faults == [], "\n".join([f"LAYER2_SEED={SEED}", *faults[:20]])
    return ends, refusals
