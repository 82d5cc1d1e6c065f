"""Rates of plasma's formats in processor time, best of three: `python tools/plasma_rates.py`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from layer2.plasma.blocks import BlockTree, decode_body, encode_body, leaf_of
from layer2.plasma.messages import plasma_domain, sign, signers_of
from layer2.plasma.sparse import SparseTree
from layer2.plasma.transaction import Kind, Output, Transaction, decode_transaction
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

COUNT = 65_536
SIGNED = 8_192


def best(act: Callable[[], object]) -> float:
    """Seconds of the fastest of three runs; the processor's, so that what others run counts little."""
    times = []
    for _ in range(3):
        start = time.process_time()
        act()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print a line for each rate."""
    draw = random.Random(1)
    outputs = (Output(b"\1" * 20, 0, 5), Output(b"\2" * 20, 0, 10**18))
    transactions = [Transaction(Kind.PAYMENT, 9, (7 << 24 | at << 8,), outputs) for at in range(COUNT)]
    packed = [one.packed for one in transactions]
    print(
        f"root over {COUNT:,} transactions of {len(packed[0])} bytes: {best(lambda: BlockTree(packed)) * 1e3:,.0f} ms"
    )
    leaves = [leaf_of(one) for one in packed]
    print(f"  of leaves hashed before: {best(lambda: BlockTree.of_leaves(leaves)) * 1e3:,.0f} ms")
    print(f"decode: {COUNT / best(lambda: [decode_transaction(one) for one in packed]):,.0f}/s")
    key, domain = PrivateKey(b"\1" * 32), plasma_domain(1, "0x" + "ab" * 20)
    few = transactions[:SIGNED]
    print(f"sign: {SIGNED / best(lambda: [sign(one, domain, key) for one in few]):,.0f}/s")
    batch = [sign(one, domain, key) for one in few]
    print(f"digest and recover: {SIGNED / best(lambda: signers_of(batch, domain)):,.0f}/s")
    body = encode_body(batch)

    def judge() -> None:
        found = decode_body(body)
        signers_of(found, domain)
        BlockTree([one.transaction.packed for one in found])

    print(f"body to signers and root, nothing stored: {SIGNED / best(judge):,.0f} transactions/s")
    for name, keys in (("spread", [draw.getrandbits(64) for _ in range(COUNT)]), ("dense", list(range(COUNT)))):
        found = {key: keccak(key.to_bytes(8, "big")) for key in keys}
        print(f"sparse tree of {COUNT:,} {name} keys: {COUNT / best(lambda one=found: SparseTree(one)):,.0f} leaves/s")  # type: ignore[misc]
        tree = SparseTree(found)
        print(f"  proofs: {1_000 / best(lambda one=tree, some=keys[:1_000]: [one.proof(key) for key in some]):,.0f}/s")  # type: ignore[misc]


if __name__ == "__main__":
    main()
