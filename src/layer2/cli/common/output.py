"""How commands of all families say when something is, and what a transaction was."""

from __future__ import annotations

import datetime
from typing import Any

from layer2.ethereum.records import Receipt

__all__ = ["moment", "transaction"]


def moment(time: int) -> str:
    """A time for people: UTC, to the second."""
    return datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def transaction(receipt: Receipt) -> dict[str, Any]:
    """What `--json` says of a transaction."""
    return {"gas": receipt.gas_used, "transaction": "0x" + receipt.tx_hash.hex(), "block": receipt.block_number}
