"""A sequencer that runs elsewhere: the same methods and the same errors as one at home."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from layer2.api.http.client import Remote
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


class RemoteSequencer(Remote):
    """What a wallet needs of a sequencer, over HTTP. Safe to use from several threads, which take turns.

    Args:
        rollup: whose sequencer it must be; it is asked at once.
        timeout: seconds to wait for an answer.

    Raises (all methods):
        Unreachable: no answer, or none of a sequencer. What was submitted may have been accepted all the same.
    """

    def __init__(self, url: str, rollup: RollupContract | None = None, *, timeout: float = 30.0) -> None:
        super().__init__(url, "the sequencer", timeout)
        if rollup is not None:
            known = self.state()
            own, there = (rollup.connection.chain_id, rollup.address), (known.get("chain_id"), known.get("rollup"))
            if own != there:
                raise WrongChain(
                    f"the sequencer at {self.url} is of {there[1]} on chain {there[0]}, need {own[1]} on {own[0]}",
                    hint="ask for the right URL",
                )

    def submit(self, op: SignedOp) -> None:
        """Accept an operation durably, or raise why not."""
        self.submit_many([op])

    def submit_many(self, ops: Sequence[SignedOp]) -> list[Layer2Error | None]:
        """Accept what is acceptable, in order; for each its refusal or None. A single one that fails raises."""
        results: list[Layer2Error | None] = []
        for at in range(0, len(ops), MOST_OPERATIONS):
            part = ops[at : at + MOST_OPERATIONS]
            results += self.submit_records([op.encode() for op in part])
        if len(ops) == 1 and results[0] is not None:
            raise results[0]
        return results

    def submit_records(self, records: Sequence[bytes]) -> list[Layer2Error | None]:
        """The same for what `SignedOp.encode` wrote, in one request."""
        data = self._ask("POST", "/v1/operations", join_records(records), "application/octet-stream")
        refused = data.get("refused")
        if not isinstance(refused, dict):
            raise self._odd("no results")
        return [error_of(refused[str(at)]) if str(at) in refused else None for at in range(len(records))]

    def next_nonce(self, account: int) -> int:
        """The nonce of an account's next operation, pending ones counted."""
        try:
            found = self.account(account)
        except AccountUnknown:
            return 0
        try:
            return whole_number(found["pending"]["nonce"])
        except (KeyError, TypeError, ValueError) as fault:
            raise self._odd("no nonce") from fault

    def open_account(self, key: bytes, token: int = 0, payment: SignedOp | None = None) -> None:
        """Have an account made for a BLS key; raises SignatureError if it is none, FeeTooLow if it must be paid for."""
        body: dict[str, Any] = {"key": "0x" + key.hex(), "token": token}
        if payment is not None:
            body["payment"] = "0x" + payment.encode().hex()
        self._ask("POST", "/v1/keys", json.dumps(body).encode(), "application/json")

    def key_price(self) -> tuple[int, int, int]:
        """Wei for an account of a key, the account to pay them to, and the least fee of that transfer; zeros: free."""
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
        """Where the rollup is, how far it got, and what operations have to pay."""
        return self._ask("GET", "/v1/state")

    def account(self, index: int) -> dict[str, Any]:
        """An account, and how it stands with what is pending; raises AccountUnknown."""
        return self._ask("GET", f"/v1/accounts/{index}")

    def fate(self, digest: bytes) -> dict[str, Any]:
        """What became of an accepted operation: `state` is pending, posted, final or dropped. StateUnknown if none."""
        return self._ask("GET", f"/v1/operations/0x{digest.hex()}")

    def proof(self, account: int) -> AccountProof:
        """That an account stands under the last final state."""
        return AccountProof.from_json(self._ask("GET", f"/v1/accounts/{account}/proof"))

    def _odd(self, what: str) -> Unreachable:
        return Unreachable(f"{self.url} answers with {what}", hint="check the URL")
