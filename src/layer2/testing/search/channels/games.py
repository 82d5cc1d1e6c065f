"""Channel games: payee, tower, payer and mediator, each honest against all others, and controls with a rule removed.

`small` runs in every check, `large` in the nightly run. docs/assurance.md describes both domains.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layer2.testing.search.channels.bounds import Domain, lock_lists
from layer2.testing.search.channels.lock_rule import Lock, Rule
from layer2.testing.search.channels.mediator import MediatorGame
from layer2.testing.search.channels.payee import Node, PayeeGame
from layer2.testing.search.channels.payer import PayerGame
from layer2.testing.search.engine import Game

TOWER = Node(sleeps=True)

ONE = Domain(2, 2, lock_lists((1,), (3,), 1), 4)
"""One lock of each kind, of one unit."""

TWO_UNITS = Domain(1, 2, lock_lists((2,), (3,), 1), 4)
"""One lock of each kind whose value can be chosen below its amount."""

PAIRS = Domain(1, 1, ((), (Lock(1, 3), Lock(1, 3)), (Lock(1, 3), Lock(1, 3, True)), (Lock(1, 3),) * 2), 4)
"""Two locks together."""

TWINS = Domain(1, 2, lock_lists((1,), (3,), 2), 4)
"""Two locks of each kind under one condition."""

PAID = Domain(2, 3, lock_lists((1, 2), (3,), 1), 4)
"""Messages that a payer signs: payments, locks, and statements that drop them."""

LARGE_PAYEE = (
    ("amounts to 3, nonces to 3", Domain(3, 3, lock_lists((1,), (3,), 1), 4)),
    ("two locks of each kind", Domain(2, 2, lock_lists((1,), (3,), 2), 4)),
    ("locks of two units", Domain(2, 2, lock_lists((1, 2), (3,), 1), 4)),
    ("three expiries", Domain(1, 2, lock_lists((1,), (2, 3, 4), 1), 5)),
)

LARGE_PAYER = (
    ("amounts to 3, nonces to 4", Domain(3, 4, lock_lists((1, 2), (3,), 1), 4)),
    ("two locks of each kind", Domain(3, 3, lock_lists((1,), (3,), 2), 4)),
    ("three expiries", Domain(3, 3, lock_lists((1,), (2, 3, 4), 1), 5)),
)


def games(bound: str) -> Iterator[Game[Any]]:
    """Yield the games for `small` or `large`; the controls are the same in both."""
    if bound == "large":
        for what, domain in LARGE_PAYEE:
            yield PayeeGame(domain).game(f"payee, {what}")
            yield PayeeGame(domain, node=TOWER).game(f"tower, {what}")
        for what, domain in LARGE_PAYER:
            yield PayerGame(domain).game(f"payer, {what}")
        for expiry in (2, 3, 4):
            for amount in (1, 2, 3):
                yield MediatorGame(amount, expiry, 1, expiry + 2).game(f"mediator, {amount} until {expiry}")
    else:
        yield PayeeGame(ONE).game("payee")
        yield PayeeGame(TWO_UNITS, node=TOWER).game("tower")
        yield PayerGame(PAID).game("payer")
        yield MediatorGame(1, 4, 1, 5).game("mediator")
    yield from controls()


def controls() -> Iterator[Game[Any]]:
    """Yield a game for each removed rule, in which the search must find a fault."""

    def payee(control: str, domain: Domain, rule: Rule | None = None, node: Node | None = None) -> Game[Any]:
        return PayeeGame(domain, rule or Rule(), node).game(
            "payee" if not node or not node.sleeps else "tower", control
        )

    yield payee("a voucher apart from a proof", ONE, Rule(apart=False))
    yield payee("the Accept that others must bring", PAIRS, Rule(guarded=False))
    yield payee("a choice that is the receiver's alone", TWO_UNITS, Rule(chooses=False, best=False))
    yield payee("locks that are skipped when resolved", TWINS, Rule(skips=False))
    yield payee("signatures that last", PAIRS, Rule(lasting=False))
    yield payee("worth kept lock by lock", TWINS, node=Node(by_leaf=False))
    yield payee("the best of several consents", TWO_UNITS, Rule(best=False), TOWER)
    yield payee("a look at what the tower is given", PAIRS, node=TOWER._replace(verifies=False))
    yield payee("a look at the state whatever logs say", PAIRS, node=TOWER._replace(looks=False))
    yield payee("consents without an end", PAIRS, node=TOWER._replace(until=2))
    yield PayerGame(PAID, Rule(accept=False)).game("payer", "the Accept")
    yield PayerGame(PAID, Rule(answer=False)).game("payer", "time to answer")
    yield PayerGame(ONE, Rule(nonces=False)).game("payer", "the order of nonces")
    yield PayerGame(PAID, waits=False).game("payer", "waiting for the Accept")
    yield MediatorGame(1, 4, 0, 5).game("mediator", "time between two expiries")
    yield MediatorGame(1, 4, 1, 5, Rule(expiries=False)).game("mediator", "a window until the last expiry")
    yield MediatorGame(1, 4, 1, 5, early=True).game("mediator", "patience until the lock has expired")
