"""BLS12-381 with signatures in G1 (48 bytes) and keys in G2 (96 bytes), over 32-byte digests.

An owner is identified by the keccak of its key. The hash to G1 is BLS12381G1_XMD:SHA-256_SSWU_RO_ (RFC 9380).
Aggregates are over distinct digests, so that a rogue key cannot cancel out another: proofs of possession are not
needed. Points are checked for their subgroup when decoded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from layer2.primitives.errors import RangeError, SignatureError
from layer2.primitives.extras import needs
from layer2.primitives.hashing import keccak

with needs("rollup"):
    from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

__all__ = [
    "DST",
    "GENERATOR",
    "ORDER",
    "BlsKey",
    "aggregate",
    "g1_point",
    "hash_to_g1",
    "is_key",
    "key_hint",
    "packed_key",
    "recent_key",
    "signature_hint",
    "signature_point",
    "uncompressed_key",
    "verify_aggregate",
    "verify_each",
]

DST = b"LAYER2_ROLLUP_BLS12381G1_XMD:SHA-256_SSWU_RO_1_"
"""Domain separation tag of the hash to G1."""

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Order of the groups."""

SIGNATURE_BYTES, KEY_BYTES = 48, 96
_KEY_HINT = 160
_WEIGHT_BITS = 16
"""Bits of the random weights that keep invalid signatures from cancelling out; each bit costs 2 us per signature."""
_FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
_INFINITE = 0x40
GENERATOR = BlstP2Element().uncompress(
    bytes.fromhex(
        "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    )
)


class BlsKey:
    """A secret key; `public` is its 96-byte compressed point in G2."""

    __slots__ = ("_secret", "public")

    def __init__(self, secret: int) -> None:
        if not 0 < secret < ORDER:
            raise RangeError("a BLS secret key lies between 1 and the group order")
        self._secret = secret
        self.public: bytes = GENERATOR.scalar_mul(secret).compress()

    @classmethod
    def derive(cls, seed: bytes) -> BlsKey:
        """Derive a key from at least 32 secret bytes, for example a deterministic Ethereum signature (RFC 6979).

        The secret is `keccak(seed | 0) | keccak(seed | 1)` reduced by the order, with a bias below 2^-256.
        """
        if len(seed) < 32:
            raise RangeError(f"a seed has {len(seed)} bytes, need at least 32")
        wide = keccak(seed + b"\x00") + keccak(seed + b"\x01")
        return cls(int.from_bytes(wide, "big") % (ORDER - 1) + 1)

    def sign(self, digest: bytes) -> bytes:
        """Return the 48-byte signature of a 32-byte digest."""
        signature: bytes = BlstP1Element().hash_to_group(digest, DST).scalar_mul(self._secret).compress()
        return signature

    def __repr__(self) -> str:
        return f"<BlsKey {self.public.hex()[:8]}..>"


def hash_to_g1(digest: bytes) -> bytes:
    """Return the compressed point that a digest is hashed to."""
    point: bytes = BlstP1Element().hash_to_group(digest, DST).compress()
    return point


def g1_point(compressed: bytes) -> bytes:
    """Return a point of G1 in the EIP-2537 form `x | y`, 64 bytes each; zeros for infinity.

    The subgroup is not checked.

    Raises:
        SignatureError: the bytes are not a compressed point of the curve.
    """
    if compressed == bytes((0x80 | _INFINITE,)) + bytes(SIGNATURE_BYTES - 1):
        return bytes(128)
    hint = signature_hint(compressed)
    x, y = int.from_bytes(compressed[1:], "big") | (compressed[0] & 0x1F) << 376, int.from_bytes(hint, "big")
    if not y or (y * y - pow(x, 3, _FIELD) - 4) % _FIELD:
        raise SignatureError(
            f"{compressed.hex()[:16]}.. is not a valid point of G1", hint="give 48 bytes, a compressed point"
        )
    return x.to_bytes(64, "big") + hint


def is_key(key: bytes) -> bool:
    """Return True if the bytes are a key: a compressed point of the subgroup of G2 other than infinity."""
    return _key(key) is not None


def uncompressed_key(key: bytes) -> bytes:
    """Return a key in the EIP-2537 form `x.c0 | x.c1 | y.c0 | y.c1`, 64 bytes each.

    Raises:
        SignatureError: the bytes are not a valid key.
    """
    if not is_key(key):
        raise SignatureError(
            f"{key.hex()[:16]}.. is not a valid BLS key", hint="give 96 bytes, a point of the subgroup of G2"
        )
    x1 = int.from_bytes(key[:48], "big") & ((1 << 381) - 1)
    x0 = int.from_bytes(key[48:], "big")
    y0, y1 = _y_of(x0, x1, largest=bool(key[0] & 0x20))
    return b"".join(one.to_bytes(64, "big") for one in (x0, x1, y0, y1))


def packed_key(key: bytes) -> bytes:
    """Return a key in the form used in proofs: EIP-2537 without the leading zeros of its four numbers, 192 bytes."""
    whole = uncompressed_key(key)
    return b"".join(whole[at + 16 : at + 64] for at in range(0, 256, 64))


def key_hint(key: bytes) -> bytes:
    """Return a contract's hint for a key, five words: 1 and y; or, for an x off the curve, 0 and the proof of that.

    Returns zeros if the bytes are not a compressed point at all. In Fp2 a number is a square exactly if its norm is a
    square in Fp, where -1 is not a square: the proof is a root of `-256 norm(x^3 + 4(1 + i))`.
    """
    if len(key) != KEY_BYTES or key[0] & 0xC0 != 0x80:
        return bytes(_KEY_HINT)
    x1, x0 = int.from_bytes(key[:48], "big") & ((1 << 381) - 1), int.from_bytes(key[48:], "big")
    if x0 >= _FIELD or x1 >= _FIELD:
        return bytes(_KEY_HINT)
    c0, c1 = _right_side(x0, x1)
    norm = (c0 * c0 + c1 * c1) % _FIELD
    root = pow(norm, (_FIELD + 1) // 4, _FIELD)
    if root * root % _FIELD != norm:
        return bytes(32) + pow(-256 * norm % _FIELD, (_FIELD + 1) // 4, _FIELD).to_bytes(64, "big") + bytes(64)
    y0, y1 = _y_of(x0, x1, largest=bool(key[0] & 0x20))
    return (1).to_bytes(32, "big") + y0.to_bytes(64, "big") + y1.to_bytes(64, "big")


def signature_hint(signature: bytes) -> bytes:
    """Return a contract's hint for a signature's point: y, or, for an x off the curve, a root of `-(x^3 + 4)`.

    The hint has 64 bytes. It is zero if the bytes are not a compressed point at all, which a contract detects without a
    hint.
    """
    if len(signature) != SIGNATURE_BYTES or signature[0] & 0xC0 != 0x80:
        return bytes(64)
    x = int.from_bytes(signature, "big") & ((1 << 381) - 1)
    if x >= _FIELD:
        return bytes(64)
    square = (pow(x, 3, _FIELD) + 4) % _FIELD
    root = pow(square, (_FIELD + 1) // 4, _FIELD)
    if root * root % _FIELD != square:
        return pow(_FIELD - square, (_FIELD + 1) // 4, _FIELD).to_bytes(64, "big")
    larger = root > (_FIELD - 1) // 2
    if larger != bool(signature[0] & 0x20):
        root = _FIELD - root
    return root.to_bytes(64, "big")


def aggregate(signatures: Sequence[bytes]) -> bytes:
    """Return the sum of signatures. Raises SignatureError for a malformed one or an empty list."""
    if not signatures:
        raise SignatureError("an aggregate needs signatures", hint="give at least one")
    total = BlstP1Element()
    for one in signatures:
        point = signature_point(one)
        if point is None:
            raise SignatureError(
                f"{one.hex()[:16]}.. is not a valid BLS signature", hint="give 48 bytes, a point of G1"
            )
        total = total + point
    compressed: bytes = total.compress()
    return compressed


def verify_aggregate(pairs: Sequence[tuple[bytes, bytes]], signature: bytes) -> bool:
    """Return True if `signature` is by all keys over all digests: `pairs` of (96-byte key, digest). Never raises."""
    point = signature_point(signature)
    if point is None or not pairs:
        return False
    loops = None
    for key, digest in pairs:
        one = _key(key)
        if one is None:
            return False
        step = miller_loop(BlstP1Element().hash_to_group(digest, DST), one)
        loops = step if loops is None else loops * step
    return bool(final_verify(miller_loop(point, GENERATOR), loops))


def verify_each(rows: Sequence[tuple[bytes, bytes, bytes]], draw: Callable[[int], int]) -> list[bool]:
    """Return the validity of each signature: rows of (96-byte key, digest, signature). Never raises.

    `draw` returns an unpredictable random number of the given number of bits, such as `secrets.randbits`. The
    signatures are checked together under random weights, and halved down to the invalid ones if that fails. An invalid
    one passes with a probability of 2^-16, and only together with another one crafted for it. A caller that relies on
    single signatures (not on their sum, which the chain checks again) must use `verify_aggregate` for each. Keys used
    recently are not decoded again.
    """
    good = [False] * len(rows)
    found = []
    for place, (key, digest, signature) in enumerate(rows):
        point, owner = signature_point(signature), recent_key(key)
        if point is not None and owner is not None:
            found.append(_Signed(place, key, owner, BlstP1Element().hash_to_group(digest, DST), point))
    _judge(found, good, draw, known_bad=False)
    return good


class _Signed(NamedTuple):
    place: int
    name: bytes
    key: BlstP2Element
    hashed: BlstP1Element
    signature: BlstP1Element


def _judge(rows: list[_Signed], good: list[bool], draw: Callable[[int], int], *, known_bad: bool) -> bool:
    """Record the valid rows and return True if all are valid. `known_bad`: at least one is known to be invalid."""
    if not rows:
        return True
    if not known_bad and _fit(rows, draw):
        for one in rows:
            good[one.place] = True
        return True
    if len(rows) > 1:
        half = len(rows) // 2
        first = _judge(rows[:half], good, draw, known_bad=False)
        _judge(rows[half:], good, draw, known_bad=first)
    return False


def _fit(rows: list[_Signed], draw: Callable[[int], int]) -> bool:
    """Return True if the weighted sum of the signatures is by the keys over the weighted digests."""
    # One is added to the random number: a weight is never zero, and all random bits count.
    weights = [draw(_WEIGHT_BITS) + 1 for _ in rows] if len(rows) > 1 else [1]
    sums: defaultdict[bytes, BlstP1Element] = defaultdict(BlstP1Element)
    keys = {}
    for one, weight in zip(rows, weights, strict=True):
        # The digests of a key are added before the pairing, so each key needs only one pairing.
        sums[one.name] = sums[one.name] + _weighted([one.hashed], [weight])
        keys[one.name] = one.key
    loops = None
    for name, point in sums.items():
        step = miller_loop(point, keys[name])
        loops = step if loops is None else loops * step
    total = _weighted([one.signature for one in rows], weights)
    return bool(final_verify(miller_loop(total, GENERATOR), loops))


def _weighted(points: list[BlstP1Element], weights: list[int]) -> BlstP1Element:
    """Return the weighted sum of the points; shared doublings are faster than the library's multiplication."""
    total, begun = BlstP1Element(), False
    for bit in range(max(weights).bit_length() - 1, -1, -1):
        if begun:
            total = total + total
        for point, weight in zip(points, weights, strict=True):
            if weight >> bit & 1:
                total, begun = total + point, True
    return total


def signature_point(data: bytes) -> BlstP1Element | None:
    """Return the point of a signature; None for invalid bytes."""
    if len(data) != SIGNATURE_BYTES or data[0] & _INFINITE:
        return None
    try:
        return BlstP1Element().uncompress(data)
    except ValueError:
        return None


def _key(data: bytes) -> BlstP2Element | None:
    if len(data) != KEY_BYTES or data[0] & _INFINITE:
        return None
    try:
        return BlstP2Element().uncompress(data)
    except ValueError:
        return None


@lru_cache(1 << 16)
def recent_key(data: bytes) -> BlstP2Element | None:
    """Return a key's point from a cache of recent keys; None for an invalid key."""
    return _key(data)


def _right_side(x0: int, x1: int) -> tuple[int, int]:
    """Return `x^3 + 4(1 + i)` in Fp2."""
    p = _FIELD
    s0, s1 = (x0 * x0 - x1 * x1) % p, 2 * x0 * x1 % p
    return (s0 * x0 - s1 * x1 + 4) % p, (s0 * x1 + s1 * x0 + 4) % p


def _y_of(x0: int, x1: int, *, largest: bool) -> tuple[int, int]:
    """Return the root of `x^3 + 4(1 + i)` in Fp2 with the larger (or smaller) imaginary part.

    If the imaginary part is zero, the real part decides. `largest` selects the larger one.
    """
    p = _FIELD
    c0, c1 = _right_side(x0, x1)
    norm = pow((c0 * c0 + c1 * c1) % p, (p + 1) // 4, p)
    half = (c0 + norm) * pow(2, p - 2, p) % p
    root = pow(half, (p + 1) // 4, p)
    if root * root % p != half:
        half = (c0 - norm) * pow(2, p - 2, p) % p
        root = pow(half, (p + 1) // 4, p)
    y0, y1 = root, c1 * pow(2 * root, p - 2, p) % p
    positive = y1 > (p - 1) // 2 if y1 else y0 > (p - 1) // 2
    return (y0, y1) if positive == largest else ((p - y0) % p, (p - y1) % p)
