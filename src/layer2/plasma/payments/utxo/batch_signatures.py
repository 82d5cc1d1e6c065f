"""Batch verification of records on plain bytes, for worker processes.

A record is `packed | signatures(64 each)`. `prefix` is `Domain.prefix`, so that no objects need to be serialised.
"""

from __future__ import annotations

from collections.abc import Sequence

from layer2.plasma.payments.utxo.spend_rules import NOBODY
from layer2.plasma.protocol.packed import FEE, Fields, packed_of, read, split
from layer2.plasma.protocol.signing import OUTPUT_TYPE_HASH, PAYMENT_TYPE_HASH
from layer2.primitives.ecdsa import signers
from layer2.primitives.hashing import keccak
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["Checked", "check", "check_in_parts", "digest_of"]

Checked = tuple[list[bytes], list[bytes], list[bytes]]
"""For each record: the transaction's hash, its leaf, and its signers, 20 bytes per input (`NOBODY` if invalid).

The hash is empty for a record that is not a valid transaction; it still has a leaf, because a block's tree may contain
it.
"""

_OUTPUT_HEAD = OUTPUT_TYPE_HASH + bytes(12)
_ZERO_24, _ZERO_20, _ZERO_27, _ZERO_30 = bytes(24), bytes(20), bytes(27), bytes(30)
_KIND = (1).to_bytes(32, "big")
_NO_MEMO = bytes(32)


def digest_of(prefix: bytes, packed: bytes, one: Fields) -> bytes:
    """Return the EIP-712 digest of a payment, equal to `messages.digest`."""
    inputs = len(one.inputs)
    end = 7 + 8 * inputs
    positions = b"".join([_ZERO_24 + packed[at : at + 8] for at in range(7, end, 8)])
    rows = one.rows
    outputs = b"".join(
        [
            keccak(
                _OUTPUT_HEAD
                + rows[at : at + 20]
                + _ZERO_30
                + rows[at + 20 : at + 22]
                + _ZERO_20
                + rows[at + 22 : at + 34]
            )
            for at in range(0, len(rows), 34)
        ]
    )
    tail = _ZERO_27 + packed[2:7] + (one.memo or _NO_MEMO)
    return keccak(prefix + keccak(PAYMENT_TYPE_HASH + _KIND + keccak(positions) + keccak(outputs) + tail))


def check(prefix: bytes, records: Sequence[bytes]) -> Checked:
    """Return hashes, leaves and signers of records."""
    hashes: list[bytes] = []
    leaves: list[bytes] = []
    digests: list[bytes] = []
    signatures: list[bytes] = []
    counts: list[int] = []
    for record in records:
        parts = split(record)
        one = None if parts is None else read(parts[0])
        if parts is None or one is None:
            hashes.append(b"")
            leaves.append(keccak(b"\x00" + packed_of(record)))
            counts.append(0)
            continue
        packed, given = parts
        hashes.append(keccak(b"\x02" + packed))
        leaves.append(keccak(b"\x00" + packed))
        inputs = len(one.inputs)
        counts.append(inputs)
        if one.kind != FEE:
            digest = digest_of(prefix, packed, one)
            digests += [digest] * inputs
            signatures += [given[at : at + 64] for at in range(0, 64 * inputs, 64)]
    found = iter(signers(digests, signatures))
    owners = [b"".join([next(found) or NOBODY for _ in range(count)]) for count in counts]
    return hashes, leaves, owners


def check_in_parts(workers: WorkerPool, prefix: bytes, records: Sequence[bytes]) -> Checked:
    """Return hashes, leaves and signers of records, computed by workers."""
    step = workers.part(len(records))
    parts = [(prefix, records[at : at + step]) for at in range(0, len(records), step)]
    hashes: list[bytes] = []
    leaves: list[bytes] = []
    owners: list[bytes] = []
    for one in workers.run(check, parts):
        hashes += one[0]
        leaves += one[1]
        owners += one[2]
    return hashes, leaves, owners
