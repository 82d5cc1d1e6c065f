"""One chain state per Hypothesis example, not per test function."""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.strategies import SearchStrategy

__all__ = ["Activity", "OnChainMachine", "Snapshottable", "isolated", "on_chain_property"]


class Snapshottable(Protocol):
    """A development chain: `layer2.ethereum.Connection`; Ape's `chain` works too (its `restore` is used)."""

    def snapshot(self) -> Any:
        """Remember the chain's state."""
        ...


ChainT = TypeVar("ChainT", bound=Snapshottable)


def _return_to(chain: Any, snapshot: Any) -> None:
    # Ape calls it restore.
    restore = getattr(chain, "restore", None) or chain.revert
    restore(snapshot)


@contextmanager
def isolated(connection: ChainT) -> Iterator[ChainT]:
    """Undo on the chain whatever the block does, also when it fails."""
    snapshot = connection.snapshot()
    try:
        yield connection
    finally:
        _return_to(connection, snapshot)


def on_chain_property(
    *, chain: str = "connection", max_examples: int | None = None, **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`hypothesis.given(**strategies)` with every example on the same untouched chain.

    `chain` names the test's argument (fixture) that holds the connection, or Ape's chain manager. There is
    no deadline: a transaction's time is the node's. Raises `TypeError` when the test has no such argument.
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
    """Counts what a campaign tried, so that a suite can prove it was not vacuous."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def accept(self, rule: str) -> None:
        """An action that the system took."""
        self.accepted[rule] += 1

    def refuse(self, rule: str) -> None:
        """An action that the system refused, as it should."""
        self.refused[rule] += 1

    def assert_not_vacuous(self, rules: list[str], *, least: int = 1, ratio: float = 0.5) -> None:
        """Each rule was accepted `least` times or more, and of all actions at least the share `ratio`."""
        idle = [rule for rule in rules if self.accepted[rule] < least]
        taken, turned_down = self.accepted.total(), self.refused.total()
        if idle:
            raise AssertionError(f"vacuous campaign: accepted fewer than {least} times: {', '.join(idle)}")
        if taken < ratio * (taken + turned_down):
            raise AssertionError(
                f"vacuous campaign: {taken} of {taken + turned_down} actions accepted, {ratio:.0%} needed"
            )


class OnChainMachine(RuleBasedStateMachine):
    """A stateful test whose every run starts from the same chain.

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
        """Return to the start; a subclass that overrides it must call it."""
        _return_to(self.connection, self._start)
