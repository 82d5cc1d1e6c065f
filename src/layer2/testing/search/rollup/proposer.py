"""An honest proposer and challenger against adversaries who propose, finalise, freeze and order anything.

Invariants: no wrong assertion becomes final; no assertion of the proposer is convicted; each of its assertions becomes
final, unless the rollup is frozen; and as long as it works nobody can freeze the rollup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from layer2.testing.search.engine import Act, Game
from layer2.testing.search.rollup.assertion_rule import (
    FINAL,
    INVALID,
    OPEN,
    RELEASED,
    SOUND,
    Chain,
    Periods,
    Rule,
    announce,
    begin,
    challenge,
    discard,
    finalize,
    freeze,
    post,
    propose,
    truth,
)

__all__ = ["Node", "ProposerGame"]


def _of(place: int, do: Callable[[Chain, int], Chain | None]) -> Callable[[Chain], Chain | None]:
    """Return an act about one assertion."""
    return lambda chain: do(chain, place)


@dataclass(frozen=True)
class Node:
    """Programs of the honest side; each part can be disabled.

    Attributes:
        late: Steps that the challenger waits before it commits to a proof.
        remembers: Committed proofs are revealed even after a restart of the challenger.
        judges_old: Assertions that start before the last final one are checked, too.
        goes_on: An assertion that cannot be handled does not stop the handling of others.
    """

    late: int = 0
    remembers: bool = True
    judges_old: bool = True
    goes_on: bool = True


@dataclass(frozen=True)
class ProposerGame:
    """Game of proposer and challenger.

    `claims` is the number of the adversary's assertions, `entries` the number of its batches, `last` the final step.
    `sees_old` means that the challenger has the data from before the last final assertion, as blobs expire.
    """

    periods: Periods
    claims: int = 2
    entries: int = 2
    last: int = 8
    rule: Rule = SOUND
    node: Node = field(default_factory=Node)
    sees_old: bool = True

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, chain: Chain) -> Iterator[tuple[str, Chain | None]]:
        """Yield all actions of adversaries, third parties and the sequencer."""
        rule, periods = self.rule, self.periods
        if len(chain.posted) < self.entries and chain.time <= 1:
            yield "post an entry", post(chain, periods, takes=True)
        if sum(one.by == "liar" for one in chain.claims) < self.claims and chain.time <= self.last - 3:
            for parent in range(len(chain.claims)):
                for end in range(chain.claims[parent].end + 1, len(chain.posted) + 1):
                    for right in (True, False):
                        named = f"claim {'the truth' if right else 'a lie'} to {end} on {parent}"
                        yield named, propose(chain, rule, parent, end, right, "liar", 0 if right else 1)
        for place, one in enumerate(chain.claims):
            if one.status == OPEN:
                yield f"make {place} final", finalize(chain, rule, periods, place)
                if not rule.binds and one.by == "proposer":
                    yield f"announce against {place}", announce(chain, "liar", place)
                    yield f"convict {place}", challenge(chain, rule, periods, "liar", place)
        yield "freeze", freeze(chain, rule, periods)

    # ------------------------------------------------------------------------------------------------ The honest side

    def answer(self, saw: Chain) -> Iterable[Sequence[Act[Chain]]]:
        """Return the actions of challenger and proposer in this step."""
        return [[*self.challenger(saw), *self.proposer(saw)]]

    def challenger(self, saw: Chain) -> Iterator[Act[Chain]]:
        """Commit to and reveal proofs against wrong assertions, and discard their descendants."""
        rule, periods = self.rule, self.periods
        final_end = saw.claims[saw.last].end
        for place, one in enumerate(saw.claims):
            if one.status != OPEN or truth(saw, place):
                continue
            old = saw.claims[one.parent].end < final_end
            if old and not (self.node.judges_old and self.sees_old):
                continue
            if saw.claims[one.parent].status == INVALID:
                yield Act(f"discard {place}", _of(place, discard))
            elif truth(saw, one.parent):
                known = any(row[:2] == ("challenger", place) for row in saw.announced)
                if not known and saw.time > one.created + self.node.late:
                    yield Act(f"announce {place}", _of(place, lambda chain, at: announce(chain, "challenger", at)))
                elif known and self.node.remembers:
                    yield Act(
                        f"convict {place}",
                        _of(place, lambda chain, at: challenge(chain, rule, periods, "challenger", at)),
                    )
                if not self.node.goes_on:
                    return

    def proposer(self, saw: Chain) -> Iterator[Act[Chain]]:
        """Finalise valid assertions, then propose the uncovered batches on the valid one with the greatest coverage."""
        rule, periods = self.rule, self.periods
        for place, one in enumerate(saw.claims):
            if one.status == OPEN and truth(saw, place):
                yield Act(f"finalize {place}", _of(place, lambda chain, at: finalize(chain, rule, periods, at)))
        alive = [
            place
            for place, one in enumerate(saw.claims)
            if one.status in (OPEN, FINAL) and truth(saw, place) and self.rises(saw, place)
        ]
        tip = max(alive, key=lambda place: saw.claims[place].end)
        if saw.claims[tip].end < len(saw.posted):
            end = len(saw.posted)
            yield Act("propose", lambda chain: propose(chain, rule, tip, end, True, "proposer"))

    def rises(self, saw: Chain, place: int) -> bool:
        """Return True if no ancestor of an assertion was released or invalidated."""
        while place >= 0:
            if saw.claims[place].status in (RELEASED, INVALID):
                return False
            place = saw.claims[place].parent
        return True

    # ----------------------------------------------------------------------------------------------------- invariants

    def over(self, chain: Chain) -> bool:
        """Return True if the final step was reached."""
        return chain.time >= self.last

    def wrong(self, chain: Chain) -> str:
        """Return the violated invariant, or ""."""
        for place, one in enumerate(chain.claims):
            if one.status == FINAL and not truth(chain, place):
                return f"lie {place} is final"
            if one.by == "proposer" and one.status in (INVALID, RELEASED) and not chain.frozen:
                return f"the proposer's claim {place} is {one.status}"
        if chain.frozen:
            return "somebody froze a rollup that moves on"
        if self.over(chain) and chain.posted and chain.claims[chain.last].end < len(chain.posted):
            return f"entries to {len(chain.posted)} are posted, those to {chain.claims[chain.last].end} final"
        return ""

    def game(self, name: str, control: str = "") -> Game[Chain]:
        """Return the game for the engine."""
        return Game(name, Chain(), self.attack, self.answer, begin, self.over, self.wrong, self.last + 1, control)
