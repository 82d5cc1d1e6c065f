"""The same cases through Ape, whose own `reverts` passes most of the wrong ones; on both its providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from layer2.testing import reverts

pytestmark = [pytest.mark.anvil, pytest.mark.network]

CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "custom error": ("custom", (1, 2)),
    "other custom error": ("otherCustom", ()),
    "string": ("text", ("no money",)),
    # reads like the empty revert in eth-tester's messages
    "misleading string": ("text", ("b''",)),
    "panic": ("panic", (0,)),
    "empty": ("empty", ()),
}
WAYS = ["transaction", "call", "nested", "nested call"]


@pytest.fixture
def kinds(project: Any, accounts: Any) -> Any:
    return accounts[0].deploy(project.RevertKinds)


@pytest.fixture
def inner(project: Any, accounts: Any) -> Any:
    return accounts[0].deploy(project.RevertKinds)


@pytest.fixture
def act(kinds: Any, inner: Any, accounts: Any) -> Callable[[str, str, tuple[Any, ...]], None]:
    def run(way: str, function: str, args: tuple[Any, ...]) -> None:
        if way == "transaction":
            getattr(kinds, function)(*args, sender=accounts[0])
        elif way == "call":
            getattr(kinds, function).call(*args)
        elif way == "nested call":
            kinds.nested.call(inner, getattr(inner, function).encode_input(*args))
        else:
            kinds.nested(inner, getattr(inner, function).encode_input(*args), sender=accounts[0])

    return run


def expectations(kinds: Any, project: Any) -> dict[str, list[reverts]]:
    """Every accepted way to write the expectation of each kind."""
    container = project.RevertKinds
    return {
        "custom error": [
            reverts("Closed", kinds, have=1, need=2),
            reverts("Closed", container, have=1, need=2),
            reverts(kinds.Closed, have=1, need=2),
            reverts(container.Closed, have=1, need=2),
        ],
        "other custom error": [reverts("Paused", kinds), reverts(kinds.Paused), reverts(container.Paused)],
        "string": [reverts("Error", message="no money")],
        "misleading string": [reverts("Error", message="b''")],
        "panic": [reverts("Panic", code=0x12)],
        "empty": [reverts()],
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", list(CALLS))
def test_only_the_right_expectation_passes(act: Any, kinds: Any, project: Any, way: str, kind: str) -> None:
    for expected, forms in expectations(kinds, project).items():
        for form in forms if expected == kind else forms[:1]:
            if expected == kind:
                with form:
                    act(way, *CALLS[kind])
            else:
                with pytest.raises(AssertionError, match="but the revert was"), form:
                    act(way, *CALLS[kind])


@pytest.mark.parametrize("way", WAYS)
def test_no_revert_fails_every_expectation(act: Any, kinds: Any, project: Any, way: str) -> None:
    for forms in expectations(kinds, project).values():
        with pytest.raises(AssertionError, match="nothing reverted"), forms[0]:
            act(way, "fine", ())


def test_misspelt_names_and_wrong_values_fail(act: Any, kinds: Any) -> None:
    with pytest.raises(TypeError, match="unknown: ned"):
        reverts(kinds.Closed, have=1, ned=2)
    with (
        pytest.raises(AssertionError, match=r"was Closed\(have=1, need=2\)"),
        reverts(kinds.Closed, have=1, need=3),
    ):
        act("transaction", *CALLS["custom error"])
