"""Under which block an in-flight exit is registered: the newest of its inputs decides, wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.support.payments.builder import (
    ETHER,
    EXIT_BOND,
    Block,
    Deposit,
    Proof,
    World,
    deposit_id,
    deposit_position,
    output_id,
    packed,
)  # fmt: skip
from tests.support.payments.in_flight import OPEN, OUT0, PAID, PAYS_OUTPUTS, Game

from layer2.ethereum.sender import Sender
from layer2.testing import reverts

NOTHING = 0


@pytest.fixture
def honest(world: World) -> Block:
    """Block 1: nine ether of the payee's and one of the thief's, made of what came in."""
    deposit = world.deposit(world.payer, 10 * ETHER)
    return world.block(packed([deposit.position], [(world.payee, 0, 9 * ETHER), (world.thief, 0, ETHER)]))


@pytest.fixture
def minted(world: World, honest: Block) -> Block:
    """Block 2: nine ether of the thief's, out of nothing, by the operator."""
    return world.block(packed([deposit_position(99)], [(world.thief, 0, 9 * ETHER)]))


def merged(world: World, owner: Sender, made: Sequence[Proof], deposit: Deposit) -> Game:
    """A payment of eleven ether, from outputs and a deposit to their owner, that no block includes."""
    inputs = [*made, deposit.proof]
    ids = [output_id(data, position & 0xFF) for position, _, data, _ in made] + [deposit_id(deposit.number)]
    data = packed([one[0] for one in inputs], [(owner, 0, sum_of(made) + ETHER)])
    return Game(world, inputs, [owner] * len(inputs), ids, data)


def sum_of(made: Sequence[Proof]) -> int:
    """What the outputs hold; each of the transactions has one input."""
    starts = [15 + 34 * (position & 0xFF) for position, _, _, _ in made]
    pairs = zip(made, starts, strict=True)
    return sum(int.from_bytes(proof[2][start + 22 : start + 34], "big") for proof, start in pairs)


def test_old_inputs_beside_a_newer_one_of_fraud_do_not_bring_it_forward(
    world: World, honest: Block, minted: Block
) -> None:
    # The newest stands between an older block's and a deposit: neither the first nor the last of them decides.
    game = merged(world, world.thief, [honest.proof(output=1), minted.proof()], world.deposit(world.thief))
    game.start(OUT0, world.thief)
    assert game.state["priority"] == 2
    assert [world.chain.call("reservedUnder", 0, number) for number in range(3)] == [0, 0, 11 * ETHER]
    world.exit(world.payee, honest.proof())
    game.ripen()
    # Twenty ether are asked for and eleven are there.
    game.claim((0,))
    assert game.state["status"] == PAYS_OUTPUTS
    for newer in ((), (0,), (0, 1), (1,)):
        with reverts("NothingToPay", world.chain):
            game.claim(newer)
    assert world.exit_of(output_id(game.data))[0] == NOTHING
    before = world.balance(world.payee)
    world.send(world.watcher, "processExits", [(honest.proof()[0], honest.transactions[0])], [1])
    assert world.balance(world.payee) - before > 9 * ETHER
    with reverts("NothingToPay", world.chain):
        game.claim((0, 1))


def test_a_payment_of_old_inputs_alone_comes_before_the_fraud(world: World, honest: Block, minted: Block) -> None:
    game = merged(world, world.payee, [honest.proof()], world.deposit(world.payee))
    game.start(OUT0, world.payee)
    assert (game.state["status"], game.state["priority"]) == (OPEN, 1)
    assert [world.chain.call("reservedUnder", 0, number) for number in range(3)] == [0, 10 * ETHER, 0]
    world.exit(world.thief, minted.proof())
    theft = (minted.proof()[0], minted.transactions[0])
    world.at(max(game.state["exitable"], world.exit_of(output_id(minted.transactions[0]))[1]))
    with reverts("NotCovered", world.chain, token=0, need=19 * ETHER, have=11 * ETHER):
        world.send(world.thief, "processExits", [theft], [0, 1])
    before = world.balance(world.payee)
    game.claim((1,))
    assert world.exit_of(output_id(game.data))[0] == PAID
    assert world.balance(world.payee) - before > 10 * ETHER
    with reverts("NotCovered", world.chain, token=0, need=9 * ETHER, have=ETHER):
        world.send(world.thief, "processExits", [theft], [0, 1])
    assert world.ledger() == (9 * ETHER, EXIT_BOND)
