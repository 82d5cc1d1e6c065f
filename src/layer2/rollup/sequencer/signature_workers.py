"""Signature verification in the calling thread, in threads, or in worker processes.

Processes use all cores for both kinds of keys. Threads help with ECDSA only, because pyblst holds the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.protocol.batch_signatures import aggregates, check_bls, check_ecdsa

__all__ = ["SignatureWorkers"]

_MOST_BLS = 256
"""Maximum number of signatures verified together: larger batches gain little and cost more to split on failure."""


class SignatureWorkers(WorkerPool):
    """Verification and aggregation of signatures by `WorkerPool`. Thread-safe."""

    def check_ecdsa(self, prefix: bytes, records: bytes, size: int) -> tuple[list[bytes], list[bytes]]:
        """Run `verification.check_ecdsa` in parts; `size` is the length of a record."""
        step = self.part(len(records) // size) * size
        parts = [(prefix, records[at : at + step]) for at in range(0, len(records), step)]
        return _joined(self.run(check_ecdsa, parts))

    def check_bls(self, prefix: bytes, records: bytes, keys: Sequence[bytes], size: int) -> tuple[list[bytes], Any]:
        """Run `verification.check_bls` in parts; `size` is the length of a record."""
        step = self.part(len(keys), _MOST_BLS)
        parts = [
            (prefix, records[at * size : (at + step) * size], keys[at : at + step]) for at in range(0, len(keys), step)
        ]
        return _joined(self.run(check_bls, parts))

    def aggregates(self, groups: Sequence[Sequence[bytes]]) -> list[bytes]:
        """Return the aggregate of each group of BLS signatures."""
        step = max(1, -(-len(groups) // max(1, self.processes)))
        parts = [(groups[at : at + step],) for at in range(0, len(groups), step)]
        return list(chain.from_iterable(self.run(aggregates, parts)))


def _joined(parts: Sequence[tuple[list[bytes], list[Any]]]) -> tuple[list[bytes], list[Any]]:
    return [one for part in parts for one in part[0]], [one for part in parts for one in part[1]]
