"""The 18 cases `ape.reverts` gets wrong: transaction, call, nested; five kinds of revert, and none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest

from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.testing import reverts

# kind of revert: the call that causes it, and the one expectation that fits
KINDS: dict[str, tuple[tuple[Any, ...], Callable[[], reverts]]] = {
    "custom error": (("custom", 1, 2), lambda: reverts("Closed", have=1, need=2)),
    "other custom error": (("otherCustom",), lambda: reverts("Paused")),
    "string": (("text", "no money"), lambda: reverts("Error", message="no money")),
    "panic": (("panic", 0), lambda: reverts("Panic", code=0x12)),
    "empty": (("empty",), lambda: reverts()),
    "none": (("fine",), lambda: pytest.fail("nothing fits a call that does not revert")),
}
REVERTING = [kind for kind in KINDS if kind != "none"]
WAYS = ["transaction", "call", "nested"]


class Act:
    def __init__(self, deployer: Sender, kinds: Contract, inner: Contract) -> None:
        self._deployer, self._kinds, self._inner = deployer, kinds, inner

    def __call__(self, way: str, call: tuple[Any, ...]) -> None:
        if way == "transaction":
            self._kinds.transact(self._deployer, *call, gas=300_000)
        elif way == "call":
            self._kinds.call(*call)
        else:
            data = self._inner.encode(*call)
            self._kinds.transact(self._deployer, "nested", self._inner.address, data, gas=300_000)


@pytest.fixture
def act(connection: object, deployer: Sender, kinds: Contract, inner: Contract) -> Act:
    return Act(deployer, kinds, inner)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", REVERTING)
def test_the_right_expectation_passes_and_every_other_one_fails(act: Act, way: str, kind: str) -> None:
    call, _ = KINDS[kind]
    for expected in REVERTING:
        if expected == kind:
            with KINDS[expected][1]():
                act(way, call)
        else:
            with pytest.raises(AssertionError, match="but the revert was"), KINDS[expected][1]():
                act(way, call)


@pytest.mark.parametrize("way", WAYS)
def test_no_revert_fails_every_expectation(act: Act, way: str) -> None:
    for expected in REVERTING:
        with pytest.raises(AssertionError, match="nothing reverted"), KINDS[expected][1]():
            act(way, KINDS["none"][0])


def test_a_wrong_argument_value_fails_and_shows_what_came(act: Act) -> None:
    with (
        pytest.raises(AssertionError, match=r"expected Closed\(have=1, need=3\).*was Closed\(have=1, need=2\)"),
        reverts("Closed", have=1, need=3),
    ):
        act("transaction", ("custom", 1, 2))


def test_a_bool_is_not_an_integer_and_any_is_anything(act: Act) -> None:
    with reverts("Closed", have=ANY, need=2):
        act("call", ("custom", 1, 2))
    with pytest.raises(AssertionError, match="but the revert was"), reverts("Closed", have=True, need=2):
        act("call", ("custom", 1, 2))


def test_the_revert_can_be_inspected_afterwards(act: Act) -> None:
    with reverts("Closed", have=1, need=2) as caught:
        act("call", ("custom", 1, 2))
    assert (caught.name, caught.args, len(caught.data)) == ("Closed", {"have": 1, "need": 2}, 68)


def test_an_address_argument_is_accepted_in_any_form(deployer: Sender, kinds: Contract, inner: Contract) -> None:
    data = inner.encode("empty")
    for form in (inner.address, inner.address.lower(), inner):
        with reverts("NestedFailure", kinds, inner=form):
            kinds.call("wrapped", inner.address, data)
    with pytest.raises(AssertionError), reverts("NestedFailure", kinds, inner=kinds.address):
        kinds.call("wrapped", inner.address, data)


def test_a_selector_matches_alone_and_another_one_does_not(act: Act) -> None:
    with reverts(bytes.fromhex("bb1c869d")):
        act("call", ("custom", 1, 2))
    with pytest.raises(AssertionError), reverts(bytes.fromhex("bb1c869e")):
        act("call", ("custom", 1, 2))


def test_a_signature_needs_no_abi_and_its_types_count(act: Act) -> None:
    with reverts("Closed(uint256 have, uint256 need)", have=1, need=2):
        act("call", ("custom", 1, 2))
    with reverts("Closed(uint256,uint256)", **{"0": 1, "1": 2}):
        act("call", ("custom", 1, 2))
    with pytest.raises(AssertionError), reverts("Closed(uint256 have,uint128 need)", have=1, need=2):
        act("call", ("custom", 1, 2))


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({"have": 1, "ned": 2}, "unknown: ned missing: need"),
        ({"have": 1}, "missing: need"),
        ({"have": 1, "need": 2, "extra": 3}, "unknown: extra"),
        ({}, "missing: have, need"),
    ],
)
def test_argument_names_must_be_exactly_the_abi_names(kinds: Contract, args: dict[str, int], complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        reverts("Closed", kinds, **args)


def test_wrong_use_is_refused_before_the_block_runs(kinds: Contract) -> None:
    with pytest.raises(AssertionError, match="no error 'Closd'"):
        reverts("Closd", kinds)
    with pytest.raises(AssertionError, match="no error 'Closd'"):
        reverts("Closd")
    with pytest.raises(TypeError, match="4 bytes"):
        reverts(b"\x01\x02")
    with pytest.raises(TypeError, match="not its selector"):
        reverts(bytes(4), have=1)
    with pytest.raises(TypeError, match="not an error"):
        reverts(ValueError)
    with pytest.raises(TypeError, match="has no ABI"):
        reverts("Closed", object(), have=1, need=2)


def test_an_exception_that_is_no_revert_passes_through() -> None:
    with pytest.raises(KeyError), reverts():
        raise KeyError("a bug in the test")


def test_a_bug_raised_while_handling_a_revert_is_not_that_revert(kinds: Contract) -> None:
    with pytest.raises(KeyError), reverts("Paused", kinds):
        try:
            kinds.call("otherCustom")
        except Exception:
            raise KeyError("another bug")  # noqa: B904


def test_a_typed_error_made_from_the_revert_counts_as_the_revert(kinds: Contract) -> None:
    with reverts("Paused", kinds):
        try:
            kinds.call("otherCustom")
        except Exception as failure:
            raise ValueError("the hub is paused") from failure
