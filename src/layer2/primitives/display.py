"""Display of times, amounts and records for people."""

from __future__ import annotations

import datetime
from dataclasses import fields
from typing import Any

from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.units import format_amount

__all__ = ["Readable", "format_time", "format_units", "time_left"]

_AMOUNTS = frozenset({"amount", "balance", "value", "fee"})
_TIMES = frozenset({"deadline", "time", "exitable_at", "valid_until"})
_FIRST_TIME, _LAST_TIME = 1_000_000_000, 4_102_444_800
"""Bounds of plausible times, 2001 to 2100; smaller numbers are blocks or flags."""
_STEPS = ((172_800, 86_400, "days"), (7_200, 3_600, "hours"), (120, 60, "min"), (0, 1, "s"))


def format_time(time: int) -> str:
    """Format a time for display: UTC, to the second. A number that is not a plausible time is returned as digits."""
    if not _FIRST_TIME < time < _LAST_TIME:
        return str(time)
    return datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def time_left(time: int, now: int) -> str:
    """Format a time with its distance from now: "2026-12-01 07:56:20 UTC, in 59 min", or "..., 2 hours ago"."""
    if not _FIRST_TIME < time < _LAST_TIME:
        return str(time)
    distance = abs(time - now)
    number, word = next((distance // unit, word) for least, unit, word in _STEPS if distance >= least)
    return f"{format_time(time)}, " + (f"in {number} {word}" if time >= now else f"{number} {word} ago")


def format_units(amount: int, token: int | str) -> str:
    """Format an amount of a token by number or address: in ether if it is ether, else in the token's smallest units.

    Less than a gwei is shown in wei.
    """
    if token in (0, ZERO_ADDRESS):
        return f"{amount} wei" if 0 < amount < 10**9 else format_amount(amount)
    return f"{amount:,} units of token {token}"


class Readable:
    """Base of dataclasses whose `repr` is for people: bytes in hex, amounts with their unit, times as clocks."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{one.name}={self._shown(one.name)}" for one in fields(self) if one.repr)  # type: ignore[arg-type]
        return f"{type(self).__name__}({shown})"

    def _shown(self, name: str) -> str:
        value: Any = getattr(self, name)
        if isinstance(value, bytes):
            return _hex(value)
        if type(value) is not int:
            return repr(value)
        if name == "coin":
            return f"{value:#x}"
        if name in _TIMES:
            return format_time(value)
        if name in _AMOUNTS and getattr(self, "token", None) in (0, ZERO_ADDRESS):
            return format_units(value, 0)
        return f"{value:,}"


def _hex(value: bytes) -> str:
    # An owner word is an address after twelve zero bytes.
    if len(value) == 32 and not any(value[:12]) and any(value[12:]):
        return to_address(value[12:])
    if len(value) == 20:
        return to_address(value)
    return "0x" + (value.hex() if len(value) <= 8 else f"{value[:4].hex()}..")
