"""What a watcher keeps: stopped at any time it is as it was; what is damaged or lost it gets again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, World

from layer2.plasma.common.errors import JournalMismatch
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.store.errors import JournalLocked


def busy(world: World) -> None:
    kits = [world.deposit(one) for one in (world.payer, world.payee, world.thief)]
    first = world.hostile.block(
        [world.pay([(world.payer, kits[0])], [(world.payee, ETHER // 2), (world.payer, ETHER // 2)])]
    )
    world.hostile.block([world.pay([(world.payee, world.kit(first))], [(world.thief, ETHER // 2)])])
    world.exit(world.payee, kits[1])
    world.exit(world.payee, world.kit(first))


def test_a_watcher_started_again_knows_the_same_without_asking_anybody(world: World) -> None:
    busy(world)
    first = world.watch("kept")
    first.step()
    before, totals = first.status(), first.line.ledger.totals()
    first.close()
    world.hostile.withheld |= set(world.hostile.lies)
    again = world.watch("kept")
    assert again.line.ledger.totals() == totals
    assert again.status().verified == before.verified == 2
    report = again.step()
    assert again.missing() == []
    assert again.status() == before
    assert report.kinds() == {AlertKind.EXIT_SPENT}


def test_a_watcher_that_keeps_nothing_comes_to_the_same_verdict(world: World) -> None:
    busy(world)
    kept, fresh = world.watch("kept"), world.watch(None)
    kept.step()
    world.hostile.invalid_mint(ETHER)
    kept.step()
    fresh.step()
    assert fresh.status() == kept.status()


def test_bodies_that_are_lost_are_fetched_again(world: World) -> None:
    busy(world)
    watcher = world.watch("kept")
    watcher.step()
    totals = watcher.line.ledger.totals()
    watcher.close()
    for one in (world.folder / "kept").glob("watcher.bodies*"):
        one.unlink()
    again = world.watch("kept")
    assert again.status().verified == 0
    again.step()
    assert again.status().verified == 2
    assert again.line.ledger.totals() == totals


def test_a_body_that_is_damaged_is_not_believed_and_fetched_again(world: World) -> None:
    busy(world)
    watcher = world.watch("kept")
    watcher.step()
    watcher.close()
    with sqlite3.connect(world.folder / "kept" / "watcher.bodies") as base:
        base.execute("UPDATE bodies SET body = zeroblob(length(body))")
    base.close()
    again = world.watch("kept")
    assert again.status().verified == 0
    assert AlertKind.BLOCK_INVALID not in again.step().kinds()
    assert again.status().verified == 2


def test_a_journal_of_another_contract_is_refused(world: World) -> None:
    world.watch("kept").close()
    other = RootChain.deploy(world.deployer, world.operator.address)
    with pytest.raises(JournalMismatch):
        Watcher(other, world.hostile, world.folder / "kept", start_block=world.start)
    # Refused cleanly: its owner still opens it.
    world.watch("kept").close()


def test_two_watchers_do_not_share_a_folder(world: World) -> None:
    one = world.watch("kept")
    with pytest.raises(JournalLocked):
        world.watch("kept")
    one.close()
    world.watch("kept")


def test_a_payment_that_was_learned_is_known_after_a_stop(world: World, tmp_path: Path) -> None:
    kit = world.deposit(world.thief)
    payment = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    watcher = world.watch("kept", sender=world.watcher)
    assert watcher.learn(payment.transaction.packed + payment.signatures[0])
    watcher.close()
    world.exit(world.thief, kit)
    assert world.watch("kept", sender=world.watcher).step().done() == ["challengeExit"]
