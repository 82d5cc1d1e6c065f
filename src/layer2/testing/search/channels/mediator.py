"""An honest mediator between two adversaries: it must receive what it pays on.

It has accepted a hash lock from the payer and passed the same lock on to the payee, with an earlier expiry. Payer and
payee are one adversary: they know the preimage, settle off chain or refuse, start disputes and order transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from layer2.testing.search.channels.lock_rule import (
    SOUND,
    Chain,
    Lock,
    Proof,
    Rule,
    post_locks,
    settle,
    start,
    unlock,
)
from layer2.testing.search.channels.one_direction import ends_by
from layer2.testing.search.engine import Act, Game


class Mediator(NamedTuple):
    """State of a mediator's two channels.

    Attributes:
        time: Steps since the beginning.
        inwards: Direction from the payer.
        outwards: Direction to the payee.
        knows: The mediator has the preimage, from the payee or from the chain.
        paid_on: The mediator has signed the outgoing statement that pays the lock.
        released: The payee has accepted that statement, or given up the lock.
        paid: The payer has signed the incoming statement that pays the lock.
        given_up: The outgoing lock expired, and the mediator gave up the incoming one.
    """

    time: int = 0
    inwards: Chain = Chain()
    outwards: Chain = Chain()
    knows: bool = False
    paid_on: bool = False
    released: bool = False
    paid: bool = False
    given_up: bool = False


class MediatorGame:
    """Game of payer and payee against the mediator."""

    def __init__(self, amount: int, expiry: int, hop: int, last: int, rule: Rule = SOUND, early: bool = False) -> None:
        self.amount = amount
        self.expiry = expiry
        self.last = last
        self.rule = rule
        self.early = early
        lock, passed = Lock(amount, expiry), Lock(amount, expiry - hop)
        self.locked, self.settled, self.dropped = Proof(1, 0, (lock,)), Proof(2, amount), Proof(2, 0)
        self.passed, self.paid_on = Proof(1, 0, (passed,)), Proof(2, amount)

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, state: Mediator) -> Iterator[tuple[str, Mediator | None]]:
        """Yield all actions of payer and payee."""
        inwards, outwards, time, rule = state.inwards, state.outwards, state.time, self.rule
        if not state.knows:
            yield "the payee shows the preimage", state._replace(knows=True)
        if state.paid_on and not state.released:
            yield "the payee accepts that it is paid", state._replace(released=True)
        if state.knows and not state.paid and not state.given_up:
            yield "the payer pays", state._replace(paid=True)
        yield "the payer starts the close", self.inside(state, start(inwards, time))
        yield "the payee starts the close", self.outside(state, start(outwards, time))
        for proof in (
            self.locked,
            *([self.settled] if state.paid else []),
            *([self.dropped] if state.given_up else []),
        ):
            for by in ("sender", "other"):
                after = post_locks(inwards, time, rule, proof, by, accepted=True)
                yield f"{by} posts inwards {proof.text()}", self.inside(state, after)
        for proof in (self.passed, *([self.paid_on] if state.paid_on else [])):
            after = post_locks(outwards, time, rule, proof, "receiver", accepted=True)
            yield f"the payee posts {proof.text()}", self.outside(state, after)
        opened = ((0, self.amount),)
        yield "the payee opens its lock", self.outside(state, unlock(outwards, time, rule, opened, "receiver"))
        yield "somebody opens the incoming lock", self.inside(state, unlock(inwards, time, rule, opened, "other"))

    # ------------------------------------------------------------------------------------------------ The honest side

    def answer(self, saw: Mediator) -> Iterable[Sequence[Act[Mediator]]]:
        """Return the mediator's off-chain and on-chain actions in this step."""
        acts: list[Act[Mediator]] = []
        rule, opened = self.rule, ((0, self.amount),)
        seen = saw.knows or bool(saw.outwards.resolved) or bool(saw.inwards.resolved)
        if seen and not saw.knows:
            acts.append(Act("read the preimage on the chain", lambda s: s._replace(knows=True)))
        if seen and not saw.paid_on and saw.outwards.deadline < 0:
            acts.append(Act("pay on", self.pay_on))
        if saw.outwards.claim is not None and saw.outwards.claim.nonce < 2 and saw.paid_on and saw.released:
            acts.append(
                self.outer("answer outwards", lambda c, t: post_locks(c, t, rule, self.paid_on, "sender", True))
            )
        expired = saw.time > self.passed.locks[0].expiry and not seen
        if (expired or self.early) and saw.outwards.deadline < 0 and saw.inwards.deadline < 0 and not saw.given_up:
            acts.append(Act("give the incoming lock up", lambda s: s._replace(given_up=True)))
        if saw.time >= self.last:
            acts.append(self.outer("close outwards", start))
        must = seen and not saw.paid and not saw.given_up
        if saw.inwards.deadline >= 0 or must or saw.time >= self.last:
            newest = self.settled if saw.paid else self.dropped if saw.given_up else self.locked
            acts.append(self.inner("close inwards", start))
            acts.append(self.inner("postLocks", lambda c, t: post_locks(c, t, rule, newest, "receiver", True)))
            if seen:
                acts.append(self.inner("unlock", lambda c, t: unlock(c, t, rule, opened, "receiver")))
        return [acts]

    def pay_on(self, state: Mediator) -> Mediator | None:
        """Sign the payment of the lock, unless it has expired."""
        in_time = state.time <= self.passed.locks[0].expiry and not state.given_up
        return state._replace(paid_on=True) if in_time and state.outwards.deadline < 0 else None

    def inner(self, name: str, do: Callable[[Chain, int], Chain | None]) -> Act[Mediator]:
        """Return a transaction of the incoming channel."""
        return Act(name, lambda state: self.inside(state, do(state.inwards, state.time)))

    def outer(self, name: str, do: Callable[[Chain, int], Chain | None]) -> Act[Mediator]:
        """Return a transaction of the outgoing channel."""
        return Act(name, lambda state: self.outside(state, do(state.outwards, state.time)))

    @staticmethod
    def inside(state: Mediator, chain: Chain | None) -> Mediator | None:
        """Return the state with another incoming chain."""
        return None if chain is None else state._replace(inwards=chain)

    @staticmethod
    def outside(state: Mediator, chain: Chain | None) -> Mediator | None:
        """Return the state with another outgoing chain."""
        return None if chain is None else state._replace(outwards=chain)

    @staticmethod
    def passes(state: Mediator) -> Mediator:
        """Advance time, and settle what is due."""
        time = state.time + 1
        return state._replace(time=time, inwards=settle(state.inwards, time), outwards=settle(state.outwards, time))

    @staticmethod
    def wrong(state: Mediator) -> str:
        """Return the violation of the invariant that the mediator receives at least what it pays, or ""."""
        if not over(state) or state.inwards.paid >= state.outwards.paid:
            return ""
        return f"the mediator pays {state.outwards.paid} and gets {state.inwards.paid}"

    def game(self, name: str, control: str = "") -> Game[Mediator]:
        """Return the game for the engine."""
        limit = ends_by(self.last)
        return Game(name, Mediator(), self.attack, self.answer, self.passes, over, self.wrong, limit, control)


def over(state: Mediator) -> bool:
    """Return True if both channels were paid out."""
    return state.inwards.settled and state.outwards.settled
