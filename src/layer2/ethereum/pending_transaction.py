"""A pending transaction, and the phrases with which nodes refuse one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.fees import Fees, GasPolicy
from layer2.ethereum.sidecars import Sidecar

__all__ = ["BASE_FEE", "KNOWN", "NO_FUNDS", "NONCE_TAKEN", "UNDERPRICED", "Pending"]

# Wordings of the same refusals in different nodes (geth, erigon, nethermind, reth, anvil, py-evm).
NONCE_TAKEN = (
    "nonce too low",
    "invalid transaction nonce",
    "nonce is too low",
    "oldnonce",
    "nonce too high",
)
KNOWN = ("already known", "already imported", "known transaction", "alreadyknown")
NO_FUNDS = ("insufficient funds", "enough balance", "insufficient balance")
UNDERPRICED = ("underpriced", "replacement", "feetoolow")
BASE_FEE = ("less than block base fee", "lower than block's base fee", "max fee per gas less", "feecap")


@dataclass(slots=True, eq=False)
class Pending:
    """A submitted transaction: its fields and the hash of every version sent.

    `policy`: gas policy of its replacements, by default the sender's. `keep`: called with each version before it is
    submitted.
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
        """Hash of the newest version."""
        return self.hashes[-1]
