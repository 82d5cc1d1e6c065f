"""The reservation ledger: which exits may be paid while others wait, without a queue.

Every registered exit counts under the block of its output, under 0 for a deposit. One of amount x under block b is paid
iff what is registered under blocks older than b, and x, are covered by what the contract holds. Whoever calls lists
the buckets that are to be left out; one that is not listed only makes the test stricter, so nothing has to be proven.

A bucket holds two blocks, numbers 2k and 2k + 1, each with a sum of its own: sums are exact, nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from layer2.plasma.game.errors import BucketsUnsorted, NotCovered

__all__ = ["BLOCKS_PER_BUCKET", "Reserve", "require_sorted"]

BLOCKS_PER_BUCKET = 2


@dataclass(slots=True)
class Reserve:
    """What is registered of each token: in all, and under each block."""

    total: dict[int, int] = field(default_factory=dict)
    under: dict[tuple[int, int], int] = field(default_factory=dict)

    def copy(self) -> Reserve:
        """An independent ledger with the same sums."""
        return Reserve(dict(self.total), dict(self.under))

    def register(self, token: int, block: int, amount: int) -> None:
        """An exit begins to wait."""
        self.total[token] = self.total.get(token, 0) + amount
        self.under[token, block] = self.under.get((token, block), 0) + amount

    def release(self, token: int, block: int, amount: int) -> None:
        """An exit was paid, or stopped."""
        self.total[token] -= amount
        left = self.under[token, block] - amount
        assert left >= 0, "more was released than was registered"
        if left:
            self.under[token, block] = left
        else:
            del self.under[token, block]

    def need(self, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
        """What must be held for an exit of `amount` under `block` to be paid, leaving out the listed buckets.

        Of a bucket only blocks that are not older than `block` are left out: the older one of a pair stays covered.
        Raises `BucketsUnsorted` unless the list increases.
        """
        require_sorted(newer)
        need = self.total.get(token, 0)
        own = False
        for bucket in newer:
            for one in range(bucket * BLOCKS_PER_BUCKET, (bucket + 1) * BLOCKS_PER_BUCKET):
                if one >= block:
                    need -= self.under.get((token, one), 0)
            own = own or bucket == block // BLOCKS_PER_BUCKET
        return need + amount if own else need

    def check(self, token: int, block: int, amount: int, newer: Sequence[int], held: int) -> None:
        """Raise `NotCovered` unless an exit may be paid out of the `held`."""
        need = self.need(token, block, amount, newer)
        if need > held:
            raise NotCovered(token, need, held)

    def buckets(self, token: int, block: int) -> list[int]:
        """The longest list that helps an exit under `block`: its own bucket and all newer ones in use."""
        used = {one // BLOCKS_PER_BUCKET for which, one in self.under if which == token and one >= block}
        return sorted(used | {block // BLOCKS_PER_BUCKET})

    def payable(self, token: int, block: int, amount: int, held: int) -> bool:
        """Whether some list lets an exit be paid now."""
        return min(self.need(token, block, amount), self.need(token, block, amount, self.buckets(token, block))) <= held


def require_sorted(newer: Sequence[int]) -> None:
    """BucketsUnsorted unless the buckets increase: none may be taken off twice."""
    if any(after <= before for before, after in pairwise(newer)):
        raise BucketsUnsorted()
