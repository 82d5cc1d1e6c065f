"""An honest owner without help: it forces, includes, proposes and claims a withdrawal, or freezes and escapes.

All others post without it, flood the queue, propose valid assertions of low coverage, freeze when possible, and trigger
payments, in any order. Invariants: the owner is paid by a given step, and nothing is paid twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from layer2.testing.search.engine import Act, Game
from layer2.testing.search.rollup.assertion_rule import (
    FINAL,
    OPEN,
    SOUND,
    Chain,
    Periods,
    Rule,
    begin,
    consume,
    enqueue,
    finalize,
    freeze,
    pay,
    post,
    propose,
)

__all__ = ["Owner", "OwnerGame", "Owning"]


class Owner(NamedTuple):
    """The chain, the state of the forced withdrawal, the batch that includes it, and the number of payments to each."""

    chain: Chain = Chain()
    waits: bool = False
    entry: int = 0
    owner: int = 0
    other: int = 0


@dataclass(frozen=True)
class Owning:
    """Actions that the owner takes itself; each can be disabled. `wakes` is the first step in which it acts."""

    includes: bool = True
    proposes: bool = True
    wakes: int = 0


@dataclass(frozen=True)
class OwnerGame:
    """Game of an owner; `last` is the step by which it must be paid."""

    periods: Periods
    last: int = 9
    rule: Rule = SOUND
    owning: Owning = field(default_factory=Owning)

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, one: Owner) -> Iterator[tuple[str, Owner | None]]:
        """Yield all actions of others."""
        chain, rule, periods = one.chain, self.rule, self.periods
        if len(chain.posted) < 2 and chain.time <= self.owning.wakes + 3:
            yield "post and consume", self.posted(one, post(chain, periods, takes=True), takes=True)
            yield "post and leave the queue", self.posted(one, post(chain, periods, takes=False), takes=False)
        if chain.time <= 1:
            yield "queue an item", self.on(one, enqueue(chain))
        if sum(claim.by == "other" for claim in chain.claims) < 1:
            for parent in range(len(chain.claims)):
                for end in range(chain.claims[parent].end + 1, len(chain.posted) + 1):
                    made = propose(chain, rule, parent, end, True, "other")
                    yield f"claim the truth to {end} on {parent}", self.on(one, made)
        for place, claim in enumerate(chain.claims):
            if claim.status == OPEN:
                yield f"make {place} final", self.on(one, finalize(chain, rule, periods, place))
        yield "freeze", self.on(one, freeze(chain, rule, periods))
        yield "have the owner's withdrawal paid", self.claim(one)
        yield "have one's own withdrawal paid", self.claim_other(one)
        if chain.frozen:
            yield "have the owner escape", self.escape(one)

    @staticmethod
    def on(one: Owner, chain: Chain | None) -> Owner | None:
        """Return the state with another chain."""
        return None if chain is None else one._replace(chain=chain)

    @staticmethod
    def posted(one: Owner, chain: Chain | None, *, takes: bool) -> Owner | None:
        """Return the state after a batch, which includes the forced withdrawal if it consumes the queue."""
        if chain is None:
            return None
        if takes and one.waits:
            return one._replace(chain=chain, waits=False, entry=len(chain.posted))
        return one._replace(chain=chain)

    def claim(self, one: Owner) -> Owner | None:
        """Pay the owner's withdrawal under a final assertion that covers it."""
        if not one.entry or not any(row.status == FINAL and row.end >= one.entry for row in one.chain.claims):
            return None
        paid = pay(one.chain, self.rule, "withdrawal")
        return None if paid is None or one.owner > 1 else one._replace(chain=paid, owner=one.owner + 1)

    def claim_other(self, one: Owner) -> Owner | None:
        """Pay another account's withdrawal in the first batch."""
        if not any(row.status == FINAL and row.end for row in one.chain.claims):
            return None
        paid = pay(one.chain, self.rule, "another withdrawal")
        return None if paid is None or one.other > 1 else one._replace(chain=paid, other=one.other + 1)

    def escape(self, one: Owner) -> Owner | None:
        """Pay the owner's balance of the last final state, which is zero if that includes the withdrawal."""
        if not one.chain.frozen:
            return None
        paid = pay(one.chain, self.rule, "escape")
        gone = one.entry and one.chain.claims[one.chain.last].end >= one.entry
        return None if paid is None or one.owner > 1 else one._replace(chain=paid, owner=one.owner + (0 if gone else 1))

    # ------------------------------------------------------------------------------------------------ The honest side

    def answer(self, saw: Owner) -> Iterable[Sequence[Act[Owner]]]:
        """Return the owner's actions in this step."""
        chain, rule, periods = saw.chain, self.rule, self.periods
        if chain.time < self.owning.wakes:
            return [[]]
        acts: list[Act[Owner]] = []
        if not saw.waits and not saw.entry and not chain.frozen:
            acts.append(Act("force", self.force))
        if saw.waits and self.owning.includes:
            acts.append(Act("include", lambda one: self.posted(one, consume(one.chain, periods), takes=True)))
        for place, claim in enumerate(chain.claims):
            if claim.status == OPEN:
                acts.append(Act(f"finalize {place}", self.finishing(place)))
        tip = max(range(len(chain.claims)), key=lambda place: chain.claims[place].end)
        if chain.claims[tip].end < len(chain.posted) and self.owning.proposes:
            end = len(chain.posted)
            acts.append(Act("propose", lambda one: self.on(one, propose(one.chain, rule, tip, end, True, "owner"))))
        acts += [Act("claim", self.claim), Act("escape", self.escape)]
        return [acts]

    def finishing(self, place: int) -> Callable[[Owner], Owner | None]:
        """Return an act that finalises an assertion."""
        return lambda one: self.on(one, finalize(one.chain, self.rule, self.periods, place))

    @staticmethod
    def force(one: Owner) -> Owner | None:
        """Queue the withdrawal."""
        chain = enqueue(one.chain)
        return None if chain is None else one._replace(chain=chain, waits=True)

    # ----------------------------------------------------------------------------------------------------- invariants

    @staticmethod
    def passes(one: Owner) -> Owner:
        """Advance time."""
        return one._replace(chain=begin(one.chain))

    def over(self, one: Owner) -> bool:
        """Return True if the final step was reached."""
        return one.chain.time >= self.last

    def wrong(self, one: Owner) -> str:
        """Return the violated invariant, or ""."""
        if one.owner > 1 or one.other > 1:
            return "something was paid twice"
        if self.over(one) and not one.owner:
            return f"the owner is not paid by step {self.last}"
        return ""

    def game(self, name: str, control: str = "") -> Game[Owner]:
        """Return the game for the engine."""
        return Game(name, Owner(), self.attack, self.answer, self.passes, self.over, self.wrong, self.last + 1, control)
