"""Games of the rollup: proposer and challenger, the buyer of a withdrawal, and an owner without help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from layer2.testing.search.engine import Game
from layer2.testing.search.rollup.assertion_rule import SOUND, Periods
from layer2.testing.search.rollup.owner import OwnerGame, Owning
from layer2.testing.search.rollup.proposer import Node, ProposerGame
from layer2.testing.search.rollup.sale import Buying, SaleGame

__all__ = ["games"]

SHORT = Periods(window=2, freeze_after=6, reveal=1, delay=1)
LONG = Periods(window=3, freeze_after=8, reveal=1, delay=2)
PATIENT = replace(SHORT, freeze_after=10)
HASTY = replace(SHORT, freeze_after=3)

PROPOSER = ProposerGame(SHORT, claims=2)
SALE = SaleGame(SHORT)
OWNER = OwnerGame(PATIENT, last=9)
SLEEPER = OwnerGame(HASTY, last=11, owning=Owning(wakes=4))

_PROPOSER = "a proposer and a challenger against liars"
_SALE = "the buyer of a withdrawal against its seller"
_OWNER = "an owner against a sequencer that leaves it out"
_SLEEPER = "an owner that wakes when the rollup can be frozen"


def games(bound: str) -> Iterable[Game[Any]]:
    """Yield the games of a bound: first those that must hold, then the controls that must fail."""
    yield PROPOSER.game(_PROPOSER)
    yield SALE.game(_SALE)
    yield OWNER.game(_OWNER)
    yield SLEEPER.game(_SLEEPER)
    if bound == "large":
        yield ProposerGame(LONG, claims=2, last=11).game(f"{_PROPOSER}, a longer window")
        yield ProposerGame(SHORT, claims=3).game(f"{_PROPOSER}, three claims")
        yield SaleGame(LONG, last=14, begins=2).game(f"{_SALE}, longer periods")
        yield SaleGame(SHORT, last=12, begins=2).game(f"{_SALE}, later entries")
        yield replace(SLEEPER, periods=SHORT, last=16, owning=Owning(wakes=7)).game(f"{_SLEEPER}, later")
        yield OwnerGame(replace(LONG, freeze_after=13), last=12).game(f"{_OWNER}, longer periods")
    yield from _of_proposers()
    yield from _of_sales()
    yield from _of_owners()


def _of_proposers() -> Iterable[Game[Any]]:
    for control, rule in (
        ("judges whose bytes are bound", replace(SOUND, binds=False)),
        ("final parents", replace(SOUND, parents=False)),
        ("the window", replace(SOUND, waits=False)),
        ("the last final claim being that which covers most", replace(SOUND, newest=False)),
        ("old branches that become final", replace(SOUND, stays=False)),
    ):
        yield replace(PROPOSER, rule=rule).game(_PROPOSER, control)
    # Data from before the last final assertion is lost some day, so no wrong assertion may start there then.
    yield replace(PROPOSER, rule=replace(SOUND, prefix=False), sees_old=False).game(_PROPOSER, "the prefix rule")
    for control, node in (
        ("announcing long before the window ends", Node(late=1)),
        ("showing what was announced before a restart", Node(remembers=False)),
        ("judging what goes on from before the last final claim", Node(judges_old=False)),
        ("going past a claim that it cannot handle", Node(goes_on=False)),
    ):
        yield replace(PROPOSER, node=node).game(_PROPOSER, control)


def _of_sales() -> Iterable[Game[Any]]:
    for control, buying in (
        ("asking when the rollup can be frozen", Buying(asks_freeze=False)),
        ("asking about the queue", Buying(asks_queue=False)),
        ("counting from now on", Buying(asks_now=False)),
    ):
        yield replace(SALE, buying=buying).game(_SALE, control)
    yield replace(SALE, refuses_paid=False).game(_SALE, "refusing to give away what is paid")
    yield replace(SALE, rule=replace(SOUND, keeps=False)).game(_SALE, "bits that stay when others are set")


def _of_owners() -> Iterable[Game[Any]]:
    yield replace(OWNER, owning=Owning(includes=False)).game(_OWNER, "carrying the overdue queue itself")
    yield replace(OWNER, owning=Owning(proposes=False)).game(_OWNER, "proposing itself")
    yield replace(OWNER, rule=replace(SOUND, keeps=False)).game(_OWNER, "bits that stay when others are set")
    yield replace(SLEEPER, rule=replace(SOUND, ends=False)).game(_SLEEPER, "an end of finality when it is frozen")
