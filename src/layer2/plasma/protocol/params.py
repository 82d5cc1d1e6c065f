"""Sizes and limits that the contracts, the formats and the nodes share."""

from __future__ import annotations

MAX_INPUTS = 4
MAX_OUTPUTS = 4
MAX_TRANSACTIONS = 1 << 16
"""Transactions of one block: an index has 16 bits."""

MAX_BLOCK = (1 << 39) - 1
"""The last number of a child block; above it the numbers are those of deposits."""

MAX_EXPIRY = (1 << 40) - 1
MAX_AMOUNT = (1 << 96) - 1
MOST_ETHER = 1 << 87
"""Wei that a root chain holds at most when it takes a deposit: its ledger has room for twice as much."""
MAX_TOKEN = (1 << 16) - 1
ETHER_TOKEN = 0
"""Token id of ether; ERC-20 tokens follow in the order of their registration."""

COIN_LEVELS = 64
"""Levels of the tree of coins: one for each bit of a coin's number."""

LISTED_MOST = 400
"""Newer buckets that a claim lists at most, over all parts that it pays: below 1.3 million gas."""
