"""Output format of times and transactions for all families."""

from __future__ import annotations

import datetime
from typing import Any

from layer2.ethereum.records import Receipt

__all__ = ["moment", "transaction"]


def moment(time: int) -> str:
    """Format a time for display: UTC, to the second."""
    return datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def transaction(receipt: Receipt) -> dict[str, Any]:
    """Return the `--json` fields of a transaction."""
    return {"gas": receipt.gas_used, "transaction": "0x" + receipt.tx_hash.hex(), "block": receipt.block_number}
