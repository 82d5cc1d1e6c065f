"""Crash-safe payments per second, both sides on one core, with the libraries' bare limit of the same run.

A payment consists of digest and signature by the payer, a group commit to its journal, verification by the payee, and a
group commit to its journal. The bare limit consists of the unavoidable work: coincurve's signature, a verification with
a parsed key, and as many group commits to bare SQLite files (WAL, synchronous=FULL), each of one row with the group's
signatures, like the journal's. The two alternate, so that variations of the machine affect both.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from coincurve import PrivateKey as CurveKey
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT

from layer2.channels.channel import Channel
from layer2.channels.hub import HubFacade
from layer2.ethereum.devnet import tester_connection
from layer2.primitives.hashing import keccak
from layer2_bench.bare import quantile_ms
from layer2_bench.rate_open import run_open

PAYMENTS = 19_200
GROUP = 32
TARGET_RATE = 8_000
TARGET_RATIO = 0.7
TARGET_P99_MS = 10.0


def run_rate(payments: int = PAYMENTS, group: int = GROUP, rounds: int = 20) -> dict[str, Any]:
    """Measure `payments` in groups of `group`, in `rounds` turns that alternate with the bare limit.

    Returns:
        Payments per wall and CPU second, latency in milliseconds from the start of signing a group until it is durable
        at the payee, the bare limit, and `ratio_to_limit` (median over the rounds, CPU time).
    """
    groups = max(1, payments // group // rounds)
    with tempfile.TemporaryDirectory(prefix="layer2-rate-") as folder:
        connection = tester_connection()
        payer, payee = connection.signers(3)[1:3]
        hub = HubFacade.deploy(connection, connection.signers(1)[0], store=Path(folder))
        channel = hub.open(payer, payee, deposit="1000 ether", dispute="1 hour")
        bare = _Bare(Path(folder))
        # The first group of each is not counted, because it warms caches and grows files.
        _pay(channel, group)
        bare.pay(group)
        ours: list[_Turn] = []
        limit: list[_Turn] = []
        for _ in range(rounds):
            turns = (_turn(lambda: _pay(channel, group), groups), _turn(lambda: bare.pay(group), groups))
            ours.append(turns[0])
            limit.append(turns[1])
        hub.release()
        bare.close()
    count = groups * group
    latencies = sorted(value for turn in ours for value in turn.latencies)
    ratios = [theirs.cpu / mine.cpu for mine, theirs in zip(ours, limit, strict=True)]
    return {
        "family": "channels",
        "payments": count * rounds,
        "group": group,
        "payments_per_second": round(count / statistics.median(turn.wall for turn in ours)),
        "payments_per_cpu_second": round(count / statistics.median(turn.cpu for turn in ours)),
        "latency_ms": {"p50": quantile_ms(latencies, 0.5), "p99": quantile_ms(latencies, 0.99)},
        "limit_per_second": round(count / statistics.median(turn.wall for turn in limit)),
        "limit_per_cpu_second": round(count / statistics.median(turn.cpu for turn in limit)),
        "opened": run_open(),
        "ratio_to_limit": round(statistics.median(ratios), 3),
        "targets": {
            "payments_per_second": TARGET_RATE,
            "ratio_to_limit": TARGET_RATIO,
            "p99_ms": TARGET_P99_MS,
        },
    }


class _Turn:
    """One turn: wall and CPU seconds, and the latency of each group."""

    __slots__ = ("cpu", "latencies", "wall")

    def __init__(self, wall: float, cpu: float, latencies: list[float]) -> None:
        self.wall = wall
        self.cpu = cpu
        self.latencies = latencies


def _turn(work: Any, groups: int) -> _Turn:
    latencies = []
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(groups):
        begun = time.perf_counter()
        work()
        latencies.append(time.perf_counter() - begun)
    return _Turn(time.perf_counter() - wall, time.process_time() - cpu, latencies)


def _pay(channel: Channel, group: int) -> None:
    payments = channel.parties["A"].pay_many(channel.id, 10**9, group)
    channel.parties["B"].receive_many(payments)


class _Bare:
    """Payments with the bare libraries."""

    def __init__(self, folder: Path) -> None:
        self._key = CurveKey(keccak(b"bare"))
        self._point = self._key.public_key.public_key
        self._files = [self._open(folder / name) for name in ("bare-payer.db", "bare-payee.db")]
        self._next = 0

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE rows (sequence INTEGER PRIMARY KEY, payload BLOB NOT NULL)")
        return database

    def pay(self, group: int) -> None:
        """Sign, commit, verify and commit one group."""
        numbers = range(self._next, self._next + group)
        self._next += group
        # Any 32 bytes can be a digest, because hashing is not part of the limit.
        digests = [number.to_bytes(32, "big") for number in numbers]
        signatures = [self._key.sign_recoverable(digest, hasher=None) for digest in digests]
        self._commit(0, numbers, signatures)
        for digest, signature in zip(digests, signatures, strict=True):
            if not self._verify(digest, signature):
                raise AssertionError("coincurve refused its own signature")
        self._commit(1, numbers, signatures)

    def _verify(self, digest: bytes, signature: bytes) -> bool:
        parsed = ffi.new("secp256k1_ecdsa_signature *")
        context = GLOBAL_CONTEXT.ctx
        if not lib.secp256k1_ecdsa_signature_parse_compact(context, parsed, signature[:64]):
            return False
        return bool(lib.secp256k1_ecdsa_verify(context, parsed, digest, self._point))

    def _commit(self, index: int, numbers: range, signatures: list[bytes]) -> None:
        database = self._files[index]
        database.execute("BEGIN IMMEDIATE")
        # One row per group is written, because the journal does not write a row per payment either.
        database.execute("INSERT INTO rows VALUES (?, ?)", (numbers.start, b"".join(signatures)))
        database.execute("COMMIT")

    def close(self) -> None:
        """Close the files."""
        for database in self._files:
            database.close()
