"""A rollup user's wallet: an account owner with access to a sequencer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import InputError, Layer2Error
from layer2.rollup.derivation.account_proof import AccountProof
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.compressed_amounts import fee_of, pack_fee
from layer2.rollup.protocol.errors import AccountUnknown, PartlyAccepted, Rejected
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.state.state import Account
from layer2.rollup.wallet.account_history import HistoryEntry
from layer2.rollup.wallet.l1_actions import Exits, Outgoing
from layer2.rollup.wallet.sale_safety import PURCHASE_MARGIN, Purchase, purchase_of

__all__ = ["AccountProof", "SequencerClient", "HistoryEntry", "Outgoing", "Wallet"]


class SequencerClient(Protocol):
    """Interface of a sequencer, local or remote, as a wallet uses it."""

    def submit(self, op: SignedOp) -> None:
        """Accept an operation durably, or raise the reason for its rejection."""

    def submit_many(self, ops: Sequence[SignedOp]) -> list[Layer2Error | None]:
        """Accept all valid operations, in order; return an error or None for each."""

    def next_nonce(self, account: int) -> int:
        """Return the nonce of an account's next operation, counting pending operations."""

    def open_account(self, key: bytes, token: int = 0, payment: SignedOp | None = None) -> None:
        """Request an account for a BLS key."""

    def key_price(self) -> tuple[int, int, int]:
        """Return the price of an account in wei, the account to pay and the minimum fee of the payment; zeros: free."""


class Wallet(Exits):
    """A wallet for deposits, payments, withdrawals and claims; it can also force operations or escape.

    Amounts are strings such as `"0.3 ether"` and `"12.5 USD"`, or integers in smallest units.

    Args:
        gate: the sequencer; None for a wallet that uses L1 only.
    """

    def __init__(
        self,
        rollup: RollupContract,
        signer: Signer,
        replica: Replica,
        gate: SequencerClient | None = None,
        sender: Sender | None = None,
    ) -> None:
        super().__init__(rollup, signer, replica, sender)
        self._gate = gate

    def open_account(self, token: int = 0) -> None:
        """Request an account for the BLS key, paid for if the sequencer charges; it exists once an entry opens it."""
        gate = self._sequencer("open_account")
        price, receiver, fee = gate.key_price()
        payment = None
        if price:
            index, one = self._source(None, 0, price + fee, 0)
            packed = min((at for at in range(256) if fee_of(at) >= fee), key=fee_of)
            payment = self._transfer(index, one, gate.next_nonce(index), receiver, price, packed)
        gate.open_account(self.bls.public, token, payment)

    def send(
        self, to: int, amount: str | int, *, fee: str | int = 0, account: int | None = None, token: int = 0
    ) -> SignedOp:
        """Pay an account: sign a transfer and submit it to the sequencer."""
        gate = self._sequencer("send")
        index, one = self._source(account, token, amount, fee)
        op = self._transfer(index, one, gate.next_nonce(index), to, amount, self._class(fee, one.token))
        gate.submit(op)
        return op

    def send_many(
        self,
        rows: Iterable[tuple[int, str | int]],
        *,
        fee: str | int = 0,
        account: int | None = None,
        token: int = 0,
    ) -> list[SignedOp]:
        """Pay many accounts from one account in one submission, given as `(account, amount)` pairs.

        Raises:
            PartlyAccepted: the sequencer rejected a payment; the payments before it were accepted, those after it were
                not.
        """
        gate, asked = self._sequencer("send_many"), list(rows)
        if not asked:
            raise InputError("send_many: no payments given", hint="give (account, amount) pairs")
        index, one = self._source(account, token, 0, 0)
        amounts = [self.amount(amount, one.token) for _, amount in asked]
        if account is None:
            index, one = self._source(None, token, sum(amounts), 0)
        packed, first = self._class(fee, one.token), gate.next_nonce(index)
        ops = [
            self._transfer(index, one, first + place, to, amount, packed)
            for place, ((to, _), amount) in enumerate(zip(asked, amounts, strict=True))
        ]
        if len(ops) == 1:
            gate.submit(ops[0])
            return ops
        refused = [(place, why) for place, why in enumerate(gate.submit_many(ops)) if why is not None]
        if refused:
            place, why = refused[0]
            accepted = len(ops) - len(refused)
            raise PartlyAccepted(
                f"{accepted} of {len(ops)} payments were accepted; number {place + 1} was rejected: {why}",
                accepted=accepted,
                hint="send the others again",
            )
        return ops

    def withdraw(
        self,
        amount: str | int,
        *,
        to: str = "",
        fee: str | int = 0,
        account: int | None = None,
        token: int = 0,
    ) -> SignedOp:
        """Withdraw an amount to an address (by default, this wallet's address)."""
        gate = self._sequencer("withdraw")
        index, one = self._source(account, token, amount, fee)
        target = to_address(to) if to else self.signer.address
        units, packed = self.amount(amount, one.token), self._class(fee, one.token)
        message = Withdraw(index, gate.next_nonce(index), target, units, one.token, packed)
        op = SignedOp(message, self._signature(one, message))
        gate.submit(op)
        return op

    def safe_to_buy(self, one: Outgoing, *, margin: int = PURCHASE_MARGIN) -> Purchase:
        """Return this node's verdict on buying a withdrawal of another owner now, with the reason against it."""
        self.replica.step()
        return purchase_of(self.rollup, self.replica, one, margin)

    # ---------------------------------------------------------------------------------------------------- internals

    def _sequencer(self, what: str) -> SequencerClient:
        if self._gate is None:
            raise Rejected(f"{what}: this wallet has no sequencer", hint="use force()")
        return self._gate

    def _source(self, account: int | None, token: int, amount: str | int, fee: str | int) -> tuple[int, Account]:
        """Return the given account, else the first of the token that covers amount and fee, else the first."""
        if account is not None:
            return account, self.own(account)
        fitting = {index: one for index, one in self.accounts.items() if one.token == token}
        if not fitting:
            raise AccountUnknown(f"{self.signer.address} has no account of token {token}", hint="deposit first")
        need = self.amount(amount, token) + self.amount(fee, token)
        index = next((index for index, one in fitting.items() if one.balance >= need), next(iter(fitting)))
        return index, fitting[index]

    def _class(self, fee: str | int, token: int) -> int:
        return pack_fee(self.amount(fee, token))

    def _transfer(self, index: int, one: Account, nonce: int, to: int, amount: str | int, fee: int) -> SignedOp:
        message = Transfer(index, nonce, to, self.amount(amount, one.token), one.token, fee)
        return SignedOp(message, self._signature(one, message))
