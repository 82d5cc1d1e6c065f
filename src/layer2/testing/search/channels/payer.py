"""An honest payer against any adversary: at most its recorded obligations are paid.

The payer's node signs requests within its means: payments, locks, and statements without a settled or expired lock.
Before a lock's expiry it counts the lock below its full amount only with the receiver's Accept of the statement without
it, and leaves at most one statement unaccepted. In a dispute it answers a superseded statement with the newest accepted
one. The receiver may use any statement that it was ever given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from layer2.testing.search.channels.bounds import Domain
from layer2.testing.search.channels.lock_rule import (
    LONGEST,
    SOUND,
    Chain,
    Lock,
    Proof,
    Rule,
    post,
    post_locks,
    start,
    unlock,
)
from layer2.testing.search.channels.one_direction import ends_by, onto, over, passes
from layer2.testing.search.engine import Act, Game


class Payer(NamedTuple):
    """State of a payer and the chain.

    Attributes:
        time: Steps since the beginning.
        chain: Direction in which the payer pays.
        plain: Newest voucher.
        signed: Signed statements with locks, by nonce.
        accepted: Number of statements with an Accept that the payer holds.
        limit: Maximum obligation when the dispute began; -1 before.
    """

    time: int = 0
    chain: Chain = Chain()
    plain: int = 0
    signed: tuple[Proof, ...] = ()
    accepted: int = 0
    limit: int = -1


class PayerGame:
    """Game with an honest sender of one direction; the receiver and its towers request, post and order anything."""

    def __init__(self, domain: Domain, rule: Rule = SOUND, waits: bool = True) -> None:
        self.domain = domain
        self.rule = rule
        self.waits = waits
        self.new_locks = tuple(lock for lock in dict.fromkeys(lock for locks in domain.locks for lock in locks))

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, state: Payer) -> Iterator[tuple[str, Payer | None]]:
        """Yield all actions of the receiver and its towers."""
        chain, time, rule = state.chain, state.time, self.rule
        if state.accepted < len(state.signed):
            # The receiver may sign an Accept at any time without giving it to the payer.
            yield "the payer is given the Accept", state._replace(accepted=len(state.signed))
        if chain.deadline < 0:
            yield from self.asks(state)
            yield "the receiver starts the close", self.begin(state)
            return
        for amount in range(1, state.plain + 1):
            yield f"voucher {amount} is posted", onto(state, post(chain, time, rule, amount))
        for proof in state.signed:
            for by in ("receiver", "other"):
                after = post_locks(chain, time, rule, proof, by, accepted=True)
                yield f"{by} posts {proof.text()}", onto(state, after)
        for index, lock in enumerate(() if chain.claim is None else chain.claim.locks):
            for worth in range(1, lock.amount + 1) if lock.chosen else [lock.amount]:
                after = unlock(chain, time, rule, ((index, worth),), "receiver")
                yield f"the receiver opens lock {index} for {worth}", onto(state, after)

    def asks(self, state: Payer) -> Iterator[tuple[str, Payer | None]]:
        """Yield the statements that the payer signs on request."""
        newest = state.signed[-1] if state.signed else Proof(0, 0)
        standing, base = newest.locks, max(newest.amount, state.plain)
        if not standing and base < self.domain.amount:
            yield "pay 1", self.voucher(state, base + 1)
        if self.waits and state.accepted < len(state.signed):
            return
        if standing:
            yield "pay 1 beside the locks", self.sign(state, base + 1, standing)
        for lock in self.new_locks:
            if 1 < lock.expiry - state.time <= LONGEST:
                yield f"lock {lock.amount}", self.sign(state, base, (*standing, lock))
        for index, lock in enumerate(standing):
            rest = (*standing[:index], *standing[index + 1 :])
            if state.time > lock.expiry:
                yield f"drop the expired lock {index}", self.sign(state, base, rest)
            else:
                for worth in range(lock.amount + 1) if lock.chosen else [lock.amount]:
                    yield f"settle lock {index} at {worth}", self.sign(state, base + worth, rest)

    def voucher(self, state: Payer, amount: int) -> Payer | None:
        """Sign a plain voucher within the payer's means."""
        return state._replace(plain=amount) if self.books(state, state.time, amount) <= self.domain.amount else None

    def sign(self, state: Payer, amount: int, locks: tuple[Lock, ...]) -> Payer | None:
        """Sign a statement of the next nonce within the payer's means."""
        proof = Proof(len(state.signed) + 1, amount, tuple(sorted(locks)))
        if proof.nonce > self.domain.nonce or proof.locks not in self.domain.locks:
            return None
        after = state._replace(signed=(*state.signed, proof))
        return after if self.books(after, state.time) <= self.domain.amount else None

    def books(self, state: Payer, time: int, plain: int = 0) -> int:
        """Return the payer's maximum obligation; a lock that expired unresolved has no value."""
        first = max(0, state.accepted - 1) if self.waits else max(0, len(state.signed) - 1)
        live = state.signed[first:]
        values = [proof.amount + sum(lock.amount for lock in proof.locks if lock.expiry >= time) for proof in live]
        return max([plain, state.plain, *values])

    # ------------------------------------------------------------------------------------------------ The honest side

    def answer(self, saw: Payer) -> Iterable[Sequence[Act[Payer]]]:
        """Return the transactions of the payer in this step."""
        rule = self.rule
        if saw.chain.deadline < 0:
            return [[Act("start", self.begin)] if saw.time >= self.domain.last else ()]
        if saw.chain.claim is None or not saw.accepted or saw.chain.claim.nonce >= saw.accepted:
            return [()]
        newest = saw.signed[saw.accepted - 1]

        def bring(state: Payer) -> Payer | None:
            return onto(state, post_locks(state.chain, state.time, rule, newest, "sender", accepted=True))

        return [[Act("postLocks", bring)]]

    def begin(self, state: Payer) -> Payer | None:
        """Start the close, as anyone; from now on the payer signs nothing."""
        after = onto(state, start(state.chain, state.time))
        return after and after._replace(limit=self.books(state, state.time))

    @staticmethod
    def wrong(state: Payer) -> str:
        """Return the violation of the invariant that at most the initial obligation is paid, or ""."""
        if not state.chain.settled or state.chain.paid <= state.limit:
            return ""
        return f"the payer pays {state.chain.paid}, its books said {state.limit}"

    def game(self, name: str, control: str = "") -> Game[Payer]:
        """Return the game for the engine."""
        limit = ends_by(self.domain.last)
        return Game(name, Payer(), self.attack, self.answer, passes, over, self.wrong, limit, control)
