"""Errors of reference models of contracts: the contract's own names and fields, raised by Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from layer2.primitives.display import format_time, time_left
from layer2.primitives.errors import RecoverableError

__all__ = ["ModelledRevert"]

_CLOCKS = frozenset({"timestamp", "now_"})
_TIMES = _CLOCKS | {
    "deadline", "expiry", "lastExpiry", "latest", "openAt", "openBefore", "pendingSince", "revealBy",
    "signatureDeadline", "until", "validAfter", "validBefore", "validUntil",
}  # fmt: skip
"""Names of arguments that are Unix times, or block numbers, which are too small to be shown as times."""


class ModelledRevert(RecoverableError):
    """A contract would reject this call; nothing has changed.

    Attributes:
        arguments: the error's fields by their Solidity names.
    """

    FIELDS: ClassVar[tuple[str, ...]] = ()
    MEANING: ClassVar[str] = "The contract refused"
    arguments: Mapping[str, Any]

    @classmethod
    def kinds(cls) -> dict[str, type[Self]]:
        """Return the error classes of this contract by name."""
        return {kind.__name__: kind for kind in cls.__subclasses__()}

    @classmethod
    def from_revert(cls, name: str | None, arguments: Mapping[str, Any]) -> Self | None:
        """Return the typed error for a decoded revert; None for an error that is not this contract's."""
        kind = cls.kinds().get(name or "")
        if kind is None or set(arguments) != set(kind.FIELDS):
            return None
        return kind(*(arguments[field] for field in kind.FIELDS))

    def __init__(self, *values: Any) -> None:
        if len(values) != len(self.FIELDS):
            raise TypeError(f"{type(self).__name__} takes {self.FIELDS}, {len(values)} values were given")
        self.arguments = dict(zip(self.FIELDS, values, strict=True))
        shown = ", ".join(f"{name} {self._show(name, value)}" for name, value in self.arguments.items())
        super().__init__(f"{type(self).__name__}: {self.MEANING}" + (f" ({shown})" if shown else ""))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.arguments == other.arguments

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.arguments.values())))

    def _show(self, name: str, value: Any) -> str:
        if isinstance(value, bytes):
            return "0x" + value.hex()
        if name not in _TIMES:
            return str(value)
        now = self.arguments.get("timestamp", self.arguments.get("now_"))
        return format_time(value) if now is None or name in _CLOCKS else time_left(value, now)
