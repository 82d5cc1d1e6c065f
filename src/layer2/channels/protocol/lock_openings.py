"""Openings of locks in a posted proof: the locks with their indexes, their resolutions, and the receiver's consent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from layer2.channels.protocol.lock_tree import MAX_LOCKS, siblings
from layer2.channels.protocol.locks import LEAF_BYTES, Lock
from layer2.channels.protocol.messages import Resolve
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak

__all__ = ["OPENING_BYTES", "Opening", "Opened", "encode_openings", "open_locks", "read_openings", "resolve_message"]

OPENING_BYTES = 1 + LEAF_BYTES + 2 + 3
"""Size of an opening without its consent and its resolution, bytes."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One lock to resolve.

    Attributes:
        index: its index in the signed list.
        resolution: a preimage, or the output of `voucher_resolution` or `contract_resolution`.
        consent: the receiver's signature of `Resolve`, for voucher and contract locks resolved by others.
    """

    index: int
    resolution: bytes
    consent: bytes = b""


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening as decoded by the hub; `leaf` is 53 bytes with any content."""

    index: int
    leaf: bytes
    consent: bytes
    resolution: bytes


def resolve_message(channel_id: bytes, side: str, lock: Lock, resolution: bytes) -> Resolve:
    """Return the message that the receiver of `side`'s direction signs so that others may resolve `lock` this way."""
    return Resolve(channel_id, side == "B", keccak(lock.encode()), keccak(resolution))


def open_locks(locks: Sequence[Lock], openings: Iterable[Opening]) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the packed openings and the siblings for `unlock`; `locks` is the complete signed list.

    Raises:
        RangeError: an index without a lock, or a duplicate index.
    """
    ordered = sorted(openings, key=lambda one: one.index)
    indexes = [one.index for one in ordered]
    if len(set(indexes)) != len(indexes):
        raise RangeError(f"the locks {indexes} are opened more than once", hint="open each lock once in a call")
    others = siblings(locks, indexes)
    rows = [Opened(one.index, locks[one.index].encode(), one.consent, one.resolution) for one in ordered]
    return encode_openings(rows), others


def encode_openings(rows: Iterable[Opened]) -> bytes:
    """Pack `index(1) | leaf(53) | consentLength(2) | resolutionLength(3) | consent | resolution` for each row."""
    parts: list[bytes] = []
    for row in rows:
        if not 0 <= row.index < MAX_LOCKS:
            raise RangeError(f"the lock's index is {row.index}, need 0 to {MAX_LOCKS - 1}")
        if len(row.leaf) != LEAF_BYTES:
            raise MalformedError(f"a packed lock has {LEAF_BYTES} bytes, {len(row.leaf)} were given")
        if len(row.consent) >= 1 << 16 or len(row.resolution) >= 1 << 24:
            raise RangeError("a consent has less than 2^16 bytes, a resolution less than 2^24")
        lengths = len(row.consent).to_bytes(2, "big") + len(row.resolution).to_bytes(3, "big")
        parts += (bytes((row.index,)), row.leaf, lengths, row.consent, row.resolution)
    return b"".join(parts)


def read_openings(data: bytes) -> Iterator[Opened]:
    """Decode the output of `encode_openings`; raise MalformedError where the hub reverts with `MalformedRows`."""
    at = 0
    while at < len(data):
        body = at + OPENING_BYTES
        if body > len(data):
            raise MalformedError("the last opening is cut short")
        consent = body + int.from_bytes(data[at + 54 : at + 56], "big")
        end = consent + int.from_bytes(data[at + 56 : at + 59], "big")
        if end > len(data):
            raise MalformedError("the last opening is cut short")
        yield Opened(data[at], data[at + 1 : at + 54], data[body:consent], data[consent:end])
        at = end
