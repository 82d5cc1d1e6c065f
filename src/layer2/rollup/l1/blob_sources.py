"""Blob sources: the L1 node, a beacon node's endpoint, an archive. Every blob is verified by its versioned hash."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from typing import Protocol

from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ConnectionFailed, RpcError
from layer2.primitives.errors import MalformedError
from layer2.primitives.json_text import parse_json
from layer2.primitives.kzg import hash_of_blob, is_blob
from layer2.rollup.protocol.errors import DataMissing
from layer2.store.blob_archive import Archive
from layer2.store.errors import JournalError

__all__ = ["BeaconBlobs", "BlobSource", "Blobs", "NodeBlobs"]

_TIMEOUT = 20.0
_MOST_BYTES = 8 << 20
_MOST_NESTED = 256


class BlobSource(Protocol):
    """Untrusted source of blobs."""

    def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
        """Return a blob of a block; None if it is not available. Raises ConnectionFailed or RpcError."""


class NodeBlobs:
    """The L1 node itself; the in-process chain and anvil keep the blobs of their transactions."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __repr__(self) -> str:
        return f"<NodeBlobs {self.connection}>"

    def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
        """Fetch a blob from the node."""
        return self.connection.backend.blob(versioned_hash, block)


class BeaconBlobs:
    """The beacon API: `GET /eth/v1/beacon/blobs/{block}?versioned_hashes=...`.

    The slot of an execution block is `(time - genesis_time) / slot_seconds`, with 12 seconds on mainnet. Without
    `slot_seconds`, the block number is used, as anvil does.
    """

    def __init__(self, url: str, *, genesis_time: int = 0, slot_seconds: int = 0, connection: Connection | None = None):
        self.url = url.rstrip("/")
        self._genesis, self._seconds, self._connection = genesis_time, slot_seconds, connection

    def __repr__(self) -> str:
        return f"<BeaconBlobs {self.url}>"

    def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
        """Fetch a blob from the endpoint."""
        path = f"/eth/v1/beacon/blobs/{self._slot(block)}?versioned_hashes=0x{versioned_hash.hex()}"
        try:
            with urllib.request.urlopen(self.url + path, timeout=_TIMEOUT) as answer:
                raw = answer.read(_MOST_BYTES)
            # The response is one flat list; deep nesting would overflow the parser's stack.
            if raw.count(b"[") + raw.count(b"{") > _MOST_NESTED:
                raise ValueError("the answer is not a list of blobs")
            rows = parse_json(raw, floats=True)["data"]
        except urllib.error.HTTPError as failure:
            if failure.code == 404:
                return None
            raise ConnectionFailed(f"{self.url}: HTTP {failure.code}", hint="check the beacon node") from failure
        except (OSError, HTTPException, ValueError, KeyError, TypeError, MalformedError) as failure:
            raise ConnectionFailed(f"{self.url}: no blobs: {failure!r}", hint="check the beacon node") from failure
        blobs = [_bytes_of(row) for row in rows] if isinstance(rows, list) else []
        # A node that ignores the filter returns every blob of the block.
        right = (one for one in blobs if _fits(one, versioned_hash))
        return blobs[0] if len(blobs) == 1 else next(right, None)

    def _slot(self, block: int) -> int:
        if not self._seconds or self._connection is None:
            return block
        header = self._connection.block(block)
        time = self._genesis if header is None else header.timestamp
        return (time - self._genesis) // self._seconds


class Blobs:
    """Blobs from several sources in order, and an archive that stores them.

    Attributes:
        sources: sources in the order in which they are queried.
        archive: local store of blobs.
        `doubts`: last 100 failures and wrong blobs of sources, as text.
        refused: reason why the archive did not store the newest blob; empty if it did. The blob is still used.
    """

    def __init__(self, sources: Sequence[BlobSource], archive: Archive | None = None) -> None:
        self.sources = list(sources)
        self.archive = Archive() if archive is None else archive
        self.doubts: list[str] = []
        self.refused = ""

    def __repr__(self) -> str:
        return f"<Blobs kept={len(self.archive)} sources={self.sources}>"

    @classmethod
    def of(cls, connection: Connection, archive: Archive | None = None, beacon: str = "") -> Blobs:
        """Return blobs from the node, then from a beacon endpoint if one is given."""
        sources: list[BlobSource] = [NodeBlobs(connection)]
        if beacon:
            sources.append(BeaconBlobs(beacon))
        return cls(sources, archive)

    def get(self, versioned_hash: bytes, block: int) -> bytes:
        """Return the blob with a versioned hash.

        Raises:
            DataMissing: no source has it now; retry later.
        """
        kept = self._kept(versioned_hash)
        if kept is not None:
            return kept
        for source in self.sources:
            try:
                found = source.fetch(versioned_hash, block)
            except (ConnectionFailed, RpcError) as failure:
                self._doubt(source, str(failure))
                continue
            if found is None:
                continue
            if _fits(found, versioned_hash):
                self._put(versioned_hash, found)
                return found
            self._doubt(source, f"gave something else for 0x{versioned_hash.hex()[:12]}")
        raise DataMissing(
            f"blob 0x{versioned_hash.hex()[:12]}.. of block {block}: none of {len(self.sources)} sources has it",
            hint="pass a beacon node or an archive that has it; the node then continues by itself",
        )

    def keep(self, blob: bytes) -> None:
        """Archive a blob that this node posts."""
        self._put(hash_of_blob(blob), blob)

    def _kept(self, versioned_hash: bytes) -> bytes | None:
        """Return the archived blob if it has the right hash, else None."""
        try:
            kept = self.archive.get(versioned_hash)
            if kept is None or _fits(kept, versioned_hash):
                return kept
            self._doubt("the archive", "held something else; dropped")
            self.archive.drop(versioned_hash)
        except JournalError as failure:
            self._doubt("the archive", str(failure))
        return None

    def _put(self, versioned_hash: bytes, blob: bytes) -> None:
        """Archive a blob. A failure to write is recorded only, because the blob can be used without the archive."""
        try:
            self.archive.put(versioned_hash, blob)
            self.refused = ""
        except JournalError as failure:
            self.refused = str(failure)
            self._doubt("the archive", self.refused)

    def _doubt(self, source: object, what: str) -> None:
        self.doubts.append(f"{source}: {what}")
        del self.doubts[:-100]


def _bytes_of(row: object) -> bytes:
    try:
        return bytes.fromhex(str(row).removeprefix("0x"))
    except ValueError:
        return b""


def _fits(blob: bytes, versioned_hash: bytes) -> bool:
    return is_blob(blob) and hash_of_blob(blob) == versioned_hash
