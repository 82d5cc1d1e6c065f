"""The rows of a batch claim: 116 bytes for each simplex channel, as `IChannelHub.claim` reads them."""

from __future__ import annotations

from collections.abc import Iterable

from layer2.channels.key import ChannelKey
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import to_compact

__all__ = ["CLAIM_ROW", "pack_claims", "packs"]

CLAIM_ROW = 116
"""Bytes: payer 20, delay 4, openBefore 4, salt 8, amount 16, EIP-2098 signature 64."""

_PARAMS = (1 << 128) - 1


def packs(signature: bytes) -> bool:
    """Whether a signature fits a row: a plain one does, a session proof or a contract's does not."""
    return len(signature) in (64, 65)


def pack_claims(rows: Iterable[tuple[ChannelKey, int, bytes]]) -> bytes:
    """Pack `(key, cumulative amount, 65- or 64-byte signature)` rows; payee and token are those of the claim."""
    parts = []
    for key, amount, signature in rows:
        compact = signature if len(signature) == 64 else to_compact(signature)
        params = (key.params & _PARAMS).to_bytes(16, "big")
        parts.append(address_bytes(key.a) + params + amount.to_bytes(16, "big") + compact)
    return b"".join(parts)
