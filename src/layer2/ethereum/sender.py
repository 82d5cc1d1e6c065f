"""Sends transactions: nonces, EIP-1559 fees, replacement of stuck ones, receipts, typed reverts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.broadcast import Broadcaster
from layer2.ethereum.errors import (
    ContractReverted,
    EthereumError,
    NonceError,
    RpcError,
    TransactionFailed,
    TransactionTimeout,
)
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.pending_transaction import BASE_FEE, NONCE_TAKEN, UNDERPRICED, Pending
from layer2.ethereum.records import CallOutcome, Receipt
from layer2.ethereum.reverts import ErrorDecoder, decode_revert
from layer2.ethereum.sidecars import Sidecar
from layer2.primitives.addresses import Address
from layer2.primitives.errors import RangeError

__all__ = ["Pending", "Sender"]

_BLOB_BUMP = 2.0
"""Price factor of a blob transaction's replacement: pools replace it only at twice its prices."""


class Sender(Broadcaster):
    """Sender for one account on one connection. Safe to use from several threads.

    Nonces are counted locally and synchronised with the node whenever it disagrees, so several transactions can be
    pending concurrently. A second process that uses the same key causes a retry, not an error.
    """

    def __repr__(self) -> str:
        return f"<Sender {self.address} chain={self.connection.chain_id} pending={len(self._under_way)}>"

    def send(
        self,
        to: Address | None,
        data: bytes = b"",
        value: int = 0,
        gas: int | None = None,
        *,
        decoder: ErrorDecoder | None = None,
        authorizations: tuple[Any, ...] = (),
        blobs: Sequence[bytes] = (),
    ) -> Receipt:
        """Send a transaction and wait until it is mined.

        Without `gas` the limit is estimated first, and a call that would revert raises `ContractReverted` before
        anything is sent. With `gas` it is sent without a simulation; if it reverts when mined, the error carries the
        receipt.

        Args:
            to: the receiver; `None` creates a contract.
            value: in wei.
            authorizations: signed EIP-7702 delegations.
            blobs: blobs to attach (EIP-4844). They require `gas`, because no node simulates them.

        Raises:
            TransactionFailed: or one of its subclasses.
            NonceError: the nonce could not be synchronised with the node's.
            FeeTooHigh: the base fee is above the gas policy's cap.
            ConnectionFailed: the node did not respond.
        """
        pending = self.send_nowait(to, data, value, gas, decoder=decoder, authorizations=authorizations, blobs=blobs)
        return self.wait(pending, decoder=decoder)

    def send_nowait(
        self,
        to: Address | None,
        data: bytes = b"",
        value: int = 0,
        gas: int | None = None,
        *,
        decoder: ErrorDecoder | None = None,
        authorizations: tuple[Any, ...] = (),
        blobs: Sequence[bytes] = (),
        policy: GasPolicy | None = None,
        keep: Callable[[Pending], None] | None = None,
    ) -> Pending:
        """Submit a transaction and return immediately; pass the result to `wait` or `poll`.

        `policy`: gas policy of this transaction, instead of the sender's. `keep`: called with each version before it is
        submitted, so that a later sender can `adopt` it.
        """
        if blobs and (gas is None or to is None):
            raise RangeError(f"{self.address}: blobs need a gas limit and a receiver", hint="pass gas and to")
        sidecar = Sidecar.of(blobs) if blobs else None
        request = CallRequest(to, data, value, self.address, gas)
        with self._lock:
            self._forget_undone()
            limit = gas if gas is not None else self.estimate(request, decoder)
            chosen = policy or self.gas_policy
            fees = chosen.fees(self._current_base_fee())
            pending = Pending(self._nonce(), request, limit, fees, self._epoch, authorizations, sidecar)
            pending.policy, pending.keep = chosen, keep
            if sidecar is not None:
                # Headroom for some blocks in which it rises, as for gas.
                pending.blob_fee = 2 * self.connection.backend.blob_base_fee()
            self._broadcast_first(pending)
            self._next_nonce = pending.nonce + 1
            self._under_way[pending.nonce] = pending
        return pending

    def estimate(self, request: CallRequest, decoder: ErrorDecoder | None = None) -> int:
        """Return the node's estimate with the policy's margin; raise the call's revert."""
        try:
            estimate = self.connection.backend.estimate(request)
        except RpcError as failure:
            self._raise_if_poor(request, failure)
            # Nodes report a failed estimate in different ways; a simulation of the call reveals the reason.
            block = "pending" if self.connection.is_dev else "latest"
            self._raise_failure(self.connection.simulate(request, block), decoder, None)
            raise TransactionFailed(
                f"{self.address} -> {request.to}: gas estimate refused: {failure.reason}",
                hint="check the account's balance or pass gas explicitly",
            ) from failure
        return int(estimate * self.gas_policy.gas_margin)

    def wait(self, pending: Pending, *, decoder: ErrorDecoder | None = None) -> Receipt:
        """Wait until one version of the transaction is mined; replace it under the policy it was sent with.

        Raises `TransactionTimeout` when that policy allows no further replacement. The transaction may still be mined,
        and can be passed to `wait` or `poll` again.
        """
        pause = 0.001 if self.connection.is_dev else 0.25
        while (receipt := self._mined(pending)) is None:
            self._hurry(pending)
            self._sleep(pause)
            pause = min(pause * 1.5, 0.05 if self.connection.is_dev else 2.0)
        return self._settled(pending, receipt, decoder)

    def poll(self, pending: Pending, *, decoder: ErrorDecoder | None = None) -> Receipt | None:
        """Return the receipt if one version is mined, else `None` immediately; replace it when due under its policy.

        Set `pending.policy` to offer more as a deadline approaches. Raises the errors of `wait`.
        """
        receipt = self._mined(pending)
        if receipt is not None:
            return self._settled(pending, receipt, decoder)
        self._hurry(pending)
        return None

    def adopt(self, pending: Pending) -> bool:
        """Adopt a pending transaction of an earlier sender of this account; return False if its nonce is used.

        The transaction is then awaited, replaced and counted like one sent here.
        """
        with self._lock:
            self._forget_undone()
            if self.connection.nonce(self.address, "latest") > pending.nonce:
                return False
            pending.epoch = self._epoch
            # The clock of the earlier process is unrelated to this one: replace the transaction immediately.
            pending.sent_at = self._clock() - self._policy_of(pending).wait
            self._under_way[pending.nonce] = pending
            known = self.connection.nonce(self.address, "pending")
            self._next_nonce = max(known, max(self._under_way) + 1)
            return True

    # Waiting

    def _mined(self, pending: Pending) -> Receipt | None:
        # Any version may be the mined one, not only the newest.
        for tx_hash in reversed(pending.hashes):
            receipt = self.connection.receipt(tx_hash)
            if receipt is not None:
                return receipt
        if pending.epoch != self.connection.epoch:
            raise TransactionFailed(
                f"{self.address}: nonce {pending.nonce} was undone by a revert to a snapshot",
                hint="send it again",
            )
        return None

    def _settled(self, pending: Pending, receipt: Receipt, decoder: ErrorDecoder | None) -> Receipt:
        with self._lock:
            self._under_way.pop(pending.nonce, None)
        if receipt.status != 1:
            raise self._failure_of(pending, receipt, decoder)
        return receipt

    def _hurry(self, pending: Pending) -> None:
        """Replace overdue transactions: this one, and those with lower nonces that block it."""
        policy = self._policy_of(pending)
        with self._lock:
            before = sorted(nonce for nonce in self._under_way if nonce < pending.nonce)
            for nonce in before:
                one = self._under_way[nonce]
                if not self._overdue(one, min(policy.wait, self._policy_of(one).wait)):
                    continue
                if any(self.connection.receipt(tx_hash) is not None for tx_hash in one.hashes):
                    continue
                with contextlib.suppress(NonceError):  # its nonce is used, so it blocks nothing
                    self._replace(one, policy)
            if self._overdue(pending, policy.wait):
                self._replace(pending, policy)

    def _overdue(self, pending: Pending, patience: float) -> bool:
        return self._clock() - pending.sent_at >= patience

    def _policy_of(self, pending: Pending) -> GasPolicy:
        return pending.policy or self.gas_policy

    def _replace(self, pending: Pending, policy: GasPolicy) -> None:
        if pending.sidecar is not None:
            policy = replace(policy, bump=max(policy.bump, _BLOB_BUMP))
        fees = policy.bumped(pending.fees, self._current_base_fee(fresh=True))
        if fees is None or pending.replacements >= policy.max_replacements:
            why = "the fee cap is reached" if fees is None else f"{pending.replacements} replacements were sent"
            raise TransactionTimeout(
                f"{self.address}: nonce {pending.nonce} is not mined and {why} "
                f"(last 0x{pending.tx_hash.hex()} at {pending.fees.max_fee} wei per gas)",
                hint="wait(pending) again later, or raise the gas policy's cap",
            )
        before = (pending.fees, pending.blob_fee, pending.replacements)
        pending.fees, pending.blob_fee, pending.replacements = fees, pending.blob_fee * 2, pending.replacements + 1
        try:
            self._broadcast(pending)
        except RpcError as failure:
            reason = failure.reason.lower()
            if any(word in reason for word in NONCE_TAKEN):
                self._check_replaced(pending)
            elif any(word in reason for word in (*UNDERPRICED, *BASE_FEE)):
                pending.sent_at = self._clock()  # the next bump starts from the higher price
            else:
                pending.fees, pending.blob_fee, pending.replacements = before
                raise
        except EthereumError:
            # Not submitted: a raise on each failed attempt would reach the cap without a submission.
            pending.fees, pending.blob_fee, pending.replacements = before
            raise

    def _check_replaced(self, pending: Pending) -> None:
        # The nonce is used, by one of our versions (its receipt follows) or by a foreign transaction.
        if any(self.connection.receipt(tx_hash) is not None for tx_hash in pending.hashes):
            return
        with self._lock:
            self._under_way.pop(pending.nonce, None)
            self._next_nonce = None
        raise NonceError(
            f"{self.address}: nonce {pending.nonce} was used by another holder of this key",
            hint="check the account's history, then send again",
        )

    # Failures

    def _failure_of(self, pending: Pending, receipt: Receipt, decoder: ErrorDecoder | None) -> TransactionFailed:
        backend = self.connection.backend
        outcome = backend.trace_revert(receipt.tx_hash)
        if outcome is None and pending.sidecar is not None:
            return TransactionFailed(
                f"transaction 0x{receipt.tx_hash.hex()} with {len(pending.sidecar.blobs)} blobs reverted",
                receipt=receipt,
                hint="check the contract's state, because it cannot be replayed without its blobs",
            )
        if outcome is None:
            # A failed transaction that is alone in its block changed nothing but its fee, so it is replayed on that
            # block. Otherwise the parent's state is the closest available.
            alone = backend.transaction_count(receipt.block_number) == 1
            block = receipt.block_number if alone else receipt.block_number - 1
            request = pending.request
            outcome = self.connection.simulate(
                CallRequest(request.to, request.data, request.value, request.sender, pending.gas), block
            )
        try:
            self._raise_failure(outcome, decoder, receipt)
        except TransactionFailed as failure:
            return failure
        return TransactionFailed(
            f"transaction 0x{receipt.tx_hash.hex()} failed in block {receipt.block_number}, its replay does not",
            receipt=receipt,
            hint="it depended on the transactions before it in the block; send it again",
        )

    def _raise_failure(self, outcome: CallOutcome, decoder: ErrorDecoder | None, receipt: Receipt | None) -> None:
        if outcome.revert is not None:
            error: ContractReverted = decode_revert(outcome.revert, decoder, receipt=receipt)
            raise error
        if outcome.failure is not None:
            used = f", {receipt.gas_used} gas used" if receipt else ""
            raise TransactionFailed(
                f"{self.address}: execution stopped: {outcome.failure}{used}",
                receipt=receipt,
                hint="pass more gas, or check the contract for an invalid instruction",
            )
