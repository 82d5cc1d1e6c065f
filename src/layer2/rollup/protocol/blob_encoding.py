"""Frames and roots as blobs carry them.

Byte i of the frames lies in field element i / 31, in its low 31 bytes; the top byte is written as zero and ignored when
read. A frame of 496 bytes is 16 field elements, a blob holds 256. A root is a field element as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from layer2.primitives.errors import MalformedError, RangeError, shown
from layer2.primitives.kzg import BLOB_BYTES
from layer2.rollup.protocol.params import FIELD_BYTES, FIELDS_PER_BLOB, FRAME_BYTES, FRAMES_PER_BLOB, MAX_SEGMENTS

__all__ = ["blob_of_roots", "blobs_for", "frames_in", "to_blobs", "unpack_blobs"]

_PAYLOAD = FIELDS_PER_BLOB * FIELD_BYTES
_FIELD = 32


def frames_in(data: bytes) -> int:
    """Frames that so many bytes fill."""
    return -(-len(data) // FRAME_BYTES)


def blobs_for(frames: int) -> int:
    """Blobs that so many frames need."""
    return -(-frames // FRAMES_PER_BLOB)


def to_blobs(data: bytes) -> list[bytes]:
    """Frames in as many blobs as they need, the rest filled up with zeros."""
    return [_to_blob(data[at : at + _PAYLOAD]) for at in range(0, len(data), _PAYLOAD)]


def unpack_blobs(blobs: Sequence[bytes], frames: int) -> bytes:
    """The first `frames` frames of blobs, 496 bytes each; raises MalformedError for too few or too short blobs."""
    if blobs_for(frames) != len(blobs) or any(len(one) != BLOB_BYTES for one in blobs):
        raise MalformedError(f"{len(blobs)} blobs for {shown(frames)} frames", hint="give whole blobs for all frames")
    return b"".join(_from_blob(one) for one in blobs)[: frames * FRAME_BYTES]


def blob_of_roots(roots: Sequence[bytes]) -> bytes:
    """The roots of an assertion (32 bytes each, the first zero), one in each field element."""
    if not 0 < len(roots) <= MAX_SEGMENTS:
        raise RangeError(f"{len(roots)} roots, 1 to {MAX_SEGMENTS} needed", hint="assert fewer entries at once")
    return b"".join(roots).ljust(BLOB_BYTES, b"\0")


def _to_blob(payload: bytes) -> bytes:
    payload = payload.ljust(_PAYLOAD, b"\0")
    rows = (payload[at : at + FIELD_BYTES] for at in range(0, _PAYLOAD, FIELD_BYTES))
    return b"".join(b"\0" + row for row in rows)


def _from_blob(blob: bytes) -> bytes:
    return b"".join(blob[at + 1 : at + _FIELD] for at in range(0, BLOB_BYTES, _FIELD))
