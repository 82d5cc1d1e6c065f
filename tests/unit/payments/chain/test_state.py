"""What the contract has said, taken and taken back: after any undoing all is as if it had never been said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.ethereum.contract import Event
from layer2.ethereum.event_stream import EventBatch
from layer2.ethereum.records import Log
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.protocol.transaction import payment
from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import RangeError

OWNER = "0x" + "11" * 20


def event(name: str, block: int = 1, **args: Any) -> Event:
    return Event(name, args, 0, Log(OWNER, (), b"", block, bytes(32), bytes(32), 0, 0))  # type: ignore[arg-type]


def started(one: int) -> Event:
    return event("ExitStarted", id=bytes([one]), owner=OWNER, position=one, token=0, amount=one, time=9, priority=one)


def game(one: int) -> Event:
    packed = payment([one + 1], [(OWNER, 0, 1)], 9).packed
    return event(
        "InFlightExitStarted", id=bytes([one]), starter=OWNER, data=packed, inputIds=[bytes(32)], signatures=[bytes(64)]
    )


EVENTS = st.one_of(
    st.integers(0, 3).map(started),
    st.integers(0, 3).map(lambda one: event("ExitPaid", id=bytes([one]))),
    st.integers(0, 3).map(lambda one: event("ExitChallenged", id=bytes([one]), spender=bytes(32), until=1)),
    st.integers(0, 3).map(game),
    st.integers(0, 3).map(lambda one: event("InFlightExitChallengeResponded", id=bytes([one]), place=1)),
    st.integers(0, 3).map(lambda one: event("InFlightExitDeleted", id=bytes([one]))),
    st.integers(1, 3).map(lambda one: event("BlockSubmitted", number=one, root=bytes(32), word=7 << 32 | one)),
    st.integers(1, 3).map(lambda one: event("Deposited", owner=OWNER, id=one, token=0, amount=one, time=1)),
    st.integers(0, 3).map(lambda one: event("DataChallenged", number=one, index=0, challenger=OWNER, until=one + 1)),
    st.integers(0, 3).map(lambda one: event("DataShown", number=one, index=0, data=b"x")),
    st.just(event("Frozen", number=1, index=0)),
    st.sampled_from([OWNER, "0x" + "22" * 20]).map(lambda one: event("OperatorChanged", operator=one)),
    st.just(event("Unheard", anything=1)),
)


def fresh(operator: str = "") -> RootChainState:
    return RootChainState(cast(RootChain, SimpleNamespace(contract=None)), operator=operator)


def state(view: RootChainState) -> tuple[Any, ...]:
    return tuple(
        dict(one)
        for one in (
            view.headers,
            view.deposits,
            view.exits,
            view.games,
            view.open_games,
            view.deposits_of(address_bytes(OWNER)),
            view.questions,
            view.shown,
            view.tokens,
            view.words,
        )
    )


def take(view: RootChainState, one: Event) -> None:
    """As a watcher does: a block out of turn is refused, and counts all the same."""
    if one.name == "BlockSubmitted" and one.args["number"] != view.posted + 1:
        with pytest.raises(RangeError):
            view.apply(one)
    else:
        view.apply(one)


@given(st.lists(EVENTS, max_size=20), st.lists(EVENTS, max_size=20))
def test_what_is_taken_back_was_never_said(before: list[Event], after: list[Event]) -> None:
    view = fresh(OWNER)
    for one in before:
        take(view, one)
    kept = state(view)
    for one in after:
        take(view, one)
    for _ in after:
        view.revert()
    assert state(view) == kept
    assert view.applied == len(before)


def test_what_is_forgotten_cannot_be_taken_back() -> None:
    view = fresh()
    view.apply(event("BlockSubmitted", 5, number=1, root=bytes(32), word=1))
    view.prune(5)
    view.revert()
    view.apply(event("BlockSubmitted", 5, number=1, root=bytes(32), word=1))
    view.prune(6)
    with pytest.raises(RangeError):
        view.revert()


def test_an_event_that_cannot_be_read_counts_once_and_changes_nothing() -> None:
    view = fresh()
    with pytest.raises(KeyError):
        view.apply(event("ExitStarted", id=b"x"))
    assert view.applied == 1
    view.skip(1)
    assert view.applied == 2
    view.revert()
    view.revert()
    assert state(view) == state(fresh())


def test_what_a_batch_says_is_applied_whole_though_one_event_contradicts_the_others() -> None:
    view = fresh()
    gap, more = event("BlockSubmitted", 3, number=2, root=bytes(32), word=1), started(1)
    with pytest.raises(RangeError):
        view.take(EventBatch(new=[(3, gap), (3, more)], head=3))
    assert (view.head, view.read, list(view.exits), view.posted) == (3, True, [b"\1"], 0)
    view.take(EventBatch(removed=[(3, more), (3, gap)], head=4))
    assert state(view) == state(fresh())


def test_a_batch_prunes_what_no_later_one_can_remove() -> None:
    view = fresh()
    view.take(EventBatch(new=[(1, started(1)), (2, event("Unheard", 2))], head=2, oldest=2))
    view.revert()
    with pytest.raises(RangeError):
        view.revert()


def test_what_is_elsewhere_is_reverted_with_its_event() -> None:
    view, pushed = fresh(), list[int]()
    for one in (1, 2):
        view.apply(started(one))
        pushed.append(one)
        view.on_revert(pushed.clear)
    view.prune(0)
    view.revert()
    assert (pushed, list(view.exits)) == ([], [b"\1"])


def test_a_deleted_in_flight_exit_is_remembered_but_not_open() -> None:
    view = fresh()
    view.apply(game(1))
    view.apply(event("InFlightExitDeleted", id=b"\1"))
    assert (list(view.games), list(view.open_games)) == ([b"\1"], [])
    view.revert()
    assert list(view.open_games) == [b"\1"]
