"""Encoding of frames and roots in blobs.

Byte i of the frames is in field element i // 31, in its low 31 bytes; the top byte is written as zero and ignored by
readers. A frame of 496 bytes takes 16 field elements, so a blob holds 256 frames. A root is stored as one field
element.
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
    """Return the number of frames that the data fills."""
    return -(-len(data) // FRAME_BYTES)


def blobs_for(frames: int) -> int:
    """Return the number of blobs required for a number of frames."""
    return -(-frames // FRAMES_PER_BLOB)


def to_blobs(data: bytes) -> list[bytes]:
    """Return the frames in as many blobs as required, padded with zeros."""
    return [_to_blob(data[at : at + _PAYLOAD]) for at in range(0, len(data), _PAYLOAD)]


def unpack_blobs(blobs: Sequence[bytes], frames: int) -> bytes:
    """Return the first `frames` frames of blobs, 496 bytes each.

    Raises:
        MalformedError: the number of blobs or the size of a blob is wrong.
    """
    if blobs_for(frames) != len(blobs) or any(len(one) != BLOB_BYTES for one in blobs):
        raise MalformedError(f"{len(blobs)} blobs for {shown(frames)} frames", hint="give whole blobs for all frames")
    return b"".join(_from_blob(one) for one in blobs)[: frames * FRAME_BYTES]


def blob_of_roots(roots: Sequence[bytes]) -> bytes:
    """Return a blob with the roots of an assertion (32 bytes each, the first one zero), one per field element."""
    if not 0 < len(roots) <= MAX_SEGMENTS:
        raise RangeError(f"{len(roots)} roots, 1 to {MAX_SEGMENTS} needed", hint="assert fewer entries at once")
    return b"".join(roots).ljust(BLOB_BYTES, b"\0")


def _to_blob(payload: bytes) -> bytes:
    payload = payload.ljust(_PAYLOAD, b"\0")
    rows = (payload[at : at + FIELD_BYTES] for at in range(0, _PAYLOAD, FIELD_BYTES))
    return b"".join(b"\0" + row for row in rows)


def _from_blob(blob: bytes) -> bytes:
    return b"".join(blob[at + 1 : at + _FIELD] for at in range(0, BLOB_BYTES, _FIELD))
