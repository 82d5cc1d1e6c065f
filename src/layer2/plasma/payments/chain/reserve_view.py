"""Whether an exit can be paid now, and which newer buckets its claim has to list: the contract's ledger, read.

Buckets may be so many that no claim can list them. Then the sum of the newer ones is moved (`RootChain.track`) until
what is left to list is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layer2.ethereum.errors import ConnectionFailed, EthereumError
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.protocol.params import ETHER_TOKEN, LISTED_MOST
from layer2.primitives.addresses import address_bytes

__all__ = ["LISTED", "MOVED", "holdings", "newer_needed", "track_needed", "widened"]

LISTED = 3_200
"""Gas that each bucket costs that a claim lists, for each part that it pays; a test compares it with what is spent."""

MOVED = 2_900
"""Gas that each bucket costs by which the sum of newer ones is moved."""
_AHEAD = 3
"""Buckets of blocks to come that a claim lists, that of the next block among them."""
_STEP = 4_000
"""Buckets by which one transaction moves it: below 12 million gas."""

_BALANCE_OF = bytes.fromhex("70a08231")
_NEVER = (1 << 40) - 1
_BALANCE_GAS = 300_000
"""What asking a token may burn: the contract pays for the answer, out of what a claim costs."""


def holdings(root: RootChain, token: int) -> int | None:
    """What the contract has of a token, in smallest units; None if the token does not say, or is none.

    Raises:
        ConnectionFailed: the node is away.
    """
    if token == ETHER_TOKEN:
        return root.connection.balance(root.address)
    question = _BALANCE_OF + bytes(12) + address_bytes(root.address)
    try:
        said = root.connection.call(root.token_of(token), question, gas=_BALANCE_GAS)
    except ConnectionFailed:
        raise
    except EthereumError:
        return None
    # As the contract reads it: the first word.
    return int.from_bytes(said[:32], "big") if len(said) >= 32 else None


def newer_needed(root: RootChain, token: int, priority: int, amount: int, known: Iterable[int]) -> list[int] | None:
    """Buckets (block / 2) that a claim has to list, increasing: none normally; None if it cannot be paid now, or its
    token does not say so.

    The biggest are taken first: each listed bucket costs gas. What is summed up already need not be listed.

    Args:
        priority: the block under which it is registered, 0 for a deposit.
        known: blocks under which exits were registered; leaving some out only makes it harder.
    """
    need, held = root.reserve_of(token)
    there = holdings(root, token)
    if there is None:
        return None
    have = max(0, there - held)
    if need <= have:
        return []
    own, end = priority >> 1, _NEVER
    summed = root.tracked(token)
    if summed is not None and own < summed[0]:
        end = summed[0]
        need -= summed[1]
    gains: list[tuple[int, int]] = []
    for pair in {one >> 1 for one in known if own <= one >> 1 < end} | {own}:
        odd = root.reserved_under(token, 2 * pair + 1)
        if pair == own:
            # Its own amount counts again; beside an odd block lies an older one, which must stay covered.
            even = root.reserved_under(token, 2 * pair) if priority & 1 == 0 else 0
            gain = even + odd - amount
        else:
            gain = root.reserved_under(token, 2 * pair) + odd
        if gain > 0:
            gains.append((gain, pair))
    chosen = []
    for gain, pair in sorted(gains, reverse=True):
        if need <= have:
            break
        need -= gain
        chosen.append(pair)
    return sorted(chosen) if need <= have else None


def widened(root: RootChain, token: int, priority: int, newer: Sequence[int], most: int = LISTED_MOST) -> list[int]:
    """The list of a claim with every bucket in which something may begin in front of it, as far as there is room.

    What a list needs is known when it is made, and whoever begins an exit under a bucket that it does not name has the
    claim refused. The newest go first: an operator makes blocks for this.

    Args:
        newer: what the claim has to list (`newer_needed`).
        most: buckets that it lists at most.
    """
    own, end = priority >> 1, (root.head()[1] >> 1) + _AHEAD
    summed = root.tracked(token)
    if summed is not None and own < summed[0]:
        end = min(end, summed[0])
    found = set(newer)
    for bucket in range(end - 1, own - 1, -1):
        if len(found) >= most:
            break
        found.add(bucket)
    return sorted(found)


def track_needed(
    root: RootChain, token: int, priority: int, newer: Sequence[int], most: int = LISTED_MOST
) -> tuple[int, int] | None:
    """The next bucket to which the sum of newer ones is moved for a claim, and by how many; None if its list is short.

    Args:
        priority: the block under which the exit is registered.
        newer: what its claim would have to list (`newer_needed`).
        most: buckets in a list that is short.
    """
    if len(newer) <= most:
        return None
    summed = root.tracked(token)
    # It begins behind the last block.
    at = (root.head()[1] + 1) >> 1 if summed is None else summed[0]
    goal = (priority >> 1) + 1
    following = max(goal, at - _STEP) if goal < at else min(goal, at + _STEP)
    return following, abs(following - at)
