"""What a proof shows of an entry's frames and of a claim's roots: the twin of `Shown.sol`."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.primitives.kzg import commitment, versioned_hash
from layer2.primitives.kzg_opening import Part, open_parts
from layer2.rollup.derivation.replica import Entry, Replica
from layer2.rollup.protocol.calldata_chunks import path, run_at
from layer2.rollup.protocol.params import FIELD_BYTES, FRAME_BYTES, FRAME_FIELDS, FRAMES_PER_BLOB
from layer2.rollup.state.commitments import Claim, pack_roots

__all__ = ["NO_PIECES", "Pieces", "last_root_proof", "pieces_of"]


@dataclass(frozen=True, slots=True)
class Pieces:
    """See `Shown.Pieces`."""

    frame: bytes = b""
    frame_path: bytes = b""
    hashes: bytes = b""
    roots: bytes = b""
    roots_path: bytes = b""
    opening: bytes = b""

    def as_tuple(self) -> tuple[bytes, ...]:
        """As a judge takes it."""
        return (self.frame, self.frame_path, self.hashes, self.roots, self.roots_path, self.opening)


NO_PIECES = Pieces()


def pieces_of(replica: Replica, claim: Claim, segment: int, half: int, entry: Entry, frame: int | None) -> Pieces:
    """Frame number `frame` of an entry (None: the segment is one of the queue) and the roots around a segment."""
    first = max(0, segment - 1 - half)
    parts: list[Part] = []
    shown = frame_path = hashes = b""
    if frame is not None and entry.blobs:
        part = Part(entry.blobs[frame // FRAMES_PER_BLOB], frame % FRAMES_PER_BLOB * FRAME_FIELDS, FRAME_FIELDS)
        parts.append(part)
        shown = part.values
        hashes = b"".join(versioned_hash(commitment(one)) for one in entry.blobs)
    elif frame is not None:
        shown, frame_path = run_at(entry.data, frame), path(entry.data, frame)
    blob = replica.roots_blob(claim)
    if blob is not None:
        part = Part(blob, first, segment + 1 - first)
        parts.append(part)
        roots, roots_path = part.values, b""
    else:
        packed = pack_roots(replica.roots_of(claim))
        runs = range(first * FIELD_BYTES // FRAME_BYTES, segment * FIELD_BYTES // FRAME_BYTES + 1)
        roots = b"".join(run_at(packed, run) for run in runs)
        roots_path = b"".join(path(packed, run) for run in runs)
    opening = open_parts(parts) if parts else b""
    return Pieces(shown, frame_path, hashes, roots, roots_path, opening)


def last_root_proof(blob: bytes, count: int) -> tuple[bytes, bytes]:
    """Root number `count`, the last one, of a blob of roots, and the opening that shows it: for `EndpointJudge`."""
    part = Part(blob, count - 1, 1)
    return part.values, open_parts([part])
