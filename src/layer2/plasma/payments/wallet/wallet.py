"""A user's wallet: an owner with an operator client, whose answers are verified against L1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.ethereum.assets import allow
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.payments.chain.contract import ExitStatus, RootChain, deposit_of_event
from layer2.plasma.payments.chain.errors import ExitProofInvalid, FundsMissing, OperatorMisbehaved, StillPending
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof, OutputExitProof
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.operator.client_protocol import OperatorClient
from layer2.plasma.payments.wallet.account import Account
from layer2.plasma.payments.wallet.coin_selection import pick
from layer2.plasma.payments.wallet.exit_processing import Claims
from layer2.plasma.payments.wallet.exits import Exits
from layer2.plasma.payments.wallet.payment_status import PaymentStatus, SentPayment
from layer2.plasma.payments.wallet.payments import LIFETIME, Payments
from layer2.plasma.payments.wallet.swaps import Swaps
from layer2.plasma.protocol.malformed import TransactionMalformed
from layer2.plasma.protocol.params import MAX_INPUTS
from layer2.plasma.protocol.positions import encode_position, is_deposit
from layer2.plasma.protocol.transaction import decode_transaction
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import InputError, Layer2Error

__all__ = ["LIFETIME", "Wallet"]


class Wallet(Account):
    """A wallet that deposits, pays, swaps, exits and claims.

    Amounts are `"0.3 ether"`, `"12.5 USD"` or smallest units. A payment is durable before its signature is released. No
    other payment is signed over its inputs while it may still be included, so no failure causes a double payment.

    Args:
        wallet_store: file of the wallet's store.
        gate: the operator client; without one, the wallet can deposit, exit and claim.
        lifetime: number of blocks within which a payment must be included.

    Attributes:
        payments: signs payments and submits them to the operator.
        swaps: atomic swaps with other owners.
        exits: starts exits.
        claims: claims matured exits.
    """

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
        self.payments = Payments(self, gate, lifetime)
        self.swaps = Swaps(self, self.payments)
        self.exits = Exits(self)
        self.claims = Claims(self)

    # ------------------------------------------------------------------------------------------------------ deposits

    def deposit(self, amount: str | int, token: int = 0, to: str | None = None) -> DepositExitProof:
        """Deposit an amount for `to`, by default for this wallet's owner; return the deposit's exit proof.

        A token deposit first approves the contract for the amount if its allowance is too low.
        """
        units = self.amount(amount, token)
        if token:
            allow(self.sender, self.root.token_of(token), self.root.address, units)
        receipt = self.root.deposit(self.sender, token, units, to_address(to or self.signer.address))
        (event,) = self.root.contract.events(receipt, "Deposited")
        kit = DepositExitProof(deposit_of_event(event.args))
        if kit.output.owner == self.owner:
            self.wallet_store.keep([kit])
        return kit

    def register_token(self, token: str) -> Receipt:
        """Register an ERC-20 token with the contract, which assigns its id."""
        return self.root.register_token(self.sender, token)

    # -------------------------------------------------------------------------------------------------------- payments

    def send(
        self,
        to: str,
        amount: str | int,
        *,
        token: int = 0,
        fee: str | int = 0,
        fee_token: int | None = None,
        memo: bytes = b"",
        expiry: int | None = None,
    ) -> SentPayment:
        """Pay an address; the change returns to the owner.

        Args:
            fee: fee for the operator, in `fee_token` (by default the payment's token).
            expiry: the last block that may include the payment.

        Raises:
            FundsMissing: the spendable outputs do not suffice; nothing was signed.
            Rejected: the operator rejected the signed payment; see `retry`.
        """
        units = self.amount(amount, token)
        extra = token if fee_token is None else fee_token
        needs = {token: units}
        needs[extra] = needs.get(extra, 0) + self.amount(fee, extra)
        kits = pick(self.wallet_store.free(), needs)
        rows = [(to_address(to), token, units), *self.payments.change(kits, needs)]
        return self.payments.pay(kits, rows, "send", memo=memo, expiry=expiry)

    def split(self, amounts: Sequence[str | int], *, token: int = 0, fee: str | int = 0) -> SentPayment:
        """Split own outputs into at most three outputs of these amounts (four without change)."""
        units = [self.amount(one, token) for one in amounts]
        needs = {token: sum(units) + self.amount(fee, token)}
        kits = pick(self.wallet_store.free(), needs)
        rows = [(self.signer.address, token, one) for one in units] + self.payments.change(kits, needs)
        return self.payments.pay(kits, rows, "split")

    def merge(self, token: int = 0, *, fee: str | int = 0) -> list[SentPayment]:
        """Merge own outputs of a token in groups of four, smallest first; repeat to merge further.

        Raises:
            FundsMissing: no two outputs can be merged.
        """
        free = sorted(
            (kit for kit in self.wallet_store.free() if kit.output.token == token), key=lambda kit: kit.output.amount
        )
        units = self.amount(fee, token)
        found: list[SentPayment] = []
        for at in range(0, len(free), MAX_INPUTS):
            group = free[at : at + MAX_INPUTS]
            total = sum(kit.output.amount for kit in group)
            if len(group) > 1 and total > units:
                found.append(self.payments.pay(group, [(self.signer.address, token, total - units)], "merge"))
        if not found:
            raise FundsMissing(
                f"{len(free)} outputs of token {token} can be spent, two are needed to merge", have=len(free), need=2
            )
        return found

    # ---------------------------------------------------------------------------------------------------------- exits

    def exit(self, position: int) -> Receipt:
        """Start the standard exit of one output, independent of `exits.plan`."""
        return self.exits.exit(position)

    def exit_all(self, *, least: int = 0, doubtful: bool = False, incomplete: bool = False) -> list[Receipt]:
        """Start the exits of all own outputs and payments, as `exits.exit_all` does."""
        return self.exits.exit_all(least=least, doubtful=doubtful, incomplete=incomplete)

    def claim_all(self) -> list[Receipt]:
        """Claim all exits that are payable now, as `claims.claim_all` does."""
        return self.claims.claim_all()

    # -------------------------------------------------------------------------------------------------------- retries

    def retry(self, hashed: bytes, *, fee: str | int | None = None) -> SentPayment:
        """Sign an expired or rejected payment again for a later block.

        The new payment spends the same outputs: if the first one was included after all, the second cannot be.

        Args:
            fee: the new fee in the token of the payment's first output, taken from the change; by default unchanged.

        Raises:
            StillPending: the payment may still be included, or was included or replaced.
        """
        one = self._replaceable(hashed)
        rows = [(output.owner, output.token, output.amount) for output in one.transaction.outputs]
        if fee is not None:
            rows = self._with_fee(one, rows, self.amount(fee, one.transaction.outputs[0].token))
        memo = one.transaction.memo
        return self.payments.pay(one.kit.inputs, rows, one.what, memo=memo, before=hashed)

    def cancel(self, hashed: bytes, *, fee: str | int = 0) -> SentPayment:
        """Replace an expired or rejected payment by one that returns its own inputs to the owner.

        The original payment is impossible once the new one is included.

        Raises:
            StillPending: the payment may still be included, or was included or replaced.
        """
        one = self._replaceable(hashed)
        mine = [kit for kit in one.kit.inputs if kit.output.owner == self.owner]
        totals: dict[int, int] = {}
        for kit in mine:
            totals[kit.output.token] = totals.get(kit.output.token, 0) + kit.output.amount
        first = min(totals)
        totals[first] -= self.amount(fee, first)
        rows = [(self.signer.address, token, amount) for token, amount in sorted(totals.items()) if amount > 0]
        return self.payments.pay(mine, rows, "cancel", before=hashed)

    # ------------------------------------------------------------------------------------------------------------ sync

    def sync(self) -> None:
        """Read L1, then fetch received outputs and included payments from the operator and verify their proofs.

        If the operator proves everything it lists, the wallet is `complete` up to the last block it has read or, if
        lower, the last one that the operator serves.

        Raises:
            OperatorMisbehaved: an answer of the operator contradicts L1; all verified answers were stored.
        """
        self.look()
        gate = self.payments.gate
        if gate is None:
            return
        last = min(len(self.chain_state.headers), gate.reach())
        whole, lies = True, list[Layer2Error]()
        for one in self.wallet_store.open:
            place: tuple[int, int] | None = None
            try:
                place = gate.place(one.hash)
                if place is not None:
                    self._include(one, *place)
            except StateUnknown:
                whole = whole and place is not None and place[0] > last
            except (OperatorMisbehaved, InputError) as fault:
                lies.append(_lie(fault))
        listed = gate.utxos(self.signer.address)
        # A false claim that a spent output is unspent costs a bond; an omitted unspent output would cost its value.
        self.wallet_store.trust(listed)
        for position in listed:
            if position in self.wallet_store.coins or is_deposit(position):
                continue
            try:
                self._receive(position)
            except StateUnknown:
                # The block may not be on L1 yet; for any other block, the operator is withholding the proof.
                whole = whole and position >> 24 > last
            except (OperatorMisbehaved, InputError) as fault:
                lies.append(_lie(fault))
        if lies:
            raise lies[0]
        if whole and last:
            self.wallet_store.hear(last, self.chain_state.headers[last].hash)

    # ----------------------------------------------------------------------------------------------------- internal

    def _replaceable(self, hashed: bytes) -> SentPayment:
        self.sync()
        one = self.wallet_store.payment(hashed)
        if one.state is PaymentStatus.PENDING and self.root.head()[1] <= one.transaction.expiry:
            raise StillPending(
                f"0x{hashed.hex()[:16]}..: may still be included, until block {one.transaction.expiry}",
                hint="deliver it again, or wait",
            )
        if not one.open:
            raise StillPending(f"0x{hashed.hex()[:16]}..: is {one.state} already", hint="nothing to replace")
        rivals = [
            other
            for at in one.transaction.inputs
            for other in self.wallet_store.signed_over(at)
            if other.hash != hashed
            and other.state is PaymentStatus.PENDING
            and other.transaction.expiry >= self.root.head()[1]
        ]
        if rivals:
            raise StillPending(
                f"0x{hashed.hex()[:16]}..: 0x{rivals[0].hash.hex()[:16]}.. was signed to replace it", hint="wait for it"
            )
        return one

    def _with_fee(self, one: SentPayment, rows: list[tuple[bytes, int, int]], fee: int) -> list[tuple[bytes, int, int]]:
        token = rows[0][1]
        come = sum(kit.output.amount for kit in one.kit.inputs if kit.output.token == token)
        more = fee - (come - sum(amount for _, other, amount in rows if other == token))
        for at, (owner, other, amount) in enumerate(rows):
            if owner == self.owner and other == token and at > 0:
                if amount < more:
                    break
                rows[at] = (owner, other, amount - more)
                return [row for row in rows if row[2]]
        raise FundsMissing(
            f"a fee of {fee} needs {more} more than the change",
            have=0,
            need=more,
            hint="cancel it, then send again",
        )

    def _proof(self, block: int, index: int, output: int) -> OutputExitProof:
        """Return the operator's inclusion proof, verified against L1."""
        header, packed, path = self.payments.operator("sync").inclusion(block, index)
        try:
            kit = OutputExitProof(
                encode_position(block, index, output), decode_transaction(packed), header, tuple(path)
            )
            if self.chain_state.headers.get(block) != header:
                kit.require_on_chain(self.root)
        except (ExitProofInvalid, TransactionMalformed) as fault:
            raise OperatorMisbehaved(
                f"block {block}, transaction {index}: {fault}", hint="use another operator"
            ) from fault
        return kit

    def _include(self, one: SentPayment, block: int, index: int) -> None:
        kit = self._proof(block, index, 0)
        if kit.transaction != one.transaction:
            raise OperatorMisbehaved(f"block {block}, transaction {index}: not the payment that it is said to be")
        self.wallet_store.include(one.hash, kit)

    def _receive(self, position: int) -> None:
        kit = self._proof(position >> 24, position >> 8 & 0xFFFF, position & 0xFF)
        if kit.output.owner != self.owner:
            raise OperatorMisbehaved(
                f"output {position:#x} belongs to {kit.output.address}, not to {self.signer.address}"
            )
        if self.exit_status(kit) not in (ExitStatus.PAID, ExitStatus.SPENT):
            self.wallet_store.keep([kit])


def _lie(fault: Layer2Error) -> Layer2Error:
    return (
        fault
        if isinstance(fault, OperatorMisbehaved)
        else OperatorMisbehaved(f"the operator's answer cannot be used: {fault}")
    )
