"""The reserves: coverage of exits that decides which may be paid before others, without a queue.

Every registered exit counts under the block of its output, or under 0 for a deposit. An exit of amount x under block b
is payable if and only if the holdings cover x and the sum registered under blocks older than b. The caller lists the
newer buckets to leave out. An unlisted bucket only makes the condition stricter, so nothing has to be proven.

A bucket holds two blocks, numbers 2k and 2k + 1, each with a sum of its own: sums are exact, without rounding.

A fraud may be spread over more buckets than a transaction can list. While a token is short, one sum of all buckets from
some number on is tracked as well. Each registration and release updates it, and anyone may move its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from layer2.plasma.payments.bindings.errors import NotCovered, UnsortedBuckets

__all__ = ["BLOCKS_PER_BUCKET", "Reserve", "require_sorted"]

BLOCKS_PER_BUCKET = 2
NEVER = (1 << 40) - 1
"""A bucket later than all others."""


@dataclass(slots=True)
class Reserve:
    """Amounts registered by token: in total, and under each block."""

    total: dict[int, int] = field(default_factory=dict)
    under: dict[tuple[int, int], int] = field(default_factory=dict)
    tracked: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The first bucket of the tracked sum and the sum, by token."""
    passed: int = 0
    """The latest block under which an exit of any token was paid."""

    def copy(self) -> Reserve:
        """Return an independent copy."""
        return Reserve(dict(self.total), dict(self.under), dict(self.tracked), self.passed)

    def place(self, block: int) -> int:
        """Return the block under which an exit of `block` registers now: not before the latest paid one.

        A payout could be a fraud of its block only as of 2W earlier, so owners who exit in time are registered by then.
        """
        return max(block, self.passed)

    def passes(self, block: int) -> None:
        """Record a payout of an exit registered under a block."""
        self.passed = max(self.passed, block)

    def _track(self, token: int, block: int, amount: int) -> None:
        if token in self.tracked:
            start, sum_ = self.tracked[token]
            if block // BLOCKS_PER_BUCKET >= start:
                self.tracked[token] = (start, sum_ + amount)

    def sum_from(self, token: int, bucket: int) -> int:
        """Return the sum registered under buckets from one on."""
        rows = self.under.items()
        return sum(amount for (which, one), amount in rows if which == token and one // BLOCKS_PER_BUCKET >= bucket)

    def track(self, token: int, bucket: int) -> None:
        """Track the sum of all buckets from this one on."""
        self.tracked[token] = (bucket, self.sum_from(token, bucket))

    def register(self, token: int, block: int, amount: int) -> None:
        """Register an exit."""
        self.total[token] = self.total.get(token, 0) + amount
        self.under[token, block] = self.under.get((token, block), 0) + amount
        self._track(token, block, amount)

    def release(self, token: int, block: int, amount: int) -> None:
        """Release a paid or stopped exit."""
        self.total[token] -= amount
        self._track(token, block, -amount)
        left = self.under[token, block] - amount
        assert left >= 0, "more was released than was registered"
        if left:
            self.under[token, block] = left
        else:
            del self.under[token, block]

    def need(self, token: int, block: int, amount: int, newer: Sequence[int] = ()) -> int:
        """Return the holdings required to pay an exit of `amount` under `block`, without the listed buckets.

        Only blocks of a bucket that are not older than `block` are left out: an older block of the pair stays covered.

        Raises:
            UnsortedBuckets: the list does not increase.
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
            # The tracked sum must not count twice.
            if bucket >= start:
                continue
            for one in range(bucket * BLOCKS_PER_BUCKET, (bucket + 1) * BLOCKS_PER_BUCKET):
                if one >= block:
                    need -= self.under.get((token, one), 0)
            own = own or bucket == block // BLOCKS_PER_BUCKET
        return need + amount if own else need

    def check(self, token: int, block: int, amount: int, newer: Sequence[int], held: int) -> None:
        """Raise `NotCovered` unless an exit is payable from the `held` amount."""
        need = self.need(token, block, amount, newer)
        if need > held:
            raise NotCovered(token, need, held)

    def buckets(self, token: int, block: int) -> list[int]:
        """Return the longest useful list for an exit under `block`: untracked buckets that are not older."""
        used = {one // BLOCKS_PER_BUCKET for which, one in self.under if which == token and one >= block}
        own = block // BLOCKS_PER_BUCKET
        start = self.tracked.get(token, (NEVER, 0))[0]
        return sorted(one for one in used | {own} if own >= start or one < start)

    def payable(self, token: int, block: int, amount: int, held: int) -> bool:
        """Return True if an exit is payable now with some list."""
        return min(self.need(token, block, amount), self.need(token, block, amount, self.buckets(token, block))) <= held


def require_sorted(newer: Sequence[int]) -> None:
    """Raise UnsortedBuckets unless the buckets increase, so that none is subtracted twice."""
    if any(after <= before for before, after in pairwise(newer)):
        raise UnsortedBuckets()
