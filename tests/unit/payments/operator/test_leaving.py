"""Which outputs leave, and since when: one note after the other, and back again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from layer2.plasma.payments.chain.events import (
    ExitEnded,
    ExitPaid,
    ExitStarted,
    InFlightExitProcessed,
    InFlightExitStarted,
    PiggybackBlocked,
    Piggybacked,
)
from layer2.plasma.payments.utxo.exiting_outputs import ExitingOutputs, Exits
from layer2.plasma.protocol.packed import read
from layer2.plasma.protocol.positions import deposit_position, encode_position
from layer2.plasma.protocol.transaction import output_id, payment

from .conftest import PAYEE, PAYER

INPUT, OTHER = deposit_position(1), deposit_position(2)
INPUT_ID, OTHER_ID = b"\1" * 32, b"\2" * 32
ONE = payment([INPUT, OTHER], [(PAYEE.address, 0, 5), (PAYER.address, 0, 6)], 9)
GAME = b"\3" * 32
PLACES = [encode_position(4, 0, at) for at in range(2)]
BEGUN = InFlightExitStarted(GAME, ONE.packed, (INPUT_ID, OTHER_ID))
OUTPUTS, INPUTS = 0xF0, 0x0F
ALL = [INPUT, OTHER, *PLACES]


def included(*notes: Exits) -> ExitingOutputs:
    """Its transaction stands in block 4; each happening comes in a block of its own, from 10 on."""
    one = ExitingOutputs(lambda hashed, first, last: (4, 0) if hashed == ONE.hash else None)
    for block, note in enumerate(notes, 10):
        list(one.note(note, block))
    return one


def since(*notes: Exits) -> list[int | None]:
    one = included(*notes)
    return [one.since(position) for position in ALL]


def test_inputs_leave_from_the_beginning_and_outputs_when_their_owner_joins() -> None:
    assert since(BEGUN) == [10, 10, None, None]
    assert since(BEGUN, Piggybacked(GAME, 0b10_0001)) == [10, 10, None, 11]
    assert since(BEGUN, Piggybacked(GAME, 0b10_0000), PiggybackBlocked(GAME, 0b10_0000)) == [10, 10, None, None]
    assert since(BEGUN, Piggybacked(GAME, 0b01), PiggybackBlocked(GAME, 0b01)) == [10, 10, None, None]


def test_what_is_settled_and_not_covered_yet_goes_on_leaving() -> None:
    joined = (BEGUN, Piggybacked(GAME, 0b01_0001))
    assert since(*joined, InFlightExitProcessed(GAME, OUTPUTS)) == [None, None, 11, None]
    assert since(*joined, InFlightExitProcessed(GAME, INPUTS)) == [10, None, None, None]
    assert since(*joined, InFlightExitProcessed(GAME)) == [None, None, None, None]
    blocked = PiggybackBlocked(GAME, 0b01_0000)
    assert since(*joined, InFlightExitProcessed(GAME, OUTPUTS), blocked) == [None, None, None, None]


def test_what_leaves_in_two_ways_leaves_since_the_first_and_until_the_last() -> None:
    exit_ = ExitStarted(INPUT_ID, INPUT)
    assert since(exit_, BEGUN) == [10, 11, None, None]
    assert since(exit_, BEGUN, ExitEnded(INPUT_ID)) == [11, 11, None, None]
    assert since(exit_, BEGUN, InFlightExitProcessed(GAME, OUTPUTS)) == [10, None, None, None]
    assert since(exit_, ExitEnded(INPUT_ID), exit_) == [12, None, None, None]


def test_an_exit_of_what_nobody_knows_of_means_nothing() -> None:
    one = included(Piggybacked(GAME, 1), InFlightExitProcessed(GAME), ExitEnded(INPUT_ID))
    assert [one.state(position) for position in ALL] == [(False, False)] * 4


def standing_at(place: tuple[int, int] | None) -> ExitingOutputs:
    """Its first output has joined; the block 4 in which it stood is none, and is made anew, with it there or not."""
    one = included(BEGUN, Piggybacked(GAME, 0b1_0000))
    assert one.since(PLACES[0]) == 11
    one.undone(4)
    made, hashes = read(ONE.packed), [bytes(32), bytes(32)]
    assert made is not None
    if place is not None:
        hashes[place[1]] = ONE.hash
    marked = set(one.included(4, [made, made], lambda: hashes))
    assert marked == ({encode_position(*place, at) for at in range(2)} if place else set())
    return one


def test_what_another_block_of_that_number_makes_does_not_leave() -> None:
    gone = standing_at(None)
    assert [gone.since(position) for position in ALL] == [10, 10, None, None]
    # What the game says later is not said of what stands there now.
    assert set(gone.note(PiggybackBlocked(GAME, 0b1_0000), 20)) == set()
    moved = standing_at((4, 1))
    assert (moved.since(PLACES[0]), moved.since(encode_position(4, 1, 0))) == (None, 11)
    assert set(moved.note(PiggybackBlocked(GAME, 0b1_0000), 20)) == {encode_position(4, 1, 0)}


def test_what_stands_at_the_same_place_again_leaves_as_before() -> None:
    same = standing_at((4, 0))
    assert [same.since(position) for position in ALL] == [10, 10, 11, None]


notes = st.one_of(
    st.sampled_from(
        [BEGUN, InFlightExitProcessed(GAME), InFlightExitProcessed(GAME, OUTPUTS), InFlightExitProcessed(GAME, INPUTS)]
    ),
    st.builds(Piggybacked, st.just(GAME), st.integers(1, 63)),
    st.builds(PiggybackBlocked, st.just(GAME), st.sampled_from([1, 2, 16, 32])),
    st.sampled_from([ExitStarted(INPUT_ID, INPUT), ExitEnded(INPUT_ID), ExitPaid(INPUT_ID)]),
    st.just(ExitStarted(output_id(ONE.hash, 0), PLACES[0])),
)


@given(before=st.lists(notes, max_size=6), after=st.lists(notes, max_size=6))
def test_what_is_taken_back_was_never_noted(before: list[Exits], after: list[Exits]) -> None:
    # Nothing is paid that did not begin.
    one = included(BEGUN, *before)
    known = [(one.state(position), one.since(position)) for position in ALL]
    for block, note in enumerate(after, 30):
        list(one.note(note, block))
    for block, note in reversed(list(enumerate(after, 30))):
        list(one.note(note, block, -1))
    assert [(one.state(position), one.since(position)) for position in ALL] == known
