"""A node that says things twice, in disorder, or not at all: neither taken for a fraud, nor let hide one for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, World

from layer2.ethereum.records import Log
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.operator.operator import Operator
from layer2.primitives.hashing import keccak

Logs = list[Log]


def tampered(world: World, patch: pytest.MonkeyPatch, change: Callable[[Logs], Logs]) -> None:
    """From now on the node answers like this, asked for a range or for one block by its hash."""
    right, of_block = world.connection.logs, world.connection.block_logs
    patch.setattr(world.connection, "logs", lambda *args: change(right(*args)))
    patch.setattr(world.connection, "block_logs", lambda *args: change(of_block(*args)))


def history(world: World) -> None:
    """Blocks, payments, and a wrong exit."""
    kit = world.deposit(world.thief)
    world.deposit(world.payer)
    world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
    world.hostile.block([world.pay([(world.payee, world.kit(world.hostile.lies[1]))], [(world.payer, ETHER)])])
    world.exit(world.thief, kit)


@pytest.mark.parametrize(
    "change",
    [lambda logs: [*logs, *logs], lambda logs: [one for log in logs for one in (log, log)], lambda logs: logs[::-1]],
    ids=["all again", "each twice", "backwards"],
)
def test_events_said_twice_or_in_disorder_count_once_and_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[Logs], Logs]
) -> None:
    history(world)
    tampered(world, monkeypatch, change)
    watcher = world.watch(sender=world.watcher)
    report = watcher.step()
    assert report.kinds() == {AlertKind.EXIT_SPENT}
    assert report.done() == ["challengeExit"]
    assert (watcher.status().verified, watcher.status().healthy) == (2, True)
    assert watcher.line.ledger.totals() == {0: 2 * ETHER}
    assert watcher.step().findings == []


def test_an_answer_that_reaches_beyond_the_question_counts_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node gives all logs of the contract, whatever range it is asked for."""
    watcher = world.watch(sender=world.watcher)
    history(world)
    watcher.step()
    kit = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
    world.exit(world.thief, kit)
    backend = world.connection.backend
    monkeypatch.setattr(
        world.connection,
        "logs",
        lambda start, stop, addresses, topics=None: backend.logs(0, stop, list(addresses), topics),
    )
    assert watcher.step().kinds() == {AlertKind.EXIT_SPENT}
    assert watcher.status().verified == 3
    assert watcher.line.ledger.totals() == {0: 3 * ETHER}


@pytest.mark.parametrize("name", ["Deposited", "BlockSubmitted"])
def test_a_gap_is_said_and_ends_with_the_nodes_fault(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What is numbered cannot be left out unseen, and nothing behind the gap is believed."""
    history(world)
    contract = world.root.contract
    left: list[Log] = []

    def without_first(logs: Logs) -> Logs:
        found = [log for log in logs if (event := contract.decode_log(log)) is not None and event.name == name]
        left.extend(found[:1])
        return [log for log in logs if log not in left]

    watcher = world.watch("gap", sender=world.watcher)
    with monkeypatch.context() as patch:
        tampered(world, patch, without_first)
        assert AlertKind.EVENT_ODD in watcher.step().kinds()
        assert left
        assert (watcher.status().verified, watcher.believed(1 << 24)) == (0, False)
    # Started again, it remembers what it was told, and asks once more.
    watcher.close()
    again = world.watch("gap", sender=world.watcher)
    assert AlertKind.CHAIN_REWRITTEN in again.step().kinds() | again.step().kinds()
    again.step()
    assert again.status().verified == 2
    assert world.root.exit(keccak(b"\x03" + (1).to_bytes(8, "big"))).status is ExitStatus.CHALLENGED


def test_a_node_that_goes_on_leaving_out_is_not_asked_for_everything_at_every_step(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(world)
    contract = world.root.contract
    asked: list[int] = []

    def without_first(logs: Logs) -> Logs:
        asked.append(len(logs))
        events = [contract.decode_log(log) for log in logs]
        return [
            log
            for log, event in zip(logs, events, strict=True)
            if event is None or event.name != "BlockSubmitted" or event.args["number"] != 1
        ]

    tampered(world, monkeypatch, without_first)
    watcher = world.watch()
    for _ in range(5):
        watcher.step()
    assert asked.count(max(asked)) == 2


def test_an_operator_counts_what_is_said_twice_once(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kit = world.deposit(world.payer)
    tampered(world, monkeypatch, lambda logs: [*logs, *logs])
    operator = Operator(ChainLog(world.root, world.operator), tmp_path / "one", margin=0)
    operator.submit(world.pay([(world.payer, kit)], [(world.payee, ETHER)]))
    operator.step()
    assert operator.ledger.totals() == {0: ETHER}
    assert world.root.head()[1] == 2
    assert operator.step() is None
    operator.close()
