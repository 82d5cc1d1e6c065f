"""Sizes and limits shared by contracts, formats and nodes."""

from __future__ import annotations

MAX_INPUTS = 4
MAX_OUTPUTS = 4
MAX_TRANSACTIONS = 1 << 16
"""Maximum number of transactions in a block; an index has 16 bits."""

MAX_BLOCK = (1 << 39) - 1
"""Maximum number of a child block; higher numbers are those of deposits."""

MAX_EXPIRY = (1 << 40) - 1
MAX_AMOUNT = (1 << 96) - 1
MOST_ETHER = 1 << 87
"""Maximum holdings of a root chain in wei at a deposit; its reserves have room for twice as much."""
MAX_TOKEN = (1 << 16) - 1
ETHER_TOKEN = 0
"""Token id of ether; ERC-20 tokens follow in the order of their registration."""

COIN_LEVELS = 64
"""Levels of the coin tree: one for each bit of a coin's number."""

LISTED_MOST = 400
"""Maximum number of newer buckets in a claim, over all parts that it pays: below 1.3 million gas."""
