"""Code that service benchmarks run in other processes: load clients, and the bare libraries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

from layer2.primitives.bls import DST, BlsKey, aggregate
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.batch_signatures import digests_of
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2_bench.bare import parsed, recover_all, timed

__all__ = ["bare_bls", "bare_ecdsa", "bls_key", "drive", "ecdsa_key", "sign"]

AMOUNT, FEE = 10**12, 0
_WINDOW = 256

T = TypeVar("T")


class _Client(Protocol):
    def state(self) -> object: ...

    def close(self) -> None: ...


C = TypeVar("C", bound=_Client)


def ecdsa_key(number: int) -> PrivateKey:
    """Return the ECDSA key of account `number`."""
    return PrivateKey(keccak(b"bench ecdsa %d" % number))


def bls_key(number: int) -> BlsKey:
    """Return the BLS key of account `number`."""
    return BlsKey.derive(keccak(b"bench bls %d" % number))


def sign(chain_id: int, rollup: str, by_bls: bool, accounts: range, nonces: int) -> list[SignedOp]:
    """Return signed transfers in a ring of accounts, `nonces` from each, in order of nonces."""
    from layer2.rollup.protocol.messages import rollup_domain

    domain = rollup_domain(chain_id, rollup)
    ops: list[SignedOp] = []
    signers = {one: (bls_key(one).sign if by_bls else ecdsa_key(one).sign_compact) for one in accounts}
    for nonce in range(nonces):
        for one in accounts:
            to = accounts.start + (one - accounts.start + 1) % len(accounts)
            message = Transfer(one, nonce, to, AMOUNT, 0, FEE)
            ops.append(SignedOp(message, signers[one](message.digest(domain))))
    return ops


def drive(
    client_of: Callable[..., C],
    submit: Callable[[C, Sequence[T]], Sequence[object]],
    url: str,
    streams: Sequence[Sequence[T]],
    batch: int,
) -> tuple[float, float, list[float]]:
    """Send each stream over its own connection in batches, all of which must be accepted.

    Args:
        client_of: Returns a client of the service at a URL.
        submit: Sends a batch, and returns a rejection or None for each operation.

    Returns:
        Seconds from the first batch to the last response, CPU seconds of this process in that time, and the seconds
        from encoding to response of each batch.
    """
    latencies: list[float] = []
    ready = threading.Barrier(len(streams))

    def send(stream: Sequence[T]) -> None:
        client = client_of(url, timeout=120)
        client.state()
        ready.wait()
        for at in range(0, len(stream), batch):
            begun = time.perf_counter()
            refused = [one for one in submit(client, stream[at : at + batch]) if one is not None]
            latencies.append(time.perf_counter() - begun)
            if refused:
                raise AssertionError(f"{len(refused)} operations were refused: {refused[0]}")
        client.close()

    begun, busy = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(len(streams)) as threads:
        list(threads.map(send, streams))
    return time.perf_counter() - begun, time.process_time() - busy, latencies


def bare_ecdsa(prefix: bytes, records: Sequence[bytes]) -> tuple[float, float]:
    """Return wall and CPU seconds for coincurve to recover the signers of records, with digests and addresses."""
    signatures = parsed(one[48:] for one in records)
    return timed(lambda: recover_all(digests_of(prefix, records), signatures))


def bare_bls(prefix: bytes, records: Sequence[bytes], keys: Sequence[bytes]) -> tuple[float, float]:
    """Return wall and CPU seconds for pyblst to verify aggregates of at most 256 records with distinct keys."""
    windows = [range(at, min(at + _WINDOW, len(records))) for at in range(0, len(records), _WINDOW)]
    sums = [aggregate([records[at][48:] for at in window]) for window in windows]
    generator = BlsKey(1).public
    begun, busy = time.perf_counter(), time.process_time()
    digests = digests_of(prefix, records)
    for window, total in zip(windows, sums, strict=True):
        loops = None
        for at in window:
            key = BlstP2Element().uncompress(keys[at])
            step = miller_loop(BlstP1Element().hash_to_group(digests[at], DST), key)
            loops = step if loops is None else loops * step
        left = miller_loop(BlstP1Element().uncompress(total), BlstP2Element().uncompress(generator))
        if not final_verify(left, loops):
            raise AssertionError("pyblst refused its own signatures")
    return time.perf_counter() - begun, time.process_time() - busy
