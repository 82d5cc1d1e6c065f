"""When a challenge is worth its gas."""

from __future__ import annotations

import pytest

from layer2.channels.party.policy import ChallengePolicy
from layer2.ethereum.fees import GasPolicy
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import RangeError

GWEI = 10**9
TOKEN = to_address("0x" + "11" * 20)
POLICY = ChallengePolicy(calm_fee=50 * GWEI, cap=500 * GWEI, tip=GWEI, tip_cap=20 * GWEI)


def decide(stake: int, base_fee: int, left: int, *, token: str = ZERO_ADDRESS, policy: ChallengePolicy = POLICY):
    return policy.decide(
        token=token, stake=stake, gas=60_000, base_fee=base_fee, now=1_000_000, deadline=1_000_000 + left
    )


def test_an_answer_that_saves_more_than_it_costs_is_sent_now() -> None:
    decision = decide(10**18, 10 * GWEI, 86400)
    assert decision.act
    assert decision.max_fee == 50 * GWEI
    assert decision.priority_fee == GWEI


def test_an_answer_that_costs_more_than_it_saves_is_not_sent() -> None:
    decision = decide(60_000 * GWEI, 10 * GWEI, 86400)
    assert not decision.act
    assert "costs more" in decision.reason


def test_nothing_at_stake_is_not_answered() -> None:
    assert not decide(0, GWEI, 86400).act


def test_a_passed_deadline_is_not_answered_but_the_last_second_is() -> None:
    assert not decide(10**18, GWEI, -1).act
    assert decide(10**18, GWEI, 0).act


def test_a_dear_hour_is_waited_out_while_there_is_time_and_paid_when_there_is_none() -> None:
    assert not decide(10**18, 100 * GWEI, 86400).act
    urgent = decide(10**18, 100 * GWEI, 60)
    assert urgent.act


def test_at_the_deadline_a_large_stake_is_worth_more_than_the_cap_and_a_small_one_less() -> None:
    """A base fee of 2,000 gwei in the last hour: an answer at 60,000 gas costs 0.12 ether."""
    large = decide(10**18, 2_000 * GWEI, 60)
    assert large.act
    assert large.max_fee == 10**18 // 60_000
    half = decide(10**18, 2_000 * GWEI, 60, policy=ChallengePolicy(share_percent=50))
    assert half.max_fee == 10**18 // 2 // 60_000
    assert not decide(10**17, 2_000 * GWEI, 60).act
    assert not decide(10**18, 2_000 * GWEI, 3601).act


def test_an_answer_is_replaced_until_its_cap_is_reached() -> None:
    policy = decide(10**18, 10 * GWEI, 60).gas_policy(GasPolicy(max_replacements=1))
    fees, count = policy.fees(10 * GWEI), 0
    while (higher := policy.bumped(fees, 10 * GWEI)) is not None:
        fees, count = higher, count + 1
    assert count < policy.max_replacements
    assert fees.max_fee * 1.125 > policy.max_fee_per_gas


def test_the_offer_rises_as_the_deadline_nears_and_never_passes_the_cap() -> None:
    offers = [POLICY.offer(left)[0] for left in (86400, 6 * 3600, 4 * 3600, 2 * 3600, 3600, 0)]
    assert offers == sorted(offers)
    assert offers[0] == 50 * GWEI
    assert offers[-1] == 500 * GWEI
    assert len(set(offers)) >= 4


def test_the_fee_is_capped_by_the_value_at_stake() -> None:
    decision = decide(60_000 * 30 * GWEI, 10 * GWEI, 0)
    assert decision.act
    assert decision.max_fee == 30 * GWEI


def test_a_token_without_a_price_is_defended_and_one_with_a_price_is_weighed() -> None:
    assert decide(1, GWEI, 86400, token=TOKEN).act
    priced = ChallengePolicy(prices={TOKEN: 10**18})
    assert not decide(1, GWEI, 86400, token=TOKEN, policy=priced).act
    assert decide(10**18, GWEI, 86400, token=TOKEN, policy=priced).act


def test_the_decision_becomes_the_senders_prices() -> None:
    policy = decide(10**18, 10 * GWEI, 86400).gas_policy(GasPolicy())
    assert policy.max_fee_per_gas == 50 * GWEI
    assert policy.priority_fee == GWEI


@pytest.mark.parametrize(
    "wrong",
    [
        {"share_percent": 0},
        {"share_percent": 101},
        {"calm_fee": 0},
        {"tip": 9, "tip_cap": 8},
        {"urgent_at": 10**6},
    ],
)
def test_a_policy_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(RangeError):
        ChallengePolicy(**wrong)
