"""Sizes and limits shared by the contracts, the data format and the nodes."""

from __future__ import annotations

FIELDS_PER_BLOB = 4096
FIELD_BYTES = 31
"""Payload bytes in one field element of a blob; the top byte carries no data and is ignored."""

FRAME_FIELDS = 16
FRAME_BYTES = FRAME_FIELDS * FIELD_BYTES
"""Size of a frame, 496 bytes: an aligned range of field elements, so that one range opening proves all of it."""

FRAMES_PER_BLOB = FIELDS_PER_BLOB // FRAME_FIELDS
OPS_PER_SEGMENT = 27
"""Number of operations between two roots, which one fraud proof executes."""

SEGMENTS_PER_FRAME = 2
MAX_SEGMENTS = 4096
"""Maximum number of segments in an assertion: one blob holds their roots."""

ACCOUNT_DEPTH = 32
WITHDRAWAL_DEPTH = 17
"""Depth of the withdrawal tree: 4,096 segments of 27 operations make at most 110,592 withdrawals, below 2^17."""

MAX_ACCOUNTS = (1 << 32) - 1
MAX_NONCE = (1 << 32) - 1
MAX_BALANCE = (1 << 128) - 1
ETHER_TOKEN = 0
"""Token id of ether; ERC-20 tokens follow in order of registration."""
