"""Statuses of transactions: places, reasons, and the limit on final ones."""

from __future__ import annotations

import pytest

from layer2.node import tx_status
from layer2.node.tx_status import TxStatus, TxStatusIndex

ONE, TWO, THREE = bytes([1]), bytes([2]), bytes([3])


def test_places_reasons_and_unknown_transactions() -> None:
    index = TxStatusIndex()
    index.include(7, [ONE, TWO])
    index.drop(THREE, "spent")
    assert index.get(ONE) == TxStatus("included", 7, 0)
    assert index.get(TWO) == TxStatus("included", 7, 1)
    assert index.get(THREE) == TxStatus("dropped", reason="spent")
    assert [index.included(one) for one in (ONE, THREE, b"")] == [True, False, False]
    assert index.get(b"") is None
    index.forget([ONE])
    assert index.get(ONE) is None
    index.clear()
    assert index.get(TWO) is None


def test_the_oldest_final_statuses_are_pruned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tx_status, "REMEMBERED", 2)
    index = TxStatusIndex()
    index.include(1, [ONE, TWO])
    assert index.get(ONE) is not None
    index.drop(THREE, "spent")
    assert [index.get(one) is None for one in (ONE, TWO, THREE)] == [True, False, False]


def test_statuses_that_l1_may_revert_are_kept_until_they_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tx_status, "REMEMBERED", 1)
    index = TxStatusIndex("posted", until_closed=True)
    index.include(1, [ONE])
    index.include(2, [TWO])
    index.drop(THREE, "spent", 2)
    assert index.get(ONE) == TxStatus("posted", 1)
    assert index.get(THREE) == TxStatus("dropped", 2, reason="spent")
    assert (index.final(0), index.final(1), index.final(2)) == ([], [ONE], [ONE, TWO, THREE])
    index.close([ONE, TWO])
    assert [index.get(one) is None for one in (ONE, TWO, THREE)] == [True, False, False]
    assert index.final(9) == [THREE]


@pytest.mark.parametrize("until_closed", [False, True])
def test_a_transaction_that_is_pending_again_is_not_decided(until_closed: bool) -> None:
    index = TxStatusIndex(until_closed=until_closed)
    index.drop(ONE, "spent", 1)
    index.drop(TWO, "spent", 1)
    index.forget([ONE])
    assert [index.get(one) is None for one in (ONE, TWO)] == [True, False]
    assert index.final(1) == ([TWO] if until_closed else [])
