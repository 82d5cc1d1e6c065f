"""The search engine: it looks at every play, tells the shortest broken one, and never calls a cut search complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from layer2.testing.search import Act, Game, SearchError, explore
from layer2.testing.search.runner import Line, problems


class Till(NamedTuple):
    """A till that somebody may empty, and that its keeper may lock."""

    time: int = 0
    money: int = 2
    locked: bool = False


def thief(till: Till) -> Iterator[tuple[str, Till | None]]:
    yield "take", None if till.locked or not till.money else till._replace(money=till.money - 1)


def lock(till: Till) -> Till | None:
    return None if till.locked else till._replace(locked=True)


def later(till: Till) -> Till:
    return till._replace(time=till.time + 1)


def ended(till: Till) -> bool:
    return till.time == 3


def game(**changes: Any) -> Game[Till]:
    """A keeper who locks before the thief comes, unless told otherwise."""
    settings: dict[str, Any] = {
        "name": "a keeper against a thief",
        "first": Till(locked=True),
        "attack": thief,
        "answer": lambda till: [[Act("lock", lock)]],
        "passes": later,
        "over": ended,
        "wrong": lambda till: "" if till.money == 2 else "money is gone",
        "limit": 3,
    }
    return Game(**(settings | changes))


def test_a_promise_that_holds_is_searched_to_the_end() -> None:
    outcome = explore(game())
    assert outcome.finding is None
    assert (outcome.states, outcome.depth) == (4, 3)


def test_an_act_of_the_adversary_before_the_honest_one_is_found() -> None:
    outcome = explore(game(first=Till()))
    assert outcome.finding is not None
    assert outcome.finding.why == "money is gone"
    assert outcome.finding.play == ("take", "[lock]", "time passes")


def test_what_a_later_act_alone_can_do_is_found() -> None:
    # The keeper opens the till for a moment and locks it again: the thief comes between the two acts.
    def unlock(till: Till) -> Till:
        return till._replace(locked=False)

    acts = [Act[Till]("unlock", unlock), Act[Till]("lock", lock)]
    outcome = explore(game(answer=lambda till: [acts]))
    assert outcome.finding is not None
    assert outcome.finding.play == ("[unlock]", "take", "[lock]", "time passes")


def test_every_order_of_two_honest_actors_is_tried() -> None:
    def unlock(till: Till) -> Till:
        return till._replace(locked=False)

    one, other = Act[Till]("unlock", unlock), Act[Till]("lock", lock)

    def open_at_the_end(till: Till) -> str:
        return "the till stays open" if not till.locked else ""

    harmless = game(attack=lambda till: [], answer=lambda till: [[one, other]], wrong=open_at_the_end)
    assert explore(harmless).finding is None
    both = game(attack=lambda till: [], answer=lambda till: [[one, other], [other, one]], wrong=open_at_the_end)
    assert explore(both).finding is not None


def test_how_often_the_adversary_acts_in_a_row_is_bounded_only_when_asked() -> None:
    def all_gone(till: Till) -> str:
        return "the till is empty" if not till.money else ""

    idle = {"first": Till(), "answer": lambda till: [[]], "wrong": all_gone, "over": lambda till: till.time == 1}
    assert explore(game(**idle, limit=1)).finding is not None
    assert explore(game(**idle, limit=1, most=1)).finding is None


def test_a_play_that_does_not_end_breaks_the_promise() -> None:
    outcome = explore(game(over=lambda till: False, limit=2))
    assert outcome.finding is not None
    assert outcome.finding.why == "it is not over after 2 steps"
    assert explore(game(limit=3)).finding is None


def test_nobody_acts_after_the_end() -> None:
    def take_at_the_end(till: Till) -> Iterator[tuple[str, Till | None]]:
        yield "take", till._replace(money=0) if ended(till) else None

    assert explore(game(attack=take_at_the_end)).finding is None


def test_a_search_beyond_its_bound_is_an_error_not_a_verdict() -> None:
    with pytest.raises(SearchError, match="more than 3 states"):
        explore(game(), most_states=3)
    assert explore(game(), most_states=4).states == 4


def test_an_honest_side_without_any_order_is_refused() -> None:
    with pytest.raises(SearchError, match="yields no order"):
        explore(game(answer=lambda till: []))


def test_a_run_is_wrong_when_a_promise_breaks_or_a_control_holds_or_is_missing() -> None:
    holds, falls = explore(game()), explore(game(first=Till()))
    fine = [Line("channels", "a", "", holds, 0.0), Line("channels", "a", "the lock", falls, 0.0)]
    assert problems(fine, ["channels"]) == []
    assert problems([Line("channels", "a", "", falls, 0.0), fine[1]], ["channels"]) == ["channels: a"]
    assert problems([fine[0], Line("channels", "a", "the lock", holds, 0.0)], ["channels"]) == ["channels: a"]
    assert len(problems(fine[:1], ["channels"])) == len(problems(fine[1:], ["channels"])) == 1
    assert len(problems(fine, ["channels", "rollup"])) == 1
