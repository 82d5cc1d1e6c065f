"""Rejects challenge windows that are too short to prepare, send and include an answer."""

from __future__ import annotations

from layer2.ethereum.connection import Connection
from layer2.primitives.errors import RangeError

__all__ = ["LEAST_WINDOW", "WindowTooShort", "require_windows", "short_windows"]

LEAST_WINDOW = 600
"""Minimum window in seconds: fifty blocks of twelve seconds.

An answer must outbid full blocks, and the node that sends it polls the chain only at intervals. Large amounts need
hours or days; shorter windows than this are certainly unsafe.
"""


class WindowTooShort(RangeError):
    """Raised when a window is too short for any node to answer in it."""


def short_windows(**seconds: int) -> list[str]:
    """Return one sentence for each window that is too short."""
    return [
        f"{name.replace('_', ' ')} of {length} s: nobody can be sure to answer in it, {LEAST_WINDOW} s needed"
        for name, length in seconds.items()
        if length < LEAST_WINDOW
    ]


def require_windows(connection: Connection, **seconds: int) -> None:
    """Raise WindowTooShort for the first window that is too short, unless this is a development chain."""
    found = [] if connection.is_dev else short_windows(**seconds)
    if found:
        raise WindowTooShort(
            f"chain {connection.chain_id}: {found[0]}", hint="use a longer one, or a development chain"
        )
