"""Contract calls that a coin owner derives from a verified history: exits, challenges and responses.

All functions are pure: each returns the call to send, with its arguments. An exit proof needs no other party.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from layer2.plasma.coins.protocol.coin_history import Move, Standing
from layer2.plasma.coins.protocol.errors import NotAnswerable
from layer2.plasma.coins.protocol.records import CoinRecord
from layer2.primitives.addresses import ZERO_ADDRESS, Address

__all__ = [
    "NOTHING_SHOWN",
    "Call",
    "ChallengeView",
    "ExitView",
    "answer",
    "contradiction",
    "contradiction_by",
    "exit_kit",
    "kit_of",
]

NOTHING_SHOWN: tuple[Any, ...] = (0, 0, ZERO_ADDRESS, 0, 0, bytes(32), bytes(32), [])
"""Placeholder for the previous transfer if the deposit is spent."""


class Call(NamedTuple):
    """A call of the coin chain; `bond` names the required bond: "exit", "challenge" or an empty string for none."""

    name: str
    args: tuple[Any, ...]
    bond: str = ""


@dataclass(frozen=True, slots=True)
class ExitView:
    """An exit of a coin, identified by the block of its transfer and the block of the transfer that it spends."""

    number: int
    prev_block: int


@dataclass(frozen=True, slots=True)
class ChallengeView:
    """A history challenge (`ICoinChain.Challenge`)."""

    challenger: Address
    number: int
    owner: Address

    def as_tuple(self) -> tuple[Address, int, Address]:
        """Return the challenge as a tuple of contract arguments."""
        return (self.challenger, self.number, self.owner)


def exit_kit(standing: Standing) -> Call:
    """Return the call by which the current owner starts an exit of the coin."""
    coin, record = standing.coin, standing.record.as_tuple()
    if not standing.moves:
        return Call("exitDeposit", (coin, record), "exit")
    last = standing.moves[-1]
    return kit_of(standing.record, standing.move_at(last.transaction.prev_block), last)


def kit_of(record: CoinRecord, prev: Move | None, last: Move) -> Call:
    """Return the call that exits transfer `last`; `prev` is the transfer it spends, None for the deposit."""
    shown = prev.as_tuple() if prev else NOTHING_SHOWN
    coin = last.transaction.coin
    return Call("exitTransfer", (coin, record.as_tuple(), shown, last.as_tuple()), "exit")


def contradiction(standing: Standing, exit_: ExitView) -> Call | None:
    """Return the challenge that refutes an exit of this coin, or None if this history does not contradict it.

    A later spend refutes the exit of a spent transfer, and the first spend refutes a double spend. An exit with an
    invented history is challenged with the last valid transfer before it, for which no response exists.
    """
    coin, number = standing.coin, exit_.number
    if standing.owner_at(number):
        spend = standing.spend_of(number)
        return Call("challengeAfter", (coin, number, spend.as_tuple())) if spend else None
    if standing.owner_at(exit_.prev_block):
        first = standing.spend_of(exit_.prev_block)
        if first is None or first.number >= number:
            return None
        return Call("challengeBetween", (coin, number, first.as_tuple()))
    earlier = [move for move in standing.moves if move.number < exit_.prev_block]
    if not earlier:
        return Call("challengeBeforeByDeposit", (coin, number, standing.record.as_tuple()), "challenge")
    return Call("challengeBefore", (coin, number, earlier[-1].as_tuple()), "challenge")


def contradiction_by(move: Move, exit_: ExitView) -> Call | None:
    """Return the challenge that a single signed transfer supports against an exit, or None.

    A challenge with a bond is safe only if the new owner has not spent the transfer, which only that owner knows.
    """
    coin, number, prev = move.transaction.coin, exit_.number, move.transaction.prev_block
    if number == prev:
        return Call("challengeAfter", (coin, number, move.as_tuple()))
    if exit_.prev_block == prev and move.number < number:
        return Call("challengeBetween", (coin, number, move.as_tuple()))
    if move.number < exit_.prev_block:
        return Call("challengeBefore", (coin, number, move.as_tuple()), "challenge")
    return None


def answer(standing: Standing, exit_: ExitView, challenge: ChallengeView) -> Call:
    """Return the response to a challenge of an exit of this history; raise `NotAnswerable` if there is none."""
    spend: Move | None = standing.spend_of(challenge.number)
    true_owner = standing.owner_at(challenge.number)
    if spend is None or true_owner != challenge.owner or spend.number > exit_.prev_block:
        raise NotAnswerable(
            f"coin {standing.coin:#x}: no transfer up to block {exit_.prev_block} spends block {challenge.number} of "
            f"{challenge.owner}",
            hint="the exit is invalid, or its history is broken",
        )
    args = (standing.coin, exit_.number, challenge.as_tuple(), spend.as_tuple())
    return Call("respondChallengeBefore", args)
