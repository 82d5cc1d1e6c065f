"""Bytes that look like BLS keys and are none: for tests of whoever reads keys."""

from __future__ import annotations

from layer2.primitives.bls import BlsKey, key_hint
from layer2.primitives.hashing import keccak

__all__ = ["NO_KEYS", "RIGHT_KEYS"]

_FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB


def _compressed(x0: int, x1: int, flags: int = 0x80) -> bytes:
    head = bytearray(x1.to_bytes(48, "big"))
    head[0] |= flags
    return bytes(head) + x0.to_bytes(48, "big")


def _on_curve(wanted: bool) -> bytes:
    """Small x: never in the subgroup; on the curve or not as asked."""
    return next(key for key in (_compressed(x, 1) for x in range(200)) if (key_hint(key)[31] == 1) == wanted)


RIGHT_KEYS = [BlsKey.derive(keccak(b"key %d" % n)).public for n in range(4)]
NO_KEYS = {
    "zeros": bytes(96),
    "infinity": b"\xc0" + bytes(95),
    "uncompressed": bytes((RIGHT_KEYS[0][0] & 0x7F,)) + RIGHT_KEYS[0][1:],
    "x0 beyond the field": _compressed(_FIELD, 1),
    "x1 beyond the field": _compressed(1, _FIELD),
    "x0 of all bits": RIGHT_KEYS[0][:48] + b"\xff" * 48,
    "off the curve": _on_curve(False),
    "outside of the subgroup": _on_curve(True),
}
