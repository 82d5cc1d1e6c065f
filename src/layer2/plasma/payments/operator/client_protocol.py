"""What a wallet needs of an operator, near or far; nothing of it is believed without a proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.packed import packed_of
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.addresses import Address, address_bytes

__all__ = ["Gate", "Inclusion", "NearGate"]


class Inclusion(NamedTuple):
    """A transaction of a block, packed; the header, and the path between them."""

    header: Header
    packed: bytes
    path: tuple[bytes, ...]


class Gate(Protocol):
    """An operator, in this process or behind HTTP."""

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment durably; its hash. Raises why not."""
        ...

    def reach(self) -> int:
        """The last block of which it tells what owners have: one that follows the chain may be behind it."""
        ...

    def utxos(self, owner: Address) -> Sequence[int]:
        """Positions of the outputs that an owner can spend."""
        ...

    def place(self, hashed: bytes) -> tuple[int, int] | None:
        """Block and index of a transaction by its hash; None if it stands in no block."""
        ...

    def inclusion(self, block: int, index: int) -> Inclusion:
        """A transaction with the proof that it is there; raises StateUnknown while the chain lacks the block."""
        ...


class NearGate:
    """An operator in this process."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def __repr__(self) -> str:
        return f"<NearGate {self.operator}>"

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment durably; its hash."""
        return self.operator.submit(payment)

    def reach(self) -> int:
        """The last block of which it tells what owners have."""
        return len(self.operator.store)

    def utxos(self, owner: Address) -> Sequence[int]:
        """Positions of the outputs that an owner can spend."""
        operator = self.operator
        operator.follow()
        with operator.lock:
            return [position for position, _, leaves in operator.ledger.owned(address_bytes(owner)) if not leaves]

    def place(self, hashed: bytes) -> tuple[int, int] | None:
        """Block and index of a transaction by its hash."""
        fate = self.operator.fate(hashed)
        return (fate.block, fate.index) if fate is not None and fate.state == "included" else None

    def inclusion(self, block: int, index: int) -> Inclusion:
        """A transaction with the proof that it is there."""
        operator = self.operator
        header, tree = operator.header(block), operator.store.tree(block)
        path = tree.proof(index)
        return Inclusion(header, packed_of(operator.store.records(block)[index]), path)
