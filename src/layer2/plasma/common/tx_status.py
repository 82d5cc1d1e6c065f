"""What became of accepted payments: pending, in a block, or dropped and why. The newest are remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["REMEMBERED", "Fate", "Fates"]

REMEMBERED = 1 << 18
"""Payments of which it is known what became of them."""


@dataclass(frozen=True, slots=True)
class Fate:
    """`state`: pending, included or dropped. `block` and `index`: where it is included."""

    state: str
    block: int = 0
    index: int = 0
    reason: str = ""


class Fates:
    """By hash of the transaction: places as numbers, reasons as text."""

    def __init__(self) -> None:
        self._past: OrderedDict[bytes, int | str] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Fates {len(self._past)}>"

    def get(self, hashed: bytes) -> Fate | None:
        """Of one that is not pending."""
        found = self._past.get(hashed)
        if found is None:
            return None
        if isinstance(found, str):
            return Fate("dropped", reason=found)
        return Fate("included", found >> 16, found & 0xFFFF)

    def included(self, hashed: bytes) -> bool:
        """Whether it is in a block."""
        return isinstance(self._past.get(hashed), int)

    def include(self, number: int, hashes: Iterable[bytes]) -> None:
        """They stand in a block, in this order."""
        past, base = self._past, number << 16
        for index, hashed in enumerate(hashes):
            past[hashed] = base | index
        self._bound()

    def drop(self, hashed: bytes, reason: str) -> None:
        """It has become impossible."""
        self._past[hashed] = reason
        self._bound()

    def forget(self, hashed: bytes) -> None:
        """It is pending again."""
        self._past.pop(hashed, None)

    def _bound(self) -> None:
        while len(self._past) > REMEMBERED:
            self._past.popitem(last=False)
