"""Which outputs a payment spends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.plasma.payments.chain.errors import FundsMissing
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof
from layer2.plasma.payments.wallet.coin_selection import pick
from layer2.plasma.protocol.transaction import Deposit


def rows(*amounts: int, token: int = 0, first: int = 1) -> list[DepositExitProof]:
    return [DepositExitProof(Deposit(first + at, b"\1" * 20, token, amount, 0)) for at, amount in enumerate(amounts)]


def picked(kits: list[DepositExitProof], need: int, most: int = 4) -> list[int]:
    return [kit.output.amount for kit in pick(kits, {0: need}, most)]


def test_the_smallest_that_covers_it_is_enough() -> None:
    assert picked(rows(5, 10, 20, 40), 9) == [10]
    assert picked(rows(5, 10, 20, 40), 10) == [10]
    assert picked(rows(5, 10, 20, 40), 41) == [40, 5]


def test_too_little_is_refused_with_the_numbers() -> None:
    with pytest.raises(FundsMissing) as caught:
        pick(rows(5, 10), {0: 16})
    assert (caught.value.have, caught.value.need) == (15, 16)


def test_too_many_pieces_are_refused() -> None:
    assert picked(rows(1, 1, 1, 1), 4) == [1, 1, 1, 1]
    with pytest.raises(FundsMissing, match="merge first"):
        pick(rows(1, 1, 1, 1, 1), {0: 5})


def test_tokens_do_not_stand_for_each_other() -> None:
    kits = rows(10) + rows(10, token=1, first=9)
    assert [kit.output.token for kit in pick(kits, {0: 5, 1: 5})] == [0, 1]
    with pytest.raises(FundsMissing, match="token 1"):
        pick(kits, {0: 5, 1: 11})
    assert pick(kits, {0: 0}) == []


@given(st.lists(st.integers(1, 1000), max_size=12), st.integers(1, 3000))
def test_what_is_picked_covers_and_nothing_of_it_is_idle(amounts: list[int], need: int) -> None:
    try:
        chosen = picked(rows(*amounts), need)
    except FundsMissing:
        assert sum(amounts) < need or sum(sorted(amounts)[-4:]) < need
        return
    assert len(chosen) <= 4
    assert need <= sum(chosen) < need + min(chosen)
    # As few as do.
    assert sum(sorted(amounts, reverse=True)[: len(chosen) - 1]) < need
