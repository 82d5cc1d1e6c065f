"""Blocks follow each other, and operators follow each other with notice."""

from __future__ import annotations

import pytest
from tests.support.coins.builder import BOUNTY, CHALLENGE_BOND, EXIT_BOND, PERIOD, ROTATION, Stage

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.hashing import keccak
from layer2.testing.revert_checks.reverts import reverts

ROOT = keccak(b"root")


def test_a_block_is_kept_as_the_hash_of_its_header(stage: Stage) -> None:
    receipt = stage.act(stage.operator, "submitBlock", 1, ROOT)
    event = stage.chain.events(receipt, "BlockSubmitted")[0].args
    assert (event["number"], event["root"], event["time"]) == (1, ROOT, stage.connection.timestamp())
    assert stage.chain.call("blocks", 1) == keccak(ROOT + event["time"].to_bytes(32, "big"))
    assert stage.chain.call("head") == (stage.operator.address, 2, 0)


def test_only_the_operator_submits(stage: Stage) -> None:
    with reverts("UnauthorizedCaller", stage.chain, caller=stage.thief.address, need=stage.operator.address):
        stage.act(stage.thief, "submitBlock", 1, ROOT)


@pytest.mark.parametrize("given", [0, 1, 2, 4, 2**32 + 3, 2**256 - 1])
def test_no_block_is_left_out_or_replaced(stage: Stage, given: int) -> None:
    stage.submit()
    stage.submit()
    with reverts("UnexpectedBlockNumber", stage.chain, given=given, need=3):
        stage.act(stage.operator, "submitBlock", given, ROOT)
    stage.act(stage.operator, "submitBlock", 3, ROOT)


# ---------------------------------------------------------------------------------------------------------- rotation


def test_the_next_operator_takes_over_after_the_notice(stage: Stage) -> None:
    stage.act(stage.operator, "proposeOperator", stage.payee.address)
    since = stage.connection.timestamp()
    assert stage.chain.call("pendingOperator") == (stage.payee.address, since + ROTATION)
    stage.connection.set_next_timestamp(since + ROTATION)
    stage.act(stage.payee, "acceptOperator", gas=200_000)
    assert stage.chain.call("head")[0] == stage.payee.address
    assert stage.chain.call("pendingOperator") == (ZERO_ADDRESS, 0)
    stage.act(stage.payee, "submitBlock", 1, ROOT)
    with reverts("UnauthorizedCaller", stage.chain, caller=stage.operator.address, need=stage.payee.address):
        stage.act(stage.operator, "submitBlock", 2, ROOT)


def test_the_next_operator_does_not_take_over_before(stage: Stage) -> None:
    stage.act(stage.operator, "proposeOperator", stage.payee.address)
    due = stage.connection.timestamp() + ROTATION
    stage.connection.set_next_timestamp(due - 1)
    with reverts("TooEarly", stage.chain, now_=due - 1, **{"from": due}):
        stage.act(stage.payee, "acceptOperator", gas=200_000)
    stage.act(stage.operator, "submitBlock", 1, ROOT)


def test_nobody_else_names_or_takes_over(stage: Stage) -> None:
    with reverts("UnauthorizedCaller", stage.chain, caller=stage.thief.address, need=stage.operator.address):
        stage.act(stage.thief, "proposeOperator", stage.thief.address)
    with reverts("UnauthorizedCaller", stage.chain, caller=stage.thief.address, need=ZERO_ADDRESS):
        stage.act(stage.thief, "acceptOperator")


def test_the_operator_may_think_again(stage: Stage) -> None:
    stage.act(stage.operator, "proposeOperator", stage.thief.address)
    stage.act(stage.operator, "proposeOperator", ZERO_ADDRESS)
    stage.connection.advance(ROTATION + 1)
    with reverts("UnauthorizedCaller", stage.chain, caller=stage.thief.address, need=ZERO_ADDRESS):
        stage.act(stage.thief, "acceptOperator")


def test_naming_again_starts_the_notice_again(stage: Stage) -> None:
    stage.act(stage.operator, "proposeOperator", stage.payee.address)
    stage.connection.advance(ROTATION - 10)
    stage.act(stage.operator, "proposeOperator", stage.thief.address)
    due = stage.connection.timestamp() + ROTATION
    stage.connection.set_next_timestamp(due - 100)
    with reverts("TooEarly", stage.chain, now_=due - 100, **{"from": due}):
        stage.act(stage.thief, "acceptOperator", gas=200_000)


# -------------------------------------------------------------------------------------------------------- parameters


def test_the_parameters_can_be_read(stage: Stage) -> None:
    expected = (stage.operator.address, PERIOD, ROTATION, EXIT_BOND, CHALLENGE_BOND, BOUNTY)
    assert stage.chain.call("config") == expected
    assert stage.chain.call("domainSeparator") == stage.domain.separator


@pytest.mark.parametrize(
    "change",
    [
        {"operator": ZERO_ADDRESS},
        {"period": 1},
        {"rotation": PERIOD - 1},
        {"exit_bond": 0, "bounty": 0},
        {"challenge_bond": 0},
        {"bounty": EXIT_BOND + 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_parameters_that_contradict_each_other_are_refused(stage: Stage, change: dict[str, object]) -> None:
    good: dict[str, object] = {"operator": stage.operator.address, "period": PERIOD, "rotation": PERIOD}
    good |= {"exit_bond": EXIT_BOND, "challenge_bond": CHALLENGE_BOND, "bounty": EXIT_BOND}
    artifact = load_artifact("CoinChain")
    deploy(stage.operator, artifact, tuple(good.values()))
    with reverts("InvalidConfig", artifact):
        deploy(stage.operator, artifact, tuple((good | change).values()))
