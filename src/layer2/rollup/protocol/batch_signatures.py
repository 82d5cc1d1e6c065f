"""Batch processing of operation signatures on plain bytes; the code that worker processes run.

A record is the output of `SignedOp.encode`. `prefix` is `Domain.prefix`, so that no object has to be serialised.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence

from layer2.primitives.bls import aggregate, verify_each
from layer2.primitives.bls_aggregates import verify_aggregates
from layer2.primitives.ecdsa import signers
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.messages import Transfer, Withdraw

__all__ = ["BLS_RECORD", "ECDSA_RECORD", "aggregates", "check_bls", "check_ecdsa", "check_frames", "digests_of"]

ECDSA_RECORD, BLS_RECORD = 112, 96
"""Size in bytes of a record, by kind of key."""

_TRANSFER = struct.Struct(">32s28x4s28x4s28x4s16x16s30x2s31x1s")
_WITHDRAW = struct.Struct(">32s28x4s28x4s12x20s16x16s30x2s31x1s")
"""Layouts of `encodeData` (EIP-712): type hash, sender, nonce, to, amount, token, fee."""


def digests_of(prefix: bytes, records: Sequence[bytes]) -> list[bytes]:
    """Return the EIP-712 digest of each record's message."""
    transfer, withdraw = _TRANSFER.pack, _WITHDRAW.pack
    transfer_type, withdraw_type = Transfer.TYPE_HASH, Withdraw.TYPE_HASH
    found = []
    for one in records:
        rest = (one[12:28], one[9:11], one[11:12])
        if one[0]:
            message = withdraw(withdraw_type, one[1:5], one[5:9], one[28:48], *rest)
        else:
            message = transfer(transfer_type, one[1:5], one[5:9], one[44:48], *rest)
        found.append(keccak(prefix + keccak(message)))
    return found


def check_ecdsa(prefix: bytes, records: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the digests of concatenated records, and each signer's address (20 bytes; empty if not valid)."""
    rows = [records[at : at + ECDSA_RECORD] for at in range(0, len(records), ECDSA_RECORD)]
    digests = digests_of(prefix, rows)
    return digests, signers(digests, [one[48:] for one in rows])


def check_bls(prefix: bytes, records: bytes, keys: Sequence[bytes]) -> tuple[list[bytes], list[bool]]:
    """Return the digests of concatenated records, and True for each one signed by the key at its index."""
    rows = [records[at : at + BLS_RECORD] for at in range(0, len(records), BLS_RECORD)]
    digests = digests_of(prefix, rows)
    signatures = (one[48:] for one in rows)
    return digests, verify_each(list(zip(keys, digests, signatures, strict=True)), secrets.randbits)


def check_frames(rows: Sequence[tuple[bytes, bytes, bytes]], expected: bool) -> list[bool]:
    """Return True for each frame with a valid aggregate signature, up to the first unexpected result.

    Args:
        rows: signature, concatenated keys and concatenated digests of each frame.
        expected: result after which the verification continues.
    """
    split = [
        (
            [(keys[96 * at : 96 * (at + 1)], digests[32 * at : 32 * (at + 1)]) for at in range(len(digests) // 32)],
            signature,
        )
        for signature, keys, digests in rows
    ]
    return verify_aggregates(split, secrets.randbits, expected)


def aggregates(groups: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Return the aggregate of each group of BLS signatures."""
    return [aggregate(one) for one in groups]
