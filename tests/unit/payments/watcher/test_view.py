"""What the contract has said, taken and taken back: after any undoing all is as if it had never been said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.ethereum.contract import Event
from layer2.ethereum.records import Log
from layer2.plasma.payments.watcher.contract_view import View
from layer2.plasma.protocol.transaction import payment
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


def state(view: View) -> tuple[Any, ...]:
    return tuple(
        dict(one)
        for one in (
            view.headers,
            view.deposits,
            view.exits,
            view.games,
            view.questions,
            view.shown,
            view.tokens,
            view.words,
        )
    )


def take(view: View, one: Event) -> None:
    """As a watcher does: a block out of turn is refused, and counts all the same."""
    if one.name == "BlockSubmitted" and one.args["number"] != view.posted + 1:
        with pytest.raises(RangeError):
            view.take(one)
    else:
        view.take(one)


@given(st.lists(EVENTS, max_size=20), st.lists(EVENTS, max_size=20))
def test_what_is_taken_back_was_never_said(before: list[Event], after: list[Event]) -> None:
    view = View(OWNER)
    for one in before:
        take(view, one)
    kept = state(view)
    for one in after:
        take(view, one)
    for _ in after:
        view.undo()
    assert state(view) == kept
    assert view.taken == len(before)


def test_what_is_forgotten_cannot_be_taken_back() -> None:
    view = View()
    view.take(event("BlockSubmitted", 5, number=1, root=bytes(32), word=1))
    view.forget(5)
    view.undo()
    view.take(event("BlockSubmitted", 5, number=1, root=bytes(32), word=1))
    view.forget(6)
    with pytest.raises(RangeError):
        view.undo()


def test_an_event_that_cannot_be_read_counts_once_and_changes_nothing() -> None:
    view = View()
    before = view.taken
    with pytest.raises(KeyError):
        view.take(event("ExitStarted", id=b"x"))
    view.pad(1, before)
    assert view.taken == 1
    view.pad(1, view.taken)
    assert view.taken == 2
    view.undo()
    view.undo()
    assert state(view) == state(View())
