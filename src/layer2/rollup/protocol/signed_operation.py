"""Signed operations before they are in a frame: as objects for users, and as records for fast processing.

A record is `withdraws(1) sender(4) nonce(4) token(2) fee(1) amount(16) to(20) signature(48 or 64)`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.display import format_units
from layer2.primitives.errors import MalformedError, RangeError
from layer2.rollup.protocol.batch_signatures import BLS_RECORD, ECDSA_RECORD
from layer2.rollup.protocol.compressed_amounts import pack_amount
from layer2.rollup.protocol.frames import FrameType
from layer2.rollup.protocol.messages import Transfer, Withdraw

__all__ = ["FIELDS", "SignedOp", "join_records", "kind_of", "malformed", "packed_amount", "split_records"]

_HEAD = struct.Struct(">BIIHB16s")
FIELDS = struct.Struct(">BIIHBQQ16sI")
"""Layout of a record without its signature: withdraws, sender, nonce, token, fee, amount (high, low), to (two parts).

The parts of `to` are 16 bytes (zeros, or the head of an address) and the remaining 4.
"""

_SIZES = (ECDSA_RECORD, BLS_RECORD)
_NO_HEAD = bytes(16)


@dataclass(frozen=True, slots=True)
class SignedOp:
    """A transfer or withdrawal with its signature: 48 bytes for a BLS key, 64 for an Ethereum key."""

    message: Transfer | Withdraw
    signature: bytes

    @property
    def by_bls(self) -> bool:
        """True if a BLS key signed."""
        return len(self.signature) == 48

    @property
    def kind(self) -> FrameType:
        """Type of the cheapest frame that can carry the operation."""
        one = self.message
        to = 0 if isinstance(one, Withdraw) else one.to
        return kind_of(isinstance(one, Withdraw), self.by_bls, one.sender, to, one.amount)

    def __repr__(self) -> str:
        one = self.message
        what = "Withdraw" if isinstance(one, Withdraw) else "Transfer"
        return f"<{what} {one.sender} -> {one.to} {format_units(one.amount, one.token)} nonce={one.nonce}>"

    def encode(self) -> bytes:
        """Return the record: `withdraws(1) sender(4) nonce(4) token(2) fee(1) amount(16) to(20) signature`."""
        one = self.message
        out = isinstance(one, Withdraw)
        head = _HEAD.pack(out, one.sender, one.nonce, one.token, one.fee, one.amount.to_bytes(16, "big"))
        to = address_bytes(one.to) if isinstance(one, Withdraw) else one.to.to_bytes(20, "big")
        return head + to + self.signature

    @classmethod
    def decode(cls, data: bytes) -> SignedOp:
        """Decode a record; raise MalformedError for bytes that `encode` does not produce."""
        fault = malformed(data)
        if fault is not None:
            raise fault
        out, sender, nonce, token, fee, amount = _HEAD.unpack_from(data)
        to, signature = data[_HEAD.size : _HEAD.size + 20], data[_HEAD.size + 20 :]
        rest = (int.from_bytes(amount, "big"), token, fee)
        if out:
            return cls(Withdraw(sender, nonce, to_address(to), *rest), signature)
        return cls(Transfer(sender, nonce, int.from_bytes(to, "big"), *rest), signature)


def malformed(record: bytes) -> MalformedError | None:
    """Return the error of bytes that are not a valid record; None if they are one."""
    if len(record) not in _SIZES or record[0] > 1:
        return MalformedError(f"an operation of {len(record)} bytes", hint="send what SignedOp.encode() writes")
    if not record[0] and record[28:44] != _NO_HEAD:
        return MalformedError("a transfer to an account above 2^32", hint="give the number of an account")
    return None


def kind_of(withdraws: bool, by_bls: bool, sender: int, to: int, amount: int) -> FrameType:
    """Return the type of the cheapest frame that can carry an operation."""
    if withdraws:
        return FrameType.WITHDRAWALS if by_bls else FrameType.ECDSA_WITHDRAWALS
    if packed_amount(amount) is None:
        return FrameType.EXACT_TRANSFERS if by_bls else FrameType.ECDSA_EXACT_TRANSFERS
    if not by_bls:
        return FrameType.ECDSA_TRANSFERS
    return FrameType.TRANSFERS if sender < 1 << 24 and to < 1 << 24 else FrameType.WIDE_TRANSFERS


@lru_cache(1 << 12)
def packed_amount(amount: int) -> bytes | None:
    """Return the two bytes of an amount; None if it cannot be compressed."""
    try:
        return pack_amount(amount).to_bytes(2, "big")
    except RangeError:
        return None


def join_records(records: Iterable[bytes]) -> bytes:
    """Concatenate records, each preceded by one byte with its length, for transport and storage."""
    return b"".join([b"%c%b" % (len(one), one) for one in records])


def split_records(data: bytes) -> list[bytes]:
    """Split the output of `join_records`; raise MalformedError if a length does not fit."""
    step = data[0] + 1 if data else 1
    if len(data) % step == 0 and data[::step].count(step - 1) == len(data) // step:
        # Records nearly always have the same length.
        return [data[at + 1 : at + step] for at in range(0, len(data), step)]
    found, at = [], 0
    while at < len(data):
        end = at + 1 + data[at]
        if end > len(data):
            raise MalformedError(
                f"{len(data) - at - 1} bytes left, {data[at]} announced", hint="put its length, one byte, before each"
            )
        found.append(data[at + 1 : end])
        at = end
    return found
