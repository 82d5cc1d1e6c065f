"""Remote operator with the client interface that wallets use."""

from __future__ import annotations

from collections.abc import Sequence

from layer2.api.plasma.payments_client import RemoteOperator
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.payments.chain.errors import OperatorMisbehaved, ViewIncomplete
from layer2.plasma.payments.operator.client_protocol import Inclusion
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.addresses import Address
from layer2.primitives.json_text import whole_number

__all__ = ["RemoteOperatorClient"]

_PAGE = 1_000
_MOST = 1_000_000
"""Maximum number of outputs read for one owner, because a list may be endless."""


class RemoteOperatorClient:
    """HTTP client of an operator: verifies the proof of every response before using it (see `client_protocol`)."""

    def __init__(self, operator: RemoteOperator) -> None:
        self.operator = operator

    def __repr__(self) -> str:
        return f"<RemoteOperatorClient {self.operator.url}>"

    def submit(self, payment: Signed) -> bytes:
        """Submit a payment and return its hash; it is accepted durably."""
        return self.operator.submit(payment)

    def reach(self) -> int:
        """Return the last block covered by queries about owners; for a watcher, the last verified block."""
        state = self.operator.state()
        try:
            return whole_number(state["verified"] if "verified" in state else state["blocks"])
        except (KeyError, TypeError, ValueError) as fault:
            raise self._odd("no number of blocks") from fault

    def utxos(self, owner: Address) -> Sequence[int]:
        """Return the positions of the outputs that an owner can spend."""
        found: list[int] = []
        skip, more = 0, True
        while more:
            page = self.operator.outputs(owner, skip, _PAGE)
            try:
                rows = page["outputs"]
                found += [whole_number(row["position"]) for row in rows if not row["exiting"]]
                skip += len(rows)
                # An operator that reports `more` without rows must not block the caller.
                more = bool(page["more"] and rows)
            except (KeyError, TypeError, ValueError) as fault:
                raise self._odd("no list of outputs") from fault
            if more and skip >= _MOST:
                # A partial list would report less than the owner has.
                raise ViewIncomplete(
                    f"{self.operator.url} lists more than {_MOST:,} outputs of {owner}, too many to read",
                    hint="use another operator, or recover from block data",
                )
        return found

    def place(self, hashed: bytes) -> tuple[int, int] | None:
        """Return block and index of a transaction by its hash; None if no block contains it."""
        try:
            tx_status = self.operator.tx_status(hashed)
        except StateUnknown:
            return None
        if tx_status.get("state") not in ("included", "posted"):
            return None
        try:
            return whole_number(tx_status["block"]), whole_number(tx_status["index"])
        except (KeyError, TypeError, ValueError) as fault:
            raise self._odd("no place of a payment") from fault

    def inclusion(self, block: int, index: int) -> Inclusion:
        """Return a transaction with its inclusion proof."""
        kit = self.operator.exit_kit(encode_position(block, index, 0))
        if kit.header is None:
            raise StateUnknown(f"{self.operator.url}: block {block} has no such transaction")
        return Inclusion(kit.header, kit.data, kit.path)

    def _odd(self, what: str) -> OperatorMisbehaved:
        return OperatorMisbehaved(f"{self.operator.url} answered with {what}", hint="use another operator")
