"""Rule by which a hub pays one direction of a duplex channel, reduced for search: time in steps, and few units.

A model of `post`, `postLocks`, `unlock` and `settle` for one direction, without bytes: a signature is a permission, a
Merkle proof is an index. `Rule` can disable parts of it, one at a time, for controls. A test,
`tests/unit/testing/test_search_channels.py`, compares it with the model of the hub, call by call.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW = 2
"""Steps in which a posted statement can be answered."""

LONGEST = 4
"""Maximum steps until the last expiry of a posted lock."""


class Lock(NamedTuple):
    """A conditional payment: a hash lock, or with `chosen` a lock whose value the receiver's evidence determines."""

    amount: int
    expiry: int
    chosen: bool = False
    condition: int = 0


class Proof(NamedTuple):
    """A statement of the sender with locks."""

    nonce: int
    amount: int
    locks: tuple[Lock, ...] = ()

    @property
    def value(self) -> int:
        """Amount that the statement pays if every lock is resolved."""
        return self.amount + sum(lock.amount for lock in self.locks)

    def text(self) -> str:
        """Return a short description."""
        locks = ", ".join(f"{'?' if lock.chosen else '#'}{lock.amount} until {lock.expiry}" for lock in self.locks)
        return f"proof {self.nonce}: {self.amount}{f' + ({locks})' if locks else ''}"


class Chain(NamedTuple):
    """State of the hub for one direction.

    `resolved` holds (index, payment, True if final); -1 is used for an unset time.
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
        """Amount that settling pays: the greater of the plain counter and the claim."""
        claimed = 0 if self.claim is None else self.claim.amount + sum(paid for _, paid, _ in self.resolved)
        return max(self.plain, claimed)


class Rule(NamedTuple):
    """Parts of the rule, each of which can be disabled.

    Attributes:
        apart: Plain counter and claim are stored separately, and the greater one pays. Else one blocks the other.
        accept: Anyone with the receiver's Accept may post a proof. Else only the receiver may.
        guarded: Others need that Accept to post a proof.
        nonces: A proof never replaces one with a higher nonce.
        answer: A proof posted by anyone but its sender leaves time to answer.
        expiries: A posted proof keeps the window open until its last lock expires.
        chooses: Only the receiver chooses the value of a voucher or contract lock.
        best: Of the receiver's consents the greatest value counts; else the first one.
        skips: A resolved lock is skipped; else it fails the whole call.
        lasting: Signatures stay valid.
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
    """Return True if statements can be posted."""
    return not chain.settled and chain.deadline >= time


def start(chain: Chain, time: int) -> Chain | None:
    """Start the close as a party."""
    return None if chain.settled or chain.deadline >= 0 else chain._replace(deadline=time + WINDOW, started=time)


def post(chain: Chain, time: int, rule: Rule, amount: int) -> Chain | None:
    """Post a plain voucher, as anyone."""
    if not is_open(chain, time) or amount <= chain.plain or not (rule.apart or chain.claim is None):
        return None
    return chain._replace(plain=amount)


def post_locks(chain: Chain, time: int, rule: Rule, proof: Proof, by: str, accepted: bool) -> Chain | None:
    """Post a proof as `by` ("receiver", "sender" or "other"), with or without the receiver's Accept."""
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
    """Resolve locks, given by index and value, as `by`; return None without effect.

    With `consents` the receiver has signed these values for anyone to submit.
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
    """Return the chain after a settlement that is due."""
    over = not chain.settled and 0 <= chain.deadline < time
    return chain._replace(settled=True) if over else chain
