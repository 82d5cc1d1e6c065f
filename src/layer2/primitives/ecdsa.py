"""ECDSA over secp256k1 through libsecp256k1 (coincurve): sign, recover, verify against a known key.

Signatures are 65 bytes `r | s | v` with v 27 or 28, or 64 bytes in the compact form of EIP-2098. s is always in the
lower half of the order; the upper half is refused, so that a message has one signature per key and nonce.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coincurve import PrivateKey as _CurveKey
from coincurve import PublicKey as _CurvePoint
from coincurve._libsecp256k1 import ffi as _ffi
from coincurve._libsecp256k1 import lib as _lib
from coincurve.context import GLOBAL_CONTEXT as _CONTEXT

from layer2.primitives.addresses import Address, address_of_public_key
from layer2.primitives.errors import MalformedError, SignatureError
from layer2.primitives.hashing import keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HALF_ORDER = ORDER // 2
BACKEND = "coincurve"

_ctx = _CONTEXT.ctx
_HALF_ORDER_BYTES = HALF_ORDER.to_bytes(32, "big")


class PrivateKey:
    """A secp256k1 private key. Its `repr` shows the address only."""

    __slots__ = ("_key", "address", "public_key")

    def __init__(self, secret: bytes | str) -> None:
        """Accept 32 bytes, or their hex with or without 0x; raise MalformedError for anything else."""
        raw = _secret_bytes(secret)
        try:
            self._key = _CurveKey(raw)
        except ValueError:
            raise MalformedError("a private key is a number from 1 to the curve's order") from None
        self.public_key: bytes = self._key.public_key.format(compressed=False)[1:]
        self.address: Address = address_of_public_key(self.public_key)

    def sign(self, digest: bytes) -> bytes:
        """Sign a 32-byte digest: 65 bytes `r | s | v`, v 27 or 28, deterministic (RFC 6979), low s."""
        signature = self._sign(digest)
        return signature[:64] + (b"\x1b" if signature[64] == 0 else b"\x1c")

    def sign_compact(self, digest: bytes) -> bytes:
        """Sign a 32-byte digest: 64 bytes `r | yParity and s` (EIP-2098)."""
        signature = self._sign(digest)
        if signature[64] == 0:
            return signature[:64]
        return signature[:32] + bytes((signature[32] | 0x80,)) + signature[33:64]

    def _sign(self, digest: bytes) -> bytes:
        if len(digest) != 32:
            raise SignatureError(f"a digest has 32 bytes, {len(digest)} were given")
        signature: bytes = self._key.sign_recoverable(digest, hasher=None)
        return signature

    def secret(self) -> bytes:
        """Return the 32 secret bytes, for a key store."""
        secret: bytes = self._key.secret
        return secret

    def __repr__(self) -> str:
        return f"<PrivateKey of {self.address}>"


class KnownKey:
    """A public key decoded once, to verify many signatures against.

    Verification without the recovery bit would be a fifth faster, but would accept signatures that a contract rejects.
    """

    __slots__ = ("_raw", "address", "public_key")

    def __init__(self, public_key: bytes) -> None:
        """Accept 64 bytes (x and y); raise MalformedError if they are not a point of the curve."""
        if len(public_key) != 64:
            raise MalformedError(f"a public key has 64 bytes, {len(public_key)} were given")
        try:
            point = _CurvePoint(b"\x04" + public_key)
        except ValueError:
            raise MalformedError("the public key is not a point of secp256k1") from None
        self._raw = bytes(_ffi.buffer(point.public_key))
        self.public_key = public_key
        self.address: Address = address_of_public_key(public_key)

    def verify(self, digest: bytes, signature: bytes) -> bool:
        """Return True if `signature` over the 32-byte `digest` is by this key.

        The signature must have 64 or 65 bytes, low s and the right recovery bit.
        """
        try:
            return bytes(_ffi.buffer(_recover_point(digest, signature))) == self._raw
        except SignatureError:
            return False

    def __repr__(self) -> str:
        return f"<KnownKey of {self.address}>"


def recover(digest: bytes, signature: bytes) -> Address:
    """Return the address whose key signed the 32-byte `digest`.

    Raises:
        SignatureError: wrong length, v other than 27 or 28, s in the upper half, or no such point.
    """
    return address_of_public_key(recover_public_key(digest, signature))


def recover_public_key(digest: bytes, signature: bytes) -> bytes:
    """Return the 64-byte public key that signed the 32-byte `digest`; raise SignatureError like `recover`."""
    point = _CurvePoint(_recover_point(digest, signature))
    key: bytes = point.format(compressed=False)
    return key[1:]


def signers(digests: Sequence[bytes], signatures: Sequence[bytes]) -> list[bytes]:
    """Return the 20-byte signer of each 64-byte signature (EIP-2098) over a 32-byte digest; empty if invalid.

    Equivalent to `recover`, without an object or an exception for each: about the speed of the library itself.
    """
    parsed = _ffi.new("secp256k1_ecdsa_recoverable_signature *")
    point, size = _ffi.new("secp256k1_pubkey *"), _ffi.new("size_t *", 65)
    plain = _ffi.new("unsigned char[65]")
    view = _ffi.buffer(plain)
    read, find, write = (
        _lib.secp256k1_ecdsa_recoverable_signature_parse_compact,
        _lib.secp256k1_ecdsa_recover,
        _lib.secp256k1_ec_pubkey_serialize,
    )
    form = _lib.SECP256K1_EC_UNCOMPRESSED
    found = []
    for digest, signature in zip(digests, signatures, strict=True):
        parity = 0
        if len(signature) == 64 and signature[32] >> 7:
            parity, signature = 1, signature[:32] + bytes((signature[32] & 0x7F,)) + signature[33:]
        # The order matters: the library reads a fixed number of bytes, regardless of the length of its input.
        if (
            len(digest) != 32
            or len(signature) != 64
            or signature[32:] > _HALF_ORDER_BYTES
            or not read(_ctx, parsed, signature, parity)
            or not find(_ctx, point, parsed, digest)
        ):
            found.append(b"")
            continue
        write(_ctx, plain, size, point, form)
        found.append(keccak(view[1:65])[12:])
    return found


def to_compact(signature: bytes) -> bytes:
    """Return the 64-byte form (EIP-2098) of a 65-byte signature; a 64-byte one is returned unchanged."""
    if len(signature) == 64:
        return signature
    rs, parity = _split(signature)
    return rs[:32] + bytes((rs[32] | parity << 7,)) + rs[33:]


def from_compact(signature: bytes) -> bytes:
    """Return the 65-byte form of a 64-byte signature (EIP-2098); a 65-byte one is returned unchanged."""
    if len(signature) == 65:
        return signature
    rs, parity = _split(signature)
    return rs + bytes((27 + parity,))


def _split(signature: bytes) -> tuple[bytes, int]:
    """Return `r | s` and the parity; raise SignatureError for a wrong length, v or an upper-half s."""
    if len(signature) == 65:
        v = signature[64]
        if v not in (27, 28):
            raise SignatureError(f"signature has v = {v}, need 27 or 28")
        rs, parity = signature[:64], v - 27
    elif len(signature) == 64:
        parity = signature[32] >> 7
        rs = signature if not parity else signature[:32] + bytes((signature[32] & 0x7F,)) + signature[33:]
    else:
        raise SignatureError(f"signature has {len(signature)} bytes, need 65, or 64 in the EIP-2098 form")
    if rs[32:] > _HALF_ORDER_BYTES:
        raise SignatureError("signature has s in the upper half of the order", hint="sign with low s")
    return rs, parity


def _recover_point(digest: bytes, signature: bytes) -> Any:
    rs, parity = _split(signature)
    if len(digest) != 32:
        raise SignatureError(f"a digest has 32 bytes, {len(digest)} were given")
    parsed = _ffi.new("secp256k1_ecdsa_recoverable_signature *")
    point = _ffi.new("secp256k1_pubkey *")
    if not _lib.secp256k1_ecdsa_recoverable_signature_parse_compact(_ctx, parsed, rs, parity):
        raise SignatureError("signature has r or s outside the curve's order")
    if not _lib.secp256k1_ecdsa_recover(_ctx, point, parsed, digest):
        raise SignatureError("the signature does not recover to a key")
    return point


def _secret_bytes(secret: object) -> bytes:
    if isinstance(secret, str):
        try:
            raw = bytes.fromhex(secret.removeprefix("0x"))
        except ValueError:
            raise MalformedError("a private key is 64 hex digits; the text given is not hex") from None
    elif isinstance(secret, (bytes, bytearray, memoryview)):
        raw = bytes(secret)
    else:
        raise MalformedError(f"a private key is 32 bytes or their hex, {type(secret).__name__} was given")
    if len(raw) != 32:
        raise MalformedError(f"a private key has 32 bytes, {len(raw)} were given")
    return raw
