"""Blobs to be submitted: the sidecar of a type-3 transaction (EIP-4844, EIP-7594)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import rlp

from layer2.primitives.errors import RangeError
from layer2.primitives.kzg import blob_proof, cell_proofs, commitment, versioned_hash

__all__ = ["GAS_PER_BLOB", "MAX_BLOBS", "Sidecar", "blobs_of"]

GAS_PER_BLOB = 131_072
MAX_BLOBS = 6
"""Maximum number of blobs in one transaction (EIP-7594)."""

_TYPE = 3
_CELLS_VERSION = 1


@dataclass(slots=True, eq=False)
class Sidecar:
    """Blobs with their commitments; the proofs are computed once, on first use."""

    blobs: tuple[bytes, ...]
    commitments: tuple[bytes, ...]
    _proofs: dict[bool, list[bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, blobs: Sequence[bytes]) -> Sidecar:
        """Commit to blobs; raise RangeError for none or for more than a transaction can carry."""
        if not 1 <= len(blobs) <= MAX_BLOBS:
            raise RangeError(
                f"{len(blobs)} blobs in a transaction, 1 to {MAX_BLOBS} needed", hint="post several transactions"
            )
        return cls(tuple(blobs), tuple(commitment(one) for one in blobs))

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Versioned hashes of the blobs."""
        return tuple(versioned_hash(one) for one in self.commitments)

    def wrap(self, signed: bytes, *, cells: bool) -> bytes:
        """Return the network form of a signed type-3 transaction, with its blobs.

        `cells`: with the cell proofs that Osaka requires (sidecar version 1), else with one proof per blob.
        """
        body = rlp.decode(signed[1:])
        blobs, commitments = list(self.blobs), list(self.commitments)
        if cells not in self._proofs:
            pairs = zip(blobs, commitments, strict=True)
            one_each = [blob_proof(blob, made) for blob, made in pairs] if not cells else []
            self._proofs[cells] = one_each or [proof for blob in blobs for proof in cell_proofs(blob)]
        parts: list[Any] = [body, bytes((_CELLS_VERSION,))] if cells else [body]
        return signed[:1] + cast(bytes, rlp.encode([*parts, blobs, commitments, self._proofs[cells]]))


def blobs_of(raw: bytes) -> dict[bytes, bytes]:
    """Return the blobs of a raw transaction by versioned hash; empty for other transaction types."""
    if not raw or raw[0] != _TYPE:
        return {}
    parts = rlp.decode(raw[1:])
    if not isinstance(parts[0], list):
        return {}
    blobs, commitments = parts[-3], parts[-2]
    return {versioned_hash(made): blob for blob, made in zip(blobs, commitments, strict=True)}
