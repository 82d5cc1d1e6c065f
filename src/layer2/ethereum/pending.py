"""A transaction on its way: its versions, and what is told when it failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ContractReverted, TransactionFailed
from layer2.ethereum.fees import Fees
from layer2.ethereum.records import CallOutcome, Receipt
from layer2.ethereum.reverts import ErrorDecoder, decode_revert
from layer2.ethereum.sidecars import Sidecar
from layer2.primitives.addresses import Address

__all__ = ["Pending", "failure_of", "raise_failure"]


@dataclass(slots=True, eq=False)
class Pending:
    """A transaction handed to the node: its fields and every version sent, by hash."""

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

    @property
    def tx_hash(self) -> bytes:
        """The hash of the newest version."""
        return self.hashes[-1]


def failure_of(
    connection: Connection, pending: Pending, receipt: Receipt, decoder: ErrorDecoder | None
) -> TransactionFailed:
    """Why a mined transaction failed, as exactly as the node can tell."""
    backend = connection.backend
    outcome = backend.trace_revert(receipt.tx_hash)
    if outcome is None and pending.sidecar is not None:
        return TransactionFailed(
            f"transaction 0x{receipt.tx_hash.hex()} with {len(pending.sidecar.blobs)} blobs reverted",
            receipt=receipt,
            hint="it cannot be replayed without its blobs: look at the state it was sent to",
        )
    request = pending.request
    if outcome is None:
        # Alone in its block, the failed transaction left only its own fee behind: replay it
        # in that very block.
        # Otherwise the parent's state is the nearest there is.
        alone = backend.transaction_count(receipt.block_number) == 1
        block = receipt.block_number if alone else receipt.block_number - 1
        outcome = connection.simulate(
            CallRequest(request.to, request.data, request.value, request.sender, pending.gas), block
        )
    try:
        raise_failure(outcome, request.sender, decoder, receipt)
    except TransactionFailed as failure:
        return failure
    return TransactionFailed(
        f"transaction 0x{receipt.tx_hash.hex()} failed in block {receipt.block_number}, its replay does not",
        receipt=receipt,
        hint="it depended on the transactions before it in the block; send it again",
    )


def raise_failure(
    outcome: CallOutcome, sender: Address | None, decoder: ErrorDecoder | None, receipt: Receipt | None = None
) -> None:
    """Raise what a call ended with, if it did not end well."""
    if outcome.revert is not None:
        error: ContractReverted = decode_revert(outcome.revert, decoder, receipt=receipt)
        raise error
    if outcome.failure is not None:
        used = f", {receipt.gas_used} gas used" if receipt else ""
        raise TransactionFailed(
            f"{sender}: execution stopped: {outcome.failure}{used}",
            receipt=receipt,
            hint="give the transaction more gas, or the contract hit an invalid instruction",
        )
