"""The rule of assertions, as the contract has it: who may propose, challenge, make final, freeze, and what is paid.

Pure and small: a claim says nothing but how far it covers the inbox and whether it is right; judges are oracles that
convict a claim that is wrong by itself, its parent taken as right. Each part of the rule can be taken out, so that a
search shows what it is for. `tests/invariant/rollup/test_assertion_lockstep.py` plays it beside the deployed contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "FREE",
    "SOUND",
    "Chain",
    "Claim",
    "Periods",
    "Rule",
    "announce",
    "begin",
    "challenge",
    "consume",
    "discard",
    "enqueue",
    "finalize",
    "freeze",
    "freezable_from",
    "pay",
    "post",
    "propose",
    "truth",
]

OPEN, FINAL, INVALID, RELEASED = "open", "final", "invalid", "released"
FREE = -1
"""In the place of a time: nothing waits."""


class Claim(NamedTuple):
    """An assertion. `parent`: its place among the claims; `end`: entries covered; `right`: by itself, not by descent.

    `number`: tells claims of the same coverage apart, as their roots do.
    """

    parent: int
    end: int
    right: bool
    by: str
    created: int
    status: str = OPEN
    number: int = 0


class Chain(NamedTuple):
    """What the contract knows. Times are steps; `posted`: when each entry came; `waits`: since when the queue does.

    `announced`: (who, claim, block) of proofs under way; `paid`: what was paid once, by name.
    """

    time: int = 0
    block: int = 0
    posted: tuple[int, ...] = ()
    waits: int = FREE
    claims: tuple[Claim, ...] = (Claim(-1, 0, True, "", 0, FINAL),)
    last: int = 0
    frozen: bool = False
    announced: tuple[tuple[str, int, int], ...] = ()
    paid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Periods:
    """In steps; `reveal` in blocks, of which a step has one."""

    window: int = 2
    freeze_after: int = 5
    reveal: int = 1
    delay: int = 1


@dataclass(frozen=True)
class Rule:
    """The rule, part by part.

    Attributes:
        binds: a judge convicts what is wrong and nothing else. Else a proof of another form convicts the truth.
        prefix: nothing new goes on from before the last final claim.
        parents: a claim is final only on a final one.
        waits: a claim is final only after its window.
        newest: the last final claim is the one that covers most; else the one that became final last.
        stays: a right claim that goes on from before the last final one becomes final, too; else it is released.
        ends: nothing becomes final in a frozen rollup.
        both: the queue can freeze, and so can the first entry that is not final; else the queue alone.
        keeps: what was paid stays marked when something else is.
    """

    binds: bool = True
    prefix: bool = True
    parents: bool = True
    waits: bool = True
    newest: bool = True
    stays: bool = True
    ends: bool = True
    both: bool = True
    keeps: bool = True


SOUND = Rule()


def begin(chain: Chain, steps: int = 1) -> Chain:
    """The chain after so many steps."""
    return chain._replace(time=chain.time + steps, block=chain.block + steps)


def _with(chain: Chain, place: int, **changes: object) -> Chain:
    claims = list(chain.claims)
    claims[place] = claims[place]._replace(**changes)  # type: ignore[arg-type]
    return chain._replace(claims=tuple(claims))


def truth(chain: Chain, place: int) -> bool:
    """Whether a claim is right, what it rests on included."""
    while place >= 0:
        if not chain.claims[place].right:
            return False
        place = chain.claims[place].parent
    return True


# ------------------------------------------------------------------------------------------------ Inbox and queue


def enqueue(chain: Chain) -> Chain | None:
    """Somebody queues an item."""
    if chain.frozen:
        return None
    return chain if chain.waits != FREE else chain._replace(waits=chain.time)


def post(chain: Chain, periods: Periods, takes: bool) -> Chain | None:
    """Somebody posts an entry; with `takes` it consumes the queue, which what is overdue forces it to."""
    overdue = chain.waits != FREE and chain.time > chain.waits + periods.delay
    if chain.frozen or (overdue and not takes):
        return None
    return chain._replace(posted=(*chain.posted, chain.time), waits=FREE if takes else chain.waits)


def consume(chain: Chain, periods: Periods) -> Chain | None:
    """Anybody consumes an overdue queue by an entry of its own."""
    overdue = chain.waits != FREE and chain.time > chain.waits + periods.delay
    return post(chain, periods, takes=True) if overdue else None


# ----------------------------------------------------------------------------------------------------- Assertions


def propose(chain: Chain, rule: Rule, parent: int, end: int, right: bool, by: str, number: int = 0) -> Chain | None:
    """Somebody claims what the entries up to `end` result in."""
    if chain.frozen or not 0 <= parent < len(chain.claims) or end > len(chain.posted):
        return None
    before = chain.claims[parent]
    if before.status not in (OPEN, FINAL) or end <= before.end:
        return None
    if rule.prefix and before.end < chain.claims[chain.last].end:
        return None
    # The same claim twice is one.
    same = any((one.parent, one.end, one.right, one.number) == (parent, end, right, number) for one in chain.claims)
    if same:
        return None
    made = Claim(parent, end, right, by, chain.time, OPEN, number)
    return chain._replace(claims=(*chain.claims, made))


def finalize(chain: Chain, rule: Rule, periods: Periods, place: int) -> Chain | None:
    """Anybody makes a claim final, or in a frozen rollup has its bond released."""
    one = chain.claims[place]
    if one.status != OPEN:
        return None
    standing = chain.claims[one.parent].status
    lawful = standing == FINAL or (standing == RELEASED and (chain.frozen or not rule.stays))
    if rule.parents and not lawful:
        return None
    if rule.waits and chain.time < one.created + periods.window + 1:
        return None
    old = chain.claims[one.parent].end < chain.claims[chain.last].end
    if (chain.frozen and rule.ends) or (old and not rule.stays) or standing == RELEASED:
        return _with(chain, place, status=RELEASED)
    done = _with(chain, place, status=FINAL)
    covers = one.end > chain.claims[chain.last].end
    return done._replace(last=place) if covers or not rule.newest else done


def announce(chain: Chain, who: str, place: int) -> Chain | None:
    """Somebody announces a proof against a claim; the first announcement counts."""
    if any(row[:2] == (who, place) for row in chain.announced):
        return None
    return chain._replace(announced=tuple(sorted((*chain.announced, (who, place, chain.block)))))


def challenge(chain: Chain, rule: Rule, periods: Periods, who: str, place: int) -> Chain | None:
    """Somebody shows an announced proof to the judge."""
    row = next((row for row in chain.announced if row[:2] == (who, place)), None)
    if row is None or chain.block < row[2] + periods.reveal:
        return None
    one = chain.claims[place]
    if one.status != OPEN or (one.right and rule.binds):
        return None
    left = tuple(other for other in chain.announced if other != row)
    return _with(chain, place, status=INVALID)._replace(announced=left)


def discard(chain: Chain, place: int) -> Chain | None:
    """Anybody drops what rests on an invalid claim."""
    one = chain.claims[place]
    if one.status != OPEN or chain.claims[one.parent].status != INVALID:
        return None
    return _with(chain, place, status=INVALID)


# -------------------------------------------------------------------------------------------------------- The end


def freezable_from(chain: Chain, rule: Rule, periods: Periods) -> int:
    """The first step at which the rollup can be frozen, if nothing moves on; FREE if nothing waits."""
    covered = chain.claims[chain.last].end
    since = [chain.waits] if chain.waits != FREE else []
    if covered < len(chain.posted) and rule.both:
        since.append(chain.posted[covered])
    return min(since) + periods.freeze_after + 1 if since else FREE


def freeze(chain: Chain, rule: Rule, periods: Periods) -> Chain | None:
    """Anybody freezes the rollup, for ever."""
    start = freezable_from(chain, rule, periods)
    if chain.frozen or start == FREE or chain.time < start:
        return None
    return chain._replace(frozen=True)


def pay(chain: Chain, rule: Rule, what: str) -> Chain | None:
    """Something is paid out, once; whoever calls has shown that it may be."""
    if what in chain.paid:
        return None
    return chain._replace(paid=tuple(sorted((*chain.paid, what))) if rule.keeps else (what,))
