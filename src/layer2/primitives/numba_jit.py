"""Python functions compiled to machine code by numba; what was compiled is kept on disk for the next process.

Import this module late: numba takes half a second. Its store of compiled code knows the file of a function and no
other, so a kernel stands in one file with all that it calls, and takes what others decide as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

__all__ = ["compiled"]

_F = TypeVar("_F", bound=Callable[..., object])


def compiled(function: _F) -> _F:
    """The function compiled at its first call; it lets other threads run.

    Kept beside the source, else in the user's cache folder (`NUMBA_CACHE_DIR` names another); where nothing can be
    written it is compiled again in each process.
    """
    try:
        return cast(_F, njit(cache=True, nogil=True)(function))
    except RuntimeError:
        # Raised when no folder can be written, and only for the sake of the store.
        return cast(_F, njit(nogil=True)(function))
