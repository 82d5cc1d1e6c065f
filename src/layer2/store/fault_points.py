"""A crash on demand, for the tests that kill a node at each place where it persists.

`LAYER2_FAULT="name:n"` in the environment kills this very process, as `kill -9` would, when the point `name` is passed
for the n-th time. Unset, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

__all__ = ["arm", "fault_point"]

_name, _left = "", 1


def arm(fault: str) -> None:
    """From now on: die at `name:n`, whatever the environment says; at nothing for an empty one."""
    global _name, _left
    _name, _, count = fault.partition(":")
    _left = int(count) if count.isdigit() else 1


def fault_point(name: str) -> None:
    """Die here if the environment says so."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("LAYER2_FAULT", ""))
