"""Batcher: posts data in blobs if the chain has them and they are cheaper, otherwise in calldata."""

from __future__ import annotations

from enum import StrEnum

from layer2.ethereum.errors import RpcError
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.sidecars import GAS_PER_BLOB, MAX_BLOBS
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.blob_encoding import blob_of_roots, blobs_for, frames_in, to_blobs
from layer2.rollup.protocol.params import FRAMES_PER_BLOB
from layer2.rollup.state.commitments import Assertion, ItemRecord, pack_roots

__all__ = ["Data", "Batcher"]

_ZERO_BYTE, _OTHER_BYTE = 10, 40
"""Gas per zero byte and per other byte of calldata in a data-only transaction (EIP-7623)."""

_MAX_CALLDATA_FRAMES = 256
"""Maximum number of frames of a calldata entry: about 127 kB, below the transaction size that nodes relay."""


class Data(StrEnum):
    """Location of posted data: always the same one, or the cheaper one (`AUTO`)."""

    AUTO = "auto"
    CALLDATA = "calldata"
    BLOBS = "blobs"


class Batcher:
    """Batcher that posts entries and assertions for one sender, and archives the blobs that it posts."""

    def __init__(self, rollup: RollupContract, sender: Sender, blobs: Blobs, data: Data | str = Data.AUTO) -> None:
        self.rollup = rollup
        self.sender = sender
        self.blobs = blobs
        self.data = Data(data)

    def __repr__(self) -> str:
        return f"<Batcher {self.sender.address} data={self.data.value}>"

    @property
    def most_frames(self) -> int:
        """Maximum number of frames of an entry, for the location used by large entries."""
        if self.data is Data.CALLDATA or self.blob_price() is None:
            return _MAX_CALLDATA_FRAMES
        return MAX_BLOBS * FRAMES_PER_BLOB

    def blob_price(self) -> int | None:
        """Return the price in wei of a blob in the next block; None if the chain has no blobs."""
        try:
            return self.rollup.connection.backend.blob_base_fee() * GAS_PER_BLOB
        except RpcError:
            return None

    def in_blobs(self, data: bytes, blobs: int) -> bool:
        """Return True if the data is to be posted in `blobs` blobs."""
        if self.data is not Data.AUTO or not data:
            return self.data is Data.BLOBS and bool(data)
        price = self.blob_price()
        if price is None:
            return False
        zeros = data.count(0)
        calldata = _ZERO_BYTE * zeros + _OTHER_BYTE * (len(data) - zeros)
        gas_price = self.rollup.connection.latest().base_fee + self.sender.gas_policy.priority_fee
        return blobs * price < calldata * gas_price

    def post(self, expected: bytes, data: bytes, queue_end: int) -> Receipt:
        """Post an entry after the accumulator `expected`; empty `data` posts queue items only."""
        if not data:
            return self.rollup.force_include(self.sender, expected, queue_end)
        frames = frames_in(data)
        if not self.in_blobs(data, blobs_for(frames)):
            return self.rollup.post_calldata(self.sender, expected, data, queue_end)
        blobs = to_blobs(data)
        for one in blobs:
            self.blobs.keep(one)
        return self.rollup.post_blobs(self.sender, expected, frames, queue_end, blobs)

    def propose(
        self, parent: Assertion, last: ItemRecord, inbox_end: int, root: bytes, roots: list[bytes], value: int = 0
    ) -> Receipt:
        """Assert a state root with the roots of all segments; `value` is first added to the bond."""
        packed = pack_roots(roots)
        if not self.in_blobs(packed, 1):
            return self.rollup.propose(self.sender, parent, last, inbox_end, root, packed, value)
        blob = blob_of_roots(roots)
        self.blobs.keep(blob)
        return self.rollup.propose(self.sender, parent, last, inbox_end, root, b"", value, blob=blob)
