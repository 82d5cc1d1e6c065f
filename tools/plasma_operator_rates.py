"""Rates of the plasma operator on this machine, with the real contract on the in-process chain.

python tools/plasma_operator_rates.py [--workers N]

One deposit fans out to 65,520 outputs; each is then spent by a payment of one input and two outputs: half of them over
HTTP in batches of 100, half in batches of 1,000 in this process. The block of all of them
is made, stored, judged and read again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from layer2.api.plasmaclient import RemoteOperator
from layer2.api.plasmaservice import PlasmaService
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.plasma.acceptance import record_of
from layer2.plasma.blocks import BlockTree
from layer2.plasma.chainlog import ChainLog
from layer2.plasma.contract import RootChain
from layer2.plasma.fields import packed_of
from layer2.plasma.ledger import Ledger
from layer2.plasma.messages import sign
from layer2.plasma.operator import Operator
from layer2.plasma.transaction import payment
from layer2.plasma.validation import validate
from layer2.plasma.verification import check
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.primitives.workers import Workers

COUNT = 65_520
KEYS = {bytes.fromhex(one.address[2:]): one for one in (PrivateKey(keccak(b"%d" % at)) for at in range(64))}
OWNERS = list(KEYS.values())
HTTP_SHARE = COUNT // 2
CLIENTS = 4


def fan_out(operator: Operator) -> None:
    """Split until there are as many outputs as payments."""
    while True:
        found = list(operator.ledger.unspent())
        if len(found) >= COUNT:
            return
        records = []
        for at, (position, one) in enumerate(found[: -(-(COUNT - len(found)) // 3)]):
            rows = [(OWNERS[(4 * at + part) % 64].address, 0, one.amount // 4) for part in range(4)]
            made = sign(payment([position], rows, 1 << 30), operator.chain.domain, KEYS[one.owner])
            records.append(record_of(made))
        refused = [one for one in operator.accept([operator.vouch(records)])[0] if one is not None]
        assert not refused, refused[0]
        operator.step()


def payments(operator: Operator) -> list[bytes]:
    """A payment of each output, signed."""
    records = []
    for at, (position, one) in enumerate(list(operator.ledger.unspent())[:COUNT]):
        rows = [(OWNERS[at % 64].address, 0, one.amount // 2), (one.address, 0, one.amount // 3)]
        records.append(record_of(sign(payment([position], rows, 1 << 30), operator.chain.domain, KEYS[one.owner])))
    return records


def send(url: str, records: Sequence[bytes], batch: int) -> int:
    """What a client does; how many were refused."""
    client = RemoteOperator(url)
    refused = 0
    for at in range(0, len(records), batch):
        refused += sum(one is not None for one in client.submit_records(records[at : at + batch]))
    client.close()
    return refused


def timed(name: str, start: float, count: int = 0) -> None:
    """Print what it took."""
    took = time.perf_counter() - start
    print(f"{name}: {took * 1e3:,.0f} ms" + (f", {count / took:,.0f}/s" if count else ""), flush=True)


def over_http(operator: Operator, records: Sequence[bytes]) -> None:
    """Half of the payments, by four clients."""
    share = -(-len(records) // CLIENTS)
    parts = [records[at : at + share] for at in range(0, len(records), share)]
    with (
        PlasmaService(operator) as service,
        ProcessPoolExecutor(CLIENTS, multiprocessing.get_context("spawn")) as others,
    ):
        list(others.map(send, [service.url] * CLIENTS, [[]] * CLIENTS, [1] * CLIENTS))  # processes warm
        start = time.perf_counter()
        refused = sum(others.map(send, [service.url] * len(parts), parts, [100] * len(parts)))
        timed("HTTP accept, batches of 100", start, len(records))
        assert refused == 0


def main() -> int:
    """Print a line for each rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=0, help="processes that check signatures")
    workers = Workers(parser.parse_args().workers)
    chain = tester_connection()
    sender = Sender(chain, chain.signers(1)[0])
    contract = RootChain.deploy(sender, sender.address)
    with tempfile.TemporaryDirectory(prefix="layer2-rate-") as folder:
        log = ChainLog(contract, sender)
        operator = Operator(log, Path(folder), fee_owner=sender.address, margin=0, workers=workers)
        contract.deposit(sender, 0, 10**18, OWNERS[0].address)
        operator.follow()
        fan_out(operator)
        watcher = Ledger()
        watcher.deposit(operator.books.deposits[1])
        domain = contract.domain
        for number in range(1, operator.ledger.head + 1):
            body = operator.store.path(number).read_bytes()
            verdict = validate(watcher, number, operator.header(number), body, domain, workers)
            watcher.apply(number, verdict.transactions)
        records = payments(operator)
        start = time.perf_counter()
        check(domain.prefix, records[:16_384])
        timed("decode, digest, recover, leaf; one process", start, 16_384)
        over_http(operator, records[:HTTP_SHARE])
        start = time.perf_counter()
        for at in range(HTTP_SHARE, COUNT, 1_000):
            operator.accept([operator.vouch(records[at : at + 1_000])])
        timed("accept durably, batches of 1,000, no HTTP", start, COUNT - HTTP_SHARE)
        start = time.perf_counter()
        made = operator.make_block()
        assert made is not None
        timed(f"make a block of {made.count:,}, durably", start)
        leaves = [keccak(b"\0" + packed_of(one)) for one in operator.store.records(made.number)]
        start = time.perf_counter()
        BlockTree.of_leaves(leaves)
        timed("  of that the root, over leaves hashed when accepted", start)
        start = time.perf_counter()
        operator.store.write(made.number, made.root, operator.store.records(made.number))
        timed("  of that the body to disk", start)
        operator.step()
        body = operator.store.path(made.number).read_bytes()
        start = time.perf_counter()
        verdict = validate(watcher, made.number, operator.header(made.number), body, domain, workers)
        timed(f"judge it from its body of {len(body):,} bytes", start, made.count)
        assert verdict.good, str(verdict)
        start = time.perf_counter()
        watcher.apply(made.number, verdict.transactions)
        timed("apply it to a ledger", start)
        operator.close()
        start = time.perf_counter()
        Operator(ChainLog(contract), Path(folder), margin=0).close()
        timed("start again from disk", start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
