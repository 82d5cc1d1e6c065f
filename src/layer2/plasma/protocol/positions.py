"""Positions of outputs as 64-bit numbers: `block(40) | transaction(16) | output(8)`.

A deposit has block `2**39 | deposit id`, transaction 0 and output 0, so that deposits and block outputs share no
number. Older outputs have smaller positions, within each kind.
"""

from __future__ import annotations

from typing import NamedTuple

from layer2.plasma.protocol.malformed import PositionMalformed
from layer2.plasma.protocol.params import MAX_BLOCK, MAX_OUTPUTS, MAX_TRANSACTIONS
from layer2.primitives.errors import shown

__all__ = [
    "DEPOSIT_BLOCK",
    "Position",
    "block_of",
    "decode_position",
    "deposit_of",
    "deposit_position",
    "encode_position",
    "is_deposit",
]

DEPOSIT_BLOCK = 1 << 39
"""The bit of a block number that marks a deposit."""

_DEPOSIT_BIT = DEPOSIT_BLOCK << 24


class Position(NamedTuple):
    """The parts of a position: a child block from 1 or a deposit's block, transaction and output from 0."""

    block: int
    transaction: int
    output: int

    @property
    def deposit(self) -> int:
        """Number of the deposit; 0 for an output of a block."""
        return self.block ^ DEPOSIT_BLOCK if self.block & DEPOSIT_BLOCK else 0


def encode_position(block: int, transaction: int, output: int) -> int:
    """Return the position of an output of a child block; raise `PositionMalformed` if it is out of range."""
    if not (0 < block <= MAX_BLOCK and 0 <= transaction < MAX_TRANSACTIONS and 0 <= output < MAX_OUTPUTS):
        raise PositionMalformed(f"no valid position: block {block}, transaction {transaction}, output {output}")
    return block << 24 | transaction << 8 | output


def deposit_position(deposit: int) -> int:
    """Return the position of a deposit, numbered from 1; raise `PositionMalformed` if the number is out of range."""
    if not 0 < deposit <= MAX_BLOCK:
        raise PositionMalformed(f"not a deposit number: {shown(deposit)}")
    return _DEPOSIT_BIT | deposit << 24


def decode_position(position: int) -> Position:
    """Return the parts of a position; raise `PositionMalformed` if it is not a valid position."""
    if not 0 <= position < 1 << 64:
        raise PositionMalformed(f"position {shown(position)} is not a uint64")
    parts = Position(position >> 24, position >> 8 & 0xFFFF, position & 0xFF)
    if position & _DEPOSIT_BIT:
        if position & 0xFFFFFF or parts.deposit == 0:
            raise PositionMalformed(f"position {position} is marked as a deposit but is not a valid one")
    elif parts.block == 0 or parts.output >= MAX_OUTPUTS:
        raise PositionMalformed(f"position {position}: {parts} is not valid")
    return parts


def is_deposit(position: int) -> bool:
    """Return True if a position belongs to a deposit."""
    return position & _DEPOSIT_BIT != 0


def deposit_of(position: int) -> int:
    """Return the number of the deposit at a position; raise `PositionMalformed` if it is not a deposit's."""
    number = decode_position(position).deposit
    if not number:
        raise PositionMalformed(f"position {position} is not a deposit's")
    return number


def block_of(position: int) -> int:
    """Return the child block of an output, 0 for a deposit, which is its age among exits.

    Deposits come first, because a deposit is fully paid when it is made.
    """
    return 0 if position & _DEPOSIT_BIT else position >> 24
