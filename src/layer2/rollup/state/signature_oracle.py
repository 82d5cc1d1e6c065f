"""What the transition asks about signatures, so that tests and replicas can answer in their own way."""

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

__all__ = ["Authority", "Signatures", "name_of"]


_REMEMBERED = 1 << 17
"""Frames: an hour of as many as can be posted, some 20 megabytes."""


def name_of(pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bytes:
    """What a judgement is filed under: all that it is about."""
    return keccak(signature + b"".join(key + digest for key, digest in pairs))


class Authority(Protocol):
    """Judges signatures. No method raises: a malformed signature is a wrong one."""

    @property
    def domain(self) -> Domain:
        """The rollup's EIP-712 domain."""

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        """Whether the BLS aggregate is by all keys over all digests."""

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        """The ECDSA signer of a 64-byte (EIP-2098) signature; None if there is none."""

    def is_key(self, key: bytes) -> bool:
        """Whether 96 bytes are a BLS key."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """The real answers. Those about whole frames are remembered: a node executes a frame again for each assertion."""

    domain: Domain
    _known: dict[bytes, bool] = field(default_factory=dict, repr=False, compare=False)

    def verify(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
        """BLS12-381, keys in G2."""
        known = self.recall(pairs, signature)
        if known is None:
            (known,) = verify_aggregates([(pairs, signature)], secrets.randbits)
            self.learn(pairs, signature, known)
        return known

    def recall(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool | None:
        """What is remembered; None if that is nothing."""
        return self._known.get(name_of(pairs, signature))

    def learn(self, pairs: Sequence[tuple[bytes, bytes]], signature: bytes, right: bool) -> None:
        """Remember a judgement."""
        while len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)), None)
        self._known[name_of(pairs, signature)] = right

    def recover(self, digest: bytes, signature: bytes) -> Address | None:
        """ECDSA with the lower half of s only."""
        if len(signature) != 64:
            return None
        try:
            return recover(digest, signature)
        except SignatureError:
            return None

    def is_key(self, key: bytes) -> bool:
        """A point of the subgroup of G2."""
        return is_key(key)
