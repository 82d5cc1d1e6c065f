"""The chain operations that a connection needs; one implementation per kind of node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from layer2.ethereum.records import Block, CallOutcome, Log, Receipt
from layer2.primitives.addresses import Address

__all__ = ["Backend", "BlockId", "CallRequest", "Topics"]

BlockId = int | str
"""A block number or one of the tags `latest`, `pending`, `earliest`, `safe`, `finalized`."""

Topics = Sequence["bytes | Sequence[bytes] | None"]
"""A log filter by position: one topic, alternatives, or any topic (`None`)."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A message call to simulate; `to=None` simulates a contract creation. Value in wei."""

    to: Address | None
    data: bytes = b""
    value: int = 0
    sender: Address | None = None
    gas: int | None = None


class Backend(Protocol):
    """Interface of every kind of node; errors are those of `layer2.ethereum.errors`."""

    takes_cells: bool
    """True if blob sidecars carry cell proofs (EIP-7594)."""

    @property
    def is_dev(self) -> bool:
        """True if blocks can be mined and time can be set on demand."""
        ...

    def blob_base_fee(self) -> int:
        """Return the price in wei of a unit of blob gas in the next block; raise `RpcError` without blob support."""
        ...

    def blob(self, versioned_hash: bytes, block: int) -> bytes | None:
        """Return a blob included in a block, if the node stores blobs; unverified."""
        ...

    def chain_id(self) -> int:
        """Return the chain id (EIP-155)."""
        ...

    def block(self, block: BlockId | bytes) -> Block | None:
        """Return a header by number, tag or hash; `None` if unknown."""
        ...

    def transaction_count(self, block: int) -> int:
        """Return the number of transactions in a block."""
        ...

    def execute(self, request: CallRequest, block: BlockId) -> CallOutcome:
        """Simulate a call and return its outcome."""
        ...

    def estimate(self, request: CallRequest) -> int:
        """Return the node's gas estimate; raise `RpcError` if it refuses."""
        ...

    def trace_revert(self, tx_hash: bytes) -> CallOutcome | None:
        """Return the outcome of a failed transaction from the node's trace; `None` if the node cannot trace."""
        ...

    def send_raw(self, raw: bytes) -> None:
        """Submit a signed transaction; raise `RpcError` if it is refused."""
        ...

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Return a mined transaction's receipt, else `None`."""
        ...

    def logs(self, start: int, stop: int, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """Return the logs of blocks `start` to `stop`, both included."""
        ...

    def block_logs(self, block_hash: bytes, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """Return the logs of one block by its hash; raise `RpcError` if it is unknown."""
        ...

    def nonce(self, address: Address, block: BlockId) -> int:
        """Return an account's transaction count."""
        ...

    def balance(self, address: Address, block: BlockId) -> int:
        """Return an account's ether balance in wei."""
        ...

    def code(self, address: Address, block: BlockId) -> bytes:
        """Return an account's code."""
        ...

    def storage(self, address: Address, slot: int, block: BlockId) -> bytes:
        """Return a storage slot, 32 bytes."""
        ...

    def mine(self, blocks: int) -> None:
        """Mine `blocks` blocks."""
        ...

    def set_next_timestamp(self, timestamp: int) -> None:
        """Set the next block's time in seconds."""
        ...

    def snapshot(self) -> Any:
        """Take a snapshot of the chain; return a handle for `revert`."""
        ...

    def revert(self, snapshot: Any) -> Any:
        """Revert to a snapshot; return the handle for the next revert."""
        ...
