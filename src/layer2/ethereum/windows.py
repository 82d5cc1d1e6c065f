"""Refuses windows that nobody can keep: an answer needs time to be thought of, sent and included."""

from __future__ import annotations

from layer2.ethereum.connection import Connection
from layer2.primitives.errors import RangeError

__all__ = ["LEAST_WINDOW", "WindowTooShort", "require_windows", "short_windows"]

LEAST_WINDOW = 600
"""Seconds: fifty blocks of twelve seconds, for an answer that must outbid full blocks, from a node that looks now and
then. What is safe for much money is hours or days; this is only what is certainly too short."""


class WindowTooShort(RangeError):
    """A window within which somebody must answer is too short for anybody to answer."""


def short_windows(**seconds: int) -> list[str]:
    """For each window that nobody can keep, a sentence."""
    return [
        f"{name.replace('_', ' ')} of {length} s: nobody can be sure to answer in it, {LEAST_WINDOW} s needed"
        for name, length in seconds.items()
        if length < LEAST_WINDOW
    ]


def require_windows(connection: Connection, **seconds: int) -> None:
    """Raise WindowTooShort for the first window that nobody can keep, unless this is a development chain."""
    found = [] if connection.is_dev else short_windows(**seconds)
    if found:
        raise WindowTooShort(
            f"chain {connection.chain_id}: {found[0]}", hint="give a longer one, or use a development chain"
        )
