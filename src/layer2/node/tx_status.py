"""Status of accepted transactions: pending, included or dropped. Only the latest final statuses are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["REMEMBERED", "TxStatus", "TxStatusIndex"]

REMEMBERED = 1 << 18
"""Maximum number of transactions whose final status is kept."""


@dataclass(frozen=True, slots=True)
class TxStatus:
    """Status of an accepted transaction.

    Attributes:
        state: `pending`, `dropped`, or the family's word for an included transaction.
        block: block or inbox entry of an included transaction; the newest one at that time if dropped, 0 if pending.
        index: index of an included transaction in its block.
        reason: reason why the transaction was dropped.
    """

    state: str
    block: int = 0
    index: int = 0
    reason: str = ""


_Row = int | tuple[int, str]
"""Place of an included transaction, or block and reason of a dropped one: most rows are small integers."""


class TxStatusIndex:
    """Statuses of transactions that are no longer pending, by hash.

    Args:
        included: the state of an included transaction.
        until_closed: keep every status until `close`, because L1 may still revert it.
    """

    def __init__(self, included: str = "included", *, until_closed: bool = False) -> None:
        self._word = included
        self._open: dict[bytes, _Row] = {}
        self._past: OrderedDict[bytes, _Row] = OrderedDict()
        self._new = self._open if until_closed else self._past

    def __repr__(self) -> str:
        return f"<TxStatusIndex open={len(self._open)} past={len(self._past)}>"

    def get(self, hashed: bytes) -> TxStatus | None:
        """Return the status of a transaction that is not pending; None if it is unknown."""
        row = self._open.get(hashed) or self._past.get(hashed)
        if row is None:
            return None
        if isinstance(row, int):
            return TxStatus(self._word, row >> 16, row & 0xFFFF)
        return TxStatus("dropped", row[0], reason=row[1])

    def included(self, hashed: bytes) -> bool:
        """Return True if the transaction is included."""
        return isinstance(self._open.get(hashed) or self._past.get(hashed), int)

    def include(self, number: int, hashes: Iterable[bytes]) -> None:
        """Record transactions as included in a block, in this order."""
        rows, base = self._new, number << 16
        for index, hashed in enumerate(hashes):
            rows[hashed] = base | index
        self._bound()

    def drop(self, hashed: bytes, reason: str, number: int = 0) -> None:
        """Record a transaction as dropped, when block `number` was the newest one."""
        self._new[hashed] = number, reason
        self._bound()

    def forget(self, hashes: Iterable[bytes]) -> None:
        """Remove the statuses of transactions that are pending again."""
        rows = self._new
        if rows:
            for hashed in hashes:
                rows.pop(hashed, None)

    def final(self, number: int) -> list[bytes]:
        """Return the transactions that block `number` or an earlier one decided, and that are not closed."""
        rows = self._open.items()
        return [hashed for hashed, row in rows if (row >> 16 if isinstance(row, int) else row[0]) <= number]

    def close(self, hashes: Iterable[bytes]) -> None:
        """Record statuses as final."""
        for hashed in hashes:
            self._past[hashed] = self._open.pop(hashed)
        self._bound()

    def clear(self) -> None:
        """Remove all statuses."""
        self._open.clear()
        self._past.clear()

    def _bound(self) -> None:
        while len(self._past) > REMEMBERED:
            self._past.popitem(last=False)
