"""Payout order of a chain in distress: the games of `minted`, with controls in which a part is disabled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from layer2.plasma.payments.model import Reserve, exits, in_flight, reserve, settlement
from layer2.plasma.payments.model.evidence import Inputs, inputs_of
from layer2.plasma.payments.model.reserve import BLOCKS_PER_BUCKET, NEVER
from layer2.testing.search.engine import Game
from layer2.testing.search.payments.honest_exit import Leaving
from layer2.testing.search.payments.minted import MintTable, Powers
from layer2.testing.search.payments.world import Changes, Faults, World, put_back

__all__ = ["FAULTS", "ordered"]

_NEED = Reserve.need


def _amount_alone(self: Reserve, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
    return amount


def _whole_buckets(self: Reserve, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
    return _NEED(self, token, block // BLOCKS_PER_BUCKET * BLOCKS_PER_BUCKET, amount, newer)


def _older_too(self: Reserve, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
    return _NEED(self, token, 0, amount, newer)


def _own_left_out(self: Reserve, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
    return _NEED(self, token, block, amount, newer) - (amount if block // BLOCKS_PER_BUCKET in newer else 0)


def _sum_for_all(self: Reserve, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
    start, sum_ = self.tracked.get(token, (NEVER, 0))
    return _NEED(self, token, block, amount, newer) - (sum_ if block // BLOCKS_PER_BUCKET >= start else 0)


def _at_once(one: Any, made: int) -> int:
    time: int = one.env.time + one.state.config.exit_period
    return time


def _where_it_was(self: Reserve, block: int) -> int:
    return block


_RECOUNT = in_flight.recount


def _stays(*given: Any) -> Any:
    """Record changes of an in-flight exit's registration where it was started."""
    with put_back(((Reserve, "place", _where_it_was),)):
        return _RECOUNT(*given)


def _by_the_oldest(*given: Any) -> Inputs:
    found = inputs_of(*given)
    return found._replace(youngest=min(one.block for one in found.found))


def _needs(need: object) -> Changes:
    return ((Reserve, "need", need),)


FAULTS: Faults = {
    "what is older left covered": _needs(_amount_alone),
    "the older block of a bucket left covered": _needs(_whole_buckets),
    "older buckets that no list takes off": _needs(_older_too),
    "the own amount, where its bucket is listed": _needs(_own_left_out),
    "buckets that are listed once": tuple(
        (where, "require_sorted", lambda newer: None) for where in (exits, settlement, reserve)
    ),
    "a wait of 2W after the block": ((exits, "matures", _at_once), (in_flight, "matures", _at_once)),
    "the greatest of a game's inputs as its age": ((in_flight, "inputs_of", _by_the_oldest),),
    "a place behind what was paid": ((Reserve, "place", _where_it_was),),
    "games that move behind what was paid": ((in_flight, "recount", _stays), (settlement, "recount", _stays)),
    "a sum for what is older alone": _needs(_sum_for_all),
    "a sum that follows what begins": ((Reserve, "_track", lambda *given: None),),
}

_MINTS = "two owners leave in front of mints"
_JOINS = "two owners leave in front of a mint in flight"
_SUMS = "two owners leave by a sum in place of lists"
_LATE = "two owners claim after mints could be paid"
_KEPT = "two owners claim after mints could be paid, and a game waits for that"

PLAIN, FLYING, MANY = Powers(2, stops=True), Powers(3, flight=True), Powers(6, outputs=(0, 1, 3), moves=1)
YOUNG, KEPT = Powers(2, outputs=(1, 3, 4), flight=True), Powers(4, outputs=(2,), waits=True)
SOON, LATER, LAST, SHORT = Leaving(), Leaving(waits=3), Leaving(waits=6), Leaving(listed=1)
DELAYS = 4
"""Steps of delay: two started exits, one claim for another owner, and one move of the sum."""


class OrderedTable(MintTable):
    """Mint games with the faults of the controls."""

    faults: ClassVar[Faults] = FAULTS


def ordered(bound: str) -> Iterator[Game[World]]:
    """Yield the games of a bound, and one control for each part of the rule or program."""
    if bound == "large":
        late = Leaving((1, 3))
        yield OrderedTable("", Powers(4, stops=True, late=2), late).game(f"{_MINTS}, late", most=2)
        yield OrderedTable("", Powers(3, stops=True, late=1), Leaving((1, 2))).game(f"{_MINTS}, any number", most=None)
        yield OrderedTable("", Powers(4, flight=True, stops=True, late=1), late).game(f"{_JOINS}, late")
        yield OrderedTable("", Powers(2, flight=True, stops=True), SOON).game(f"{_JOINS}, any number", most=None)
        young = Powers(3, outputs=(1, 3, 4), flight=True, late=1)
        yield OrderedTable("", young, Leaving((1, 3), waits=4)).game(f"{_LATE}, twice", most=2)
        yield OrderedTable("", Powers(2, flight=True), LATER).game(f"{_LATE}, in flight")
        yield OrderedTable("", Powers(4, outputs=(0, 1, 2), waits=True), LAST).game(f"{_KEPT}, with all", most=1)
        many = Powers(8, outputs=(0, 1, 3), moves=3)
        yield OrderedTable("", many, SHORT, DELAYS + 2).game(f"{_SUMS}, moved thrice")
    else:
        yield OrderedTable("", PLAIN, SOON).game(_MINTS, most=None)
        yield OrderedTable("", FLYING, Leaving((1, 2))).game(_JOINS)
        yield OrderedTable("", PLAIN, LATER).game(_LATE)
        yield OrderedTable("", KEPT, LAST).game(_KEPT)
        yield OrderedTable("", MANY, SHORT, DELAYS).game(_SUMS)
    yield from _controls()


def _controls() -> Iterator[Game[World]]:
    played: dict[str, tuple[str, Powers, Leaving, int, int]] = {
        "a wait of 2W after the block": (_LATE, Powers(2, outputs=(1,)), Leaving((1, 2), waits=2), 0, 2),
        "the greatest of a game's inputs as its age": (_JOINS, FLYING, Leaving((1, 2)), 0, 1),
        "a place behind what was paid": (_LATE, PLAIN, LATER, 0, 1),
        "games that move behind what was paid": (_KEPT, KEPT, LAST, 0, 1),
        "a sum for what is older alone": (_LATE, Powers(2, outputs=(1, 3), moves=1), LATER, 0, 1),
        "a sum that follows what begins": (_SUMS, MANY, SHORT, DELAYS, 1),
    }
    for control in FAULTS:
        name, powers, leaving, slack, most = played.get(control, (_LATE, YOUNG, LATER, 0, 1))
        yield OrderedTable(control, powers, leaving, slack).game(name, control, most)
    for control, name, powers, leaving, slack in (
        ("lists that name what may begin", _MINTS, PLAIN, Leaving((1, 1), widens=False), 0),
        ("a sum in place of a list", _SUMS, MANY, Leaving((1, 1), listed=1, moves=False), DELAYS),
    ):
        yield OrderedTable("", powers, leaving, slack).game(name, control)
