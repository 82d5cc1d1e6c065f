"""Transfers per second of the rollup's state transition on one core, including roots, with the bare hashing limit.

The measurement executes a blob of 256 full frames with signatures assumed valid, from bytes to the state roots after
every 27 transfers. The bare limit hashes as many 64-byte messages as any implementation must for these roots (a leaf
for each account that a segment writes, its ancestors, the state root), with the same keccak. The two alternate, so that
variations of the machine affect both. Seconds are CPU time.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layer2.primitives.keccak_simd import LANES, digests
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import rollup_domain
from layer2.rollup.protocol.params import ACCOUNT_DEPTH, FRAMES_PER_BLOB, SEGMENTS_PER_FRAME
from layer2.rollup.state.signature_oracle import Signatures
from layer2.rollup.state.state import State
from layer2.rollup.state.transition import run_frames

__all__ = ["run_transition"]

SIZES = (1_000, 10_000, 100_000, 1_000_000)
LAWS = ("uniform", "zipf")
TARGET_RATE = 40_000
TARGET_RSS_MIB = 2_048
_PER_FRAME = LIMITS[FrameType.TRANSFERS]
_FEE = 0x01
_AUTHORITY = Signatures(rollup_domain(1, "0x" + "11" * 20))

Ids = NDArray[np.int64]


def run_transition(sizes: Sequence[int] = SIZES, rounds: int = 9, frames: int = FRAMES_PER_BLOB) -> dict[str, Any]:
    """Measure states of `sizes` accounts, in `rounds` turns that alternate with the bare limit.

    Each turn executes a blob of `frames` frames.

    Returns:
        For each size and distribution of payers and payees: transfers per second, microseconds and hashes per transfer,
        the bare limit per second and the ratio to it; milliseconds to copy the state; peak MiB of a process with the
        largest state; increase of the cost per transfer from each size to the next (constant for equal size ratios, as
        the cost grows logarithmically); and the overhead of passing frames one at a time.
    """
    by_size: dict[int, dict[str, Any]] = {}
    for accounts in sizes:
        state = crowd(accounts)
        by_size[accounts] = {law: _measure(state, accounts, law, rounds, frames) for law in LAWS}
        by_size[accounts]["copy_ms"] = round(1_000 * min(_seconds(state.copy) for _ in range(rounds)), 2)
    most = max(sizes)
    cost = [by_size[one]["uniform"] for one in sorted(sizes)]
    return {
        "family": "rollup",
        "transfers": frames * _PER_FRAME,
        "accounts": by_size,
        "growth": {
            name: [round(more[name] - less[name], 2) for less, more in pairwise(cost)]
            for name in ("us_per_transfer", "hashes_per_transfer")
        },
        "one_frame_at_a_time": _one_by_one(most, rounds, frames),
        "rss_mib": memory_of(most),
        "targets": {"transfers_per_second": TARGET_RATE, "rss_mib": TARGET_RSS_MIB},
    }


def crowd(accounts: int) -> State:
    """Return a state with `accounts` distinct, funded accounts."""
    state = State()
    state.fill(np.random.default_rng(1).bytes(32 * accounts), balance=10**24)
    return state


def blob(accounts: int, law: str, frames: int, seed: int) -> tuple[list[bytes], Ids]:
    """Return full frames of transfers, and their participants: a row of payer and payee for each transfer.

    `law` is "uniform", or "zipf": the account of rank r participates with probability proportional to 1/r.
    """
    random, shape = np.random.default_rng(seed), (frames * _PER_FRAME, 2)
    if law == "uniform":
        ids = random.integers(1, accounts + 1, shape)
    else:
        weights = np.cumsum(1 / np.arange(1, accounts + 1))
        ranks = np.searchsorted(weights, random.random(shape) * weights[-1])
        ids = np.random.default_rng(7).permutation(accounts)[ranks] + 1
    rows = ids.reshape(frames, _PER_FRAME, 2).tolist()
    made = [
        Frame(
            FrameType.TRANSFERS,
            0,
            _FEE,
            row[0][0],
            bytes(48),
            tuple(Op(payer, payee, packed=1) for payer, payee in row),
        )
        for row in rows
    ]
    return [encode_frame(frame) for frame in made], ids


def hashes_of(ids: Ids) -> int:
    """Return the number of messages to hash for the roots after each segment of full frames between these accounts."""
    total = 0
    for pairs in ids.reshape(-1, _PER_FRAME, 2):
        for half in pairs.reshape(SEGMENTS_PER_FRAME, -1):
            # The first payer of a frame receives its fees.
            nodes = np.unique(np.append(half, pairs[0, 0]))
            total += 1
            for _ in range(ACCOUNT_DEPTH + 1):
                total += len(nodes)
                nodes = np.unique(nodes >> 1)
    return total


def memory_of(accounts: int) -> int:
    """Return the peak MiB of a process that builds a state of `accounts` accounts and executes one blob."""
    code = f"from layer2_bench.rate_transition import peak; print(peak({accounts}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def peak(accounts: int) -> int:
    """Return the peak MiB of this process after it builds a state and executes one blob."""
    state = crowd(accounts)
    _run(state, blob(accounts, "uniform", FRAMES_PER_BLOB, 1)[0])
    status = Path("/proc/self/status")
    if status.exists():
        # The value of getrusage starts with the peak of the parent process.
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _measure(state: State, accounts: int, law: str, rounds: int, frames: int) -> dict[str, Any]:
    data, ids = blob(accounts, law, frames, seed=2)
    needed, transfers = hashes_of(ids), len(ids)
    bare = _Bare(needed)
    # The first run compiles the code and warms the caches, and is not counted.
    _run(state, data)
    bare.hash()
    before = _nonces(state)
    turns = [(_seconds(lambda: _run(state, data)), _seconds(bare.hash)) for _ in range(rounds)]
    if _nonces(state) - before != rounds * transfers:
        raise AssertionError("a transfer was not executed")
    ours, limit = (min(turn[at] for turn in turns) for at in range(2))
    return {
        "transfers_per_second": round(transfers / ours),
        "us_per_transfer": round(1e6 * ours / transfers, 3),
        "hashes_per_transfer": round(needed / transfers, 2),
        "limit_per_second": round(transfers / limit),
        "limit_hashes_per_second": round(needed / limit),
        "ratio_to_limit": round(limit / ours, 3),
    }


class _Bare:
    """Hashing alone, of messages that stay in the processor's cache."""

    GROUPS = 512

    def __init__(self, count: int) -> None:
        self._times, self._rest = divmod(-(-count // LANES), self.GROUPS)
        words = self.GROUPS * LANES * 8
        self._messages = np.random.default_rng(3).integers(0, 1 << 63, words).astype(np.uint64)

    def hash(self) -> None:
        """Hash the messages, with their number rounded up to all lanes."""
        for _ in range(self._times):
            digests(self._messages, self.GROUPS)
        digests(self._messages, self._rest)


def _one_by_one(accounts: int, rounds: int, frames: int) -> dict[str, Any]:
    """Measure the overhead of verifying each frame's signature only after the previous frames are executed."""
    state, data = crowd(accounts), blob(accounts, "uniform", frames, seed=4)[0]

    def single() -> None:
        for frame in data:
            state.run_transfers([frame], [True])
        state.sealed_roots()

    def rooted() -> None:
        for frame in data:
            _run(state, [frame])

    single()
    turns = [tuple(_seconds(work) for work in (lambda: _run(state, data), single, rooted)) for _ in range(rounds)]
    together, apart, each = (min(turn[at] for turn in turns) for at in range(3))
    return {
        "overhead_us_per_frame": round(1e6 * (apart - together) / frames, 1),
        "transfers_per_second": round(frames * _PER_FRAME / apart),
        "transfers_per_second_with_its_roots_at_once": round(frames * _PER_FRAME / each),
    }


def _run(state: State, frames: list[bytes]) -> None:
    run_frames(state, frames, _AUTHORITY, [True] * len(frames))


def _nonces(state: State) -> int:
    return sum(one.nonce for one in state.accounts.values())


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
