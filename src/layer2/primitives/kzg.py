"""KZG commitments to blobs (EIP-4844, EIP-7594) with mainnet's trusted setup.

A blob is 131,072 bytes: 4,096 field elements of 32 bytes, each below the order of the field.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

import ckzg

from layer2.primitives.errors import InputError, MalformedError

__all__ = [
    "BLOB_BYTES",
    "blob_proof",
    "cell_proofs",
    "commitment",
    "hash_of_blob",
    "is_blob",
    "point_proof",
    "setup",
    "versioned_hash",
]

BLOB_BYTES = 131_072
_MODULUS = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


@cache
def setup() -> Any:
    """Return the trusted setup of eth-account, loaded once (about 2 seconds).

    Raises:
        InputError: eth-account is not installed, or the file is missing.
    """
    spec = find_spec("eth_account")
    origin = "" if spec is None else str(spec.origin)
    path = origin.removesuffix("__init__.py") + "typed_transactions/blob_transactions/kzg_trusted_setup.txt"
    try:
        return ckzg.load_trusted_setup(path, 0)
    except (OSError, RuntimeError) as failure:
        raise InputError(
            f"kzg: no trusted setup: {failure}", hint="install layer2[rollup]; it comes with eth-account"
        ) from failure


def is_blob(data: bytes) -> bool:
    """Return True if these bytes are a blob: the right length, every field element in range."""
    if len(data) != BLOB_BYTES:
        return False
    rows = (data[at : at + 32] for at in range(0, BLOB_BYTES, 32))
    # Most elements are far below the order, so the first byte usually decides.
    return all(row[0] < 0x73 or int.from_bytes(row, "big") < _MODULUS for row in rows)


def commitment(blob: bytes) -> bytes:
    """Return the 48 bytes of a blob's commitment; raise MalformedError for anything but a blob."""
    if not is_blob(blob):
        raise MalformedError(
            f"{len(blob)} bytes are not a blob", hint=f"give {BLOB_BYTES} bytes of 4,096 field elements"
        )
    return bytes(ckzg.blob_to_kzg_commitment(blob, setup()))


def versioned_hash(made: bytes) -> bytes:
    """Return the on-chain identifier of a commitment: `1 | sha256(commitment)` without the hash's first byte."""
    return b"\x01" + sha256(made).digest()[1:]


@cache
def _zero_hash() -> bytes:
    return versioned_hash(commitment(bytes(BLOB_BYTES)))


def hash_of_blob(blob: bytes) -> bytes:
    """Return the versioned hash of a blob."""
    return _zero_hash() if not any(blob) and len(blob) == BLOB_BYTES else versioned_hash(commitment(blob))


def blob_proof(blob: bytes, made: bytes) -> bytes:
    """Return the proof that a whole blob belongs to a commitment, as carried by a sidecar before EIP-7594."""
    return bytes(ckzg.compute_blob_kzg_proof(blob, made, setup()))


def cell_proofs(blob: bytes) -> list[bytes]:
    """Return the 128 proofs of a blob's cells, as carried by a sidecar since EIP-7594."""
    return [bytes(one) for one in ckzg.compute_cells_and_kzg_proofs(blob, setup())[1]]


def point_proof(blob: bytes, z: bytes) -> tuple[bytes, bytes]:
    """Return proof (48 bytes) and value (32 bytes) of the blob's polynomial at z (32 bytes)."""
    proof, value = ckzg.compute_kzg_proof(blob, z, setup())
    return bytes(proof), bytes(value)
