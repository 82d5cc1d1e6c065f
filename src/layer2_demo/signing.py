"""Signatures of a thousand users, made in two processes in place of the users' own machines."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from layer2.primitives.bls import BlsKey

__all__ = ["sign_all"]

PROCESSES = 2


def sign_all(tasks: Sequence[tuple[bytes, Sequence[bytes]]]) -> list[list[bytes]]:
    """Return the BLS signatures of each `(seed, digests)` by the seed's key."""
    # Processes are spawned, because a fork would share this one's sockets to the chain.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        return list(pool.map(_sign, tasks, chunksize=max(1, len(tasks) // (4 * PROCESSES))))


def _sign(task: tuple[bytes, Sequence[bytes]]) -> list[bytes]:
    seed, digests = task
    key = BlsKey.derive(seed)
    return [key.sign(digest) for digest in digests]
