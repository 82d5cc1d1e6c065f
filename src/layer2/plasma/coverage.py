"""Whether an exit can be paid now, and which newer buckets its claim has to list: the contract's ledger, read."""

from __future__ import annotations

from collections.abc import Iterable

from layer2.ethereum.assets import token_at
from layer2.plasma.contract import RootChain
from layer2.primitives.addresses import ZERO_ADDRESS

__all__ = ["newer_needed"]


def newer_needed(root: RootChain, token: int, priority: int, amount: int, known: Iterable[int]) -> list[int] | None:
    """Buckets (block / 2) that a claim has to list, increasing: none normally; None if it cannot be paid now.

    The biggest are taken first: each listed bucket costs gas.

    Args:
        priority: the block under which it is registered, 0 for a deposit.
        known: blocks under which exits were registered; leaving some out only makes it harder.
    """
    need, held = root.reserve_of(token)
    have = max(0, _holding(root, token) - held)
    if need <= have:
        return []
    own = priority >> 1
    gains: list[tuple[int, int]] = []
    for pair in {one >> 1 for one in known if one >> 1 >= own} | {own}:
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


def _holding(root: RootChain, token: int) -> int:
    address = root.token_of(token)
    if address == ZERO_ADDRESS:
        return root.connection.balance(root.address)
    return int(token_at(root.connection, address).call("balanceOf", root.address))
