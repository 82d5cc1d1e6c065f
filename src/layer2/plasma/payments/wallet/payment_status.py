"""Records of signed payments, their status, and the wallet's history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof
from layer2.plasma.protocol.transaction import Transaction
from layer2.primitives.display import Readable

__all__ = ["HistoryEntry", "SentPayment", "PaymentStatus"]


class PaymentStatus(StrEnum):
    """Status of a payment: signed and perhaps submitted, rejected by the operator, in a block, or finally replaced."""

    PENDING = "pending"
    REFUSED = "refused"
    INCLUDED = "included"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class SentPayment:
    """A payment signed by this wallet.

    Attributes:
        what: kind of payment, such as send, merge, split or swap.
        before: hash of the payment that this one replaces; empty if none.
    """

    kit: InFlightExitProof
    what: str
    state: PaymentStatus = PaymentStatus.PENDING
    before: bytes = b""

    def __repr__(self) -> str:
        return f"<{self.what} 0x{self.hash.hex()[:8]} {self.state}, until block {self.transaction.expiry}>"

    @property
    def hash(self) -> bytes:
        """Hash of the transaction."""
        return self.kit.hash

    @property
    def transaction(self) -> Transaction:
        """The signed transaction."""
        return self.kit.transaction

    @property
    def open(self) -> bool:
        """True if the payment may still be included."""
        return self.state in (PaymentStatus.PENDING, PaymentStatus.REFUSED)


@dataclass(frozen=True, slots=True, repr=False)
class HistoryEntry(Readable):
    """A history entry at Unix second `time`: a deposit, a receipt, a payment and its status, an exit or a claim."""

    time: int
    what: str
    token: int
    amount: int
    other: str = ""
