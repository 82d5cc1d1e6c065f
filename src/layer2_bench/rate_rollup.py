"""Speed of the rollup's components, each with the bare library limit of the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import ckzg
from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

from layer2.ethereum.devnet import tester_connection
from layer2.primitives import kzg
from layer2.primitives.bls import DST, GENERATOR, BlsKey, aggregate
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.signature_prefetch import SignaturePrefetch
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer, rollup_domain
from layer2.rollup.protocol.params import FRAMES_PER_BLOB
from layer2.rollup.state.signature_oracle import Signatures
from layer2.rollup.state.state import Account, State, owner_of_key
from layer2.rollup.state.transition import run_frames
from layer2_bench.rate_sequencer import run_bls, run_ecdsa
from layer2_bench.rate_transition import run_transition
from layer2_bench.rate_worst import run_worst
from layer2_bench.rollup_world import ACCOUNTS, RollupWorld

__all__ = ["run_proofs", "run_replay", "run_rollup_rate"]

_PER_FRAME = LIMITS[FrameType.TRANSFERS]


def run_rollup_rate() -> dict[str, Any]:
    """Run all rollup measurements, which takes some minutes.

    Returns:
        `{"family", "transition", "sequencer_ecdsa", "sequencer_bls", "replay", "proofs"}`, each as returned by its own
        function.
    """
    return {
        "family": "rollup",
        "transition": run_transition(),
        "sequencer_ecdsa": run_ecdsa(),
        "sequencer_bls": run_bls(),
        "replay": {**run_replay(), "worst": run_worst()},
        "proofs": run_proofs(),
    }


def run_replay(frames: int = FRAMES_PER_BLOB) -> dict[str, Any]:
    """Measure a verifier's execution of a full blob on one core: all signatures, transfers and roots.

    Returns:
        CPU seconds for the blob, transfers per second, those of the bare library (the same aggregates over the same
        messages and pre-parsed keys), and the ratio.
    """
    domain = rollup_domain(1, "0x" + "22" * 20)
    keys = [BlsKey(500 + at) for at in range(_PER_FRAME)]
    state = State()
    for at, key in enumerate(keys, 1):
        owner = owner_of_key(key.public)
        state.keys[owner] = key.public
        state.put(at, Account(owner, 0, 0, 10**18))
    state.next_account = len(keys) + 1
    blob, pairs = [], []
    for nonce in range(frames):
        rows = [Transfer(at, nonce, at % len(keys) + 1, 1_000, 0, 0) for at in range(1, len(keys) + 1)]
        digests = [one.digest(domain) for one in rows]
        signature = aggregate([key.sign(one) for key, one in zip(keys, digests, strict=True)])
        ops = tuple(Op(one.sender, one.to, 1_000, packed=1_000) for one in rows)
        blob.append(encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, signature, ops)))
        pairs.append((signature, digests))
    parsed = [BlstP2Element().uncompress(key.public) for key in keys]

    def bare() -> None:
        for signature, digests in pairs:
            loops = None
            for key, digest in zip(parsed, digests, strict=True):
                step = miller_loop(BlstP1Element().hash_to_group(digest, DST), key)
                loops = step if loops is None else loops * step
            final_verify(miller_loop(BlstP1Element().uncompress(signature), GENERATOR), loops)

    # The first frame loads machine code and keys, which later frames do not.
    run_frames(state.copy(), blob[:1], Signatures(domain))
    ours = _seconds(lambda: _judged(state.copy(), blob, Signatures(domain)))
    limit = _seconds(bare)
    transfers = frames * _PER_FRAME
    return {
        "transfers": transfers,
        "seconds_per_blob": round(ours, 3),
        "transfers_per_second": round(transfers / ours),
        "limit_per_second": round(transfers / limit),
        "ratio_to_limit": round(limit / ours, 3),
    }


def _judged(state: State, frames: list[bytes], signatures: Signatures) -> None:
    """Verify and execute frames as a replica executes a batch."""
    SignaturePrefetch(signatures).prepare(state, frames)
    run_frames(state, frames, signatures)


def run_proofs(accounts: int = ACCOUNTS, rounds: int = 3) -> dict[str, Any]:
    """Measure the CPU milliseconds to build a proof with all data in blobs and the trusted setup already loaded.

    `limit_ms` is the time of the bare library for the proof's two openings, of frames and of roots.
    """
    world = RollupWorld(tester_connection(), "blobs", accounts)
    try:
        world.post(world.bls_frame() + world.ecdsa_frame())
        challenger = world.l2.challenger
        lie = world.lie(0)
        skipped = world.lie(0, world.replica.state_of(world.replica.final()).root)
        cases: dict[str, Callable[[], object]] = {
            "state_ms": lambda: challenger.prove(lie, 0),
            "ecdsa_ms": lambda: challenger.prove(lie, 2),
            "signature_ms": lambda: challenger.prove(skipped, 0),
        }
        blob = b"".join(b"\0" + keccak(at.to_bytes(2, "big"))[1:] for at in range(kzg.BLOB_BYTES // 32))
        cases["limit_ms"] = lambda: _bare_openings(blob)
        times = {name: statistics.median(_seconds(case) for _ in range(rounds)) for name, case in cases.items()}
    finally:
        world.close()
    return {"accounts": accounts, **{name: round(1_000 * value) for name, value in times.items()}}


def _bare_openings(blob: bytes) -> None:
    for _ in range(2):
        ckzg.blob_to_kzg_commitment(blob, kzg.setup())
        ckzg.compute_kzg_proof(blob, bytes(31) + b"\7", kzg.setup())


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
