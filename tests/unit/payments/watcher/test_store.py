"""A watcher's store: what is durable, and what is found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.plasma.common.watcher.block_cache import BlockCache
from layer2.plasma.protocol.packed import join_body, split_body
from layer2.plasma.protocol.transaction import payment
from layer2.store.errors import JournalError

OWNER = "0x" + "11" * 20
TOP = 1 << 63


def record(*positions: int, memo: bytes = b"") -> bytes:
    return payment(positions, [(OWNER, 0, 1)], 9, memo).packed + bytes(64 * len(positions))


def test_spends_and_places_are_found_again(tmp_path: Path) -> None:
    records = [record(5, TOP | 1 << 24), record(6), record(7, memo=b"\1" * 32)]
    body = join_body(records)
    store = BlockCache(tmp_path / "bodies")
    store.put(b"h" * 32, 3, body, split_body(body))
    store.close()
    store = BlockCache(tmp_path / "bodies")
    assert store.body(b"h" * 32) == body
    assert b"h" * 32 in store
    assert list(store.spends(5)) == [(3, 0, 0)]
    assert list(store.spends(TOP | 1 << 24)) == [(3, 0, 1)]
    assert list(store.spends(8)) == []
    hashed = payment([6], [(OWNER, 0, 1)], 9).hash
    assert list(store.places(hashed)) == [(3, 1)]
    assert list(store.places(bytes(32))) == []


def test_what_is_no_transaction_is_kept_and_not_indexed() -> None:
    good = record(5)
    bad = bytearray(good)
    bad[15:35] = bytes(20)
    body = join_body([bytes(bad)])
    store = BlockCache()
    store.put(b"h" * 32, 1, body, split_body(body))
    assert store.body(b"h" * 32) == body
    assert list(store.spends(5)) == []


def test_payments_in_no_block_are_found_by_what_they_spend() -> None:
    store = BlockCache()
    one = record(5, 6)
    store.learn(one, [5, 6])
    store.learn(one, [5, 6])
    assert list(store.loose(5)) == list(store.loose(6)) == [one]
    assert list(store.loose(7)) == []


def test_a_payment_with_other_signatures_hides_none_with_the_right_ones() -> None:
    store = BlockCache()
    forged, right = record(5), record(5)[:-64] + b"\1" * 64
    store.learn(forged, [5])
    store.learn(right, [5])
    assert set(store.loose(5)) == {forged, right}


def test_a_block_in_the_place_of_another_hides_no_spend_and_is_hidden_by_none() -> None:
    """The same output is spent at the same place of both, by another input."""
    store = BlockCache()
    for header, records in ((b"a" * 32, [record(5)]), (b"b" * 32, [record(4, 5)])):
        store.put(header, 3, join_body(records), records)
    assert list(store.spends(5)) == [(3, 0, 0), (3, 0, 1)]


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bodies").write_bytes(b"something else" * 1000)
    with pytest.raises(JournalError):
        BlockCache(tmp_path / "bodies")
