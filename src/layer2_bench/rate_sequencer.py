"""Operations per second through the sequencer, from a client's batch to encoded frames, with the bare limits.

A client process encodes batches and sends them over HTTP. The service decodes them, verifies signatures in workers,
admits operations by nonce and balance, makes them durable with a group commit, responds, and finally packs all into
frames. Operations are signed in advance, because signing is the users' work. The bare limit uses as many processes as
the service has workers and alternates with it, so that variations of the machine affect both. CPU seconds include
client, service and workers. `ratio_to_limit` compares CPU seconds, because on a busy machine the side with more
processes receives more time.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from layer2.api.rollup.client import RemoteSequencer
from layer2.api.rollup.service import SequencerService
from layer2.ethereum.devnet import tester_connection
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.frames import LIMITS
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
from layer2.rollup.state.state import State, owner_of_address, owner_of_key
from layer2_bench.bare import quantile_ms
from layer2_bench.load_clients import bare_bls, bare_ecdsa, bls_key, drive, ecdsa_key, sign

__all__ = ["run_bls", "run_ecdsa"]

TARGET_ECDSA_RATE = 12_000
TARGET_BLS_RATIO = 0.7
_STREAMS = 4
"""Connections of the client, each with its own accounts."""
_ACCOUNTS = 256
"""Accounts per connection: as many as keys are verified together, so that no two pairings can be merged."""


def run_ecdsa(operations: int = 32_768, batch: int = 1_000, rounds: int = 3, processes: int = 2) -> dict[str, Any]:
    """Measure transfers by Ethereum keys; the bare limit is coincurve recovering all signers."""
    found = _run(by_bls=False, operations=operations, batch=batch, rounds=rounds, processes=processes)
    return {**found, "targets": {"operations_per_second": TARGET_ECDSA_RATE}}


def run_bls(operations: int = 16_384, batch: int = 1_000, rounds: int = 3, processes: int = 2) -> dict[str, Any]:
    """Measure transfers by BLS keys; the bare limit is pyblst verifying aggregates over them."""
    found = _run(by_bls=True, operations=operations, batch=batch, rounds=rounds, processes=processes)
    return {**found, "targets": {"ratio_to_limit": TARGET_BLS_RATIO}}


def _run(*, by_bls: bool, operations: int, batch: int, rounds: int, processes: int) -> dict[str, Any]:
    accounts = _ACCOUNTS * _STREAMS
    nonces = max(1, operations // accounts)
    operations = accounts * nonces
    with (
        tempfile.TemporaryDirectory(prefix="layer2-rate-") as folder,
        ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as others,
    ):
        stage = _Stage(Path(folder), by_bls, accounts, processes)
        share = accounts // _STREAMS
        ranges = [range(1 + at * share, 1 + (at + 1) * share) for at in range(_STREAMS)]
        domain = (stage.local.connection.chain_id, stage.local.rollup.address, by_bls)
        streams = [one.result() for one in [others.submit(sign, *domain, part, nonces) for part in ranges]]
        bare = _bare(stage, others, streams, processes)
        bare(64 * processes)  # warms the processes
        turns = [(bare(operations), stage.turn(number, others, streams, batch)) for number in range(rounds)]
    latencies = sorted(one for _, turn in turns for one in turn.latencies)
    return {
        "path": "bls" if by_bls else "ecdsa",
        "operations": operations * rounds,
        "batch": batch,
        "processes": processes,
        "operations_per_second": round(operations / statistics.median(turn.wall for _, turn in turns)),
        "operations_per_cpu_second": round(operations / statistics.median(turn.cpu for _, turn in turns)),
        "sealing_share": round(statistics.median(turn.sealing / turn.wall for _, turn in turns), 3),
        "batch_latency_ms": {"p50": quantile_ms(latencies, 0.5), "p99": quantile_ms(latencies, 0.99)},
        "limit_per_second": round(operations / statistics.median(limit.wall for limit, _ in turns)),
        "limit_per_cpu_second": round(operations / statistics.median(limit.cpu for limit, _ in turns)),
        "ratio_to_limit": round(statistics.median(limit.cpu / turn.cpu for limit, turn in turns), 3),
    }


class _Turn(NamedTuple):
    """Wall and CPU seconds, the wall seconds of frame packing, and the latency of each batch."""

    wall: float
    cpu: float
    sealing: float = 0.0
    latencies: Sequence[float] = ()


class _Stage:
    """A rollup on the in-process chain whose genesis contains the accounts."""

    def __init__(self, folder: Path, by_bls: bool, accounts: int, processes: int) -> None:
        self.folder = folder
        self.by_bls = by_bls
        genesis = State()
        self.keys: list[bytes] = [b""]
        owners = b""
        for number in range(1, accounts + 1):
            if by_bls:
                self.keys.append(bls_key(number).public)
                owners += owner_of_key(self.keys[-1])
                genesis.keys[owners[-32:]] = self.keys[-1]
            else:
                owners += owner_of_address(ecdsa_key(number).address)
        genesis.fill(owners, balance=10**18)
        connection = tester_connection()
        self.local = LocalRollup(connection, connection.signers(1)[0], genesis=genesis, folder=folder)
        self.processes = processes

    def turn(
        self, number: int, others: ProcessPoolExecutor, streams: Sequence[Sequence[SignedOp]], batch: int
    ) -> _Turn:
        """Measure one turn from the first batch to the frames."""
        local = self.local
        sequencer = Sequencer(
            local.rollup,
            local.sequencer.sender,
            self.folder / f"turn-{number}.journal",
            replica=local.replica(),
            verifier=SignatureWorkers(self.processes),
        )
        count = sum(len(one) for one in streams)
        idle, ended = self._idle(), _children()
        with SequencerService(sequencer) as service:
            busy = time.process_time()
            wall, client, latencies = others.submit(
                drive, RemoteSequencer, RemoteSequencer.submit_many, service.url, streams, batch
            ).result()
            if sequencer.waiting != count:
                raise AssertionError(f"{sequencer.waiting} of {count} operations are pending")
            before = time.perf_counter()
            data = sequencer.sealed(most=count)
            sealing, busy = time.perf_counter() - before, time.process_time() - busy
        cpu = busy + client + _children() - ended - idle
        kind = streams[0][0].kind
        if len(data) != FRAME_BYTES * -(-count // LIMITS[kind]):
            raise AssertionError(f"{len(data)} bytes of frames for {count} operations")
        return _Turn(wall + sealing, cpu, sealing, latencies)

    def _idle(self) -> float:
        """Return the CPU seconds that workers need to start and stop."""
        before, verifier = _children(), SignatureWorkers(self.processes)
        verifier.start()
        verifier.close()
        return _children() - before


def _bare(
    stage: _Stage, others: ProcessPoolExecutor, streams: Sequence[Sequence[SignedOp]], processes: int
) -> Callable[[int], _Turn]:
    """Return a function that measures the bare library for a number of operations, split among processes."""
    ops = [op for stream in streams for op in stream]
    records, prefix = [op.encode() for op in ops], stage.local.rollup.domain.prefix

    def run(count: int) -> _Turn:
        share = count // processes
        parts = [records[at * share : (at + 1) * share] for at in range(processes)]
        if not stage.by_bls:
            return _together([others.submit(bare_ecdsa, prefix, part) for part in parts])
        keys = [stage.keys[op.message.sender] for op in ops]
        shares = [keys[at * share : (at + 1) * share] for at in range(processes)]
        return _together([others.submit(bare_bls, prefix, part, own) for part, own in zip(parts, shares, strict=True)])

    return run


def _together(asked: Sequence[Future[tuple[float, float]]]) -> _Turn:
    done = [one.result() for one in asked]
    return _Turn(max(wall for wall, _ in done), sum(cpu for _, cpu in done))


def _children() -> float:
    """Return the CPU seconds of all ended child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
