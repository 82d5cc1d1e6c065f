"""Speed of durable block production, block validation and coin trees for full plasma blocks, with the bare limits.

No chain is needed. The measurements and the bare limit alternate, so that variations of the machine affect both.
Seconds are CPU time, except for disk writes.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.common.block_store import BlockStore
from layer2.plasma.common.operator_journal import OperatorJournal
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.payments.utxo.batch_signatures import digest_of
from layer2.plasma.payments.utxo.block_validation import validate
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.blocks import BlockTree, Header, signatures_hash
from layer2.plasma.protocol.packed import join_body, packed_of, read
from layer2.plasma.protocol.params import COIN_LEVELS, MAX_TRANSACTIONS
from layer2.plasma.protocol.positions import deposit_position
from layer2.plasma.protocol.signing import plasma_domain, sign
from layer2.plasma.protocol.transaction import Deposit, payment
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2_bench.bare import hash_all, parsed, recover_all, timed, write_durably

__all__ = ["FullLoad", "hashes_of_keys", "run_block", "run_sparse", "run_validation"]

TARGET_ROOT_MS = 150
TARGET_PERSIST_MS = 500
TARGET_VALIDATION_SECONDS = 10
TARGET_LEAVES = 100_000

_ADDRESS = "0x" + "11" * 20
_AMOUNT = 10**15
_LEAF, _NODE, _SIGNATURE = 1, 65, 64
"""Number of bytes hashed besides the transaction for a leaf, and number of bytes of a node."""
_COIN_LEAF = 41


class FullLoad:
    """The records of one block: a signed payment with one input and two outputs for each deposit."""

    def __init__(self, count: int) -> None:
        self.domain = plasma_domain(1, _ADDRESS)
        keys = [PrivateKey(keccak(b"bench plasma %d" % number)) for number in range(64)]
        self.owners = [keys[at % len(keys)] for at in range(count)]
        self.records = []
        for at, owner in enumerate(self.owners):
            rows = [(self.owners[at - 1].address, 0, _AMOUNT // 2), (owner.address, 0, _AMOUNT // 3)]
            one = payment([deposit_position(at + 1)], rows, 1 << 30)
            self.records.append(record_of(sign(one, self.domain, owner)))

    def ledger(self) -> UtxoSet:
        """Return a UTXO set with the deposits that the payments spend."""
        ledger = UtxoSet()
        for at, owner in enumerate(self.owners, 1):
            ledger.deposit(Deposit(at, address_bytes(owner.address), 0, _AMOUNT, 1))
        return ledger

    def digests(self) -> list[bytes]:
        """Return the digests that were signed."""
        packed = [packed_of(one) for one in self.records]
        return [digest_of(self.domain.prefix, one, fields) for one in packed if (fields := read(one)) is not None]

    def hashes(self) -> dict[int, int]:
        """Return the number of messages to hash for the root, by size."""
        found = _tree_hashes(len(self.records))
        found[_SIGNATURE * len(self.records)] = 1
        for one in self.records:
            size = len(packed_of(one)) + _LEAF
            found[size] = found.get(size, 0) + 1
        return found


def run_block(transactions: int = MAX_TRANSACTIONS, rounds: int = 5) -> dict[str, Any]:
    """Measure the operator's work between the selection of payments and a durable block.

    Returns:
        Milliseconds to compute the root from records (`root_ms`), and from leaves that were hashed at acceptance, as
        the operator does (`root_of_leaves_ms`); their limits are bare keccaks of as many messages. Wall-clock
        milliseconds until block data and journal are durable (`persist_ms`); the limit is one synchronised file of the
        same size.
    """
    load = FullLoad(transactions)
    leaves = [keccak(b"\0" + packed_of(one)) for one in load.records]
    signatures = signatures_hash(load.records)
    hashes, nodes = load.hashes(), _tree_hashes(transactions)
    with tempfile.TemporaryDirectory(prefix="layer2-rate-") as name:
        folder = Path(name)
        store = BlockStore(folder / "bodies")
        promises = OperatorJournal(folder / "operator.journal", 1, _ADDRESS)
        root = BlockTree.of_leaves(leaves, signatures).root

        def persist(number: int) -> None:
            promises.append(store.write(number, root, load.records, bytes(32)))
            promises.commit()

        persist(1)
        body = join_body(load.records)
        turns = [
            (
                timed(partial(BlockTree.of_records, load.records)).cpu,
                timed(partial(hash_all, hashes)).cpu,
                timed(partial(BlockTree.of_leaves, leaves, signatures)).cpu,
                timed(partial(hash_all, nodes)).cpu,
                timed(partial(persist, number)).wall,
                timed(partial(write_durably, folder / f"bare-{number}", body)).wall,
            )
            for number in range(2, rounds + 2)
        ]
        promises.close()
    root_s, hashing, nodes_s, bare_nodes, persist_s, bare_write = _medians(turns)
    return {
        "transactions": transactions,
        "body_bytes": len(body),
        "root_ms": _ms(root_s),
        "limit_root_ms": _ms(hashing),
        "root_of_leaves_ms": _ms(nodes_s),
        "limit_root_of_leaves_ms": _ms(bare_nodes),
        "persist_ms": _ms(persist_s),
        "limit_persist_ms": _ms(bare_write),
        "ratio_to_limit": {"root": round(hashing / root_s, 3), "persist": round(bare_write / persist_s, 3)},
        "targets": {"root_ms": TARGET_ROOT_MS, "persist_ms": TARGET_PERSIST_MS},
    }


def run_validation(transactions: int = MAX_TRANSACTIONS, rounds: int = 3) -> dict[str, Any]:
    """Measure a watcher's validation of a block: decoding, root, all signatures and rules, and the UTXO set update.

    Returns:
        Seconds of one core per block, and the limit: coincurve recovers as many signers, and keccak hashes as many
        leaves and nodes.
    """
    load = FullLoad(transactions)
    body = join_body(load.records)
    header = Header(BlockTree.of_records(load.records).root, 1, transactions)
    digests, signatures = load.digests(), parsed(one[-64:] for one in load.records)
    hashes = load.hashes()
    ledgers = [load.ledger() for _ in range(rounds)]

    def judge(ledger: UtxoSet) -> None:
        verdict = validate(ledger, 1, header, body, load.domain)
        if not verdict.good:
            raise AssertionError(str(verdict))
        ledger.apply(1, verdict.transactions)

    def bare() -> None:
        recover_all(digests, signatures)
        hash_all(hashes)

    ours, limit = _medians([(timed(partial(judge, one)).cpu, timed(bare).cpu) for one in ledgers])
    return {
        "transactions": transactions,
        "seconds_per_block": round(ours, 3),
        "transactions_per_second": round(transactions / ours),
        "limit_seconds_per_block": round(limit, 3),
        "ratio_to_limit": round(limit / ours, 3),
        "targets": {"seconds_per_block": TARGET_VALIDATION_SECONDS},
    }


def run_sparse(leaves: int = MAX_TRANSACTIONS, rounds: int = 5) -> dict[str, Any]:
    """Measure the leaves per second of building a coin tree, for random and for consecutive keys.

    The limit is bare keccaks of as many messages as the tree has leaves and nodes.
    """
    draw = random.Random(1)
    spread = [draw.getrandbits(COIN_LEVELS) for _ in range(leaves)]
    found = {}
    for name, keys in (("spread", spread), ("dense", list(range(leaves)))):
        values = {key: keccak(key.to_bytes(8, "big")) for key in keys}
        nodes = hashes_of_keys(keys)
        needed = {_COIN_LEAF: len(values), _NODE: nodes}
        ours, limit = _medians(
            [(timed(partial(SparseTree, values)).cpu, timed(partial(hash_all, needed)).cpu) for _ in range(rounds)]
        )
        found[name] = {
            "leaves_per_second": round(leaves / ours),
            "hashes_per_leaf": round((leaves + nodes) / leaves, 2),
            "limit_per_second": round(leaves / limit),
            "ratio_to_limit": round(limit / ours, 3),
        }
    return {"leaves": leaves, **found, "targets": {"leaves_per_second": TARGET_LEAVES}}


def hashes_of_keys(keys: Sequence[int]) -> int:
    """Return the number of inner nodes of a compact tree: the key prefixes that two or more keys share."""
    shared = [COIN_LEVELS - (one ^ other).bit_length() for one, other in pairwise(sorted(keys))]
    # A prefix is counted at the first pair of neighbours that share it.
    return sum(max(0, here - before) for before, here in pairwise([-1, *shared]))


def _tree_hashes(count: int) -> dict[int, int]:
    """Return the number of nodes in a block's tree, including the one that joins the signatures, by size."""
    nodes = 1
    while count > 1:
        count = (count + 1) // 2
        nodes += count
    return {_NODE: nodes}


def _medians(turns: Sequence[tuple[float, ...]]) -> list[float]:
    return [statistics.median(row) for row in zip(*turns, strict=True)]


def _ms(seconds: float) -> float:
    return round(1_000 * seconds, 1)
