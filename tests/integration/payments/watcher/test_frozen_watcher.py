"""A watcher that kept its ledger starts from it, reads no block before it, and is as one that reads all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.anvil import AnvilNode
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.payments.watcher.watcher import Watcher


def busy(world: World, watcher: Watcher) -> list[Kit]:
    """Blocks, exits and a game, each seen as it comes, with a copy after each block."""
    watcher.checkpoints.after = 1
    kits: list[Kit] = [world.deposit(one) for one in (world.payer, world.payee, world.thief)]
    first = world.hostile.block(
        [world.pay([(world.payer, kits[0])], [(world.payee, ETHER // 2), (world.payer, ETHER // 2)])]
    )
    watcher.step()
    made = world.kit(first)
    moved = world.pay([(world.payee, made)], [(world.thief, ETHER // 2)])
    world.exit(world.payee, kits[1])
    second = world.hostile.block([moved])
    watcher.step()
    world.start_game(world.payee, moved, [made], 1)
    world.exit(world.payer, world.kit(first, 0, 1))
    watcher.step()
    return [*kits, made, world.kit(second)]


def seen(watcher: Watcher) -> object:
    """What it tells; its ledger, flags and all."""
    ledger = watcher.line.ledger
    places = [number << 24 | at for number in range(1, ledger.head + 1) for at in range(4)]
    places += [1 << 63 | number << 24 for number in range(1, ledger.deposits + 1)]
    return watcher.status(), [ledger.find(place) for place in places], ledger.totals(), ledger.undoable


def test_a_start_from_the_copy_reads_no_block_and_is_as_one_that_reads_all(world: World) -> None:
    watcher = world.watch("kept")
    busy(world, watcher)
    before = seen(watcher)
    watcher.close()
    shutil.copytree(world.folder / "kept", world.folder / "plain")
    shutil.rmtree(world.folder / "plain" / "ledger")
    kept, plain = world.watch("kept"), world.watch("plain")
    assert (kept.checkpoints.number, plain.checkpoints.number) == (2, 0)
    assert kept.evidence._records == {}, "a block was read"
    assert len(plain.evidence._records) == 2
    assert kept.missing() == plain.missing() == []
    kept.step()
    plain.step()
    assert seen(kept) == seen(plain) == before


def test_bodies_that_are_lost_are_fetched_again_though_the_ledger_does_not_need_them(world: World) -> None:
    watcher = world.watch("kept")
    kits = busy(world, watcher)
    watcher.close()
    for one in (world.folder / "kept").glob("watcher.bodies*"):
        one.unlink()
    again = world.watch("kept")
    assert again.status().verified == 2
    assert again.missing() == [1, 2]
    again.step()
    assert again.missing() == []
    assert again.kit(kits[-1].position).output == kits[-1].output


def test_blocks_behind_the_copy_are_judged_on_top_of_it(world: World) -> None:
    watcher = world.watch("kept")
    kits = busy(world, watcher)
    watcher.close()
    world.hostile.block([world.pay([(world.thief, kits[2])], [(world.payee, ETHER)])])
    lie = world.hostile.block([world.pay([(world.payer, kits[0])], [(world.payer, ETHER)])])
    again = world.watch("kept")
    again.step()
    assert again.status().verified == 3
    assert again.status().invalid == lie.number, "what a block of the copy has spent is spent"


@pytest.mark.parametrize("harm", ["torn", "damaged", "of other blocks"])
def test_a_copy_that_is_not_right_is_put_away_and_said(world: World, harm: str) -> None:
    watcher = world.watch("kept")
    busy(world, watcher)
    before = seen(watcher)
    other = watcher.line.books.freeze(bytes(32)).encode(f"{world.root.address} on chain {world.connection.chain_id}")
    watcher.close()
    path = world.folder / "kept" / "ledger" / "ledger"
    data = path.read_bytes()
    changed = {"torn": data[:-9], "damaged": data[:-9] + bytes(9), "of other blocks": other}
    path.write_bytes(changed[harm])
    again = world.watch("kept")
    assert ("other blocks" if harm.startswith("of") else "truncated") in again.checkpoints.fault
    assert not path.exists()
    again.step()
    assert seen(again) == before


# ------------------------------------------------------------------------------------------------ reorganisations


@pytest.fixture
def node() -> Iterator[AnvilNode]:
    # One for each test: anvil forgets old states when it has both gone back to snapshots and reorganised.
    with AnvilNode() as one:
        yield one


@pytest.mark.anvil
@pytest.mark.parametrize("live", [True, False], ids=["seen", "missed"])
@pytest.mark.parametrize("depth", [1, 5, 12])
def test_a_copy_of_blocks_that_were_taken_back_is_not_used(
    node: AnvilNode, tmp_path: Path, depth: int, live: bool
) -> None:
    """Whether the watcher sees it happen, or starts after it."""
    world = World(node.connection, tmp_path)
    watcher = world.watch("kept")
    watcher.checkpoints.after = 1
    kits = [world.deposit(one) for one in (world.payer, world.payee)]
    world.hostile.block([world.pay([(world.payer, kits[0])], [(world.thief, ETHER)])])
    node.connection.mine(12)
    watcher.step()
    gone = world.hostile.block([world.pay([(world.payee, kits[1])], [(world.thief, ETHER)])])
    watcher.step()
    assert watcher.checkpoints.number == gone.number
    if not live:
        watcher.close()
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert world.root.head()[1] == gone.number
    world.hostile.block([world.pay([(world.payee, kits[1])], [(world.payer, ETHER)])])
    if not live:
        watcher = world.watch("kept")
    for _ in range(2):
        watcher.step()
    assert watcher.status().verified == gone.number
    assert [str(one.owner) for one in (kit.output for kit in watcher.kits(world.payer.address))] != []
    assert watcher.kits(world.thief.address)[0].position >> 24 == gone.number - 1
    totals = watcher.line.ledger.totals()
    watcher.close()
    again = world.watch("kept")
    assert again.status().verified == gone.number
    assert again.line.ledger.totals() == totals == {0: 2 * ETHER}
    world.close()


@pytest.mark.anvil
def test_a_copy_goes_with_what_a_reorganisation_beyond_memory_takes_back(node: AnvilNode, tmp_path: Path) -> None:
    world = World(node.connection, tmp_path)
    watcher = world.watch("kept", memory=4)
    watcher.checkpoints.after = 1
    kit = world.deposit(world.payer)
    node.connection.mine(12)
    world.hostile.block([world.pay([(world.payer, kit)], [(world.payee, ETHER)])])
    node.connection.mine(6)
    watcher.step()
    assert watcher.checkpoints.number == 1
    node.reorg(9)
    assert AlertKind.CHAIN_REWRITTEN in watcher.step().kinds()
    assert not (world.folder / "kept" / "ledger" / "ledger").exists()
    assert watcher.status().verified == 0
    world.close()


def test_what_cannot_be_taken_back_any_more_is_forgotten(world: World) -> None:
    """The ledger of a watcher grows with what is there, and not with what ever was."""
    watcher = world.watch("kept", memory=4)
    kit = world.deposit(world.payer)
    for _ in range(3):
        made = world.hostile.block([world.pay([(world.payer, kit)], [(world.payer, ETHER)])])
        kit = world.kit(made)
    watcher.step()
    assert watcher.line.ledger.undoable == 3
    world.connection.mine(12)
    world.later(W)
    watcher.step()
    assert watcher.line.ledger.undoable == 0
    assert sorted(watcher.line.ledger._segments) == [3], "blocks of which nothing is left"
    assert [one.position for one in watcher.kits(world.payer.address)] == [kit.position]
