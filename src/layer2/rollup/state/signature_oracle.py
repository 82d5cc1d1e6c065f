"""Signature checks of the state transition, behind an interface that tests and replicas can replace."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from layer2.primitives.addresses import Address
from layer2.primitives.bls import is_key
from layer2.primitives.bls_aggregates import verify_aggregates
from layer2.primitives.ecdsa import recover
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

__all__ = ["SignatureOracle", "Signatures", "name_of"]


_REMEMBERED = 1 << 17
"""Maximum number of cached frames: one hour of frames at full capacity, about 20 megabytes."""


def name_of(pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bytes:
    """Return the cache key of a check: a hash of all its inputs."""
    return keccak(signature + b"".join(key + digest for key, digest in pairs))


class SignatureOracle(Protocol):
    """Signature checker. No method raises: a malformed signature counts as invalid."""

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of the rollup."""

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        """Return True if a BLS aggregate signature is valid for all pairs of key and digest."""

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        """Return the signer of a 64-byte ECDSA signature (EIP-2098); None if the signature is invalid."""

    def is_key(self, key: bytes) -> bool:
        """Return True if 96 bytes are a valid BLS key."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """Cryptographic signature checker. Results for frames are cached, because each assertion executes them again."""

    domain: Domain
    _known: dict[bytes, bool] = field(default_factory=dict, repr=False, compare=False)

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        """Return True if a BLS12-381 aggregate signature, with keys in G2, is valid; cache the result."""
        known = self.recall(pairs, signature)
        if known is None:
            (known,) = verify_aggregates([(pairs, signature)], secrets.randbits)
            self.learn(pairs, signature, known)
        return known

    def recall(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool | None:
        """Return the cached result of a check; None if it is not cached."""
        return self._known.get(name_of(pairs, signature))

    def learn(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes, right: bool) -> None:
        """Cache the result of a check; the oldest results are discarded above the limit."""
        while len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)), None)
        self._known[name_of(pairs, signature)] = right

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        """Return the signer of an ECDSA signature, whose s must be in the lower half; None if it is invalid."""
        if len(signature) != 64:
            return None
        try:
            return recover(digest, signature)
        except SignatureError:
            return None

    def is_key(self, key: bytes) -> bool:
        """Return True if the key is a point in the subgroup of G2."""
        return is_key(key)
