"""Sizes of the channel games."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement, product
from typing import NamedTuple

from layer2.testing.search.channels.lock_rule import Lock, Proof

MARGIN = 1
"""Number of steps before a lock's expiry in which its receiver goes on chain at the latest."""


class Domain(NamedTuple):
    """Set of messages that can be signed in a game.

    Attributes:
        amount: Maximum of vouchers and of statements' amounts.
        nonce: Maximum nonce.
        locks: Lists of locks that a statement can contain.
        last: Step in which the honest side closes by itself, so that every play ends.
    """

    amount: int
    nonce: int
    locks: tuple[tuple[Lock, ...], ...]
    last: int

    def proofs(self, nonce: int) -> list[Proof]:
        """Return every statement of a nonce."""
        return [Proof(nonce, amount, locks) for amount, locks in product(range(self.amount + 1), self.locks)]


def lock_lists(amounts: Sequence[int], expiries: Sequence[int], of_each: int) -> tuple[tuple[Lock, ...], ...]:
    """Return every list of at most `of_each` hash locks and at most `of_each` locks with a chosen value."""
    kinds = [
        [Lock(amount, expiry, chosen) for amount, expiry in product(amounts, expiries)] for chosen in (False, True)
    ]
    lists = [
        (*one, *other)
        for a, b in product(range(of_each + 1), repeat=2)
        for one in combinations_with_replacement(kinds[0], a)
        for other in combinations_with_replacement(kinds[1], b)
    ]
    return tuple(dict.fromkeys(lists))
