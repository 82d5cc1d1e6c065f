"""The tree of locks: roots, openings of any subset, and what is never taken for an opening."""

from __future__ import annotations

import itertools
from contextlib import suppress
from functools import cache

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st
from tests.support.channels.strategies import locks, numbers, words

from layer2.channels.protocol.lock_openings import Opened, Opening, encode_openings, open_locks, read_openings
from layer2.channels.protocol.lock_tree import (
    EMPTY_ROOT,
    MAX_LOCKS,
    fingerprint,
    leaf_hash,
    locks_root,
    root_of,
    siblings,
)
from layer2.channels.protocol.locks import Lock, hash_lock
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak


@cache
def some(count: int) -> tuple[Lock, ...]:
    return tuple(hash_lock(number + 1, 100, bytes([number]) * 32) for number in range(count))


def test_the_root_of_few_locks_is_what_the_page_says() -> None:
    assert locks_root(()) == EMPTY_ROOT == bytes(32)
    one, two, three = (keccak(lock.encode()) for lock in some(3))
    assert locks_root(some(1)) == one
    assert locks_root(some(2)) == keccak(one + two)
    assert locks_root(some(3)) == keccak(keccak(one + two) + keccak(three + bytes(32)))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_every_subset_of_a_short_list_opens_to_its_root(count: int) -> None:
    signed = some(count)
    root = locks_root(signed)
    for size in range(1, count + 1):
        for chosen in itertools.combinations(range(count), size):
            others = siblings(signed, chosen)
            opened = {index: leaf_hash(signed[index]) for index in chosen}
            assert root_of(opened, others) == root
            assert root_of(opened, others[:-1]) != root or not others
            assert root_of(opened, (*others, bytes(32))) != root


@given(st.integers(1, MAX_LOCKS), st.data())
def test_any_subset_of_a_long_list_opens_to_its_root(count: int, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    opened = {index: leaf_hash(some(count)[index]) for index in chosen}
    assert root_of(opened, siblings(some(count), chosen)) == locks_root(some(count))


@given(st.integers(1, 20), st.integers(0, 127), st.data())
def test_a_lock_opens_at_its_own_place_only(count: int, place: int, data: st.DataObject) -> None:
    """Else one lock could be resolved under two bits."""
    index = data.draw(st.integers(0, count - 1))
    others = siblings(some(count), [index])
    opened = root_of({place: leaf_hash(some(count)[index])}, others)
    assert (opened == locks_root(some(count))) == (place == index)


def test_a_node_of_the_tree_is_not_taken_for_a_lock() -> None:
    """A packed lock has 53 bytes, two nodes have 64."""
    signed = some(4)
    inner = keccak(leaf_hash(signed[0]) + leaf_hash(signed[1]))
    assert root_of({0: inner}, siblings(signed, [0])[1:]) == locks_root(signed)
    assert all(len(lock.encode()) == 53 for lock in signed)


def test_too_many_locks_and_absent_ones_are_refused() -> None:
    assert locks_root(some(MAX_LOCKS))
    with pytest.raises(RangeError):
        locks_root((*some(MAX_LOCKS), some(1)[0]))
    for indexes in ([], [3], [-1], [0, 3]):
        with pytest.raises(RangeError):
            siblings(some(3), indexes)


@given(numbers(200), words)
def test_the_fingerprint_is_the_upper_part_of_the_hash(limit: int, root: bytes) -> None:
    whole = keccak(encode(["uint256", "bytes32"], [limit, root]))
    assert fingerprint(limit, root) == int.from_bytes(whole[:26], "big")


rows = st.builds(Opened, st.integers(0, MAX_LOCKS - 1), locks.map(Lock.encode), st.binary(max_size=9), st.binary())


@given(st.lists(rows, max_size=4))
def test_openings_are_packed_and_read_back(items: list[Opened]) -> None:
    packed = encode_openings(items)
    assert list(read_openings(packed)) == items
    assert packed == b"".join(
        bytes((one.index,))
        + one.leaf
        + len(one.consent).to_bytes(2, "big")
        + len(one.resolution).to_bytes(3, "big")
        + one.consent
        + one.resolution
        for one in items
    )


@given(st.lists(rows, min_size=1, max_size=3), st.data())
def test_openings_cut_short_are_refused(items: list[Opened], data: st.DataObject) -> None:
    packed = encode_openings(items)
    last = len(encode_openings(items[-1:]))
    cut = packed[: len(packed) - data.draw(st.integers(1, last - 1))]
    with pytest.raises(MalformedError):
        list(read_openings(cut))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_one_error(data: bytes) -> None:
    with suppress(MalformedError):
        assert sum(59 + len(one.consent) + len(one.resolution) for one in read_openings(data)) == len(data)


def test_a_lock_is_opened_once_in_a_call() -> None:
    with pytest.raises(RangeError):
        open_locks(some(3), [Opening(1, b"x"), Opening(1, b"y")])
    packed, others = open_locks(some(3), [Opening(2, b"z"), Opening(0, b"x")])
    assert [one.index for one in read_openings(packed)] == [0, 2]
    assert others == siblings(some(3), [0, 2])


@pytest.mark.parametrize(
    "row",
    [
        Opened(MAX_LOCKS, bytes(53), b"", b""),
        Opened(-1, bytes(53), b"", b""),
        Opened(0, bytes(53), bytes(1 << 16), b""),
        Opened(0, bytes(53), b"", bytes(1 << 24)),
        Opened(0, bytes(52), b"", b""),
    ],
)
def test_what_does_not_fit_the_packed_form_is_refused(row: Opened) -> None:
    with pytest.raises((RangeError, MalformedError)):
        encode_openings([row])
