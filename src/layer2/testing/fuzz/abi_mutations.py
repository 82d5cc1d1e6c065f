"""Structural mutations of encoded data: changes of lengths and offsets without changes of content.

A contract that reads such data in place must not read the wrong member, too much or too little of a member, or the
bytes behind it. `members` finds every dynamic member. `bent` yields ABI-encoded data with each member, and each pair of
members, mutated. `stretched` mutates packed bytes, whose members have lengths and no offsets.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from eth_abi.grammar import parse

__all__ = ["Bend", "Member", "bent", "members", "stretched"]

_WORD = 32
_LENGTHS = (0, 1 << 32, 1 << 64, 1 << 251, (1 << 251) + 1, 1 << 255, (1 << 256) - _WORD, (1 << 256) - 1)
"""Lengths besides those near the actual one; 2^251 words and more wrap around to few bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """A dynamic member.

    `head` is the position of its offset, which counts from `base`; `start` is the position of its data. `length` is the
    value of its length word, or None for a tuple, which has none. `unit` is the number of bytes of each counted
    element, or None if the elements are dynamic.
    """

    path: tuple[int, ...]
    kind: str
    head: int
    base: int
    start: int
    length: int | None
    unit: int | None

    def content(self, data: bytes) -> bytes | None:
        """Return the content behind the length word, or None unless it consists of bytes or words."""
        if self.length is None or self.unit is None:
            return None
        return data[self.start + _WORD : self.start + _WORD + self.length * self.unit]


@dataclass(frozen=True, slots=True)
class Bend:
    """Mutated encoded data, and a description of the mutation."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Edit:
    """One mutation: words to write by position, bytes to cut off or append, and the member that points to those."""

    name: str
    words: tuple[tuple[int, int], ...] = ()
    cut: int = 0
    appended: bytes = b""
    member: Member | None = None
    tells: bool = False

    @property
    def what(self) -> str:
        """Description of the mutation without the member."""
        return self.name.partition(":")[2]


def members(types: Sequence[str], data: bytes) -> list[Member]:
    """Return every dynamic member of data encoded as these types, outer ones first."""
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
        unit = None if is_tuple else 1
        if open_array:
            unit = None if kind.item_type.is_dynamic else _static_size(kind.item_type)
        found.append(Member(here, kind.to_type_str(), at, base, start, length, unit))
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
    """Yield the data with each member mutated in every way, then with pairs; the whole data counts as a member.

    Args:
        attacker: Bytes placed behind the data, or behind an emptied member.
        donors: Replacement contents of members of bytes or words by path, taken from another form of the same data.
        most: Maximum number of mutations, drawn by `seed` from all members in turn; None for all. The most relevant
            ones are always included: bytes behind the data, behind each emptied member and in place of its last and
            next element, and pairs in which a donor's content meets an emptied member.
    """
    found = members(types, data)
    edits = [list(_edits(one, found, data, attacker, donors or {})) for one in found]
    edits.append(list(_of_the_whole(len(data), attacker)))
    sure: list[tuple[_Edit, ...]] = [(one,) for of_one in edits for one in of_one if one.tells]
    sure += [
        (first, second)
        for one, two in combinations(edits, 2)
        for first in one
        for second in two
        if {first.what, second.what} >= {"another form", "nothing, then the attacker's"}
    ]
    rest = [[one for one in of_one if not one.tells] for of_one in edits]
    alone, both = _alone(rest), _both(edits)
    if most is not None:
        dice = random.Random(seed)
        # As many single mutations as pairs are drawn, although there are far more pairs.
        alone = islice(_alone(_mixed(rest, dice)), most // 2)
        both = islice(_drawn(edits, dice), most - most // 2)
    for chosen in (sure, alone, both):
        yield from (_apply(data, one) for one in chosen)


def _alone(edits: Sequence[Sequence[_Edit]]) -> Iterator[tuple[_Edit, ...]]:
    for turn in range(max(map(len, edits))):
        yield from ((of_one[turn],) for of_one in edits if turn < len(of_one))


def _both(edits: Sequence[Sequence[_Edit]]) -> Iterator[tuple[_Edit, ...]]:
    for one, two in combinations(edits, 2):
        yield from ((first, second) for first in one for second in two)


def _mixed(edits: Sequence[Sequence[_Edit]], dice: random.Random) -> list[list[_Edit]]:
    return dice.sample([dice.sample(of_one, len(of_one)) for of_one in edits], len(edits))


def _drawn(edits: Sequence[Sequence[_Edit]], dice: random.Random) -> Iterator[tuple[_Edit, ...]]:
    """Yield random pairs without repetition."""
    left = sum(len(one) * len(two) for one, two in combinations(edits, 2))
    seen: set[tuple[str, str]] = set()
    while len(seen) < left:
        one, two = sorted(dice.sample(range(len(edits)), 2))
        first, second = dice.choice(edits[one]), dice.choice(edits[two])
        if (first.name, second.name) not in seen:
            seen.add((first.name, second.name))
            yield first, second


def _edits(
    one: Member, found: list[Member], data: bytes, attacker: bytes, donors: Mapping[tuple[int, ...], bytes]
) -> Iterator[_Edit]:
    label = ".".join(map(str, one.path))
    offset, size = one.start - one.base, len(data)

    def edit(what: str, *words: tuple[int, int]) -> _Edit:
        return _Edit(f"{label}:{what}", words)

    for move in (-_WORD, _WORD, -1, 1):
        yield edit(f"overlapping by {move}", (one.head, offset + move))
    yield edit("at its own head", (one.head, one.head - one.base))
    yield edit("at the beginning", (one.head, 0))
    yield edit("behind the end", (one.head, size - one.base))
    yield edit("far behind the end", (one.head, 1 << 40))
    yield edit("behind all that can be", (one.head, 1 << 64))
    yield edit("around the end of the numbers", (one.head, 2**256 - _WORD))
    yield edit("at the end of the numbers", (one.head, 2**256 - 1))
    for other in found:
        if other is not one and other.start != one.start:
            yield edit(f"onto {'.'.join(map(str, other.path))}", (one.head, other.start - one.base))
    if one.length is not None:
        for length in sorted({*_LENGTHS, max(0, one.length - 1), one.length + 1, one.length + _WORD} - {one.length}):
            yield edit(f"of length {length} for {one.length}", (one.start, length))
        for length in sorted({0, one.length}):
            what = "nothing, then the attacker's" if not length else "the attacker's"
            body = length.to_bytes(_WORD, "big") + attacker
            yield _Edit(f"{label}:{what}", appended=body, member=one, tells=not length)
    content = one.content(data)
    if content is not None and one.unit is not None:
        for more in (-_WORD, -1, 1, _WORD) if one.unit == 1 else (-1, 1):
            count = len(content) // one.unit + more
            if count > 0:
                body = count.to_bytes(_WORD, "big") + content[: count * one.unit] + attacker
                what = f"{count} of {one.length}, then the attacker's"
                yield _Edit(f"{label}:{what}", appended=body, member=one, tells=abs(more) == 1)
    if one.path in donors:
        given = donors[one.path]
        count = len(given) // (one.unit or 1)
        body = count.to_bytes(_WORD, "big") + given + bytes(-len(given) % _WORD)
        yield _Edit(f"{label}:another form", appended=body, member=one)


def _of_the_whole(size: int, attacker: bytes) -> Iterator[_Edit]:
    yield _Edit("all:followed by the attacker's", appended=attacker, tells=True)
    yield _Edit("all:followed by a byte", appended=b"\1")
    for cut in sorted({1, _WORD, size // 2, size}):
        yield _Edit(f"all:short by {cut}", cut=min(cut, size))


def _apply(data: bytes, edits: Sequence[_Edit]) -> Bend:
    made = bytearray(data)
    for edit in edits:
        for at, value in edit.words:
            made[at : at + _WORD] = (value % 2**256).to_bytes(_WORD, "big")
        del made[len(made) - edit.cut :]
        place, member = len(made), edit.member
        made += edit.appended
        if member is not None:
            made[member.head : member.head + _WORD] = ((place - member.base) % 2**256).to_bytes(_WORD, "big")
    return Bend("; ".join(edit.name for edit in edits), bytes(made))


def stretched(data: bytes, lengths: Sequence[tuple[int, int]], *, attacker: bytes) -> Iterator[Bend]:
    """Yield packed bytes cut short or extended, then with each length and each pair of lengths changed.

    Args:
        lengths: Position and size in bytes of each length.
    """
    yield Bend("nothing", b"")
    for behind in (b"\0", b"\1", attacker, data):
        yield Bend(f"followed by {len(behind)} bytes", data + behind)
    for cut in sorted({1, 2, 20, _WORD, len(data) // 2} & {*range(1, len(data))}):
        yield Bend(f"short by {cut}", data[:-cut])
        yield Bend(f"without its first {cut}", data[cut:])
    changes: list[list[tuple[int, int, int]]] = []
    for at, size in lengths:
        have, limit = int.from_bytes(data[at : at + size], "big"), 1 << 8 * size
        wanted = dict.fromkeys((limit - 1, limit >> 1, have - 1, have + 1, 0, have + _WORD, have - _WORD, len(data)))
        changes.append([(at, size, one) for one in wanted if one != have and 0 <= one < limit])
    alone = [(of_one[turn],) for turn in range(8) for of_one in changes if turn < len(of_one)]
    both = [(first, second) for one, two in combinations(changes, 2) for first in one for second in two]
    for way in (*alone, *both):
        made = bytearray(data)
        for at, size, value in way:
            made[at : at + size] = value.to_bytes(size, "big")
        name = " and ".join(f"{value} at {at}" for at, _, value in way)
        yield Bend(name, bytes(made))
        yield Bend(f"{name}, then the attacker's", bytes(made) + attacker)
