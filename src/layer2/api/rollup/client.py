"""Client of a remote sequencer, with the methods and errors of a local one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from layer2.api.http.client import HttpClient
from layer2.api.http.errors import Unreachable, error_of
from layer2.api.rollup.operations_json import MOST_OPERATIONS
from layer2.ethereum.errors import WrongChain
from layer2.primitives.errors import Layer2Error
from layer2.primitives.json_text import whole_number
from layer2.rollup.derivation.account_proof import AccountProof
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import AccountUnknown
from layer2.rollup.protocol.signed_operation import SignedOp, join_records

__all__ = ["RemoteSequencer"]


class RemoteSequencer(HttpClient):
    """HTTP client of a sequencer, for wallets. Thread-safe; concurrent calls run one after another.

    Args:
        url: base URL of the sequencer.
        rollup: the sequencer's expected rollup; checked on construction.
        timeout: seconds to wait for a response.

    Raises (all methods):
        Unreachable: no response, or a response that is not a sequencer's. A submission may still have been accepted.
    """

    def __init__(self, url: str, rollup: RollupContract | None = None, *, timeout: float = 30.0) -> None:
        super().__init__(url, "the sequencer", timeout)
        if rollup is not None:
            known = self.state()
            own, there = (rollup.connection.chain_id, rollup.address), (known.get("chain_id"), known.get("rollup"))
            if own != there:
                raise WrongChain(
                    f"the sequencer at {self.url} serves {there[1]} on chain {there[0]}, need {own[1]} on {own[0]}",
                    hint="pass the URL of this contract's service",
                )

    def submit(self, op: SignedOp) -> None:
        """Submit an operation; it is accepted durably, or the rejection is raised."""
        self.submit_many([op])

    def submit_many(self, ops: Sequence[SignedOp]) -> list[Layer2Error | None]:
        """Submit operations in order; return an error or None for each. A single rejected operation raises instead."""
        results: list[Layer2Error | None] = []
        for at in range(0, len(ops), MOST_OPERATIONS):
            part = ops[at : at + MOST_OPERATIONS]
            results += self.submit_records([op.encode() for op in part])
        if len(ops) == 1 and results[0] is not None:
            raise results[0]
        return results

    def submit_records(self, records: Sequence[bytes]) -> list[Layer2Error | None]:
        """Submit operations encoded by `SignedOp.encode` in one request; return an error or None for each."""
        data = self._ask("POST", "/v1/operations", join_records(records), "application/octet-stream")
        refused = data.get("refused")
        if not isinstance(refused, dict):
            raise self._odd("no results")
        return [error_of(refused[str(at)]) if str(at) in refused else None for at in range(len(records))]

    def next_nonce(self, account: int) -> int:
        """Return the nonce of an account's next operation, counting pending operations."""
        try:
            found = self.account(account)
        except AccountUnknown:
            return 0
        try:
            return whole_number(found["pending"]["nonce"])
        except (KeyError, TypeError, ValueError) as fault:
            raise self._odd("no nonce") from fault

    def open_account(self, key: bytes, token: int = 0, payment: SignedOp | None = None) -> None:
        """Request an account for a BLS key.

        Raises:
            SignatureError: the key is not a valid BLS key.
            FeeTooLow: the account requires a payment.
        """
        body: dict[str, Any] = {"key": "0x" + key.hex(), "token": token}
        if payment is not None:
            body["payment"] = "0x" + payment.encode().hex()
        self._ask("POST", "/v1/keys", json.dumps(body).encode(), "application/json")

    def key_price(self) -> tuple[int, int, int]:
        """Return the price of an account in wei, the account to pay and the minimum fee of the payment; zeros: free."""
        state = self.state()
        try:
            price, fees = whole_number(state["keys"]["fee"]), state["fees"]
            accounts, least = fees["accounts"], fees["least"]
            if not price:
                return 0, 0, 0
            fee = least["0"] if "0" in least else least["otherwise"]
            return price, whole_number(accounts.get("0", 0)), whole_number(fee)
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise self._odd("no price of a key") from fault

    def state(self) -> dict[str, Any]:
        """Return the rollup's identity, the sequencer's progress and the fee policy."""
        return self._ask("GET", "/v1/state")

    def account(self, index: int) -> dict[str, Any]:
        """Return an account, with its state as of pending operations; raise AccountUnknown if it does not exist."""
        return self._ask("GET", f"/v1/accounts/{index}")

    def tx_status(self, digest: bytes) -> dict[str, Any]:
        """Return the status of an accepted operation; `state` is pending, posted, final or dropped.

        Raises:
            StateUnknown: the operation is unknown.
        """
        return self._ask("GET", f"/v1/operations/0x{digest.hex()}")

    def proof(self, account: int) -> AccountProof:
        """Return the proof of an account under the last final state."""
        return AccountProof.from_json(self._ask("GET", f"/v1/accounts/{account}/proof"))

    def _odd(self, what: str) -> Unreachable:
        return Unreachable(f"{self.url} answered with {what}", hint="check the URL")
