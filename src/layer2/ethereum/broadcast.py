"""First submission of transactions to a node: nonces, EIP-1559 fees, signing, and handling of the node's refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import InsufficientFunds, NonceError, RpcError, TransactionFailed
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.pending_transaction import BASE_FEE, KNOWN, NO_FUNDS, NONCE_TAKEN, UNDERPRICED, Pending
from layer2.ethereum.sidecars import Sidecar
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.addresses import Address
from layer2.primitives.hashing import keccak
from layer2.primitives.units import format_amount

__all__ = ["Broadcaster"]

_FEE_MEMORY = 12.0
_RESENDS = 3


class Broadcaster:
    """One account on one connection: counts its nonces, prices and signs its transactions."""

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

    @property
    def address(self) -> Address:
        """Account that signs and pays."""
        return self.signer.address

    # Nonces and fees

    def _forget_undone(self) -> None:
        # After a development chain reverts to a snapshot, the transactions sent since then no longer exist.
        if self._epoch != self.connection.epoch:
            self._epoch = self.connection.epoch
            self._next_nonce = None
            self._under_way.clear()

    def _nonce(self) -> int:
        if self._next_nonce is None or (self.connection.is_dev and not self._under_way):
            # Development chains may revert without notice (ape's isolation); a query is cheap there.
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
            hint="check whether another program sends from this account",
        )

    def _adapt(self, pending: Pending, failure: RpcError) -> None:
        reason = failure.reason.lower()
        if any(word in reason for word in BASE_FEE):
            pending.fees = (pending.policy or self.gas_policy).fees(self._current_base_fee(fresh=True))
        elif any(word in reason for word in (*NONCE_TAKEN, *UNDERPRICED)):
            # Another sender used the nonce (or has it in the pool): continue from the node's count.
            known = self.connection.nonce(self.address, "pending")
            pending.nonce = known if known != pending.nonce else known + any(w in reason for w in UNDERPRICED)
        else:
            self._raise_if_poor(pending.request, failure)
            raise TransactionFailed(
                f"{self.address} -> {pending.request.to}: the node refused the transaction: {failure.reason}",
                hint="check balance, gas limit and nonce",
            ) from failure

    def _raise_if_poor(self, request: CallRequest, failure: RpcError) -> None:
        """Raise InsufficientFunds if the node refused a transaction because of the sender's balance."""
        if any(word in failure.reason.lower() for word in NO_FUNDS):
            have, value = self.connection.balance(self.address), request.value
            raise InsufficientFunds(
                f"{self.address} has {format_amount(have)}, {format_amount(value)} and the gas are needed",
                hint="send less, or fund the account",
            ) from failure

    def _broadcast(self, pending: Pending) -> None:
        raw = self.signer.sign_transaction(self._fields(pending))
        # The hash is stored before the submission, because a lost response leaves the result unknown.
        pending.hashes.append(keccak(raw))
        if pending.keep is not None:
            pending.keep(pending)
        try:
            self._hand_over(raw, pending.sidecar)
        except RpcError as failure:
            if not any(word in failure.reason.lower() for word in KNOWN):
                pending.hashes.pop()
                raise
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
            # The form of sidecar that a node accepts depends on its rules, and only its response reveals it.
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
