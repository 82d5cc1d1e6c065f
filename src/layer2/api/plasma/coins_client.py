"""Client of a remote operator of coins, with the methods and errors of a local one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layer2.api.http.client import HttpClient
from layer2.api.http.errors import Unreachable, error_of
from layer2.api.plasma.coins_json import MOST_TRANSFERS
from layer2.ethereum.errors import WrongChain
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.protocol.coin_history import Evidence
from layer2.plasma.coins.protocol.errors import BodyMissing, EvidenceMalformed
from layer2.plasma.coins.protocol.history_codec import decode_evidence
from layer2.plasma.coins.protocol.transfer import COIN_RECORD, SignedCoin
from layer2.plasma.coins.protocol.transfer_batch import record_of
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.protocol.params import MAX_TRANSACTIONS
from layer2.primitives.errors import Layer2Error

__all__ = ["RemoteCoins"]

_PAGE = 256


class RemoteCoins(HttpClient):
    """HTTP client of an operator of coins, for owners and watchers. Thread-safe; concurrent calls run in turn.

    Responses are unproven except evidence, which must be verified against the headers on L1.

    Args:
        url: base URL of the operator.
        chain: the operator's expected chain; checked on construction.
        timeout: seconds to wait for a response.

    Raises (all methods):
        Unreachable: no response, or a response that is not an operator's. A submission may still have been accepted.
    """

    def __init__(self, url: str, chain: CoinChain | None = None, *, timeout: float = 30.0) -> None:
        super().__init__(url, "the operator of coins", timeout)
        if chain is not None:
            known = self.state()
            own = (chain.connection.chain_id, chain.address)
            there = (known.get("chain_id"), known.get("coin_chain"))
            if own != there:
                raise WrongChain(
                    f"the operator at {self.url} serves {there[1]} on chain {there[0]}, need {own[1]} on {own[0]}",
                    hint="pass the URL of this contract's service",
                )

    def submit(self, signed: SignedCoin) -> bytes:
        """Submit a transfer and return its hash; it is accepted durably, or the rejection is raised."""
        refusal = self.submit_many([signed])[0]
        if refusal is not None:
            raise refusal
        return signed.transaction.hash

    def submit_many(self, batch: Sequence[SignedCoin]) -> list[Layer2Error | None]:
        """Submit transfers; return an error or None for each."""
        results: list[Layer2Error | None] = []
        for at in range(0, len(batch), MOST_TRANSFERS):
            results += self.submit_records([record_of(one) for one in batch[at : at + MOST_TRANSFERS]])
        return results

    def submit_records(self, records: Sequence[bytes]) -> list[Layer2Error | None]:
        """Submit transfers encoded by `record_of` in one request; return an error or None for each."""
        data = self._ask("POST", "/v1/transfers", b"".join(records), "application/octet-stream")
        refused = data.get("refused")
        if not isinstance(refused, dict):
            raise Unreachable(f"{self.url} answered without results", hint="check the URL")
        return [error_of(refused[str(at)]) if str(at) in refused else None for at in range(len(records))]

    def tx_status(self, hashed: bytes) -> dict[str, Any]:
        """Return the status of an accepted transfer: pending, included, posted or dropped; or raise StateUnknown."""
        return self._ask("GET", f"/v1/transfers/0x{hashed.hex()}")

    def state(self) -> dict[str, Any]:
        """Return the chain's identity and the operator's progress."""
        return self._ask("GET", "/v1/state")

    def coin(self, coin: int) -> dict[str, Any]:
        """Return a coin; raise StateUnknown if it does not exist."""
        return self._ask("GET", f"/v1/coins/{coin}")

    def coins_of(self, owner: str, skip: int = 0, count: int = 100) -> dict[str, Any]:
        """Return an owner's `coins`, with a flag `more`."""
        return self._ask("GET", f"/v1/owners/{owner}/coins?skip={skip}&count={count}")

    def coin_evidence(self, coin: int, first: int, count: int = _PAGE) -> list[Evidence]:
        """Return the evidence about a coin in at most `count` blocks from `first` on; empty after the last block."""
        data = self._ask("GET", f"/v1/coins/{coin}/evidence?from={first}&count={count}")
        rows = data.get("evidence")
        if not isinstance(rows, list):
            raise Unreachable(f"{self.url} answered without evidence", hint="check the URL")
        return [self._evidence(coin, row) for row in rows[:count]]

    def block(self, number: int) -> dict[str, Any]:
        """Return a block; raise StateUnknown if it does not exist."""
        return self._ask("GET", f"/v1/blocks/{number}")

    def body(self, number: int, start: int = 0, stop: int | None = None) -> bytes:
        """Return the body of a block, or its bytes from `start` to before `stop`; raise StateUnknown if unknown."""
        return self._part(f"/v1/blocks/{number}/body", start, stop, most=MAX_TRANSACTIONS * COIN_RECORD)

    def coin_body(self, number: int) -> bytes:
        """Return the body of a block, as a `layer2.plasma.coins.chain.block_sources.CoinSource`; raise BodyMissing."""
        try:
            return self.body(number)
        except StateUnknown as missing:
            raise BodyMissing(str(missing.args[0]), hint=missing.hint) from None

    def _evidence(self, coin: int, row: Any) -> Evidence:
        try:
            raw = bytes.fromhex(row[2:])
            found, end = decode_evidence(raw, coin)
        except (TypeError, ValueError, EvidenceMalformed) as fault:
            raise Unreachable(f"{self.url} answered with invalid evidence: {fault}", hint="check the URL") from fault
        if end != len(raw):
            raise Unreachable(f"{self.url} answered with unexpected fields", hint="check the URL")
        return found
