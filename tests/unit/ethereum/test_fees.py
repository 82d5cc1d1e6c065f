"""The gas policy's arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.ethereum.errors import FeeTooHigh
from layer2.ethereum.fees import Fees, GasPolicy
from layer2.primitives.errors import RangeError


def test_offer_has_headroom_up_to_the_cap() -> None:
    policy = GasPolicy(max_fee_per_gas=100, priority_fee=2)
    assert policy.fees(10) == Fees(22, 2)
    assert policy.fees(60) == Fees(100, 2)


def test_base_fee_above_the_cap_is_refused() -> None:
    policy = GasPolicy(max_fee_per_gas=100, priority_fee=2)
    assert policy.fees(100) == Fees(100, 0)
    with pytest.raises(FeeTooHigh):
        policy.fees(101)


def test_the_tip_gives_way_before_the_cap_does() -> None:
    policy = GasPolicy(max_fee_per_gas=100, priority_fee=2)
    assert policy.fees(98) == Fees(100, 2)
    assert policy.fees(99) == Fees(100, 1)


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_replacement_raises_both_prices_by_an_eighth_or_is_not_made(fee: int, tip: int, base: int) -> None:
    policy = GasPolicy(max_fee_per_gas=10**12, priority_fee=0)
    old = Fees(max(fee, tip), tip)
    new = policy.bumped(old, base)
    if new is None:
        assert old.max_fee * 1125 > 1000 * (10**12 - 1)
    else:
        assert old.max_fee < new.max_fee <= 10**12
        assert new.max_fee * 1000 >= old.max_fee * 1125
        assert new.priority_fee * 1000 >= old.priority_fee * 1125
        assert new.priority_fee > old.priority_fee


@pytest.mark.parametrize(
    "wrong",
    [{"bump": 1.1}, {"wait": 0}, {"gas_margin": 0.9}, {"max_replacements": -1}, {"priority_fee": 10**18}],
)
def test_policy_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    GasPolicy()
    with pytest.raises(RangeError):
        GasPolicy(**wrong)  # type: ignore[arg-type]
