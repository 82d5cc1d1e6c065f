"""What a wallet has signed, and what happened to it: plain records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from layer2.plasma.payments.chain.exit_proofs import PaymentKit
from layer2.plasma.protocol.transaction import Transaction

__all__ = ["Line", "Sent", "State"]


class State(StrEnum):
    """Of a payment: signed and perhaps on its way; refused by the operator; in a block; replaced, for good."""

    PENDING = "pending"
    REFUSED = "refused"
    INCLUDED = "included"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Sent:
    """A payment that this wallet has signed. `what`: send, merge, split, swap; `before`: the one it replaces."""

    kit: PaymentKit
    what: str
    state: State = State.PENDING
    before: bytes = b""

    def __repr__(self) -> str:
        return f"<{self.what} 0x{self.hash.hex()[:8]} {self.state}, until block {self.transaction.expiry}>"

    @property
    def hash(self) -> bytes:
        """Of the transaction."""
        return self.kit.hash

    @property
    def transaction(self) -> Transaction:
        """What was signed."""
        return self.kit.transaction

    @property
    def open(self) -> bool:
        """Whether it may still happen, for all that is known."""
        return self.state in (State.PENDING, State.REFUSED)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, at Unix second `time`: deposit, received, a payment and its fate, exits and claims."""

    time: int
    what: str
    token: int
    amount: int
    other: str = ""
