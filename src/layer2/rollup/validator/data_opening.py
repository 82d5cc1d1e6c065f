"""Openings of an entry's frames and of an assertion's roots for a fraud proof; mirrors `Shown.sol`."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.primitives.kzg import commitment, versioned_hash
from layer2.primitives.kzg_opening import Opening, open_parts
from layer2.rollup.derivation.replica import Entry, Replica
from layer2.rollup.protocol.calldata_chunks import path, run_at
from layer2.rollup.protocol.params import FIELD_BYTES, FRAME_BYTES, FRAME_FIELDS, FRAMES_PER_BLOB
from layer2.rollup.state.commitments import Assertion, pack_roots

__all__ = ["NO_PIECES", "DataOpening", "last_root_proof", "pieces_of"]


@dataclass(frozen=True, slots=True)
class DataOpening:
    """Openings in a fraud proof; see `Shown.Pieces`."""

    frame: bytes = b""
    frame_path: bytes = b""
    hashes: bytes = b""
    roots: bytes = b""
    roots_path: bytes = b""
    opening: bytes = b""

    def as_tuple(self) -> tuple[bytes, ...]:
        """Return the fields as ABI values for a fraud verifier."""
        return (self.frame, self.frame_path, self.hashes, self.roots, self.roots_path, self.opening)


NO_PIECES = DataOpening()


def pieces_of(
    replica: Replica, claim: Assertion, segment: int, half: int, entry: Entry, frame: int | None
) -> DataOpening:
    """Return the openings of a frame of an entry and of the roots around a segment.

    Args:
        segment: number of the segment in the assertion.
        half: 1 if the segment is the second half of a frame, else 0.
        frame: index of the frame in the entry; None for a segment of queue items.
    """
    first = max(0, segment - 1 - half)
    parts: list[Opening] = []
    shown = frame_path = hashes = b""
    if frame is not None and entry.blobs:
        part = Opening(entry.blobs[frame // FRAMES_PER_BLOB], frame % FRAMES_PER_BLOB * FRAME_FIELDS, FRAME_FIELDS)
        parts.append(part)
        shown = part.values
        hashes = b"".join(versioned_hash(commitment(one)) for one in entry.blobs)
    elif frame is not None:
        shown, frame_path = run_at(entry.data, frame), path(entry.data, frame)
    blob = replica.roots_blob(claim)
    if blob is not None:
        part = Opening(blob, first, segment + 1 - first)
        parts.append(part)
        roots, roots_path = part.values, b""
    else:
        packed = pack_roots(replica.roots_of(claim))
        runs = range(first * FIELD_BYTES // FRAME_BYTES, segment * FIELD_BYTES // FRAME_BYTES + 1)
        roots = b"".join(run_at(packed, run) for run in runs)
        roots_path = b"".join(path(packed, run) for run in runs)
    opening = open_parts(parts) if parts else b""
    return DataOpening(shown, frame_path, hashes, roots, roots_path, opening)


def last_root_proof(blob: bytes, count: int) -> tuple[bytes, bytes]:
    """Return the last of `count` roots in a blob and its opening, for `EndpointVerifier`."""
    part = Opening(blob, count - 1, 1)
    return part.values, open_parts([part])
