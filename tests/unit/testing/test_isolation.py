from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.testing.isolation import Activity, OnChainMachine, isolated, on_chain_property

SEEN: list[int] = []


def test_isolated_undoes_the_block_also_when_it_fails(
    connection: Connection, deployer: Sender, kinds: Contract
) -> None:
    with isolated(connection):
        kinds.transact(deployer, "fine")
        assert kinds.call("touched") == 1
    assert kinds.call("touched") == 0
    with pytest.raises(KeyError), isolated(connection):
        kinds.transact(deployer, "fine")
        raise KeyError
    assert kinds.call("touched") == 0


@on_chain_property(max_examples=5, times=st.integers(1, 3))
def test_every_example_starts_from_the_same_chain(
    connection: Connection, deployer: Sender, kinds: Contract, times: int
) -> None:
    SEEN.append(kinds.call("touched"))
    for _ in range(times):
        kinds.transact(deployer, "fine")


def test_the_examples_before_saw_no_trace_of_each_other() -> None:
    assert len(SEEN) > 1
    assert set(SEEN) == {0}


def test_a_property_without_the_chain_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="needs the argument 'connection'"):

        @on_chain_property(times=st.integers())
        def lonely(times: int) -> None: ...


class Counting(OnChainMachine):
    deployer: ClassVar[Sender]
    kinds: ClassVar[Contract]

    def __init__(self) -> None:
        super().__init__()
        self.expected = 0

    @rule()
    def touch(self) -> None:
        self.kinds.transact(self.deployer, "fine")
        self.expected += 1
        self.activity.accept("touch")

    @invariant()
    def the_counter_started_at_zero(self) -> None:
        assert self.kinds.call("touched") == self.expected


def test_a_stateful_run_starts_and_leaves_the_chain_untouched(
    connection: Connection, deployer: Sender, kinds: Contract
) -> None:
    Counting.connection, Counting.deployer, Counting.kinds = connection, deployer, kinds
    run_state_machine_as_test(Counting, settings=settings(max_examples=3, stateful_step_count=4, deadline=None))
    assert kinds.call("touched") == 0
    Counting.activity.assert_not_vacuous(["touch"])


def test_a_machine_without_a_chain_is_refused() -> None:
    class Forgetful(OnChainMachine):
        @rule()
        def nothing(self) -> None: ...

    with pytest.raises(TypeError, match="class attribute `connection`"):
        Forgetful()


def test_a_vacuous_campaign_is_found_and_a_busy_one_is_not() -> None:
    activity = Activity()
    activity.accept("pay")
    activity.assert_not_vacuous(["pay"])
    with pytest.raises(AssertionError, match="fewer than 1 times: close"):
        activity.assert_not_vacuous(["pay", "close"])
    activity.refuse("pay")
    activity.refuse("pay")
    with pytest.raises(AssertionError, match="1 of 3 actions accepted, 50% needed"):
        activity.assert_not_vacuous(["pay"])
