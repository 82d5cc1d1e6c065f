"""Frames: 496 bytes with operations of one token and one fee class. Any 496 bytes have exactly one meaning.

All frames begin with `type(1) token(2) fee(1) receiver(4)`. Types 1 to 4 (transfers, wide transfers, withdrawals, exact
transfers) continue with one BLS signature (48) for all operations. In types 5 to 7 (transfers, withdrawals, exact
transfers), an ECDSA signature (64) follows each operation. Type 8 opens accounts of BLS keys (96). The number of
operations `n(1)` and the operations come last.

Any other frame (unknown type, `n` of zero or above its limit) has no effect. Bytes after the operations are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.rollup.protocol.compressed_amounts import unpack_amount
from layer2.rollup.protocol.params import FRAME_BYTES, OPS_PER_SEGMENT

__all__ = ["FIRST_HALF", "LIMITS", "Frame", "FrameType", "Op", "decode_frame", "encode_frame", "shape"]

_BLS_HEAD, _PLAIN_HEAD = 57, 9
_SIGNATURE, _ECDSA, _KEY = 48, 64, 96


class FrameType(IntEnum):
    """Kind of a frame's operations and of their signatures."""

    SKIP = 0
    TRANSFERS = 1
    WIDE_TRANSFERS = 2
    WITHDRAWALS = 3
    EXACT_TRANSFERS = 4
    ECDSA_TRANSFERS = 5
    ECDSA_WITHDRAWALS = 6
    ECDSA_EXACT_TRANSFERS = 7
    ACCOUNTS = 8

    @property
    def by_bls(self) -> bool:
        """True if one BLS signature covers all operations."""
        return FrameType.TRANSFERS <= self <= FrameType.EXACT_TRANSFERS

    @property
    def by_ecdsa(self) -> bool:
        """True if each operation carries its own ECDSA signature."""
        return FrameType.ECDSA_TRANSFERS <= self <= FrameType.ECDSA_EXACT_TRANSFERS

    @property
    def withdraws(self) -> bool:
        """True if the operations are withdrawals."""
        return self in (FrameType.WITHDRAWALS, FrameType.ECDSA_WITHDRAWALS)


_BODY = {
    FrameType.TRANSFERS: 8,
    FrameType.WIDE_TRANSFERS: 10,
    FrameType.WITHDRAWALS: 40,
    FrameType.EXACT_TRANSFERS: 24,
    FrameType.ECDSA_TRANSFERS: 10,
    FrameType.ECDSA_WITHDRAWALS: 40,
    FrameType.ECDSA_EXACT_TRANSFERS: 24,
    FrameType.ACCOUNTS: _KEY,
}
"""Size in bytes of an operation without its ECDSA signature, by frame type."""


def _head(kind: FrameType) -> int:
    return _BLS_HEAD if kind.by_bls else _PLAIN_HEAD


def _row(kind: FrameType) -> int:
    return _BODY[kind] + (_ECDSA if kind.by_ecdsa else 0)


LIMITS = {kind: (FRAME_BYTES - _head(kind)) // _row(kind) for kind in _BODY}
"""Maximum number of operations in a frame, by type."""

FIRST_HALF = {kind: 3 if kind.by_ecdsa else OPS_PER_SEGMENT for kind in _BODY}
"""Number of operations in the first of a frame's two segments: small for ECDSA, to keep its disputes cheap."""


def shape(kind: FrameType) -> tuple[int, int]:
    """Return the offset of a frame's operations, after their number, and the size of one operation."""
    return _head(kind), _row(kind)


@dataclass(frozen=True, slots=True)
class Op:
    """One operation of a frame.

    Attributes:
        sender: the paying account.
        to: the receiving account, or 0.
        amount: amount in smallest units.
        target: address that receives a withdrawal.
        signature: ECDSA signature, in frames that have one per operation.
        key: BLS key of a new account.
        packed: the two bytes of a compressed amount.
    """

    sender: int = 0
    to: int = 0
    amount: int = 0
    target: Address | None = None
    signature: bytes = b""
    key: bytes = b""
    packed: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame. `receiver` is the account that receives the fees; it is unused if the fee is zero."""

    kind: FrameType = FrameType.SKIP
    token: int = 0
    fee: int = 0
    receiver: int = 0
    signature: bytes = b""
    ops: tuple[Op, ...] = ()

    def half(self, number: int) -> tuple[Op, ...]:
        """Return the operations of the first (0) or second (1) segment."""
        first = FIRST_HALF.get(self.kind, 0)
        return self.ops[first:] if number else self.ops[:first]


def decode_frame(data: bytes) -> Frame:
    """Decode 496 bytes; return `Frame()` if they have no effect. Raises MalformedError for another length only."""
    if len(data) != FRAME_BYTES:
        raise MalformedError(f"a frame has {FRAME_BYTES} bytes, {len(data)} were given")
    if not 1 <= data[0] <= FrameType.ACCOUNTS:
        return Frame()
    kind = FrameType(data[0])
    head, row = _head(kind), _row(kind)
    count = data[head - 1]
    if not 0 < count <= LIMITS[kind]:
        return Frame()
    rows = (data[at : at + row] for at in range(head, head + row * count, row))
    return Frame(
        kind,
        int.from_bytes(data[1:3], "big"),
        data[3],
        int.from_bytes(data[4:8], "big"),
        data[8:56] if kind.by_bls else b"",
        tuple(_decode_op(kind, one) for one in rows),
    )


def encode_frame(frame: Frame) -> bytes:
    """Encode a frame as 496 bytes, padded with zeros.

    Raises:
        RangeError: the frame has too few or too many operations, or a number is outside its field.
        MalformedError: a signature or key has a wrong length.
    """
    kind = frame.kind
    if kind is FrameType.SKIP:
        return bytes(FRAME_BYTES)
    if not 0 < len(frame.ops) <= LIMITS[kind]:
        raise RangeError(f"{len(frame.ops)} operations in a frame of {kind.name}, need 1 to {LIMITS[kind]}")
    head = bytes((kind,)) + _uint("token", frame.token, 2) + _uint("fee", frame.fee, 1)
    head += _uint("receiver", frame.receiver, 4)
    if kind.by_bls:
        head += _sized("signature", frame.signature, _SIGNATURE)
    rows = b"".join(_encode_op(kind, op) for op in frame.ops)
    return (head + bytes((len(frame.ops),)) + rows).ljust(FRAME_BYTES, b"\0")


def _decode_op(kind: FrameType, row: bytes) -> Op:
    number = int.from_bytes
    if kind is FrameType.ACCOUNTS:
        return Op(key=row)
    body = row[: _BODY[kind]]
    signature = row[len(body) :]
    if kind is FrameType.TRANSFERS:
        packed = number(body[6:8], "big")
        return Op(number(body[:3], "big"), number(body[3:6], "big"), unpack_amount(packed), packed=packed)
    sender = number(body[:4], "big")
    if kind.withdraws:
        return Op(sender, 0, number(body[4:20], "big"), to_address(body[20:40]), signature)
    to = number(body[4:8], "big")
    if kind in (FrameType.EXACT_TRANSFERS, FrameType.ECDSA_EXACT_TRANSFERS):
        return Op(sender, to, number(body[8:24], "big"), None, signature)
    packed = number(body[8:10], "big")
    return Op(sender, to, unpack_amount(packed), None, signature, packed=packed)


def _encode_op(kind: FrameType, op: Op) -> bytes:
    if kind is FrameType.ACCOUNTS:
        return _sized("key", op.key, _KEY)
    signature = _sized("signature", op.signature, _ECDSA) if kind.by_ecdsa else b""
    if kind.withdraws:
        if op.target is None:
            raise MalformedError("the withdrawal has no target", hint="give the address it goes to")
        return _uint("sender", op.sender, 4) + _uint("amount", op.amount, 16) + address_bytes(op.target) + signature
    width = 3 if kind is FrameType.TRANSFERS else 4
    ids = _uint("sender", op.sender, width) + _uint("to", op.to, width)
    if kind in (FrameType.EXACT_TRANSFERS, FrameType.ECDSA_EXACT_TRANSFERS):
        return ids + _uint("amount", op.amount, 16) + signature
    return ids + _uint("packed amount", op.packed, 2) + signature


def _uint(name: str, value: int, width: int) -> bytes:
    if not 0 <= value < 1 << 8 * width:
        raise RangeError(f"{name} is {value}, need {width} bytes")
    return value.to_bytes(width, "big")


def _sized(name: str, value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise MalformedError(f"{name} has {len(value)} bytes, need {size}")
    return value
