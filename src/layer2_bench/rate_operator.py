"""Payments per second of a plasma operator in process and over HTTP, with the bare library's limit.

The operator uses a real contract on the in-process chain. A deposit is split into as many outputs as a turn has
payments; each output is spent by a payment with one input and two outputs. Payments are signed in advance, because
signing is the users' work. The bare limit (coincurve recovers all signers, keccak computes their addresses) alternates
with the measurement on one core.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from layer2.api.plasma.payments_client import RemoteOperator
from layer2.api.plasma.payments_service import PlasmaService
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.plasma.common.operator_journal import SealedBlock
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.batch_signatures import digest_of
from layer2.plasma.protocol.packed import packed_of, read
from layer2.plasma.protocol.params import MAX_OUTPUTS
from layer2.plasma.protocol.signing import sign
from layer2.plasma.protocol.transaction import payment
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.primitives.worker_pool import WorkerPool
from layer2_bench.bare import Turn, parsed, quantile_ms, recover_all, timed
from layer2_bench.load_clients import drive

__all__ = ["OperatorStage", "run_core", "run_http"]

TARGET_CORE_RATE = 8_000
TARGET_WORKERS_RATE = 15_000
TARGET_HTTP_RATE = 4_000
FULL = 65_520
"""Number of payments in a full block, which reserves places at its end for fees."""
_EXPIRY = 1 << 30
_OWNERS = [PrivateKey(keccak(b"bench owner %d" % number)) for number in range(64)]
_KEYS = {bytes.fromhex(one.address[2:]): one for one in _OWNERS}
_BATCH = 1_000


class OperatorStage:
    """A root chain on the in-process chain, its operator, and `outputs` outputs of various owners."""

    def __init__(self, folder: Path, outputs: int, processes: int = 0) -> None:
        connection = tester_connection()
        self.sender = Sender(connection, connection.signers(1)[0])
        self.root = RootChain.deploy(self.sender, self.sender.address)
        self.folder = folder
        self.operator = Operator(
            ChainLog(self.root, self.sender),
            folder,
            fee_owner=self.sender.address,
            margin=0,
            workers=WorkerPool(processes),
        )
        self.root.deposit(self.sender, 0, 10**21, _OWNERS[0].address)
        self.operator.follow()
        self.grow(outputs)

    def grow(self, outputs: int) -> None:
        """Split outputs until there are `outputs` of them."""
        while (lacking := outputs - sum(1 for _ in self.operator.ledger.unspent())) > 0:
            self.accept(self.payments(min(FULL, -(-lacking // (MAX_OUTPUTS - 1))), MAX_OUTPUTS))
            self.operator.step()

    def payments(self, count: int, outputs: int = 2) -> list[bytes]:
        """Return records of signed payments, each of another output, to various owners."""
        records: list[bytes] = []
        domain = self.root.domain
        for position, one in self.operator.ledger.unspent():
            at = len(records)
            if at == count:
                break
            rows = [(_OWNERS[(at + part) % len(_OWNERS)].address, 0, one.amount // outputs) for part in range(outputs)]
            records.append(record_of(sign(payment([position], rows, _EXPIRY), domain, _KEYS[one.owner])))
        return records

    def accept(self, records: Sequence[bytes], batch: int = _BATCH) -> None:
        """Accept all records durably; raise AssertionError if one is rejected."""
        for at in range(0, len(records), batch):
            refused = [
                one for one in self.operator.accept([self.operator.verify_batch(records[at : at + batch])])[0] if one
            ]
            if refused:
                raise AssertionError(f"{len(refused)} payments were refused: {refused[0]}")

    def bare(self, records: Sequence[bytes]) -> Turn:
        """Measure the bare library for as many signatures."""
        signatures = parsed(one[-64:] for one in records)
        packed = [packed_of(one) for one in records]
        prefix = self.root.domain.prefix
        digests = [digest_of(prefix, one, fields) for one in packed if (fields := read(one)) is not None]
        return timed(lambda: recover_all(digests, signatures))

    def make(self, payments: int) -> SealedBlock:
        """Make the block of all pending payments; raise AssertionError unless it includes `payments` of them."""
        made = self.operator.make_block()
        if made is None or self.operator.waiting or made.count < payments:
            raise AssertionError(f"{made} made for {payments} payments, {self.operator.waiting} left")
        return made


@contextmanager
def _stage(outputs: int, processes: int) -> Iterator[OperatorStage]:
    with tempfile.TemporaryDirectory(prefix="layer2-rate-") as folder:
        stage = OperatorStage(Path(folder) / "operator", outputs, processes)
        try:
            yield stage
        finally:
            stage.operator.close()


def run_core(transactions: int = FULL, rounds: int = 3, processes: int = 2) -> dict[str, Any]:
    """Measure from records to a durable block: validation, journal, selection, root, block data and journal.

    Returns:
        Payments per wall and CPU second of one process, the rates with `processes` workers, the bare limit on one core,
        and the share of block production in a turn.
    """
    alone = _core(transactions, rounds, 0)
    shared = _core(transactions, rounds, processes)
    return {
        **alone,
        "with_workers": {name: shared[name] for name in ("processes", "transactions_per_second", "making_share")},
        "targets": {"transactions_per_second": TARGET_CORE_RATE, "with_workers": TARGET_WORKERS_RATE},
    }


def _core(transactions: int, rounds: int, processes: int) -> dict[str, Any]:
    turns: list[tuple[Turn, Turn, Turn]] = []
    with _stage(transactions, processes) as stage:
        stage.operator.workers.start()
        for _ in range(rounds):
            records = stage.payments(transactions)
            limit = stage.bare(records)
            accepting = timed(partial(stage.accept, records))
            making = timed(partial(stage.make, transactions))
            stage.operator.step()
            turns.append((limit, accepting, making))
    wall = statistics.median(accepting.wall + making.wall for _, accepting, making in turns)
    cpu = statistics.median(accepting.cpu + making.cpu for _, accepting, making in turns)
    bare = statistics.median(limit.cpu for limit, _, _ in turns)
    return {
        "transactions": transactions * rounds,
        "processes": processes,
        "transactions_per_second": round(transactions / wall),
        "transactions_per_cpu_second": round(transactions / cpu),
        "making_share": round(statistics.median(made.wall / (taken.wall + made.wall) for _, taken, made in turns), 3),
        "limit_per_second": round(transactions / bare),
        "ratio_to_limit": round(bare / cpu, 3),
    }


def run_http(payments: int = 32_768, batch: int = 100, rounds: int = 3, streams: int = 4) -> dict[str, Any]:
    """Measure payments accepted durably over HTTP from a client process with several connections.

    Returns:
        Payments per wall second, and per CPU second of client and service together, which `ratio_to_limit` compares
        with the bare library on one core; latency of a batch from its encoding to the response.
    """
    taken, bare, latencies = list[Turn](), list[Turn](), list[float]()
    with (
        _stage(payments, 0) as stage,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as others,
    ):
        submit = RemoteOperator.submit_records
        for _ in range(rounds):
            records = stage.payments(payments)
            bare.append(stage.bare(records))
            share = -(-len(records) // streams)
            parts = [records[at : at + share] for at in range(0, len(records), share)]
            with PlasmaService(stage.operator) as service:
                asked = others.submit(drive, RemoteOperator, submit, service.url, parts, batch)
                busy = timed(asked.result)
            wall, client, found = asked.result()
            taken.append(Turn(wall, busy.cpu + client))
            latencies += found
            stage.make(payments)
            stage.operator.step()
    latencies.sort()
    cpu = statistics.median(one.cpu for one in taken)
    limit = statistics.median(one.cpu for one in bare)
    return {
        "payments": payments * rounds,
        "batch": batch,
        "connections": streams,
        "payments_per_second": round(payments / statistics.median(one.wall for one in taken)),
        "payments_per_cpu_second": round(payments / cpu),
        "batch_latency_ms": {"p50": quantile_ms(latencies, 0.5), "p99": quantile_ms(latencies, 0.99)},
        "limit_per_second": round(payments / limit),
        "ratio_to_limit": round(limit / cpu, 3),
        "targets": {"payments_per_second": TARGET_HTTP_RATE},
    }
