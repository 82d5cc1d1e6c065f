"""A transaction on its way, and the words in which nodes refuse one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.fees import Fees, GasPolicy
from layer2.ethereum.sidecars import Sidecar

__all__ = ["BASE_FEE", "KNOWN", "NONCE_TAKEN", "UNDERPRICED", "Pending"]

# How nodes name the same refusals (geth, erigon, nethermind, reth and anvil, py-evm).
NONCE_TAKEN = (
    "nonce too low",
    "invalid transaction nonce",
    "nonce is too low",
    "oldnonce",
    "nonce too high",
)
KNOWN = ("already known", "already imported", "known transaction", "alreadyknown")
UNDERPRICED = ("underpriced", "replacement", "feetoolow")
BASE_FEE = ("less than block base fee", "lower than block's base fee", "max fee per gas less", "feecap")


@dataclass(slots=True, eq=False)
class Pending:
    """A transaction handed to the node: its fields and every version sent, by hash.

    `policy`: what its replacements may offer; the sender's own if there is none. `keep`: told of each version before it
    is handed over.
    """

    nonce: int
    request: CallRequest
    gas: int
    fees: Fees
    epoch: int
    authorizations: tuple[Any, ...] = ()
    sidecar: Sidecar | None = None
    blob_fee: int = 0
    hashes: list[bytes] = field(default_factory=list)
    sent_at: float = 0.0
    replacements: int = 0
    policy: GasPolicy | None = None
    keep: Callable[[Pending], None] | None = None

    @property
    def tx_hash(self) -> bytes:
        """The hash of the newest version."""
        return self.hashes[-1]
