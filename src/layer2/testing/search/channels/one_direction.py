"""What games about one direction of a channel share: its chain changes, time passes, and at the end it is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from layer2.testing.search.channels.lock_rule import LONGEST, WINDOW, Chain, settle

__all__ = ["OnChain", "ends_by", "onto", "over", "passes"]


class OnChain(Protocol):
    """A state of such a game."""

    @property
    def chain(self) -> Chain:
        """What the hub keeps."""

    @property
    def time(self) -> int:
        """The step."""

    @property
    def _replace(self) -> Callable[..., Any]: ...


State = TypeVar("State", bound=OnChain)


def onto(state: State, chain: Chain | None) -> State | None:
    """The state with another chain."""
    after: State | None = None if chain is None else state._replace(chain=chain)
    return after


def passes(state: State) -> State:
    """Time passes; anybody settles what is due."""
    time = state.time + 1
    after: State = state._replace(time=time, chain=settle(state.chain, time))
    return after


def over(state: OnChain) -> bool:
    """Whether everything was paid out."""
    return state.chain.settled


def ends_by(last: int) -> int:
    """The step by which a dispute that starts by `last` is over: no extension leads further than the rule allows."""
    return last + 2 * WINDOW + LONGEST + 2
