"""Money of the thief's own, older than that of the honest and registered only after its mint was paid."""

from __future__ import annotations

from tests.contracts.plasma.builder import ETHER, W, World, deposit_position, output_id, packed

PAID = 3


def test_probe(world: World) -> None:
    booty = world.deposit(world.thief, ETHER)
    deposit = world.deposit(world.payer, 9 * ETHER)
    honest = world.block(packed([deposit.position], [(world.payee, 0, 9 * ETHER)]))
    mint = world.block(packed([deposit_position(99)], [(world.thief, 0, ETHER)])).proof()
    begun = world.now
    world.exit(world.payee, honest.proof())
    world.exit(world.thief, mint)
    world.at(begun + 2 * W + 10)
    world.send(world.thief, "claim", [(mint[0], mint[2])], [])
    world.exit(world.thief, booty.proof)
    for newer in ([], [0], [1], [0, 1], [0, 1, 2, 3]):
        try:
            world.send(world.watcher, "claim", [(honest.proof()[0], honest.proof()[2])], newer)
            print("honest paid", newer)
            break
        except Exception as e:
            print(newer, e)
    world.at(begun + 3 * W + 20)
    world.send(world.thief, "claim", [(booty.position, booty.record)], [0])
    for newer in ([], [0], [1], [0, 1], [0, 1, 2, 3]):
        try:
            world.send(world.watcher, "claim", [(honest.proof()[0], honest.proof()[2])], newer)
            print("honest paid", newer)
            break
        except Exception as e:
            print(newer, e)
    print("vault", world.connection.balance(world.chain.address), world.ledger())
