"""KZG commitments to blobs (EIP-4844) under the trusted setup of the main chain."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ckzg

from layer2.primitives.errors import InputError

__all__ = ["commitment", "point_proof", "setup", "versioned_hash"]


@cache
def setup() -> Any:
    """The trusted setup, loaded once: it ships with eth-account."""
    spec = find_spec("eth_account")
    if spec is None or spec.origin is None:
        raise InputError("kzg: eth-account is not installed", hint="pip install layer2[rollup]")
    folder = Path(spec.origin).parent / "typed_transactions" / "blob_transactions"
    return ckzg.load_trusted_setup(str(folder / "kzg_trusted_setup.txt"), 0)


def commitment(blob: bytes) -> bytes:
    """The 48 bytes of a blob's commitment."""
    return bytes(ckzg.blob_to_kzg_commitment(blob, setup()))


def versioned_hash(made: bytes) -> bytes:
    """What the chain knows a commitment by."""
    return b"\x01" + sha256(made).digest()[1:]


def point_proof(blob: bytes, z: bytes) -> tuple[bytes, bytes]:
    """Proof and value of the blob's polynomial at z."""
    proof, value = ckzg.compute_kzg_proof(blob, z, setup())
    return bytes(proof), bytes(value)
