"""An honest buyer of a withdrawal against its seller, who is also the sequencer and freezes the rollup when possible.

The seller has 2 units in the rollup, of which the first batch withdraws the 1 that it sells. It escapes with both if
the rollup is frozen before that batch is final. Invariants: a buyer that has paid is paid; at most 2 are paid out.
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
    """The chain, True if the withdrawal was sold, and the payments to both."""

    chain: Chain = Chain()
    sold: bool = False
    seller: int = 0
    buyer: int = 0


@dataclass(frozen=True)
class Buying:
    """Checks of the buyer before it pays (`safe_to_buy`); each can be disabled."""

    asks_freeze: bool = True
    asks_queue: bool = True
    asks_now: bool = True


@dataclass(frozen=True)
class SaleGame:
    """Game of a sale.

    `refuses_paid` means that the contract rejects transfers of a withdrawal that is paid or can never be paid. `begins`
    is the last step of new batches and items, `last` the final step.
    """

    periods: Periods
    last: int = 11
    begins: int = 1
    rule: Rule = SOUND
    buying: Buying = field(default_factory=Buying)
    refuses_paid: bool = True

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, sale: Sale) -> Iterator[tuple[str, Sale | None]]:
        """Yield all actions of the seller."""
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
        """Return the sale with another chain."""
        return None if chain is None else sale._replace(chain=chain)

    def claim(self, sale: Sale) -> Sale | None:
        """Pay the withdrawal to its owner under a final assertion that covers it, as anyone."""
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
        """Return the actions: buy if safe; then finalise the assertion as soon as possible and claim."""
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
        """Return an act about one assertion."""
        return lambda sale: do(sale, place)

    def safe(self, chain: Chain, place: int) -> bool:
        """Return the verdict of `safe_to_buy`: the assertion is or will be final before any freeze."""
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
        """Transfer the withdrawal and pay for it atomically."""
        chain = sale.chain
        hopeful = chain.claims[place].status == FINAL or (chain.claims[place].status == OPEN and not chain.frozen)
        if sale.sold or (self.refuses_paid and (_OUT in chain.paid or not hopeful)):
            return None
        return sale._replace(sold=True)

    def finish(self, sale: Sale, place: int) -> Sale | None:
        """Finalise an assertion."""
        return self.on(sale, finalize(sale.chain, self.rule, self.periods, place))

    # ----------------------------------------------------------------------------------------------------- invariants

    @staticmethod
    def passes(sale: Sale) -> Sale:
        """Advance time."""
        return sale._replace(chain=begin(sale.chain))

    def over(self, sale: Sale) -> bool:
        """Return True if the final step was reached."""
        return sale.chain.time >= self.last

    def wrong(self, sale: Sale) -> str:
        """Return the violated invariant, or ""."""
        if sale.seller + sale.buyer > 2:
            return f"{sale.seller + sale.buyer} of 2 are paid"
        if sale.sold and not sale.buyer and (self.over(sale) or _OUT in sale.chain.paid):
            return "the buyer has paid and is not paid"
        return ""

    def game(self, name: str, control: str = "") -> Game[Sale]:
        """Return the game for the engine."""
        return Game(name, Sale(), self.attack, self.answer, self.passes, self.over, self.wrong, self.last + 1, control)
