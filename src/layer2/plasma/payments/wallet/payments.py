"""Signs payments, makes them durable before their signatures are released, and submits them to the operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.common.errors import Rejected
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof, Kit
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.operator.client_protocol import OperatorClient
from layer2.plasma.payments.wallet.exit_processing import Claims
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.plasma.protocol.params import MAX_OUTPUTS
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.errors import InputError

__all__ = ["LIFETIME", "Spender"]

LIFETIME = 100
"""Default number of blocks within which a payment must be included."""


class Spender(Claims):
    """An owner who signs payments and submits them to an operator, if one is known."""

    def __init__(
        self,
        root: RootChain,
        signer: Signer,
        wallet_store: str | Path,
        chain_state: RootChainState,
        gate: OperatorClient | None = None,
        *,
        sender: Sender | None = None,
        lifetime: int = LIFETIME,
    ) -> None:
        super().__init__(root, signer, wallet_store, chain_state, sender)
        self.gate = gate
        self.lifetime = lifetime

    def deliver(self, hashed: bytes) -> None:
        """Submit a signed payment to the operator again; submitting a known payment has no effect."""
        self._gate("deliver").submit(self.wallet_store.payment(hashed).kit.payment)

    # ----------------------------------------------------------------------------------------------------- internal

    def _gate(self, what: str) -> OperatorClient:
        if self.gate is None:
            raise InputError(f"{what}: this wallet knows no operator", hint="use exit_all()")
        return self.gate

    def _change(self, kits: Iterable[Kit], needs: dict[int, int]) -> list[tuple[object, int, int]]:
        left = {token: -amount for token, amount in needs.items()}
        for kit in kits:
            left[kit.output.token] = left.get(kit.output.token, 0) + kit.output.amount
        return [(self.signer.address, token, amount) for token, amount in sorted(left.items()) if amount > 0]

    def _pay(
        self,
        kits: Sequence[Kit],
        rows: Sequence[tuple[object, int, int]],
        what: str,
        *,
        memo: bytes = b"",
        expiry: int | None = None,
        before: bytes = b"",
    ) -> SentPayment:
        gate = self._gate(what)
        if len(rows) > MAX_OUTPUTS:
            raise InputError(
                f"{what}: {len(rows)} outputs, change counted; {MAX_OUTPUTS} fit", hint="send less at once"
            )
        ordered = tuple(sorted(kits, key=lambda kit: kit.position))
        transaction = payment([kit.position for kit in ordered], rows, expiry or self._expiry(), memo)
        signature = self._signature(transaction)
        kit = InFlightExitProof(Signed(transaction, (signature,) * len(ordered)), ordered)
        one = SentPayment(kit, what, before=before)
        self.wallet_store.sign(one)
        return self._submit(gate, one)

    def _submit(self, gate: OperatorClient, one: SentPayment) -> SentPayment:
        try:
            gate.submit(one.kit.payment)
        except Rejected as fault:
            self.wallet_store.refuse(one.hash, fault)
            raise
        return one

    def _expiry(self) -> int:
        return self.root.head()[1] + self.lifetime - 1

    def _signature(self, transaction: Transaction) -> bytes:
        return to_compact(self.signer.sign_digest(digest(transaction, self.root.domain)))
