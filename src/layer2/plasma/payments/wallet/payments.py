"""Signs payments, makes them durable before their signatures are released, and submits them to the operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layer2.plasma.common.errors import Rejected
from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof, Kit
from layer2.plasma.payments.operator.client_protocol import OperatorClient
from layer2.plasma.payments.wallet.account import Account
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.plasma.protocol.params import MAX_OUTPUTS
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.errors import InputError

__all__ = ["LIFETIME", "Payments"]

LIFETIME = 100
"""Default number of blocks within which a payment must be included."""


class Payments:
    """Signs the payments of an account and submits them to an operator, if one is known.

    Attributes:
        gate: the operator client.
        lifetime: number of blocks within which a payment must be included.
    """

    def __init__(self, account: Account, gate: OperatorClient | None, lifetime: int) -> None:
        self.gate = gate
        self.lifetime = lifetime
        self._account = account
        self._root = account.root
        self._wallet_store = account.wallet_store

    def deliver(self, hashed: bytes) -> None:
        """Submit a signed payment to the operator again; submitting a known payment has no effect."""
        self.operator("deliver").submit(self._wallet_store.payment(hashed).kit.payment)

    def operator(self, what: str) -> OperatorClient:
        """Return the operator client; raise InputError if this wallet knows none."""
        if self.gate is None:
            raise InputError(f"{what}: this wallet has no operator", hint="use exit_all()")
        return self.gate

    def change(self, kits: Iterable[Kit], needs: dict[int, int]) -> list[tuple[object, int, int]]:
        """Return the outputs that give the rest of `kits` back after paying `needs`, an amount by token."""
        left = {token: -amount for token, amount in needs.items()}
        for kit in kits:
            left[kit.output.token] = left.get(kit.output.token, 0) + kit.output.amount
        return [(self._account.signer.address, token, amount) for token, amount in sorted(left.items()) if amount > 0]

    def pay(
        self,
        kits: Sequence[Kit],
        rows: Sequence[tuple[object, int, int]],
        what: str,
        *,
        memo: bytes = b"",
        expiry: int | None = None,
        before: bytes = b"",
    ) -> SentPayment:
        """Sign and submit a payment of `kits` to `rows`: owner, token, amount; durable before it is sent."""
        gate = self.operator(what)
        if not kits:
            raise InputError(f"{what}: the amount is 0", hint="send more than nothing")
        if len(rows) > MAX_OUTPUTS:
            raise InputError(
                f"{what}: {len(rows)} outputs, including change; at most {MAX_OUTPUTS} fit", hint="send less at once"
            )
        ordered = tuple(sorted(kits, key=lambda kit: kit.position))
        transaction = payment([kit.position for kit in ordered], rows, expiry or self.expiry(), memo)
        signature = self.sign(transaction)
        kit = InFlightExitProof(Signed(transaction, (signature,) * len(ordered)), ordered)
        one = SentPayment(kit, what, before=before)
        self._wallet_store.sign(one)
        return self.submit(gate, one)

    def submit(self, gate: OperatorClient, one: SentPayment) -> SentPayment:
        """Submit a signed payment; record and raise the operator's rejection."""
        try:
            gate.submit(one.kit.payment)
        except Rejected as fault:
            self._wallet_store.refuse(one.hash, fault)
            raise
        return one

    def expiry(self) -> int:
        """Return the last block that may include a payment signed now."""
        return self._root.head()[1] + self.lifetime - 1

    def sign(self, transaction: Transaction) -> bytes:
        """Return the account's signature of a transaction, 64 bytes."""
        return to_compact(self._account.signer.sign_digest(digest(transaction, self._root.domain)))
