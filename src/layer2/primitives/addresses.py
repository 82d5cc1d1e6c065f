"""Ethereum addresses as EIP-55 checksummed strings."""

from __future__ import annotations

from typing import NewType

from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak

Address = NewType("Address", str)
"""An EIP-55 checksummed address, "0x" and 40 hex digits."""

ZERO_ADDRESS = Address("0x" + "0" * 40)

_cache: dict[str, Address] = {}


def _checksum(digits: str) -> Address:
    mask = keccak(digits.encode()).hex()
    mixed = (c.upper() if int(m, 16) > 7 else c for c, m in zip(digits, mask, strict=False))
    return Address("0x" + "".join(mixed))


def to_address(value: object) -> Address:
    """Return the address in `value`: a hex string, 20 bytes, or any object with an `address` attribute.

    Raises:
        MalformedError: not an address, or a mixed-case one with a wrong checksum (EIP-55).
    """
    if isinstance(value, str):
        known = _cache.get(value)
        if known is not None:
            return known
        return _parse(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value)
        if len(raw) != 20:
            raise MalformedError(f"an address has 20 bytes, {len(raw)} were given")
        return _checksum(raw.hex())
    inner = getattr(value, "address", None)
    if inner is not None:
        return to_address(inner)
    raise MalformedError(f"{type(value).__name__} is not an address", hint="give 0x and 40 hex digits, or 20 bytes")


def _parse(value: str) -> Address:
    digits = value[2:]
    if len(value) != 42 or value[:2] not in ("0x", "0X") or not digits.isascii() or not digits.isalnum():
        raise MalformedError(f"{value[:50]!r} is not an address", hint="give 0x and 40 hex digits")
    try:
        int(digits, 16)
    except ValueError:
        raise MalformedError(f"{value!r} is not an address", hint="give 0x and 40 hex digits") from None
    address = _checksum(digits.lower())
    if digits not in (digits.lower(), digits.upper(), address[2:]):
        raise MalformedError(f"{value} has a wrong checksum", hint=f"did you mean {address}?")
    if len(_cache) < 10_000:
        _cache[value] = address
    return address


def address_bytes(address: str) -> bytes:
    """Return the 20 bytes of an address string; raise MalformedError if it is not one."""
    try:
        raw = bytes.fromhex(address[2:])
    except (ValueError, TypeError):
        raise MalformedError(f"{address!r:.80} is not an address") from None
    # Both lengths are checked, because fromhex skips blanks.
    if len(raw) != 20 or len(address) != 42 or address[:2] not in ("0x", "0X"):
        raise MalformedError(f"{address!r:.80} is not an address", hint="give 0x and 40 hex digits")
    return raw


def address_of_public_key(public_key: bytes) -> Address:
    """Return the address of a 64-byte uncompressed public key."""
    return _checksum(keccak(public_key)[12:].hex())
