"""The chain operations a connection needs; one implementation per kind of node."""

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
"""A log filter by position: one topic, alternatives, or anything (`None`)."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A message call to simulate; `to=None` simulates a contract creation. Value in wei."""

    to: Address | None
    data: bytes = b""
    value: int = 0
    sender: Address | None = None
    gas: int | None = None


class Backend(Protocol):
    """What every kind of node must answer; errors are those of `layer2.ethereum.errors`."""

    takes_cells: bool
    """Whether sidecars of blobs come with cell proofs (EIP-7594)."""

    @property
    def is_dev(self) -> bool:
        """Whether blocks and time can be made at will."""
        ...

    def blob_base_fee(self) -> int:
        """Wei for a unit of blob gas in the next block; raises `RpcError` where there are no blobs."""
        ...

    def blob(self, versioned_hash: bytes, block: int) -> bytes | None:
        """A blob that came in a block, if the node keeps them; unverified."""
        ...

    def chain_id(self) -> int:
        """The chain id (EIP-155)."""
        ...

    def block(self, block: BlockId | bytes) -> Block | None:
        """A header by number, tag or hash; `None` if unknown."""
        ...

    def transaction_count(self, block: int) -> int:
        """How many transactions a block holds."""
        ...

    def execute(self, request: CallRequest, block: BlockId) -> CallOutcome:
        """Simulate a call and report how it ended."""
        ...

    def estimate(self, request: CallRequest) -> int:
        """The node's gas estimate; raises `RpcError` when it refuses."""
        ...

    def trace_revert(self, tx_hash: bytes) -> CallOutcome | None:
        """How a failed transaction ended, if this node can tell exactly; else `None`."""
        ...

    def send_raw(self, raw: bytes) -> None:
        """Hand over a signed transaction; raises `RpcError` when it is refused."""
        ...

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """A mined transaction's receipt, else `None`."""
        ...

    def logs(self, start: int, stop: int, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """The logs of blocks `start` to `stop`, both included."""
        ...

    def block_logs(self, block_hash: bytes, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """The logs of one block by its hash; raises `RpcError` if it is unknown."""
        ...

    def nonce(self, address: Address, block: BlockId) -> int:
        """An account's transaction count."""
        ...

    def balance(self, address: Address, block: BlockId) -> int:
        """An account's ether in wei."""
        ...

    def code(self, address: Address, block: BlockId) -> bytes:
        """An account's code."""
        ...

    def storage(self, address: Address, slot: int, block: BlockId) -> bytes:
        """A storage slot, 32 bytes."""
        ...

    def mine(self, blocks: int) -> None:
        """Mine `blocks` blocks."""
        ...

    def set_next_timestamp(self, timestamp: int) -> None:
        """Set the next block's time in seconds."""
        ...

    def snapshot(self) -> Any:
        """Remember the chain; returns a handle for `revert`."""
        ...

    def revert(self, snapshot: Any) -> Any:
        """Return to a snapshot; gives the handle to use next time."""
        ...
