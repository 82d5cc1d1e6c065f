"""Python functions compiled to machine code by numba, with the compiled code cached on disk for the next process.

Import this module late, because numba takes half a second. Its cache checks the file of a function only, so a kernel is
in one file with all the functions it calls, and receives values defined elsewhere as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from layer2.primitives.extras import needs

with needs("rollup"):
    from numba import njit


__all__ = ["compiled"]

_F = TypeVar("_F", bound=Callable[..., object])


def compiled(function: _F) -> _F:
    """Return a function that is compiled at its first call and releases the interpreter lock.

    The code is cached next to the source, else in the user's cache folder (`NUMBA_CACHE_DIR` sets another). If no
    folder is writable, it is compiled again in each process.
    """
    try:
        return cast(_F, njit(cache=True, nogil=True)(function))
    except RuntimeError:
        # Raised by the cache alone, if no folder is writable.
        return cast(_F, njit(nogil=True)(function))
