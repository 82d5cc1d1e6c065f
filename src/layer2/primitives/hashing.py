"""Hash functions: keccak-256 and SHA-256."""

from __future__ import annotations

import hashlib
import sys
from importlib.machinery import EXTENSION_SUFFIXES

from sha3 import keccak_256

from layer2.primitives.errors import FatalError

BACKEND = "pysha3"
"""Library behind `keccak`: the C code of safe-pysha3, several times faster than the other wheels."""

_EMPTY = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def keccak(data: bytes) -> bytes:
    """Return the keccak-256 of `data` (Ethereum's, not NIST's SHA3-256), 32 bytes."""
    digest: bytes = keccak_256(data).digest()
    return digest


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()


def assert_fast_backend() -> None:
    """Raise FatalError unless `keccak` is compiled code and computes Ethereum's function."""
    home = getattr(sys.modules.get(keccak_256.__module__), "__file__", None)
    compiled = home is not None and home.endswith(tuple(EXTENSION_SUFFIXES))
    if not compiled or keccak(b"").hex() != _EMPTY:
        raise FatalError(
            f"keccak backend {BACKEND} is not the compiled one", hint="reinstall safe-pysha3 from its wheel"
        )
