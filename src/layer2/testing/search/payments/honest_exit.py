"""Honest owners in games of the root chain, who claim by the wallet's own functions based on the state they saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.reserve_view import newer_needed, track_needed, widened
from layer2.plasma.payments.model import State

__all__ = ["Leaving", "Owed"]


@dataclass(frozen=True)
class Leaving:
    """Program of the honest owners; each part can be disabled.

    Attributes:
        starts: Steps after the first withheld block in which each owner starts its exit.
        listed: Maximum number of buckets in a claim's list.
        moves: The sum of newer buckets is moved if a list would be longer.
        widens: Lists include buckets whose exits may start before the claim.
        waits: Steps between the second in which an exit can be claimed and its claim.
    """

    starts: tuple[int, ...] = (1, 1)
    listed: int = 9
    moves: bool = True
    widens: bool = True
    waits: int = 0


class Owed(NamedTuple):
    """Registration of an owner: the block under which it is registered, and its amount."""

    priority: int
    amount: int

    def needed(self, state: State) -> list[int] | None:
        """Return the buckets that a claim must list now, or None if it cannot be paid."""
        known = [block for _, block in state.reserve.under]
        return newer_needed(_seen(state), 0, self.priority, self.amount, known)

    def moved(self, state: State, found: Sequence[int], leaving: Leaving) -> int | None:
        """Return the bucket from which the sum must begin for the claim, or None if its list is short enough."""
        moved = track_needed(_seen(state), 0, self.priority, found, leaving.listed)
        return None if moved is None else moved[0]

    def listed(self, state: State, found: Sequence[int], leaving: Leaving) -> tuple[int, ...]:
        """Return the buckets that the claim lists."""
        if not leaving.widens:
            return tuple(found)
        return tuple(widened(_seen(state), 0, self.priority, found, leaving.listed))


class _Seen(NamedTuple):
    """Root chain model with the interface that the wallet's functions read."""

    state: State
    address: str = ""

    @property
    def connection(self) -> _Seen:
        """Connection for balance queries."""
        return self

    def balance(self, _address: str) -> int:
        """Return the contract's balance."""
        return self.state.balance[0]

    def reserve_of(self, token: int) -> tuple[int, int]:
        """Return the registered and the held amount."""
        return self.state.reserve.total.get(token, 0), self.state.held.get(token, 0)

    def reserved_under(self, token: int, block: int) -> int:
        """Return the amount registered under a block."""
        return self.state.reserve.under.get((token, block), 0)

    def tracked(self, token: int) -> tuple[int, int] | None:
        """Return the first bucket of the sum and the sum, or None."""
        return self.state.reserve.tracked.get(token)

    def head(self) -> tuple[str, int, int]:
        """Return a tuple whose second element is the next block."""
        return "", self.state.next_block, 0


def _seen(state: State) -> RootChain:
    return cast(RootChain, _Seen(state))
