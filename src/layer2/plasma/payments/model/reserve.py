"""The reservation ledger: which exits may be paid while others wait, without a queue.

Every registered exit counts under the block of its output, under 0 for a deposit. One of amount x under block b is paid
iff what is registered under blocks older than b, and x, are covered by what the contract holds. Whoever calls lists
the buckets that are to be left out; one that is not listed only makes the test stricter, so nothing has to be proven.

A bucket holds two blocks, numbers 2k and 2k + 1, each with a sum of its own: sums are exact, nothing is rounded.

A fraud may lie in so many buckets that no transaction can list them. While a token is short, one sum of all buckets
from some number on is kept beside them: everything that is registered or ends there changes it, and anybody moves where
it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from layer2.plasma.payments.model.errors import BucketsUnsorted, NotCovered

__all__ = ["BLOCKS_PER_BUCKET", "Reserve", "require_sorted"]

BLOCKS_PER_BUCKET = 2
NEVER = (1 << 40) - 1
"""A bucket later than any."""


@dataclass(slots=True)
class Reserve:
    """What is registered of each token: in all, and under each block."""

    total: dict[int, int] = field(default_factory=dict)
    under: dict[tuple[int, int], int] = field(default_factory=dict)
    tracked: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By token: from which bucket on all is summed up, and the sum."""
    passed: int = 0
    """The latest block under which anything was paid, of whichever token."""

    def copy(self) -> Reserve:
        """An independent ledger with the same sums."""
        return Reserve(dict(self.total), dict(self.under), dict(self.tracked), self.passed)

    def place(self, block: int) -> int:
        """Under which block something of `block` registers now: never in front of what was paid.

        What was paid could have been fraud of its block only as of 2W before: who leaves in time is registered by then.
        """
        return max(block, self.passed)

    def passes(self, block: int) -> None:
        """Something registered under a block was paid."""
        self.passed = max(self.passed, block)

    def _track(self, token: int, block: int, amount: int) -> None:
        if token in self.tracked:
            start, sum_ = self.tracked[token]
            if block // BLOCKS_PER_BUCKET >= start:
                self.tracked[token] = (start, sum_ + amount)

    def sum_from(self, token: int, bucket: int) -> int:
        """What is registered under buckets from one on."""
        rows = self.under.items()
        return sum(amount for (which, one), amount in rows if which == token and one // BLOCKS_PER_BUCKET >= bucket)

    def track(self, token: int, bucket: int) -> None:
        """Sum up all buckets from this one on."""
        self.tracked[token] = (bucket, self.sum_from(token, bucket))

    def register(self, token: int, block: int, amount: int) -> None:
        """An exit begins to wait."""
        self.total[token] = self.total.get(token, 0) + amount
        self.under[token, block] = self.under.get((token, block), 0) + amount
        self._track(token, block, amount)

    def release(self, token: int, block: int, amount: int) -> None:
        """An exit was paid, or stopped."""
        self.total[token] -= amount
        self._track(token, block, -amount)
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
        start, sum_ = self.tracked.get(token, (NEVER, 0))
        if block // BLOCKS_PER_BUCKET < start:
            need -= sum_
        else:
            start = NEVER
        for bucket in newer:
            # What is summed up does not count twice.
            if bucket >= start:
                continue
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
        """The longest list that helps an exit under `block`: its own bucket and newer ones that are not summed up."""
        used = {one // BLOCKS_PER_BUCKET for which, one in self.under if which == token and one >= block}
        own = block // BLOCKS_PER_BUCKET
        start = self.tracked.get(token, (NEVER, 0))[0]
        return sorted(one for one in used | {own} if own >= start or one < start)

    def payable(self, token: int, block: int, amount: int, held: int) -> bool:
        """Whether some list lets an exit be paid now."""
        return min(self.need(token, block, amount), self.need(token, block, amount, self.buckets(token, block))) <= held


def require_sorted(newer: Sequence[int]) -> None:
    """BucketsUnsorted unless the buckets increase: none may be taken off twice."""
    if any(after <= before for before, after in pairwise(newer)):
        raise BucketsUnsorted()
