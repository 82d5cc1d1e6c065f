"""Sends transactions: nonces, EIP-1559 fees, replacement of stuck ones, receipts, typed reverts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import (
    ContractReverted,
    NonceError,
    RpcError,
    TransactionFailed,
    TransactionTimeout,
)
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.pending import BASE_FEE, KNOWN, NONCE_TAKEN, UNDERPRICED, Pending
from layer2.ethereum.records import CallOutcome, Receipt
from layer2.ethereum.reverts import ErrorDecoder, decode_revert
from layer2.ethereum.sidecars import Sidecar
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.addresses import Address
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak

__all__ = ["Pending", "Sender"]

_FEE_MEMORY = 12.0
_BLOB_BUMP = 2.0
"""Pools replace a transaction with blobs only at twice its prices."""
_RESENDS = 3


class Sender:
    """Sends for one account on one connection. Safe to use from several threads.

    Nonces are counted locally and brought in line with the node whenever it disagrees, so several
    transactions can be under way at once; a second process using the same key costs a retry, not an
    error.
    """

    def __init__(
        self,
        connection: Connection,
        signer: Signer,
        gas_policy: GasPolicy | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self.signer = as_signer(signer)
        self.gas_policy = gas_policy or GasPolicy()
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.RLock()
        self._next_nonce: int | None = None
        self._epoch = connection.epoch
        self._under_way: dict[int, Pending] = {}
        self._base_fee: tuple[float, int] | None = None

    def __repr__(self) -> str:
        return f"<Sender {self.address} chain={self.connection.chain_id} pending={len(self._under_way)}>"

    @property
    def address(self) -> Address:
        """The account that signs and pays."""
        return self.signer.address

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
        """Send and wait until mined; `to=None` creates a contract; `value` in wei.

        Without `gas` it is estimated first, and a call that would revert raises `ContractReverted` with
        nothing sent. With `gas` it is sent as it is; if it reverts when mined, the error carries the
        receipt. `authorizations`: signed EIP-7702 delegations. `blobs`: carried beside it (EIP-4844); needs `gas`,
        since no node simulates them. Raises `TransactionFailed` and its subclasses, `NonceError`, `FeeTooHigh`,
        `ConnectionFailed`.
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
    ) -> Pending:
        """Hand a transaction to the node and return at once; give the result to `wait`."""
        if blobs and (gas is None or to is None):
            raise RangeError(f"{self.address}: blobs without a gas limit or a receiver", hint="pass gas and to")
        sidecar = Sidecar.of(blobs) if blobs else None
        request = CallRequest(to, data, value, self.address, gas)
        with self._lock:
            self._forget_undone()
            limit = gas if gas is not None else self.estimate(request, decoder)
            base_fee = self._current_base_fee()
            pending = Pending(
                self._nonce(), request, limit, self.gas_policy.fees(base_fee), self._epoch, authorizations, sidecar
            )
            if sidecar is not None:
                # Room for some blocks in which it rises, as for gas.
                pending.blob_fee = 2 * self.connection.backend.blob_base_fee()
            self._broadcast_first(pending)
            self._next_nonce = pending.nonce + 1
            self._under_way[pending.nonce] = pending
        return pending

    def estimate(self, request: CallRequest, decoder: ErrorDecoder | None = None) -> int:
        """The node's estimate with the policy's margin; raises the call's revert."""
        try:
            estimate = self.connection.backend.estimate(request)
        except RpcError as failure:
            # Nodes report a failed estimate in their own ways; the call itself tells what happened.
            block = "pending" if self.connection.is_dev else "latest"
            self._raise_failure(self.connection.simulate(request, block), decoder, None)
            raise TransactionFailed(
                f"{self.address} -> {request.to}: gas estimate refused: {failure.reason}",
                hint="check the account's balance or pass gas explicitly",
            ) from failure
        return int(estimate * self.gas_policy.gas_margin)

    def wait(self, pending: Pending, *, decoder: ErrorDecoder | None = None) -> Receipt:
        """Wait until one version of the transaction is mined, replacing it as the gas policy says."""
        receipt = self._mined(pending)
        with self._lock:
            self._under_way.pop(pending.nonce, None)
        if receipt.status != 1:
            raise self._failure_of(pending, receipt, decoder)
        return receipt

    # Nonces and fees

    def _forget_undone(self) -> None:
        # After a development chain went back to a snapshot, what was sent since then never happened.
        if self._epoch != self.connection.epoch:
            self._epoch = self.connection.epoch
            self._next_nonce = None
            self._under_way.clear()

    def _nonce(self) -> int:
        if self._next_nonce is None or (self.connection.is_dev and not self._under_way):
            # Development chains go back in time behind our back (ape's isolation); asking is cheap there.
            self._next_nonce = self.connection.nonce(self.address, "pending")
        return self._next_nonce

    def _current_base_fee(self, fresh: bool = False) -> int:
        now = self._clock()
        if fresh or self._base_fee is None or now - self._base_fee[0] > _FEE_MEMORY:
            self._base_fee = (now, self.connection.latest().base_fee)
        return self._base_fee[1]

    # Sending

    def _broadcast_first(self, pending: Pending) -> None:
        for _ in range(_RESENDS):
            try:
                self._broadcast(pending)
                return
            except RpcError as failure:
                self._adapt(pending, failure)
        raise NonceError(
            f"{self.address}: the node refused nonce {pending.nonce} {_RESENDS} times",
            hint="is another program sending from this account at the same time?",
        )

    def _adapt(self, pending: Pending, failure: RpcError) -> None:
        reason = failure.reason.lower()
        if any(word in reason for word in BASE_FEE):
            pending.fees = self.gas_policy.fees(self._current_base_fee(fresh=True))
        elif any(word in reason for word in (*NONCE_TAKEN, *UNDERPRICED)):
            # Someone else used the nonce (or holds it in the pool): count from what the node knows.
            known = self.connection.nonce(self.address, "pending")
            pending.nonce = known if known != pending.nonce else known + any(w in reason for w in UNDERPRICED)
        else:
            raise TransactionFailed(
                f"{self.address} -> {pending.request.to}: the node refused the transaction: {failure.reason}",
                hint="check balance, gas limit and nonce",
            ) from failure

    def _broadcast(self, pending: Pending) -> None:
        raw = self.signer.sign_transaction(self._fields(pending))
        tx_hash = keccak(raw)
        try:
            self._hand_over(raw, pending.sidecar)
        except RpcError as failure:
            if not any(word in failure.reason.lower() for word in KNOWN):
                raise
        pending.hashes.append(tx_hash)
        pending.sent_at = self._clock()

    def _hand_over(self, raw: bytes, sidecar: Sidecar | None) -> None:
        backend = self.connection.backend
        if sidecar is None:
            backend.send_raw(raw)
            return
        try:
            backend.send_raw(sidecar.wrap(raw, cells=backend.takes_cells))
        except RpcError as failure:
            said = failure.reason.lower()
            if any(word in said for word in (*KNOWN, *NONCE_TAKEN, *UNDERPRICED, *BASE_FEE)):
                raise
            # Which form of sidecar a node takes follows its rules, which only its answer tells.
            try:
                backend.send_raw(sidecar.wrap(raw, cells=not backend.takes_cells))
            except RpcError:
                raise failure from None
            backend.takes_cells = not backend.takes_cells

    def _fields(self, pending: Pending) -> dict[str, Any]:
        request = pending.request
        fields: dict[str, Any] = {
            "type": 4 if pending.authorizations else 2,
            "chainId": self.connection.chain_id,
            "nonce": pending.nonce,
            "gas": pending.gas,
            "maxFeePerGas": pending.fees.max_fee,
            "maxPriorityFeePerGas": pending.fees.priority_fee,
            "value": request.value,
            "data": "0x" + request.data.hex(),
        }
        if request.to is not None:
            fields["to"] = request.to
        if pending.authorizations:
            fields["authorizationList"] = list(pending.authorizations)
        if pending.sidecar is not None:
            fields["type"] = 3
            fields["maxFeePerBlobGas"] = pending.blob_fee
            fields["blobVersionedHashes"] = ["0x" + one.hex() for one in pending.sidecar.hashes]
        return fields

    # Waiting

    def _mined(self, pending: Pending) -> Receipt:
        pause = 0.001 if self.connection.is_dev else 0.25
        while True:
            # Any version may be the one that is mined, not only the newest.
            for tx_hash in reversed(pending.hashes):
                receipt = self.connection.receipt(tx_hash)
                if receipt is not None:
                    return receipt
            if pending.epoch != self.connection.epoch:
                raise TransactionFailed(
                    f"{self.address}: nonce {pending.nonce} was undone by a return to a snapshot",
                    hint="send it again",
                )
            if self._clock() - pending.sent_at >= self.gas_policy.wait:
                self._replace(pending)
            self._sleep(pause)
            pause = min(pause * 1.5, 0.05 if self.connection.is_dev else 2.0)

    def _replace(self, pending: Pending) -> None:
        policy = self.gas_policy
        if pending.sidecar is not None:
            policy = replace(policy, bump=max(policy.bump, _BLOB_BUMP))
        fees = policy.bumped(pending.fees, self._current_base_fee(fresh=True))
        if fees is None or pending.replacements >= self.gas_policy.max_replacements:
            why = "the fee cap is reached" if fees is None else f"{pending.replacements} replacements were sent"
            raise TransactionTimeout(
                f"{self.address}: nonce {pending.nonce} is not mined and {why} "
                f"(last 0x{pending.tx_hash.hex()} at {pending.fees.max_fee} wei per gas)",
                hint="wait(pending) again later, or raise the gas policy's cap",
            )
        pending.fees = fees
        pending.blob_fee *= 2
        pending.replacements += 1
        try:
            self._broadcast(pending)
        except RpcError as failure:
            reason = failure.reason.lower()
            if any(word in reason for word in NONCE_TAKEN):
                self._check_replaced(pending)
            elif any(word in reason for word in UNDERPRICED):
                pending.sent_at = self._clock()  # the next bump starts from the higher price
            else:
                raise

    def _check_replaced(self, pending: Pending) -> None:
        # The nonce is used: by one of our versions (its receipt comes next) or by a foreign transaction.
        if any(self.connection.receipt(tx_hash) is not None for tx_hash in pending.hashes):
            return
        with self._lock:
            self._under_way.pop(pending.nonce, None)
            self._next_nonce = None
        raise NonceError(
            f"{self.address}: nonce {pending.nonce} was used by somebody else holding this key",
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
                hint="it cannot be replayed without its blobs: look at the state it was sent to",
            )
        if outcome is None:
            # Alone in its block, the failed transaction left only its own fee behind: replay it
            # in that very block.
            # Otherwise the parent's state is the nearest there is.
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
                hint="give the transaction more gas, or the contract hit an invalid instruction",
            )
