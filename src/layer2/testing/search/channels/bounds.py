"""How large the games of channels are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement, product
from typing import NamedTuple

from layer2.testing.search.channels.lock_rule import Lock, Proof

MARGIN = 1
"""Steps before a lock's expiry in which its receiver goes to the chain, at the latest."""


class Domain(NamedTuple):
    """What can be signed in a game.

    Attributes:
        amount: vouchers and amounts of statements are at most this.
        nonce: so are nonces.
        locks: the lists of locks that a statement can carry.
        last: the step in which the honest side closes by itself, so that every play comes to an end.
    """

    amount: int
    nonce: int
    locks: tuple[tuple[Lock, ...], ...]
    last: int

    def proofs(self, nonce: int) -> list[Proof]:
        """Every statement of a nonce."""
        return [Proof(nonce, amount, locks) for amount, locks in product(range(self.amount + 1), self.locks)]


def lock_lists(amounts: Sequence[int], expiries: Sequence[int], of_each: int) -> tuple[tuple[Lock, ...], ...]:
    """Every list of at most `of_each` hash locks and as many whose worth is chosen."""
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
