"""Status of accepted payments: pending, included or dropped. Only the latest statuses are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["REMEMBERED", "TxStatus", "TxStatusIndex"]

REMEMBERED = 1 << 18
"""Maximum number of payments whose status is kept."""


@dataclass(frozen=True, slots=True)
class TxStatus:
    """Status of a payment.

    Attributes:
        state: `pending`, `included` or `dropped`.
        block, index: the place of an included payment.
        reason: the rejection of a dropped payment.
    """

    state: str
    block: int = 0
    index: int = 0
    reason: str = ""


class TxStatusIndex:
    """Index of payment statuses by transaction hash: places as integers, reasons as text."""

    def __init__(self) -> None:
        self._past: OrderedDict[bytes, int | str] = OrderedDict()

    def __repr__(self) -> str:
        return f"<TxStatusIndex {len(self._past)}>"

    def get(self, hashed: bytes) -> TxStatus | None:
        """Return the status of a payment that is not pending; None if it is unknown."""
        found = self._past.get(hashed)
        if found is None:
            return None
        if isinstance(found, str):
            return TxStatus("dropped", reason=found)
        return TxStatus("included", found >> 16, found & 0xFFFF)

    def included(self, hashed: bytes) -> bool:
        """Return True if the payment is in a block."""
        return isinstance(self._past.get(hashed), int)

    def include(self, number: int, hashes: Iterable[bytes]) -> None:
        """Record payments as included in a block, in this order."""
        past, base = self._past, number << 16
        for index, hashed in enumerate(hashes):
            past[hashed] = base | index
        self._bound()

    def drop(self, hashed: bytes, reason: str) -> None:
        """Record a payment as dropped."""
        self._past[hashed] = reason
        self._bound()

    def forget(self, hashed: bytes) -> None:
        """Remove the status of a payment that is pending again."""
        self._past.pop(hashed, None)

    def _bound(self) -> None:
        while len(self._past) > REMEMBERED:
            self._past.popitem(last=False)
