"""The rule by which a hub pays one direction of a duplex channel, small enough to search: time in steps, few units.

Twin of `post`, `postLocks`, `unlock` and `settle` for one direction, without bytes: a signature is the right to do
something, a Merkle proof is an index. `Rule` takes parts of it out, one at a time, for controls.
`tests/unit/testing/test_search_channels.py` holds it against the model of the hub, call by call.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW = 2
"""Steps in which a posted statement can be answered."""

LONGEST = 4
"""Steps until the last expiry of a lock that is posted, at most."""


class Lock(NamedTuple):
    """A conditional payment. `chosen`: its worth depends on evidence that the receiver picks; else a hash lock."""

    amount: int
    expiry: int
    chosen: bool = False
    condition: int = 0


class Proof(NamedTuple):
    """A lock-bearing statement of the sender."""

    nonce: int
    amount: int
    locks: tuple[Lock, ...] = ()

    @property
    def value(self) -> int:
        """What it pays when every lock is opened."""
        return self.amount + sum(lock.amount for lock in self.locks)

    def text(self) -> str:
        """In few words."""
        locks = ", ".join(f"{'?' if lock.chosen else '#'}{lock.amount} until {lock.expiry}" for lock in self.locks)
        return f"proof {self.nonce}: {self.amount}{f' + ({locks})' if locks else ''}"


class Chain(NamedTuple):
    """What the hub keeps for one direction.

    `resolved` holds (index, what it pays, whether that is final); -1 stands for no time.
    """

    deadline: int = -1
    plain: int = 0
    claim: Proof | None = None
    resolved: tuple[tuple[int, int, bool], ...] = ()
    latest: int = -1
    started: int = -1
    settled: bool = False

    @property
    def paid(self) -> int:
        """What settling pays: the greater of the plain counter and the claim."""
        claimed = 0 if self.claim is None else self.claim.amount + sum(paid for _, paid, _ in self.resolved)
        return max(self.plain, claimed)


class Rule(NamedTuple):
    """The parts of the rule; each can be taken out.

    Attributes:
        apart: plain counter and claim are kept apart, and the greater one pays. Else one blocks the other.
        accept: whoever brings the receiver's Accept may post a proof. Else the receiver alone.
        guarded: nobody else may post it without that Accept.
        nonces: a proof never replaces one of a higher nonce.
        answer: a proof that its sender does not post itself leaves time to answer.
        expiries: a posted proof keeps the window open until its last lock expires.
        chooses: the receiver alone chooses what a voucher or contract lock is worth.
        best: of the receiver's consents the best one counts; else the one that comes first.
        skips: a lock that is resolved already is skipped; else it stops those beside it.
        lasting: what was signed stays signed.
    """

    apart: bool = True
    accept: bool = True
    guarded: bool = True
    nonces: bool = True
    answer: bool = True
    expiries: bool = True
    chooses: bool = True
    best: bool = True
    skips: bool = True
    lasting: bool = True


SOUND = Rule()


def is_open(chain: Chain, time: int) -> bool:
    """Whether statements can be posted."""
    return not chain.settled and chain.deadline >= time


def start(chain: Chain, time: int) -> Chain | None:
    """A party starts the close."""
    return None if chain.settled or chain.deadline >= 0 else chain._replace(deadline=time + WINDOW, started=time)


def post(chain: Chain, time: int, rule: Rule, amount: int) -> Chain | None:
    """Anybody posts a plain voucher."""
    if not is_open(chain, time) or amount <= chain.plain or not (rule.apart or chain.claim is None):
        return None
    return chain._replace(plain=amount)


def post_locks(chain: Chain, time: int, rule: Rule, proof: Proof, by: str, accepted: bool) -> Chain | None:
    """`by` ("receiver", "sender" or "other") posts a proof, with the receiver's Accept or without."""
    if not is_open(chain, time):
        return None
    if by != "receiver" and rule.guarded and not (accepted and rule.accept):
        return None
    if chain.claim is not None and rule.nonces and proof.nonce <= chain.claim.nonce:
        return None
    if not rule.apart and chain.claim is None and proof.amount < chain.plain:
        return None
    last = max([lock.expiry for lock in proof.locks], default=0)
    if last > time + LONGEST:
        return None
    until = max(chain.deadline, last if rule.expiries else 0)
    if by != "sender" and rule.answer:
        until = max(until, time + WINDOW)
    latest = chain.latest if chain.claim is not None else time + 2 * WINDOW + LONGEST
    if until > latest and until != chain.deadline:
        return None
    plain = chain.plain if rule.apart else max(chain.plain, proof.amount)
    return chain._replace(claim=proof, resolved=(), deadline=until, latest=latest, plain=plain)


def unlock(
    chain: Chain, time: int, rule: Rule, opened: tuple[tuple[int, int], ...], by: str, consents: bool = False
) -> Chain | None:
    """`by` opens locks, given by index and worth, several at once; None if nothing comes of it.

    `consents`: the receiver has signed these worths for whoever brings them.
    """
    if not is_open(chain, time) or chain.claim is None:
        return None
    resolved = {index: (paid, final) for index, paid, final in chain.resolved}
    for index, worth in opened:
        if index >= len(chain.claim.locks):
            return None
        lock = chain.claim.locks[index]
        before, final = resolved.get(index, (0, False))
        if index in resolved and not rule.skips:
            return None
        if time > lock.expiry or final:
            continue
        own = by == "receiver"
        if not lock.chosen:
            resolved[index] = (lock.amount, True)
        elif (own or consents or not rule.chooses) and min(worth, lock.amount) > before:
            resolved[index] = (min(worth, lock.amount), (own and index not in resolved) or not rule.best)
    after = tuple(sorted((index, *what) for index, what in resolved.items()))
    return None if after == chain.resolved else chain._replace(resolved=after)


def settle(chain: Chain, time: int) -> Chain:
    """The chain after anybody has settled what can be settled."""
    over = not chain.settled and 0 <= chain.deadline < time
    return chain._replace(settled=True) if over else chain
