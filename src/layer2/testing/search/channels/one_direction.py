"""Common parts of games about one direction of a channel: chain changes, time steps and settlement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from layer2.testing.search.channels.lock_rule import LONGEST, WINDOW, Chain, settle

__all__ = ["OnChain", "ends_by", "onto", "over", "passes"]


class OnChain(Protocol):
    """State of a game about one direction."""

    @property
    def chain(self) -> Chain:
        """State of the hub for the direction."""

    @property
    def time(self) -> int:
        """Current step."""

    @property
    def _replace(self) -> Callable[..., Any]: ...


State = TypeVar("State", bound=OnChain)


def onto(state: State, chain: Chain | None) -> State | None:
    """Return the state with another chain."""
    after: State | None = None if chain is None else state._replace(chain=chain)
    return after


def passes(state: State) -> State:
    """Advance time, and settle what is due."""
    time = state.time + 1
    after: State = state._replace(time=time, chain=settle(state.chain, time))
    return after


def over(state: OnChain) -> bool:
    """Return True if everything was paid out."""
    return state.chain.settled


def ends_by(last: int) -> int:
    """Return the step by which a dispute that starts by `last` is over, as the rule limits all extensions."""
    return last + 2 * WINDOW + LONGEST + 2
