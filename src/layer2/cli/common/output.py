"""Output format of transactions for all families."""

from __future__ import annotations

from typing import Any

from layer2.ethereum.records import Receipt

__all__ = ["transaction"]


def transaction(receipt: Receipt) -> dict[str, Any]:
    """Return the `--json` fields of a transaction."""
    return {"gas": receipt.gas_used, "transaction": "0x" + receipt.tx_hash.hex(), "block": receipt.block_number}
