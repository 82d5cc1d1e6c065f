"""Games of a coin's holder and of withheld blocks, with controls in which a part of the rule or program is disabled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from layer2.plasma.coins.model import actions, exits, history
from layer2.plasma.coins.model.call import Call
from layer2.testing.search.coins.holder import HolderTable, Holding, Reach
from layer2.testing.search.coins.withheld import DarkTable, Looking
from layer2.testing.search.coins.world import CoinWorld
from layer2.testing.search.engine import Game
from layer2.testing.search.payments.world import Faults

__all__ = ["coins"]

_CLAIMED = exits._claimed


def _though_doubted(one: Call, due: actions.ExitClaim) -> bool:
    place = (due.coin, due.number)
    if place in one.state.exits:
        one.state.exits[place] = replace(one.state.exits[place], challenges=0)
    return _CLAIMED(one, due)


def _nothing(*given: Any) -> None:
    return None


FAULTS: Faults = {
    "doubts that stop a claim": ((exits, "_claimed", _though_doubted),),
    "time to answer": ((history, "_half", lambda one, waiting: waiting.exitable_at),),
    "the owner's signature under what refutes": ((exits, "require_signed", _nothing),),
    "the owner's signature under an answer": ((history, "require_signed", _nothing),),
    "the first of two spends": ((exits, "require_within", _nothing),),
    "the transfer that is spent shown with the exit": ((exits, "require_spends", _nothing),),
}

_HOLDER = "the holder of a coin against who had it"
_DARK = "a coin signed over into the dark"
REACH, HIDDEN = Reach(2, 0, 1), Reach(3, 1, 1)


class HolderGames(HolderTable):
    """Holder games with the faults of the controls."""

    faults = FAULTS


class DarkGames(DarkTable):
    """Games of withheld blocks with the faults of the controls."""

    faults = FAULTS


def coins(bound: str) -> Iterator[Game[CoinWorld]]:
    """Yield the games of a bound, and one control for each part of the rule or program."""
    if bound == "large":
        yield HolderGames("", Reach(2, 1, 2), Holding()).game(f"{_HOLDER}, two bonds", most=2)
        yield HolderGames("", Reach(2, 0, 2), Holding()).game(f"{_HOLDER}, any number", most=None)
        yield HolderGames("", Reach(3, 2, 1), Holding()).game(f"{_HOLDER}, three blocks")
        yield HolderGames("", Reach(2, 1, 2), Holding(), scheduler=2).game(f"{_HOLDER}, a longer history")
        yield DarkGames("", Reach(3, 2, 1), Looking(), 20).game(f"{_DARK}, or not")
        yield DarkGames("", HIDDEN, Looking(), 18, hidden=True).game(f"{_DARK}, twice", most=2)
    else:
        yield HolderGames("", REACH, Holding()).game(_HOLDER, most=None)
        yield HolderGames("", Reach(1, 0, 2), Holding()).game(f"{_HOLDER}, two bonds", most=2)
        yield DarkGames("", HIDDEN, Looking(), 15, hidden=True).game(_DARK)
    yield from _controls()


def _controls() -> Iterator[Game[CoinWorld]]:
    played = {
        "the owner's signature under what refutes": (Reach(1, 1, 1), Holding()),
        "the owner's signature under an answer": (Reach(2, 1, 1), Holding(leaves=9)),
        "the first of two spends": (Reach(0, 0, 0), Holding()),
        "the transfer that is spent shown with the exit": (Reach(0, 0, 0), Holding()),
    }
    for control in FAULTS:
        reach, holding = played.get(control, (Reach(2, 1, 1), Holding()))
        yield HolderGames(control, reach, holding).game(_HOLDER, control)
    for control, holding in (
        ("saying against exits what the wallet says", Holding(contradicts=False)),
        ("answers to doubts", Holding(answers=False)),
    ):
        yield HolderGames("", Reach(2, 1, 1), holding).game(_HOLDER, control)
    for control, looking in (
        ("a payer who looks", Looking(payer=False)),
        ("a payee who looks", Looking(payee=False)),
    ):
        yield DarkGames("", HIDDEN, looking, 15, hidden=True).game(_DARK, control)
    control = "time to answer"
    yield DarkGames(control, HIDDEN, Looking(), 15, hidden=True).game(_DARK, control)
