"""Structural fuzz of ABI-encoded data: what an attacker can do to lengths and offsets without touching any content.

A contract that reads such data in place must not be led to read one member for another, less or more than a member, or
what lies behind it. `members` finds every dynamic member; `bent` gives the data with each of them, and each pair, bent.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from eth_abi.grammar import parse

__all__ = ["Bend", "Member", "bent", "members"]

_WORD = 32


@dataclass(frozen=True, slots=True)
class Member:
    """A dynamic member. `head`: where its offset stands, counted from `base`; `start`: where it begins itself.

    `length`: what its length word says; None for a tuple, which has none.
    """

    path: tuple[int, ...]
    head: int
    base: int
    start: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Bend:
    """Encoded data in another shape, and what was done to it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Edit:
    """One change: words to write, by place; then what is appended, to which `head` points if it is given."""

    name: str
    words: tuple[tuple[int, int], ...] = ()
    appended: bytes | None = None
    member: Member | None = None


def members(types: Sequence[str], data: bytes) -> list[Member]:
    """Every dynamic member of data encoded as these types, outer ones first."""
    found: list[Member] = []
    _walk([parse(one) for one in types], data, 0, (), found)
    return found


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _WORD], "big")


def _static_size(kind: Any) -> int:
    if kind.is_array:
        return int(kind.arrlist[-1][0]) * _static_size(kind.item_type)
    components = getattr(kind, "components", None)
    return sum(_static_size(one) for one in components) if components is not None else _WORD


def _walk(kinds: Sequence[Any], data: bytes, base: int, path: tuple[int, ...], found: list[Member]) -> None:
    at = base
    for place, kind in enumerate(kinds):
        here = (*path, place)
        if not kind.is_dynamic:
            at += _static_size(kind)
            continue
        start = base + _number(data, at)
        open_array = kind.is_array and not kind.arrlist[-1]
        is_tuple = not kind.is_array and getattr(kind, "components", None) is not None
        length = None if is_tuple else _number(data, start)
        found.append(Member(here, at, base, start, length))
        if is_tuple:
            _walk(kind.components, data, start, here, found)
        elif open_array and kind.item_type.is_dynamic:
            _walk([kind.item_type] * (length or 0), data, start + _WORD, here, found)
        at += _WORD


def bent(
    types: Sequence[str],
    data: bytes,
    *,
    attacker: bytes,
    donors: Mapping[tuple[int, ...], bytes] | None = None,
    most: int | None = None,
    seed: int = 0,
) -> Iterator[Bend]:
    """The data with each member bent in every way, then with pairs of members bent.

    Args:
        attacker: bytes put where a member is made to end: behind the data, or behind an emptied member.
        donors: contents to put in the place of a member, by path: what another form of the same data has there.
        most: so many at most, drawn by `seed`; None for all. Those in which a donor's content meets an emptied member
            come beside them.
    """
    found = members(types, data)
    singles = {one: list(_edits(one, found, len(data), attacker, donors or {})) for one in found}
    sure: list[tuple[_Edit, ...]] = []
    maybe: list[tuple[_Edit, ...]] = [(edit,) for edits in singles.values() for edit in edits]
    for one, two in combinations(found, 2):
        for first in singles[one]:
            for second in singles[two]:
                names = {first.name.split(":")[1], second.name.split(":")[1]}
                (sure if names >= {"another form", "nothing, then the attacker's"} else maybe).append((first, second))
    if most is not None and len(maybe) > most:
        dice = random.Random(seed)
        # As many alone as in pairs, of which there are far more.
        alone = [one for one in maybe if len(one) == 1]
        both = [one for one in maybe if len(one) == 2]
        maybe = dice.sample(alone, min(len(alone), most // 2)) + dice.sample(both, min(len(both), most - most // 2))
    for edits in [*sure, *maybe]:
        yield _apply(data, edits)


def _edits(
    one: Member, found: list[Member], size: int, attacker: bytes, donors: Mapping[tuple[int, ...], bytes]
) -> Iterator[_Edit]:
    label = ".".join(map(str, one.path))
    offset = one.start - one.base

    def edit(what: str, *words: tuple[int, int]) -> _Edit:
        return _Edit(f"{label}:{what}", words)

    for move in (-_WORD, _WORD, -1, 1):
        yield edit(f"overlapping by {move}", (one.head, offset + move))
    yield edit("at its own head", (one.head, one.head - one.base))
    yield edit("at the beginning", (one.head, 0))
    yield edit("behind the end", (one.head, size - one.base))
    yield edit("far behind the end", (one.head, 1 << 40))
    yield edit("around the end of the numbers", (one.head, 2**256 - _WORD))
    for other in found:
        if other is not one and other.start != one.start:
            yield edit(f"onto {'.'.join(map(str, other.path))}", (one.head, other.start - one.base))
    if one.length is not None:
        for length in {0, max(0, one.length - 1), one.length + 1, one.length + _WORD, 1 << 32, 2**256 - 1}:
            if length != one.length:
                yield edit(f"of length {length} for {one.length}", (one.start, length))
        for length in {0, one.length}:
            body = length.to_bytes(_WORD, "big") + attacker
            what = "nothing, then the attacker's" if not length else "the attacker's"
            yield _Edit(f"{label}:{what}", (), body, one)
    if one.path in donors:
        given = donors[one.path]
        padded = given + bytes(-len(given) % _WORD)
        yield _Edit(f"{label}:another form", (), len(given).to_bytes(_WORD, "big") + padded, one)


def _apply(data: bytes, edits: Sequence[_Edit]) -> Bend:
    made = bytearray(data)
    for edit in edits:
        for at, value in edit.words:
            made[at : at + _WORD] = (value % 2**256).to_bytes(_WORD, "big")
        if edit.appended is not None and edit.member is not None:
            offset = len(made) - edit.member.base
            made += edit.appended
            made[edit.member.head : edit.member.head + _WORD] = (offset % 2**256).to_bytes(_WORD, "big")
    return Bend("; ".join(edit.name for edit in edits), bytes(made))
