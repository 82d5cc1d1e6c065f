"""Worst-case verification cost per frame, compared with the rate at which frames can be posted.

Three patterns fill each frame with the maximum number of senders. In `strangers` every key is new, and every frame has
an invalid signature. In `dice` signatures are randomly valid or not and one sender is in all frames, so that the signed
message of a frame is known only after the previous one is verified. In `crowd` the senders repeat, and one of each 32
frames is invalid, so that batch verification fails. The limit is the bare library for one frame: hashing and pairing 54
signed messages with pre-parsed keys on one core.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

from layer2.primitives.bls import DST, GENERATOR, BlsKey, aggregate, recent_key
from layer2.primitives.typed_data import Domain
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.derivation.signature_prefetch import SignaturePrefetch
from layer2.rollup.protocol.batch_signatures import check_frames
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, rollup_domain
from layer2.rollup.state.signature_oracle import Signatures
from layer2.rollup.state.state import Account, State, owner_of_key
from layer2.rollup.state.transition import run_frames

__all__ = ["POSTED_PER_SECOND", "run_worst"]

POSTED_PER_SECOND = 40
"""Frames per second that the contract sustains: 32 by the sequencer, 8 by all others together."""

_PER_FRAME = LIMITS[FrameType.TRANSFERS]
_CORES = 2


def run_worst(frames: int = 64) -> dict[str, Any]:
    """Verify and execute `frames` frames of each pattern with two workers.

    Returns:
        CPU milliseconds of all processes and frames per wall second by pattern; `cores_needed` for the most expensive
        pattern at the maximum posting rate; the limit in milliseconds per frame, and its ratio to that pattern.
    """
    domain = rollup_domain(1, "0x" + "33" * 20)
    patterns: dict[str, Callable[[Domain, int], tuple[State, list[bytes]]]] = {
        "strangers": _strangers,
        "dice": _dice,
        "crowd": _crowd,
    }
    result: dict[str, Any] = {"frames": frames, "posted_per_second": POSTED_PER_SECOND}
    dearest = 0.0
    for name, make in patterns.items():
        state, data = make(domain, frames)
        wall, cpu = _measured(domain, state, data)
        dearest = max(dearest, cpu / frames)
        result[name] = {"cpu_ms_per_frame": round(1_000 * cpu / frames, 1), "frames_per_second": round(frames / wall)}
    bare = _bare(domain)
    result["cores_needed"] = round(POSTED_PER_SECOND * dearest, 2)
    result["cores"] = _CORES
    result["limit_ms_per_frame"] = round(1_000 * bare, 1)
    result["ratio_to_limit"] = round(bare / dearest, 3)
    return result


def _measured(domain: Domain, state: State, frames: Sequence[bytes]) -> tuple[float, float]:
    """Return the wall seconds, and the CPU seconds of all processes, with workers already running."""
    workers = WorkerPool(_CORES)
    workers.start()
    try:
        # This call loads code in all processes, but no key.
        workers.run(check_frames, [([], True)] * 8 * _CORES)
        run_frames(state.copy(), frames[:1], Signatures(domain))
        recent_key.cache_clear()
        signatures = Signatures(domain)
        begun, busy = time.perf_counter(), time.process_time() + _children()
        SignaturePrefetch(signatures, workers).prepare(state, frames)
        run_frames(state, frames, signatures)
        return time.perf_counter() - begun, time.process_time() + _children() - busy
    finally:
        workers.close()


def _strangers(domain: Domain, frames: int) -> tuple[State, list[bytes]]:
    keys = [BlsKey(10_000 + at) for at in range(_PER_FRAME * frames)]
    wrong = keys[0].sign(b"\1" * 32)
    rows = [range(1 + at * _PER_FRAME, 1 + (at + 1) * _PER_FRAME) for at in range(frames)]
    return _state(keys), [_frame(senders, wrong) for senders in rows]


def _dice(domain: Domain, frames: int) -> tuple[State, list[bytes]]:
    keys = [BlsKey(10_000 + at) for at in range(_PER_FRAME * 4)]
    dice, nonces = random.Random(1), [0] * (len(keys) + 1)
    data = []
    for _ in range(frames):
        senders = [1, *dice.sample(range(2, len(keys) + 1), _PER_FRAME - 1)]
        data.append(_signed(domain, keys, nonces, senders, right=dice.random() < 0.5))
    return _state(keys), data


def _crowd(domain: Domain, frames: int) -> tuple[State, list[bytes]]:
    keys = [BlsKey(10_000 + at) for at in range(_PER_FRAME)]
    nonces = [0] * (len(keys) + 1)
    senders = range(1, len(keys) + 1)
    return _state(keys), [_signed(domain, keys, nonces, senders, right=at % 32 != 31) for at in range(frames)]


def _signed(domain: Domain, keys: Sequence[BlsKey], nonces: list[int], senders: Sequence[int], *, right: bool) -> bytes:
    if not right:
        return _frame(senders, keys[0].sign(b"\1" * 32))
    rows = [Transfer(one, nonces[one], 1, 1_000, 0, 0) for one in senders]
    for one in senders:
        nonces[one] += 1
    return _frame(senders, aggregate([keys[one.sender - 1].sign(one.digest(domain)) for one in rows]))


def _frame(senders: Sequence[int], signature: bytes) -> bytes:
    ops = tuple(Op(one, 1, 1_000, packed=1_000) for one in senders)
    return encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, signature, ops))


def _state(keys: Sequence[BlsKey]) -> State:
    state = State()
    for key in keys:
        owner = owner_of_key(key.public)
        state.keys[owner] = key.public
        state.create(Account(owner, balance=10**18))
    return state


def _bare(domain: Domain) -> float:
    """Return the median CPU seconds of the bare library for one frame."""
    keys = [BlsKey(10_000 + at) for at in range(_PER_FRAME)]
    digests = [Transfer(at, 0, 1, 1_000, 0, 0).digest(domain) for at in range(1, _PER_FRAME + 1)]
    signature = aggregate([key.sign(one) for key, one in zip(keys, digests, strict=True)])
    parsed = [BlstP2Element().uncompress(key.public) for key in keys]
    times = []
    for _ in range(9):
        begun, loops = time.process_time(), None
        for key, digest in zip(parsed, digests, strict=True):
            step = miller_loop(BlstP1Element().hash_to_group(digest, DST), key)
            loops = step if loops is None else loops * step
        final_verify(miller_loop(BlstP1Element().uncompress(signature), GENERATOR), loops)
        times.append(time.process_time() - begun)
    return sorted(times)[len(times) // 2]


def _children() -> float:
    """Return the CPU seconds of the running child processes, from Linux's process statistics."""
    ticks = 0
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
