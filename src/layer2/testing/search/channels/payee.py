"""An honest payee, or its towers while it is offline, against any adversary: accepted amounts must be paid.

The payee's node accepts any signed statement of at least the same value, goes on chain before a lock expires, and
answers every dispute with the newest statement that it holds. The sender may sign anything at any step. All statements
that were ever accepted are available to third parties and malicious towers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from layer2.testing.search.channels.bounds import MARGIN, Domain
from layer2.testing.search.channels.lock_rule import (
    LONGEST,
    SOUND,
    Chain,
    Proof,
    Rule,
    post,
    post_locks,
    start,
    unlock,
)
from layer2.testing.search.channels.one_direction import ends_by, onto, over, passes
from layer2.testing.search.engine import Act, Game


class Payee(NamedTuple):
    """State of a payee and the chain.

    Attributes:
        time: Steps since the beginning.
        chain: Direction in which the payee receives.
        plain: Newest voucher.
        accepted: Accepted statements with locks, by nonce.
        owed: Amount that was accepted and not given up.
        unsigned: The sender's account denies its signatures.
        forged: The tower was given an unsigned statement with the highest nonce.
        blind: The responses of the chain about this dispute were lost once.
    """

    time: int = 0
    chain: Chain = Chain()
    plain: int = 0
    accepted: tuple[Proof, ...] = ()
    owed: int = 0
    unsigned: bool = False
    forged: bool = False
    blind: bool = False


class Node(NamedTuple):
    """Program of the payee's side; each part can be disabled.

    Attributes:
        sleeps: A tower acts in the payee's place, with the consents that it was given.
        by_leaf: Value is tracked by lock; else by the evidence that resolves locks.
        verifies: A tower accepts only signed statements.
        looks: A tower reads the channel's state independently of logs; else it reads logs once.
        until: Last step in which a tower's consents are valid; -1 for no end.
    """

    sleeps: bool = False
    by_leaf: bool = True
    verifies: bool = True
    looks: bool = True
    until: int = -1


class PayeeGame:
    """Game with an honest receiver of one direction; sender, towers and third parties sign, post and order anything."""

    def __init__(self, domain: Domain, rule: Rule = SOUND, node: Node | None = None) -> None:
        self.domain = domain
        self.rule = rule
        self.node = node or Node()
        self.by = "other" if self.node.sleeps else "receiver"

    def value(self, proof: Proof | None) -> int:
        """Return the value of a statement to the payee's node, which can resolve every lock."""
        if proof is None:
            return 0
        if self.node.by_leaf:
            return proof.value
        worth = {(lock.chosen, lock.condition): lock.amount for lock in proof.locks}
        return proof.amount + sum(worth.values())

    # ------------------------------------------------------------------------------------------------- Everybody else

    def attack(self, state: Payee) -> Iterator[tuple[str, Payee | None]]:
        """Yield all actions of sender, towers and third parties."""
        if state.chain.deadline < 0:
            yield from self.offers(state)
            yield "the sender starts the close", onto(state, start(state.chain, state.time))
            return
        yield from self.posts(state)
        yield from self.opens(state)
        if not self.rule.lasting and not state.unsigned:
            yield "the sender's account denies its signatures", state._replace(unsigned=True)
        if self.node.sleeps and not self.node.looks and not state.blind and state.chain.started == state.time:
            yield "the tower's question about this block comes back empty", state._replace(blind=True)

    def posts(self, state: Payee) -> Iterator[tuple[str, Payee | None]]:
        """Yield every statement that others may post."""
        chain, time, rule = state.chain, state.time, self.rule
        for amount in range(1, self.domain.amount + 1):
            yield f"voucher {amount} is posted", onto(state, post(chain, time, rule, amount))
        for proof, by in product(state.accepted, ("sender", "other")):
            after = post_locks(chain, time, rule, proof, by, accepted=True)
            yield f"{by} posts {proof.text()}", onto(state, after)
        if rule.guarded:
            return  # Only the receiver may post statements that it did not accept.
        for nonce in range(1, self.domain.nonce + 1):
            for proof in self.domain.proofs(nonce):
                if proof not in state.accepted:
                    after = post_locks(chain, time, rule, proof, "sender", accepted=False)
                    yield f"sender posts {proof.text()}", onto(state, after)

    def opens(self, state: Payee) -> Iterator[tuple[str, Payee | None]]:
        """Yield resolutions of locks by others, who know every preimage, and the towers' consents to any value."""
        for index, lock in enumerate(() if state.chain.claim is None else state.chain.claim.locks):
            for worth in range(1, lock.amount + 1) if lock.chosen else [lock.amount]:
                after = unlock(state.chain, state.time, self.rule, ((index, worth),), "other", self.node.sleeps)
                yield f"a stranger opens lock {index} for {worth}", onto(state, after)

    def offers(self, state: Payee) -> Iterator[tuple[str, Payee | None]]:
        """Yield statements that the sender signs and the payee's node accepts: of no less value, and in time."""
        newest = state.accepted[-1] if state.accepted else None
        standing = () if newest is None else newest.locks
        for amount in range(state.plain + 1, self.domain.amount + 1):
            # A plain voucher does not include pending locks.
            if not standing:
                yield f"voucher {amount}", state._replace(plain=amount, owed=max(state.owed, amount))
        nonce = 1 if newest is None else newest.nonce + 1
        for proof in self.domain.proofs(nonce) if nonce <= self.domain.nonce else ():
            new = [lock for lock in proof.locks if lock not in standing]
            in_time = all(MARGIN < lock.expiry - state.time <= LONGEST for lock in new)
            if in_time and self.value(proof) >= max(self.value(newest), state.plain):
                owed = max(state.owed, proof.value)
                yield f"accepted {proof.text()}", state._replace(accepted=(*state.accepted, proof), owed=owed)
        if self.node.sleeps and not self.node.verifies and not state.forged:
            yield "the tower is given an unsigned statement", state._replace(forged=True)

    # ------------------------------------------------------------------------------------------------ The honest side

    def answer(self, saw: Payee) -> Iterable[Sequence[Act[Payee]]]:
        """Return the transactions of the payee or its tower in this step."""
        node, rule, by = self.node, self.rule, self.by
        newest = saw.accepted[-1] if saw.accepted else None
        locks = () if newest is None else newest.locks
        due = saw.time >= self.domain.last or any(saw.time + MARGIN >= lock.expiry for lock in locks)
        if (saw.chain.deadline < 0 and not due) or saw.blind or 0 <= node.until < saw.time:
            return [()]
        acts = [self.act("start", start)]
        if saw.plain:
            acts.append(self.act("post", lambda chain, time: post(chain, time, rule, saw.plain)))
        if newest is not None and not saw.forged:
            proof, opened = newest, tuple((index, lock.amount) for index, lock in enumerate(locks))

            def open_all(chain: Chain, time: int) -> Chain | None:
                # The payee knows only the locks of its own proof.
                return unlock(chain, time, rule, opened, by, node.sleeps) if chain.claim == proof else None

            acts.append(
                self.act("postLocks", lambda chain, time: post_locks(chain, time, rule, proof, by, accepted=True))
            )
            acts.append(self.act("unlock", open_all))
        return [acts]

    @staticmethod
    def act(name: str, do: Callable[[Chain, int], Chain | None]) -> Act[Payee]:
        """Return a transaction that changes only the chain."""

        def done(state: Payee) -> Payee | None:
            if state.unsigned and name != "start":
                return None
            return onto(state, do(state.chain, state.time))

        return Act(name, done)

    @staticmethod
    def wrong(state: Payee) -> str:
        """Return the violation of the invariant that the payee receives the accepted amount, or ""."""
        if not state.chain.settled or state.chain.paid >= state.owed:
            return ""
        return f"the payee is paid {state.chain.paid} of {state.owed}"

    def game(self, name: str, control: str = "") -> Game[Payee]:
        """Return the game for the engine."""
        limit = ends_by(self.domain.last)
        return Game(name, Payee(), self.attack, self.answer, passes, over, self.wrong, limit, control)
