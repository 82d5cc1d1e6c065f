"""Coverage of exits, computed from the contract's reserves: the newer buckets that a claim has to list.

If a claim cannot list all newer buckets, their tracked sum is moved first (`RootChain.track`), until the rest is short
enough to list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layer2.ethereum.errors import ConnectionFailed, EthereumError
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.protocol.params import ETHER_TOKEN, LISTED_MOST
from layer2.primitives.addresses import address_bytes

__all__ = ["LISTED", "MOVED", "holdings", "newer_needed", "track_needed", "widened"]

LISTED = 3_200
"""Gas per bucket listed in a claim and per part paid; a test compares it with measured gas."""

MOVED = 2_900
"""Gas per bucket by which the tracked sum is moved."""
_AHEAD = 3
"""Number of future buckets listed in a claim, including that of the next block."""
_STEP = 4_000
"""Buckets by which one transaction moves the tracked sum: below 12 million gas."""

_BALANCE_OF = bytes.fromhex("70a08231")
_NEVER = (1 << 40) - 1
_BALANCE_GAS = 300_000
"""Maximum gas of a `balanceOf` call; the contract makes the same call as part of a claim."""


def holdings(root: RootChain, token: int) -> int | None:
    """Return the contract's holdings of a token in smallest units; None if the token does not answer.

    Raises:
        ConnectionFailed: the node is unreachable.
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
    # The contract also reads the first word of the answer.
    return int.from_bytes(said[:32], "big") if len(said) >= 32 else None


def newer_needed(root: RootChain, token: int, priority: int, amount: int, known: Iterable[int]) -> list[int] | None:
    """Return the buckets (block / 2) that a claim has to list, in increasing order; normally none.

    The result is None if the claim is not payable now or its token does not answer. The biggest buckets are listed
    first, because each one costs gas. Buckets in the tracked sum need not be listed.

    Args:
        priority: the block under which the exit is registered, 0 for a deposit.
        known: blocks under which exits were registered; omissions only make the condition stricter.
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
            # The exit's own amount stays required; the even block of an odd one is older and must stay covered.
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
    """Return a claim's list with every bucket in which an exit may start before the claim, as far as there is room.

    The list is fixed when the claim is sent, so an exit started under a bucket that it does not name makes the claim
    revert. The newest buckets are added first, because an operator can create blocks for this attack.

    Args:
        newer: the buckets that the claim has to list (`newer_needed`).
        most: maximum number of buckets in the list.
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
    """Return the next bucket of the tracked sum and the number of buckets moved; None if the list is short enough.

    Args:
        priority: the block under which the exit is registered.
        newer: the buckets that its claim would have to list (`newer_needed`).
        most: maximum number of buckets in a list.
    """
    if len(newer) <= most:
        return None
    summed = root.tracked(token)
    # An unused tracked sum begins behind the last block.
    at = (root.head()[1] + 1) >> 1 if summed is None else summed[0]
    goal = (priority >> 1) + 1
    following = max(goal, at - _STEP) if goal < at else min(goal, at + _STEP)
    return following, abs(following - at)
