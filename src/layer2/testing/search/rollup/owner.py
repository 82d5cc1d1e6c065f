"""An honest owner, alone: it forces a withdrawal, carries it in, proposes, claims; or freezes and escapes.

Everybody else posts without it, floods the queue, claims short truths, freezes when it can, has things paid, in any
order. Promises: the owner is paid by a stated step, and nothing is paid twice.
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
    """The chain, whether the forced withdrawal waits, the entry that took it in, and how often each was paid."""

    chain: Chain = Chain()
    waits: bool = False
    entry: int = 0
    owner: int = 0
    other: int = 0


@dataclass(frozen=True)
class Owning:
    """What the owner does by itself; each can be left out. `wakes`: the first step in which it does anything."""

    includes: bool = True
    proposes: bool = True
    wakes: int = 0


@dataclass(frozen=True)
class OwnerGame:
    """`last`: the step by which the owner must be paid."""

    periods: Periods
    last: int = 9
    rule: Rule = SOUND
    owning: Owning = field(default_factory=Owning)

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, one: Owner) -> Iterator[tuple[str, Owner | None]]:
        """All that everybody else can do."""
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
        """The same on another chain."""
        return None if chain is None else one._replace(chain=chain)

    @staticmethod
    def posted(one: Owner, chain: Chain | None, *, takes: bool) -> Owner | None:
        """After an entry was posted, which takes the forced withdrawal in if it takes the queue."""
        if chain is None:
            return None
        if takes and one.waits:
            return one._replace(chain=chain, waits=False, entry=len(chain.posted))
        return one._replace(chain=chain)

    def claim(self, one: Owner) -> Owner | None:
        """The owner's withdrawal is paid under a final claim that covers it."""
        if not one.entry or not any(row.status == FINAL and row.end >= one.entry for row in one.chain.claims):
            return None
        paid = pay(one.chain, self.rule, "withdrawal")
        return None if paid is None or one.owner > 1 else one._replace(chain=paid, owner=one.owner + 1)

    def claim_other(self, one: Owner) -> Owner | None:
        """Somebody else's withdrawal in the first entry is paid."""
        if not any(row.status == FINAL and row.end for row in one.chain.claims):
            return None
        paid = pay(one.chain, self.rule, "another withdrawal")
        return None if paid is None or one.other > 1 else one._replace(chain=paid, other=one.other + 1)

    def escape(self, one: Owner) -> Owner | None:
        """The owner's balance under the last final state is paid: nothing if the withdrawal is in it."""
        if not one.chain.frozen:
            return None
        paid = pay(one.chain, self.rule, "escape")
        gone = one.entry and one.chain.claims[one.chain.last].end >= one.entry
        return None if paid is None or one.owner > 1 else one._replace(chain=paid, owner=one.owner + (0 if gone else 1))

    # ------------------------------------------------------------------------------------------------ The honest side

    def answer(self, saw: Owner) -> Iterable[Sequence[Act[Owner]]]:
        """What the owner does in this step, by itself."""
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
        """Make a claim final."""
        return lambda one: self.on(one, finalize(one.chain, self.rule, self.periods, place))

    @staticmethod
    def force(one: Owner) -> Owner | None:
        """Queue the withdrawal."""
        chain = enqueue(one.chain)
        return None if chain is None else one._replace(chain=chain, waits=True)

    # ------------------------------------------------------------------------------------------------------- promises

    @staticmethod
    def passes(one: Owner) -> Owner:
        """Time passes."""
        return one._replace(chain=begin(one.chain))

    def over(self, one: Owner) -> bool:
        """Whether time is up."""
        return one.chain.time >= self.last

    def wrong(self, one: Owner) -> str:
        """The promises."""
        if one.owner > 1 or one.other > 1:
            return "something was paid twice"
        if self.over(one) and not one.owner:
            return f"the owner is not paid by step {self.last}"
        return ""

    def game(self, name: str, control: str = "") -> Game[Owner]:
        """As a game of the engine."""
        return Game(name, Owner(), self.attack, self.answer, self.passes, self.over, self.wrong, self.last + 1, control)
