"""Exit kits out of a watcher: owners who lost everything leave with them, and with nothing that is not theirs."""

from __future__ import annotations

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus
from layer2.plasma.payments.chain.exit_proof_file import load_kits
from layer2.plasma.protocol.positions import deposit_position
from layer2.primitives.errors import MalformedError


def test_an_owner_leaves_with_what_a_watcher_exports(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kits = [world.deposit(world.payer) for _ in range(2)]
    first = world.hostile.block(
        [world.pay([(world.payer, kits[0])], [(world.payee, ETHER // 4), (world.payer, ETHER // 2)])]
    )
    world.hostile.invalid_mint(
        ETHER, beside=[world.pay([(world.payer, world.kit(first, output=1))], [(world.thief, ETHER // 2)])]
    )
    watcher.step()
    path = world.folder / "mine.json"
    # What the bad block spent counts as unspent: it is not believed.
    assert watcher.export_kits(world.payer.address, path) == 2
    found = load_kits(path, world.root).outputs
    assert {kit.position for kit in found} == {kits[1].position, world.kit(first, output=1).position}
    world.exit(world.payer, kits[1])
    assert world.status(kits[1]) is ExitStatus.OPEN
    assert [kit.position for kit in watcher.kits(world.payee.address)] == [world.kit(first).position]
    assert watcher.kits(world.second.address) == ()


def test_a_payment_in_flight_leaves_with_a_watchers_kit(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    one = world.pay([(world.payer, kit)], [(world.payer, ETHER)])
    watcher.step()
    record = one.transaction.packed + one.signatures[0]
    made = watcher.payment_kit(record)
    assert made.included is None
    bits = made.bits_of(kit.output.owner, inputs=False)
    world.root.start_in_flight_exit(world.payer, made.proof, [each.proof for each in made.inputs], one.signatures, bits)
    world.later(W + 1)
    assert watcher.step().done() == ["processInFlightExit"]
    assert world.root.in_flight(made.exit_id).status is InFlightStatus.PAYS_OUTPUTS
    with pytest.raises(MalformedError):
        watcher.payment_kit(record[:-1])


def test_what_is_not_there_has_no_kit(world: World) -> None:
    watcher = world.watch()
    lie = world.hostile.withheld_mint(ETHER)
    watcher.step()
    with pytest.raises(StateUnknown):
        watcher.kit(lie.loot[0])
    with pytest.raises(StateUnknown):
        watcher.kit(deposit_position(1))
    kit = world.deposit(world.payer)
    watcher.step()
    assert watcher.kit(kit.position) == kit
