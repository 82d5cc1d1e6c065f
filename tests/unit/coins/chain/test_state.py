"""The coin chain's state: after any reverting all is as if the reverted events had never been there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.ethereum.contract import Event
from layer2.ethereum.event_stream import EventBatch
from layer2.ethereum.records import Log
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.primitives.errors import RangeError

OWNER, OTHER = "0x" + "11" * 20, "0x" + "22" * 20


def event(name: str, block: int = 1, **args: Any) -> Event:
    return Event(name, args, 0, Log(OWNER, (), b"", block, bytes(32), bytes(32), 0, 0))  # type: ignore[arg-type]


def made(coin: int, owner: str = OWNER, block: int = 1) -> Event:
    return event("CoinDeposited", block, coin=coin, owner=owner, kind=0, token=OTHER, value=1, birth=1)


def posted(number: int, block: int = 1) -> Event:
    return event("BlockSubmitted", block, number=number, root=bytes(32), time=7)


def challenged(coin: int, nonce: int) -> Event:
    return event("ChallengedBefore", coin=coin, number=0, nonce=nonce, challenge=(OTHER, 1, OWNER))


COINS = st.integers(0, 2)
EVENTS = st.one_of(
    st.tuples(COINS, st.sampled_from([OWNER, OTHER])).map(lambda one: made(*one)),
    st.integers(1, 3).map(posted),
    st.tuples(COINS, COINS).map(
        lambda one: event("ExitStarted", coin=one[0], number=one[1], owner=OWNER, exitableAt=9)
    ),
    st.tuples(COINS, COINS, st.sampled_from(["ExitRefuted", "ExitCancelled", "Claimed"])).map(
        lambda one: event(one[2], coin=one[0], number=one[1])
    ),
    st.tuples(COINS, COINS).map(lambda one: challenged(*one)),
    st.sampled_from([OWNER, OTHER]).map(lambda one: event("OperatorChanged", operator=one)),
    st.just(event("Unheard", anything=1)),
)


def fresh() -> CoinChainState:
    return CoinChainState(cast(CoinChain, SimpleNamespace(contract=None)))


def state(one: CoinChainState) -> tuple[Any, ...]:
    rows: tuple[dict[Any, Any], ...] = (one.headers, one.posted_in, one.records, one.made_at, one.exits, one.leaving)
    more: tuple[dict[Any, Any], ...] = (one.paid, one.doubts, one.revealed)
    deposits = [one.deposits_of(cast(Any, owner)) for owner in (OWNER, OTHER)]
    return (*map(dict, rows), *map(dict, more), one.operator, deposits)


def apply(one: CoinChainState, event: Event) -> None:
    if event.name == "BlockSubmitted" and event.args["number"] != one.next_block:
        with pytest.raises(RangeError):
            one.apply(event)
    else:
        one.apply(event)


@given(st.lists(EVENTS, max_size=20), st.lists(EVENTS, max_size=20))
def test_what_is_reverted_was_never_there(before: list[Event], after: list[Event]) -> None:
    one = fresh()
    for event in before:
        apply(one, event)
    kept = state(one)
    for event in after:
        apply(one, event)
    for _ in after:
        one.revert()
    assert state(one) == kept
    assert one.applied == len(before)


def test_running_exits_of_a_coin_are_those_that_did_not_end() -> None:
    one = fresh()
    for number in (0, 2):
        one.apply(event("ExitStarted", coin=1, number=number, owner=OWNER, exitableAt=9))
    one.apply(event("ExitCancelled", coin=1, number=2))
    assert (one.leaving, list(one.exits)) == ({1: {0}}, [(1, 0)])
    one.apply(event("Claimed", 5, coin=1, number=0))
    assert (one.leaving, one.exits, one.paid) == ({}, {}, {1: 5})


def test_a_challenge_that_is_said_again_counts_once() -> None:
    one = fresh()
    for nonce in (1, 1, 2):
        one.apply(challenged(1, nonce))
    assert [doubt.nonce for doubt in one.doubts[1, 0]] == [1, 2]
    one.revert()
    one.revert()
    assert [doubt.nonce for doubt in one.doubts[1, 0]] == [1]


def test_only_a_reorganisation_of_coin_blocks_is_counted_as_a_turn() -> None:
    one = fresh()
    one.take(EventBatch(new=[(1, posted(1)), (2, made(1))], head=2))
    one.take(EventBatch(removed=[(2, made(1))], head=2))
    assert one.turns == 0
    one.take(EventBatch(new=[(2, posted(1, 2))], removed=[(1, posted(1))], head=2))
    assert (one.turns, one.posted, one.posted_in) == (1, 1, {1: 2})
