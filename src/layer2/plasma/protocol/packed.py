"""Packed transactions as plain tuples, for hot paths.

`layer2.plasma.protocol.transaction` is the readable form. Both accept the same transactions; a test compares them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from layer2.plasma.protocol.malformed import BodyMalformed
from layer2.plasma.protocol.params import MAX_TRANSACTIONS

__all__ = [
    "FEE",
    "PAYMENT",
    "PAYMENT_WITH_MEMO",
    "ROW",
    "Fields",
    "inputs_of",
    "join_body",
    "packed_of",
    "read",
    "split",
    "split_body",
]

PAYMENT, PAYMENT_WITH_MEMO, FEE = 1, 0x81, 2
ROW = 34
"""Bytes of an output: owner, token and amount."""

_NOBODY, _NO_MEMO = bytes(20), bytes(32)


class Fields(NamedTuple):
    """A decoded transaction: `inputs` are positions, `outputs` (owner, token, amount), `rows` their packed bytes."""

    kind: int
    expiry: int
    inputs: tuple[int, ...]
    outputs: tuple[tuple[bytes, int, int], ...]
    memo: bytes
    rows: bytes


def read(packed: bytes) -> Fields | None:
    """Return the fields of a packed transaction; None if it is not a valid one."""
    if len(packed) < 7:
        return None
    layout = _layout(packed[0], packed[1])
    if layout is None or len(packed) != layout.size:
        return None
    _, _, head, low, *rest = layout.unpack(packed)
    return _fields(packed, head << 32 | low, rest)


def _fields(packed: bytes, expiry: int, rest: list[Any]) -> Fields | None:
    kind, inputs, outputs = packed[0], packed[1] >> 4, packed[1] & 15
    if not expiry:
        return None
    positions = tuple(rest[:inputs])
    before = 0
    for one in positions:
        if one <= before:
            return None
        before = one
    rows = []
    for at in range(inputs, inputs + 4 * outputs, 4):
        owner, token, high, low = rest[at : at + 4]
        amount = high << 64 | low
        if not amount or owner == _NOBODY:
            return None
        rows.append((owner, token, amount))
    memo = b""
    if kind == PAYMENT_WITH_MEMO:
        memo = rest[-1]
        if memo == _NO_MEMO:
            return None
    start = 7 + 8 * inputs
    return Fields(kind, expiry, positions, tuple(rows), memo, packed[start : start + ROW * outputs])


@lru_cache(1 << 16)
def _layout(kind: int, counts: int) -> struct.Struct | None:
    inputs, outputs = counts >> 4, counts & 15
    if kind in (PAYMENT, PAYMENT_WITH_MEMO):
        if not 1 <= inputs <= 4:
            return None
    elif kind != FEE or inputs:
        return None
    if not 1 <= outputs <= 4:
        return None
    memo = "32s" if kind == PAYMENT_WITH_MEMO else ""
    return struct.Struct(f">BBBI{inputs}Q{'20sHIQ' * outputs}{memo}")


def split(record: bytes) -> tuple[bytes, bytes] | None:
    """Return the packed transaction and the signatures of a record; None if its length does not match.

    A record is `packed | signatures(64 each)`.
    """
    if len(record) < 7:
        return None
    layout = _layout(record[0], record[1])
    if layout is None or len(record) != layout.size + 64 * (record[1] >> 4):
        return None
    return record[: layout.size], record[layout.size :]


def inputs_of(record: bytes) -> tuple[int, ...]:
    """Return the positions spent by a valid record; much faster than `read`."""
    return struct.unpack_from(f">{record[1] >> 4}Q", record, 7)


def packed_of(record: bytes) -> bytes:
    """Return a record without its signatures; it must have at least two bytes."""
    return record[: max(0, len(record) - 64 * (record[1] >> 4))]


def join_body(records: Iterable[bytes]) -> bytes:
    """Return the body of a block or batch of records, in the format of `blocks.encode_body`."""
    parts: list[bytes] = []
    for one in records:
        parts += ((len(one) - 64 * (one[1] >> 4)).to_bytes(2, "big"), one)
    return b"".join(parts)


def split_body(body: bytes, most: int = MAX_TRANSACTIONS) -> list[bytes]:
    """Return the records of a body, whose lengths are consistent but which need not be valid transactions.

    Raises:
        BodyMalformed: the bytes are not a sequence of 1 to `most` records.
    """
    found: list[bytes] = []
    at, size = 0, len(body)
    while at < size:
        length = int.from_bytes(body[at : at + 2], "big")
        end = at + 2 + length
        if length < 2 or end > size:
            raise BodyMalformed(f"record {len(found)}: {length} bytes announced, {size - at - 2} left")
        end += 64 * (body[at + 3] >> 4)
        if end > size:
            raise BodyMalformed(f"the bytes end within the signatures of record {len(found)}")
        if len(found) == most:
            raise BodyMalformed(f"more than {most:,} records")
        found.append(body[at + 2 : end])
        at = end
    if not found:
        raise BodyMalformed("no records")
    return found
