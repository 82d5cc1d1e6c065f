"""Isolation of chain state per Hypothesis example instead of per test function."""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol, TypeVar

from layer2.primitives.extras import needs

with needs("testing"):
    from hypothesis import HealthCheck, given, settings
    from hypothesis.stateful import RuleBasedStateMachine
    from hypothesis.strategies import SearchStrategy


__all__ = ["Activity", "OnChainMachine", "Snapshottable", "isolated", "on_chain_property"]


class Snapshottable(Protocol):
    """A development chain with snapshots: `layer2.ethereum.Connection`, or Ape's `chain`, whose `restore` is used."""

    def snapshot(self) -> Any:
        """Return a snapshot of the chain's state."""
        ...


ChainT = TypeVar("ChainT", bound=Snapshottable)


def _return_to(chain: Any, snapshot: Any) -> None:
    # Ape calls this method restore.
    restore = getattr(chain, "restore", None) or chain.revert
    restore(snapshot)


@contextmanager
def isolated(connection: ChainT) -> Iterator[ChainT]:
    """Revert the chain to its state before the block, even if the block fails."""
    snapshot = connection.snapshot()
    try:
        yield connection
    finally:
        _return_to(connection, snapshot)


def on_chain_property(
    *, chain: str = "connection", max_examples: int | None = None, **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Apply `hypothesis.given(**strategies)` with every example on the same initial chain state.

    `chain` names the test's argument (fixture) with the connection, or Ape's chain manager. Examples have no deadline,
    because the duration of a transaction depends on the node.

    Raises:
        TypeError: The test has no such argument.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        if chain not in inspect.signature(test).parameters:
            raise TypeError(f"{test.__name__}: on_chain_property needs the argument {chain!r}, or chain=<its name>")

        @functools.wraps(test)
        def example(*args: Any, **kwargs: Any) -> None:
            with isolated(kwargs[chain]):
                test(*args, **kwargs)

        allowed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
        limits: dict[str, Any] = {"deadline": None, "suppress_health_check": allowed}
        if max_examples is not None:
            limits["max_examples"] = max_examples
        property_test: Callable[..., None] = settings(**limits)(given(**strategies)(example))
        return property_test

    return decorate


class Activity:
    """Counters of the actions in a campaign, by which a suite proves that it was not vacuous."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def accept(self, rule: str) -> None:
        """Count an action that the system accepted."""
        self.accepted[rule] += 1

    def refuse(self, rule: str) -> None:
        """Count an action that the system rejected as expected."""
        self.refused[rule] += 1

    def assert_not_vacuous(self, rules: list[str], *, least: int = 1, ratio: float = 0.5) -> None:
        """Verify that each rule was accepted at least `least` times, and of all actions at least the share `ratio`."""
        idle = [rule for rule in rules if self.accepted[rule] < least]
        taken, turned_down = self.accepted.total(), self.refused.total()
        if idle:
            raise AssertionError(f"vacuous campaign: accepted fewer than {least} times: {', '.join(idle)}")
        if taken < ratio * (taken + turned_down):
            raise AssertionError(
                f"vacuous campaign: {taken} of {taken + turned_down} actions accepted, {ratio:.0%} needed"
            )


class OnChainMachine(RuleBasedStateMachine):
    """A stateful test whose runs all start from the same chain state.

    Subclasses set `connection` before the run (class attribute); all runs of the class share `activity`.
    """

    connection: ClassVar[Any] = None
    activity: ClassVar[Activity]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.activity = Activity()

    def __init__(self) -> None:
        if self.connection is None:
            raise TypeError(f"{type(self).__name__}: set the class attribute `connection` before the run")
        self._start = self.connection.snapshot()
        super().__init__()

    def teardown(self) -> None:
        """Revert the chain to the start; an override must call this method."""
        _return_to(self.connection, self._start)
