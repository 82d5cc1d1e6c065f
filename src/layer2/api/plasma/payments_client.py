"""Client of a remote operator, with the methods and errors of a local one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layer2.api.http.client import HttpClient
from layer2.api.http.errors import Unreachable, error_of
from layer2.api.plasma.payments_json import MOST_PAYMENTS
from layer2.ethereum.errors import WrongChain
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.common.watcher.block_sources import MOST_BYTES
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.operator.exit_data import ExitData
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.protocol.blocks import Header, decode_header
from layer2.plasma.protocol.packed import join_body
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.errors import Layer2Error

__all__ = ["RemoteOperator"]


class RemoteOperator(HttpClient):
    """HTTP client of an operator, for wallets and watchers. Thread-safe; concurrent calls run one after another.

    Responses are unproven except exit proofs, which are verified against their header; compare that with L1.

    Args:
        url: base URL of the operator.
        root_chain: the operator's expected root chain; checked on construction.
        timeout: seconds to wait for a response.

    Raises (all methods):
        Unreachable: no response, or a response that is not an operator's. A submission may still have been accepted.
    """

    def __init__(self, url: str, root_chain: RootChain | None = None, *, timeout: float = 30.0) -> None:
        super().__init__(url, "the operator", timeout)
        if root_chain is not None:
            known = self.state()
            own = (root_chain.connection.chain_id, root_chain.address)
            there = (known.get("chain_id"), known.get("root_chain"))
            if own != there:
                raise WrongChain(
                    f"the operator at {self.url} serves {there[1]} on chain {there[0]}, need {own[1]} on {own[0]}",
                    hint="pass the URL of this contract's service",
                )

    def submit(self, payment: Signed) -> bytes:
        """Submit a payment and return its hash; it is accepted durably, or the rejection is raised."""
        refusal = self.submit_many([payment])[0]
        if refusal is not None:
            raise refusal
        return payment.transaction.hash

    def submit_many(self, payments: Sequence[Signed]) -> list[Layer2Error | None]:
        """Submit payments; return an error or None for each."""
        results: list[Layer2Error | None] = []
        for at in range(0, len(payments), MOST_PAYMENTS):
            results += self.submit_records([record_of(one) for one in payments[at : at + MOST_PAYMENTS]])
        return results

    def submit_records(self, records: Sequence[bytes]) -> list[Layer2Error | None]:
        """Submit payments encoded by `record_of` in one request; return an error or None for each."""
        data = self._ask("POST", "/v1/payments", join_body(records), "application/octet-stream")
        refused = data.get("refused")
        if not isinstance(refused, dict):
            raise Unreachable(f"{self.url} answered without results", hint="check the URL")
        return [error_of(refused[str(at)]) if str(at) in refused else None for at in range(len(records))]

    def tx_status(self, hashed: bytes) -> dict[str, Any]:
        """Return the status of an accepted payment; `state` is pending, included, posted or dropped.

        Raises:
            StateUnknown: the payment is unknown.
        """
        return self._ask("GET", f"/v1/payments/0x{hashed.hex()}")

    def state(self) -> dict[str, Any]:
        """Return the chain's identity and the operator's progress."""
        return self._ask("GET", "/v1/state")

    def fees(self) -> dict[str, Any]:
        """Return the fee policy for payments."""
        return self._ask("GET", "/v1/fees")

    def block(self, number: int) -> dict[str, Any]:
        """Return a block; raise StateUnknown if it does not exist."""
        return self._ask("GET", f"/v1/blocks/{number}")

    def header(self, number: int) -> Header:
        """Return a block's L1 header as reported by the operator; raise StateUnknown until the block is on L1."""
        given = self.block(number).get("header")
        if given is None:
            raise StateUnknown(f"block {number} is made but not on the chain yet", hint="ask again")
        return decode_header(bytes.fromhex(given[2:]))

    def body(self, number: int, start: int = 0, stop: int | None = None) -> bytes:
        """Return the body of a block, or its bytes from `start` to before `stop`; raise StateUnknown if unknown."""
        return self._part(f"/v1/blocks/{number}/body", start, stop, most=MOST_BYTES)

    def outputs(self, owner: str, skip: int = 0, count: int = 100) -> dict[str, Any]:
        """Return the unspent `outputs` of an address, with a flag `more`."""
        return self._ask("GET", f"/v1/owners/{owner}/outputs?skip={skip}&count={count}")

    def balance(self, owner: str) -> dict[str, Any]:
        """Return the balance of an address by token: `free`, `pending` and `exiting`; `more` if some are uncounted."""
        return self._ask("GET", f"/v1/owners/{owner}/balance")

    def exit_kit(self, position: int) -> ExitData:
        """Return the exit proof of an output, verified against its own header; raise StateUnknown if unknown."""
        return ExitData.from_json(self._ask("GET", f"/v1/outputs/{position}/kit"))
