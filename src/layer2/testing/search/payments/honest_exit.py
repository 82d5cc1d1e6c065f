"""The honest in games of the root chain: whoever leaves claims by the wallet's own functions, with what it saw."""

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
    """The program of the honest; each part can be taken out.

    Attributes:
        starts: steps after the first block that nobody shows, in which each of them starts its exit.
        listed: buckets that a claim lists at most.
        moves: the sum of newer buckets is moved where a list would be longer.
        widens: lists name what may begin in front of the claim.
        waits: steps between the second in which an exit can be claimed and its claim.
    """

    starts: tuple[int, ...] = (1, 1)
    listed: int = 9
    moves: bool = True
    widens: bool = True
    waits: int = 0


class Owed(NamedTuple):
    """What an owner has registered: under which block, and how much."""

    priority: int
    amount: int

    def needed(self, state: State) -> list[int] | None:
        """What a claim has to list now; None if it cannot be paid."""
        known = [block for _, block in state.reserve.under]
        return newer_needed(_seen(state), 0, self.priority, self.amount, known)

    def moved(self, state: State, found: Sequence[int], leaving: Leaving) -> int | None:
        """Where the sum of newer buckets has to begin for the claim; None if its list is short."""
        moved = track_needed(_seen(state), 0, self.priority, found, leaving.listed)
        return None if moved is None else moved[0]

    def listed(self, state: State, found: Sequence[int], leaving: Leaving) -> tuple[int, ...]:
        """What it lists."""
        if not leaving.widens:
            return tuple(found)
        return tuple(widened(_seen(state), 0, self.priority, found, leaving.listed))


class _Seen(NamedTuple):
    """The root chain as the wallet's functions read it."""

    state: State
    address: str = ""

    @property
    def connection(self) -> _Seen:
        """Whom to ask for a balance."""
        return self

    def balance(self, _address: str) -> int:
        """All that it has."""
        return self.state.balance[0]

    def reserve_of(self, token: int) -> tuple[int, int]:
        """Registered, and held."""
        return self.state.reserve.total.get(token, 0), self.state.held.get(token, 0)

    def reserved_under(self, token: int, block: int) -> int:
        """Registered under a block."""
        return self.state.reserve.under.get((token, block), 0)

    def tracked(self, token: int) -> tuple[int, int] | None:
        """From which bucket on all is summed up, and the sum."""
        return self.state.reserve.tracked.get(token)

    def head(self) -> tuple[str, int, int]:
        """Its second part is the next block."""
        return "", self.state.next_block, 0


def _seen(state: State) -> RootChain:
    return cast(RootChain, _Seen(state))
