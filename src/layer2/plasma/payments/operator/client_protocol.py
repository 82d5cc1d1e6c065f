"""The operator interface that a wallet uses, local or remote; every answer needs a proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.packed import packed_of
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.addresses import Address, address_bytes

__all__ = ["OperatorClient", "Inclusion", "LocalOperator"]


class Inclusion(NamedTuple):
    """Inclusion of a transaction: the block header, the packed transaction, and the Merkle path between them."""

    header: Header
    packed: bytes
    path: tuple[bytes, ...]


class OperatorClient(Protocol):
    """An operator client, in this process or over HTTP."""

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment durably and return its hash; raise the rejection."""
        ...

    def reach(self) -> int:
        """Return the last block whose outputs `utxos` includes; an operator that follows L1 may be behind it."""
        ...

    def utxos(self, owner: Address) -> Sequence[int]:
        """Return the positions of the outputs that an owner can spend."""
        ...

    def place(self, hashed: bytes) -> tuple[int, int] | None:
        """Return block and index of a transaction by its hash; None if it is in no block."""
        ...

    def inclusion(self, block: int, index: int) -> Inclusion:
        """Return a transaction with its inclusion proof; raise StateUnknown while L1 lacks the block."""
        ...


class LocalOperator:
    """The client of an operator in this process."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def __repr__(self) -> str:
        return f"<LocalOperator {self.operator}>"

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment durably and return its hash; raise the rejection."""
        return self.operator.submit(payment)

    def reach(self) -> int:
        """Return the number of the last block made."""
        return len(self.operator.store)

    def utxos(self, owner: Address) -> Sequence[int]:
        """Return the positions of the outputs that an owner can spend."""
        operator = self.operator
        operator.follow()
        with operator.lock:
            return [position for position, _, leaves in operator.ledger.owned(address_bytes(owner)) if not leaves]

    def place(self, hashed: bytes) -> tuple[int, int] | None:
        """Return block and index of a transaction by its hash; None if it is in no block."""
        tx_status = self.operator.tx_status(hashed)
        return (tx_status.block, tx_status.index) if tx_status is not None and tx_status.state == "included" else None

    def inclusion(self, block: int, index: int) -> Inclusion:
        """Return a transaction with its inclusion proof; raise StateUnknown while L1 lacks the block."""
        operator = self.operator
        header, tree = operator.header(block), operator.store.tree(block)
        path = tree.proof(index)
        return Inclusion(header, packed_of(operator.store.records(block)[index]), path)
