"""An operator that runs elsewhere: the same methods and the same errors as one at home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layer2.api.http.client import Remote
from layer2.api.http.errors import Unreachable, error_of
from layer2.api.plasma.payments_json import MOST_PAYMENTS
from layer2.ethereum.errors import WrongChain
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.common.watcher.block_sources import MOST_BYTES
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.operator.exit_data import ExitKit
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.protocol.blocks import Header, decode_header
from layer2.plasma.protocol.packed import join_body
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.errors import Layer2Error

__all__ = ["RemoteOperator"]


class RemoteOperator(Remote):
    """What wallets and watchers need of an operator, over HTTP. Safe to use from several threads, which take turns.

    Nothing of it is proven but exit kits, which prove themselves against the header: compare that with the chain's.

    Args:
        root_chain: whose operator it must be; it is asked at once.
        timeout: seconds to wait for an answer.

    Raises (all methods):
        Unreachable: no answer, or none of an operator. What was submitted may have been accepted all the same.
    """

    def __init__(self, url: str, root_chain: RootChain | None = None, *, timeout: float = 30.0) -> None:
        super().__init__(url, "the operator", timeout)
        if root_chain is not None:
            known = self.state()
            own = (root_chain.connection.chain_id, root_chain.address)
            there = (known.get("chain_id"), known.get("root_chain"))
            if own != there:
                raise WrongChain(
                    f"the operator at {self.url} is of {there[1]} on chain {there[0]}, need {own[1]} on {own[0]}",
                    hint="ask for the right URL",
                )

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment durably; its hash. Raises why not."""
        refusal = self.submit_many([payment])[0]
        if refusal is not None:
            raise refusal
        return payment.transaction.hash

    def submit_many(self, payments: Sequence[Signed]) -> list[Layer2Error | None]:
        """Accept what is acceptable; for each its refusal or None."""
        results: list[Layer2Error | None] = []
        for at in range(0, len(payments), MOST_PAYMENTS):
            results += self.submit_records([record_of(one) for one in payments[at : at + MOST_PAYMENTS]])
        return results

    def submit_records(self, records: Sequence[bytes]) -> list[Layer2Error | None]:
        """The same for what `record_of` made, in one request."""
        data = self._ask("POST", "/v1/payments", join_body(records), "application/octet-stream")
        refused = data.get("refused")
        if not isinstance(refused, dict):
            raise Unreachable(f"{self.url} answers with no results", hint="check the URL")
        return [error_of(refused[str(at)]) if str(at) in refused else None for at in range(len(records))]

    def fate(self, hashed: bytes) -> dict[str, Any]:
        """What became of an accepted payment: `state` is pending, included, posted or dropped. StateUnknown if none."""
        return self._ask("GET", f"/v1/payments/0x{hashed.hex()}")

    def state(self) -> dict[str, Any]:
        """Where the chain is and how far it got."""
        return self._ask("GET", "/v1/state")

    def fees(self) -> dict[str, Any]:
        """What payments have to pay."""
        return self._ask("GET", "/v1/fees")

    def block(self, number: int) -> dict[str, Any]:
        """A block; raises StateUnknown."""
        return self._ask("GET", f"/v1/blocks/{number}")

    def header(self, number: int) -> Header:
        """What the operator says that the chain has of a block; raises StateUnknown until it has."""
        given = self.block(number).get("header")
        if given is None:
            raise StateUnknown(f"block {number} is made, and not on the chain yet", hint="ask again")
        return decode_header(bytes.fromhex(given[2:]))

    def body(self, number: int, start: int = 0, stop: int | None = None) -> bytes:
        """The body of a block, or its bytes from `start` to before `stop`; raises StateUnknown."""
        return self._part(f"/v1/blocks/{number}/body", start, stop, most=MOST_BYTES)

    def outputs(self, owner: str, skip: int = 0, count: int = 100) -> dict[str, Any]:
        """Unspent outputs of an address (`outputs`), and whether there are more."""
        return self._ask("GET", f"/v1/owners/{owner}/outputs?skip={skip}&count={count}")

    def balance(self, owner: str) -> dict[str, Any]:
        """By token what an address can spend (`free`), what is `pending`, what is `exiting`; and if there is `more`."""
        return self._ask("GET", f"/v1/owners/{owner}/balance")

    def exit_kit(self, position: int) -> ExitKit:
        """The proof of an output, checked in itself; raises StateUnknown."""
        return ExitKit.from_json(self._ask("GET", f"/v1/outputs/{position}/kit"))
