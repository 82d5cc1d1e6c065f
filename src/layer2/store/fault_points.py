"""Crash injection for the tests that kill a node at each point where it persists data.

`LAYER2_FAULT="name:n"` in the environment kills this process, like `kill -9`, when the point `name` is reached for the
n-th time. If unset, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

__all__ = ["arm", "fault_point"]

_name, _left = "", 1


def arm(fault: str) -> None:
    """Set the fault `name:n`, in place of the one in the environment; an empty string disables faults."""
    global _name, _left
    _name, _, count = fault.partition(":")
    _left = int(count) if count.isdigit() else 1


def fault_point(name: str) -> None:
    """Kill the process if the configured fault is reached."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("LAYER2_FAULT", ""))
