"""Lower bounds of the work of any implementation, measured with the bare libraries, and timing helpers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from coincurve import PublicKey
from sha3 import keccak_256

from layer2.primitives.ecdsa import from_compact

__all__ = ["Turn", "hash_all", "parsed", "quantile_ms", "recover_all", "timed", "write_durably"]


class Turn(NamedTuple):
    """Wall-clock seconds, and CPU seconds of this process."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Turn:
    """Return the time that `work` takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Turn(time.perf_counter() - wall, time.process_time() - cpu)


def quantile_ms(values: Sequence[float], quantile: float) -> float:
    """Return a quantile of ascending seconds, in milliseconds."""
    return round(values[min(len(values) - 1, int(len(values) * quantile))] * 1000, 3)


def parsed(signatures: Iterable[bytes]) -> list[bytes]:
    """Convert 64-byte signatures (EIP-2098) to coincurve's format, `r | s | parity`."""
    plain = map(from_compact, signatures)
    return [one[:64] + bytes((one[64] - 27,)) for one in plain]


def recover_all(digests: Sequence[bytes], signatures: Sequence[bytes]) -> list[bytes]:
    """Recover the addresses of signatures from `parsed`, with coincurve and keccak."""
    found = []
    for digest, signature in zip(digests, signatures, strict=True):
        point = PublicKey.from_signature_and_message(signature, digest, hasher=None)
        found.append(keccak_256(point.format(compressed=False)[1:]).digest()[12:])
    return found


def hash_all(counts: dict[int, int]) -> None:
    """Hash `counts[size]` messages of each size with keccak, and keep the results in memory as a tree does."""
    hashed = keccak_256
    for size, count in counts.items():
        message = bytes(size)
        [hashed(message).digest() for _ in range(count)]


def write_durably(path: Path, data: bytes) -> None:
    """Write a file with one `fsync`."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
