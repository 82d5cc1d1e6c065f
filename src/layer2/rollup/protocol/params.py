"""Sizes and limits that the contracts, the data format and the nodes share."""

from __future__ import annotations

FIELDS_PER_BLOB = 4096
FIELD_BYTES = 31
"""Payload bytes in one field element of a blob: the top byte carries nothing and is ignored."""

FRAME_FIELDS = 16
FRAME_BYTES = FRAME_FIELDS * FIELD_BYTES
"""496: a frame is one aligned run of field elements, so that one range opening shows it whole."""

FRAMES_PER_BLOB = FIELDS_PER_BLOB // FRAME_FIELDS
OPS_PER_SEGMENT = 27
"""Operations between two roots: what one proof executes."""

SEGMENTS_PER_FRAME = 2
MAX_SEGMENTS = 4096
"""Segments of one assertion: one blob holds their roots."""

ACCOUNT_DEPTH = 32
WITHDRAWAL_DEPTH = 17
"""4,096 segments of 27 operations make 110,592 withdrawals at most: below 2^17, so an assertion never runs out."""

MAX_ACCOUNTS = (1 << 32) - 1
MAX_NONCE = (1 << 32) - 1
MAX_BALANCE = (1 << 128) - 1
ETHER_TOKEN = 0
"""Token id of ether; ERC-20 tokens follow in the order of their registration."""
