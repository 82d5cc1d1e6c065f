"""A crash on demand, for the tests that kill a node at each place where it persists.

`LAYER2_FAULT="name:n"` in the environment kills this very process, as `kill -9` would, when the point `name` is passed
for the n-th time. Unset, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

_name, _, _count = os.environ.get("LAYER2_FAULT", "").partition(":")
_left = int(_count) if _count.isdigit() else 1


def fault_point(name: str) -> None:
    """Die here if the environment says so."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
