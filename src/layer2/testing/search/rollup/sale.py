"""An honest buyer of a withdrawal against its seller, who is the sequencer too, and freezes the rollup when it can.

The seller has 2 inside; the first entry takes 1 of it out: the withdrawal that it sells. It escapes with all of it if
the rollup freezes before that entry is final. Promises: a buyer that has paid is paid; no more than 2 are taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from layer2.testing.search.engine import Act, Game
from layer2.testing.search.rollup.assertion_rule import (
    FINAL,
    FREE,
    OPEN,
    SOUND,
    Chain,
    Periods,
    Rule,
    begin,
    enqueue,
    finalize,
    freezable_from,
    freeze,
    pay,
    post,
    propose,
)

__all__ = ["Buying", "Sale", "SaleGame"]

_OUT = "withdrawal"


class Sale(NamedTuple):
    """The chain, whether the withdrawal is the buyer's, and what either was paid."""

    chain: Chain = Chain()
    sold: bool = False
    seller: int = 0
    buyer: int = 0


@dataclass(frozen=True)
class Buying:
    """What the buyer asks before it pays (`safe_to_buy`); each can be left out."""

    asks_freeze: bool = True
    asks_queue: bool = True
    asks_now: bool = True


@dataclass(frozen=True)
class SaleGame:
    """`refuses_paid`: the contract gives away no withdrawal that is paid, or can never be.

    `begins`: the last step in which entries and items come; `last`: when it ends.
    """

    periods: Periods
    last: int = 11
    begins: int = 1
    rule: Rule = SOUND
    buying: Buying = field(default_factory=Buying)
    refuses_paid: bool = True

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, sale: Sale) -> Iterator[tuple[str, Sale | None]]:
        """All that the seller can do."""
        chain, rule, periods = sale.chain, self.rule, self.periods
        if len(chain.posted) < 2 and chain.time <= self.begins:
            yield "post and consume", self.on(sale, post(chain, periods, takes=True))
            yield "post and leave the queue", self.on(sale, post(chain, periods, takes=False))
        if chain.time <= self.begins:
            yield "queue an item", self.on(sale, enqueue(chain))
        if chain.time <= self.periods.freeze_after and len(chain.claims) < 3:
            for parent in range(len(chain.claims)):
                for end in range(chain.claims[parent].end + 1, len(chain.posted) + 1):
                    made = propose(chain, rule, parent, end, True, "seller")
                    yield f"claim the truth to {end} on {parent}", self.on(sale, made)
        for place, one in enumerate(chain.claims):
            if one.status == OPEN:
                yield f"make {place} final", self.on(sale, finalize(chain, rule, periods, place))
        yield "freeze", self.on(sale, freeze(chain, rule, periods))
        yield "claim the withdrawal", self.claim(sale)
        if chain.frozen:
            amount = 1 if chain.claims[chain.last].end else 2
            paid = None if self.wrong(sale) else pay(chain, rule, "escape")
            yield (
                f"escape with {amount}",
                None if paid is None else sale._replace(chain=paid, seller=sale.seller + amount),
            )

    @staticmethod
    def on(sale: Sale, chain: Chain | None) -> Sale | None:
        """The sale on another chain."""
        return None if chain is None else sale._replace(chain=chain)

    def claim(self, sale: Sale) -> Sale | None:
        """Anybody has the withdrawal paid, to its owner, under a final claim that covers it."""
        if not any(one.status == FINAL and one.end for one in sale.chain.claims):
            return None
        paid = pay(sale.chain, self.rule, _OUT)
        if paid is None or self.wrong(sale):
            return None
        if sale.sold:
            return sale._replace(chain=paid, buyer=sale.buyer + 1)
        return sale._replace(chain=paid, seller=sale.seller + 1)

    # ------------------------------------------------------------------------------------------------ The honest side

    def answer(self, saw: Sale) -> Iterable[Sequence[Act[Sale]]]:
        """Buy when it is safe; then make the claim final as soon as that is possible, and have it paid."""
        acts: list[Act[Sale]] = []
        for place, one in enumerate(saw.chain.claims):
            if one.end and not saw.sold and self.safe(saw.chain, place):
                acts.append(Act(f"buy under {place}", self.of(place, self.buy)))
        if saw.sold:
            for place, one in enumerate(saw.chain.claims):
                if one.status == OPEN:
                    acts.append(Act(f"finalize {place}", self.of(place, self.finish)))
            acts.append(Act("claim", self.claim))
        return [acts]

    @staticmethod
    def of(place: int, do: Callable[[Sale, int], Sale | None]) -> Callable[[Sale], Sale | None]:
        """An act about one claim."""
        return lambda sale: do(sale, place)

    def safe(self, chain: Chain, place: int) -> bool:
        """What `safe_to_buy` says: final, or final before anybody can freeze."""
        one = chain.claims[place]
        if one.status == FINAL:
            return _OUT not in chain.paid and chain.time < self.last - 1
        if one.status != OPEN or chain.frozen:
            return False
        final_at, at = chain.time if self.buying.asks_now else 0, place
        while chain.claims[at].status != FINAL:
            final_at = max(final_at, chain.claims[at].created + self.periods.window + 1)
            at = chain.claims[at].parent
        seen = chain if self.buying.asks_queue else chain._replace(waits=FREE)
        freezable = freezable_from(seen, self.rule, self.periods)
        soonest = chain.time + self.periods.freeze_after + 1
        if final_at >= self.last - 1:
            return False
        return not self.buying.asks_freeze or final_at < (soonest if freezable == FREE else min(soonest, freezable))

    def buy(self, sale: Sale, place: int) -> Sale | None:
        """The withdrawal is given away and paid for, both or neither."""
        chain = sale.chain
        hopeful = chain.claims[place].status == FINAL or (chain.claims[place].status == OPEN and not chain.frozen)
        if sale.sold or (self.refuses_paid and (_OUT in chain.paid or not hopeful)):
            return None
        return sale._replace(sold=True)

    def finish(self, sale: Sale, place: int) -> Sale | None:
        """Make a claim final."""
        return self.on(sale, finalize(sale.chain, self.rule, self.periods, place))

    # ------------------------------------------------------------------------------------------------------- promises

    @staticmethod
    def passes(sale: Sale) -> Sale:
        """Time passes."""
        return sale._replace(chain=begin(sale.chain))

    def over(self, sale: Sale) -> bool:
        """Whether time is up."""
        return sale.chain.time >= self.last

    def wrong(self, sale: Sale) -> str:
        """The promises."""
        if sale.seller + sale.buyer > 2:
            return f"{sale.seller + sale.buyer} of 2 are paid"
        if sale.sold and not sale.buyer and (self.over(sale) or _OUT in sale.chain.paid):
            return "the buyer has paid and is not paid"
        return ""

    def game(self, name: str, control: str = "") -> Game[Sale]:
        """As a game of the engine."""
        return Game(name, Sale(), self.attack, self.answer, self.passes, self.over, self.wrong, self.last + 1, control)
