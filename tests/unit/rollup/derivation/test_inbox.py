"""The inbox as read from events: after any reverting all is as if the reverted events had never been there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from layer2.ethereum.contract import Event
from layer2.ethereum.records import Log
from layer2.rollup.derivation.inbox import InboxLog
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.state.commitments import Status

OWNER = "0x" + "11" * 20


def event(name: str, block: int = 1, **args: Any) -> Event:
    return Event(name, args, 0, Log(OWNER, (), b"", block, bytes(32), bytes(32), 0, 0))  # type: ignore[arg-type]


def posted(block: int) -> Event:
    return event("Posted", block, item=(bytes(32), 0, bytes(32), 1, 1, 0, bytes(28), 0))


NUMBERS = st.integers(0, 2)
EVENTS = st.one_of(
    st.tuples(st.sampled_from(["Finalized", "Invalidated", "Released"]), NUMBERS).map(
        lambda one: event(one[0], id=bytes([one[1]]))
    ),
    st.tuples(NUMBERS, NUMBERS).map(lambda one: event("Committed", one[0], commitment=bytes([one[1]]))),
    st.tuples(NUMBERS, NUMBERS).map(lambda one: event("RootsGiven", id=bytes([one[0]]), roots=bytes([one[1]]))),
    NUMBERS.map(lambda one: event("Claimed", number=one)),
    NUMBERS.map(lambda one: event("Escaped", account=one)),
    NUMBERS.map(lambda one: event("Refunded", index=one)),
    NUMBERS.map(lambda one: event("ClaimTransferred", number=one, leaf=bytes(32), to=OWNER)),
    st.just(event("Frozen")),
    st.just(event("Unheard")),
)


def fresh() -> InboxLog:
    return InboxLog(cast(RollupContract, SimpleNamespace(contract=None)))


def state(one: InboxLog) -> tuple[Any, ...]:
    rows: tuple[dict[Any, Any], ...] = (one.status, one.announced, one.roots, one.claimed, one.transferred)
    return (*map(dict, rows), dict(one.escaped), dict(one.refunded), one.frozen)


@given(st.lists(EVENTS, max_size=20), st.lists(EVENTS, max_size=20))
def test_what_is_reverted_was_never_there(before: list[Event], after: list[Event]) -> None:
    one = fresh()
    for event in before:
        one.apply(event)
    kept = state(one)
    for event in after:
        one.apply(event)
    for _ in after:
        one.revert()
    assert state(one) == kept


def test_a_commitment_counts_from_its_first_block() -> None:
    one = fresh()
    one.apply(event("Committed", 3, commitment=b"x"))
    one.apply(event("Committed", 5, commitment=b"x"))
    assert one.announced == {b"x": 3}
    one.revert()
    assert one.announced == {b"x": 3}
    one.revert()
    assert one.announced == {}


def test_an_assertion_that_is_open_again_was_final() -> None:
    one = fresh()
    one.status[b"x"] = Status.OPEN
    one.times[7] = 1
    one.apply(event("Finalized", id=b"x"))
    assert one.status == {b"x": Status.FINAL}
    assert one.times == {7: 1}
    one.revert()
    assert one.status == {b"x": Status.OPEN}
    assert one.times == {}, "the block may have another time now"


def test_the_data_of_an_entry_are_reverted_with_their_event() -> None:
    one = fresh()
    one.apply(posted(4))
    one.apply(event("Frames", 4, data=b"frames"))
    one.apply(posted(5))
    one.apply(event("Blobs", 5, hashes=[bytes(32)]))
    assert [(row.block, row.data, row.hashes) for row in one.posted] == [(4, b"frames", ()), (5, None, (bytes(32),))]
    one.revert()
    assert [(row.block, row.hashes) for row in one.posted] == [(4, ()), (5, ())]
    one.revert()
    one.revert()
    assert [(row.block, row.data) for row in one.posted] == [(4, None)]
    one.revert()
    assert one.posted == []
