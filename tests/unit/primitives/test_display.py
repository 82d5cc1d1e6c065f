from __future__ import annotations

from dataclasses import dataclass

import pytest

from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.contract_errors import ModelledRevert
from layer2.primitives.display import Readable, format_time, format_units, time_left

NOON = 1_796_126_400


@pytest.mark.parametrize(
    ("time", "text"),
    [(NOON, "2026-12-01 12:00:00 UTC"), (0, "0"), (100, "100"), (2**64, str(2**64)), (4_294_967_295, "4294967295")],
)
def test_a_time_is_a_clock_and_another_number_stays_one(time: int, text: str) -> None:
    assert format_time(time) == text


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (0, "in 0 s"),
        (119, "in 119 s"),
        (3_599, "in 59 min"),
        (7_200, "in 2 hours"),
        (604_800, "in 7 days"),
        (-61, "61 s ago"),
        (-3_600, "60 min ago"),
    ],
)
def test_the_distance_of_a_time_has_one_unit(distance: int, text: str) -> None:
    assert time_left(NOON + distance, NOON) == f"{format_time(NOON + distance)}, {text}"


def test_no_distance_to_a_number_that_is_no_time() -> None:
    assert time_left(0, NOON) == "0"


@pytest.mark.parametrize("token", [0, ZERO_ADDRESS])
def test_ether_is_shown_in_ether(token: int | str) -> None:
    assert format_units(15 * 10**17, token) == "1.5 ether"


def test_less_than_a_gwei_is_shown_in_wei() -> None:
    assert [format_units(amount, 0) for amount in (0, 101, 10**9)] == ["0 ether", "101 wei", "0.000000001 ether"]


@pytest.mark.parametrize("token", [3, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"])
def test_tokens_are_shown_in_their_smallest_units(token: int | str) -> None:
    assert format_units(1500, token) == f"1,500 units of token {token}"


@dataclass(frozen=True, slots=True, repr=False)
class Record(Readable):
    owner: bytes
    root: bytes
    token: int
    amount: int
    deadline: int
    coin: int = 255
    name: str = "x"


def test_a_record_shows_hex_units_and_clocks() -> None:
    owner = bytes(12) + bytes.fromhex("70997970C51812dc3A010C7d01b50e0d17dc79C8")
    assert repr(Record(owner, b"\xab" * 32, 0, 10**18, NOON)) == (
        "Record(owner=0x70997970C51812dc3A010C7d01b50e0d17dc79C8, root=0xabababab.., token=0, amount=1 ether, "
        "deadline=2026-12-01 12:00:00 UTC, coin=0xff, name='x')"
    )


def test_an_amount_of_an_unknown_token_has_no_unit() -> None:
    assert "amount=1,000," in repr(Record(b"", b"", 7, 1000, 0))


class NotOver(ModelledRevert):
    FIELDS = ("channelId", "timestamp", "deadline", "expiry")
    MEANING = "The window is still open"


def test_an_error_of_a_contract_shows_its_times_as_clocks_and_blocks_as_numbers() -> None:
    assert str(NotOver(b"\x01\x02", NOON, NOON + 3_599, 100)) == (
        "NotOver: The window is still open (channelId 0x0102, timestamp 2026-12-01 12:00:00 UTC, "
        "deadline 2026-12-01 12:59:59 UTC, in 59 min, expiry 100)"
    )
