"""Rule of the contract's assertions: proposal, challenge, finalisation, freeze and payments.

A pure and reduced model: an assertion has only its coverage of the inbox and its validity. Judges are oracles that
convict an assertion that is invalid by itself, given a valid parent. Each part of the rule can be disabled, so that a
search shows its purpose. `tests/invariant/rollup/test_assertion_lockstep.py` compares it with the deployed contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "FREE",
    "SOUND",
    "Chain",
    "Assertion",
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
"""Placeholder for a time if nothing is waiting."""


class Assertion(NamedTuple):
    """An assertion.

    `parent` is its parent's index, `end` the number of covered batches. `right` is True if it is valid given its
    parent. `number` distinguishes assertions of the same coverage, as their roots do.
    """

    parent: int
    end: int
    right: bool
    by: str
    created: int
    status: str = OPEN
    number: int = 0


class Chain(NamedTuple):
    """State of the contract, with times in steps.

    `posted` lists the time of each batch, `waits` is the time since when the queue waits. `announced` lists the
    committed proofs as (sender, assertion, block); `paid` names the payments made.
    """

    time: int = 0
    block: int = 0
    posted: tuple[int, ...] = ()
    waits: int = FREE
    claims: tuple[Assertion, ...] = (Assertion(-1, 0, True, "", 0, FINAL),)
    last: int = 0
    frozen: bool = False
    announced: tuple[tuple[str, int, int], ...] = ()
    paid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Periods:
    """Periods in steps; `reveal` is in blocks, of which each step has one."""

    window: int = 2
    freeze_after: int = 5
    reveal: int = 1
    delay: int = 1


@dataclass(frozen=True)
class Rule:
    """Parts of the rule, each of which can be disabled.

    Attributes:
        binds: A judge convicts only invalid assertions. Else a proof in another format convicts a valid one.
        prefix: New assertions cannot start before the last final one.
        parents: An assertion becomes final only after its parent.
        waits: An assertion becomes final only after its window.
        newest: The last final assertion is the one with the greatest coverage; else the most recently finalised one.
        stays: A valid assertion that starts before the last final one becomes final, too; else it is released.
        ends: Nothing becomes final in a frozen rollup.
        both: Both the queue and the first batch that is not final can cause a freeze; else only the queue can.
        keeps: A payment's mark remains when another is set.
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
    """Return the chain after some steps."""
    return chain._replace(time=chain.time + steps, block=chain.block + steps)


def _with(chain: Chain, place: int, **changes: object) -> Chain:
    claims = list(chain.claims)
    claims[place] = claims[place]._replace(**changes)  # type: ignore[arg-type]
    return chain._replace(claims=tuple(claims))


def truth(chain: Chain, place: int) -> bool:
    """Return True if an assertion and all its ancestors are valid."""
    while place >= 0:
        if not chain.claims[place].right:
            return False
        place = chain.claims[place].parent
    return True


# ------------------------------------------------------------------------------------------------ Inbox and queue


def enqueue(chain: Chain) -> Chain | None:
    """Queue an item, as anyone."""
    if chain.frozen:
        return None
    return chain if chain.waits != FREE else chain._replace(waits=chain.time)


def post(chain: Chain, periods: Periods, takes: bool) -> Chain | None:
    """Post a batch; with `takes` it consumes the queue, which is mandatory if an item is overdue."""
    overdue = chain.waits != FREE and chain.time > chain.waits + periods.delay
    if chain.frozen or (overdue and not takes):
        return None
    return chain._replace(posted=(*chain.posted, chain.time), waits=FREE if takes else chain.waits)


def consume(chain: Chain, periods: Periods) -> Chain | None:
    """Consume an overdue queue with a separate batch, as anyone."""
    overdue = chain.waits != FREE and chain.time > chain.waits + periods.delay
    return post(chain, periods, takes=True) if overdue else None


# ----------------------------------------------------------------------------------------------------- Assertions


def propose(chain: Chain, rule: Rule, parent: int, end: int, right: bool, by: str, number: int = 0) -> Chain | None:
    """Propose the result of the batches up to `end`."""
    if chain.frozen or not 0 <= parent < len(chain.claims) or end > len(chain.posted):
        return None
    before = chain.claims[parent]
    if before.status not in (OPEN, FINAL) or end <= before.end:
        return None
    if rule.prefix and before.end < chain.claims[chain.last].end:
        return None
    # The same assertion cannot be proposed twice.
    same = any((one.parent, one.end, one.right, one.number) == (parent, end, right, number) for one in chain.claims)
    if same:
        return None
    made = Assertion(parent, end, right, by, chain.time, OPEN, number)
    return chain._replace(claims=(*chain.claims, made))


def finalize(chain: Chain, rule: Rule, periods: Periods, place: int) -> Chain | None:
    """Finalise an assertion, or release its bond if the rollup is frozen, as anyone."""
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
    """Commit to a proof against an assertion; only the first commitment counts."""
    if any(row[:2] == (who, place) for row in chain.announced):
        return None
    return chain._replace(announced=tuple(sorted((*chain.announced, (who, place, chain.block)))))


def challenge(chain: Chain, rule: Rule, periods: Periods, who: str, place: int) -> Chain | None:
    """Submit a committed proof to the judge."""
    row = next((row for row in chain.announced if row[:2] == (who, place)), None)
    if row is None or chain.block < row[2] + periods.reveal:
        return None
    one = chain.claims[place]
    if one.status != OPEN or (one.right and rule.binds):
        return None
    left = tuple(other for other in chain.announced if other != row)
    return _with(chain, place, status=INVALID)._replace(announced=left)


def discard(chain: Chain, place: int) -> Chain | None:
    """Discard an assertion with an invalid parent, as anyone."""
    one = chain.claims[place]
    if one.status != OPEN or chain.claims[one.parent].status != INVALID:
        return None
    return _with(chain, place, status=INVALID)


# -------------------------------------------------------------------------------------------------------- The end


def freezable_from(chain: Chain, rule: Rule, periods: Periods) -> int:
    """Return the first step at which the rollup can be frozen without progress, or FREE if nothing is waiting."""
    covered = chain.claims[chain.last].end
    since = [chain.waits] if chain.waits != FREE else []
    if covered < len(chain.posted) and rule.both:
        since.append(chain.posted[covered])
    return min(since) + periods.freeze_after + 1 if since else FREE


def freeze(chain: Chain, rule: Rule, periods: Periods) -> Chain | None:
    """Freeze the rollup permanently, as anyone."""
    start = freezable_from(chain, rule, periods)
    if chain.frozen or start == FREE or chain.time < start:
        return None
    return chain._replace(frozen=True)


def pay(chain: Chain, rule: Rule, what: str) -> Chain | None:
    """Make a payment once; the caller has proven its validity."""
    if what in chain.paid:
        return None
    return chain._replace(paid=tuple(sorted((*chain.paid, what))) if rule.keeps else (what,))
