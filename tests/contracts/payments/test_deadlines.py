"""Every wait of every game, a second before its end, at it, and after it."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    DATA_BOND,
    DATA_DELAY,
    ETHER,
    ROTATION_DELAY,
    W,
    World,
    deposit_id,
    output_id,
    packed,
)
from tests.support.payments.in_flight import OUT1, Game

from layer2.testing import reverts

FROM = "from"
CHALLENGED = 2


def test_a_fresh_output_waits_for_2w_from_its_block_and_an_old_one_for_w(world: World) -> None:
    source = world.deposit(world.payer, 4 * ETHER)
    rows = [(world.payee, 0, ETHER)] * 4
    block = world.block(packed([source.position], rows))
    made = block.word >> 32
    proofs = [block.proof(output=at) for at in range(4)]
    # At the block, exactly W after it, and seconds later: that is where the waits cross.
    starts = (made + 1, made + W, made + W + 1, made + W + 5)
    dues = (made + 2 * W, made + 2 * W, made + 2 * W + 1, made + 2 * W + 5)
    for proof, started, due in zip(proofs, starts, dues, strict=True):
        world.at(started)
        world.exit(world.payee, proof)
        assert world.exit_of(output_id(proof[2], proof[0] & 255)).time == due
    for at in (0, 3):
        items = [(proofs[at][0], proofs[at][2])]
        world.at(dues[at] - 1)
        with reverts("TooEarly", world.chain, now_=dues[at] - 1, **{FROM: dues[at]}):
            world.send(world.watcher, "processExits", items, [])
        world.at(dues[at])
        world.send(world.watcher, "processExits", items, [])


def test_a_challenge_comes_in_time_until_the_claim_even_after_its_due(world: World) -> None:
    mine = world.deposit(world.payer)
    world.exit(world.payer, mine.proof)
    spender = packed([mine.position], [(world.payee, 0, ETHER)])
    world.at(world.now + W)
    shown = (mine.position, 0, mine.record, [])
    world.send(world.watcher, "challengeExit", shown, world.spend(spender, world.payer))
    with reverts("UnexpectedExitStatus", world.chain, id=deposit_id(mine.number), status=CHALLENGED):
        world.send(world.watcher, "processExits", [(mine.position, mine.record)], [])


@pytest.mark.parametrize("late", [-1, 0])
def test_the_first_half_ends_at_w_over_2_for_joining_and_contesting(world: World, game: Game, late: int) -> None:
    game.start(OUT1)
    half = game.state["started"] + W // 2
    rival = packed([game.inputs[0][0]], [(world.thief, 0, ETHER)])
    moves = {"join": lambda: game.join(world.payee, 4), "contest": lambda: game.contest(rival, world.payer)}
    for move in moves.values():
        before = world.connection.snapshot()
        world.at(half + late)
        if late < 0:
            move()
        else:
            with reverts("TooLate", world.chain, now_=half, until=half):
                move()
        world.connection.revert(before)


@pytest.mark.parametrize("late", [-1, 0])
def test_an_answer_ends_where_the_claim_begins(world: World, game: Game, late: int) -> None:
    """No second belongs to both, and none to neither."""
    included = world.block(game.data)
    game.start(OUT1)
    game.contest(packed([game.inputs[0][0]], [(world.thief, 0, ETHER)]), world.payer)
    end = game.state["exitable"]
    world.at(end + late)
    if late < 0:
        with reverts("TooEarly", world.chain, now_=end - 1, **{FROM: end}):
            game.claim()
        world.at(end - 1)
        game.answer(included.proof())
    else:
        with reverts("TooLate", world.chain, now_=end, until=end):
            game.answer(included.proof())
        world.at(end)
        game.claim()


def test_abandoning_begins_where_joining_ends(world: World, game: Game) -> None:
    game.start()
    half = game.state["started"] + W // 2
    world.at(half - 1)
    with reverts("TooEarly", world.chain, now_=half - 1, **{FROM: half}):
        game.abandon()
    world.at(half)
    game.abandon()


def test_an_in_flight_exit_of_a_fresh_input_waits_for_2w_from_its_block(world: World) -> None:
    source = world.deposit(world.payer)
    block = world.block(packed([source.position], [(world.payer, 0, ETHER)]))
    made, data = block.word >> 32, packed([block.proof()[0]], [(world.payee, 0, ETHER)])
    for started, due in ((made + W, made + 2 * W), (made + W + 1, made + 2 * W + 1)):
        before = world.connection.snapshot()
        game = Game(world, [block.proof()], [world.payer], [output_id(block.proof()[2])], data)
        world.at(started)
        game.start()
        assert game.state["exitable"] == due
        world.connection.revert(before)


def test_the_operator_and_the_data_have_their_seconds(world: World) -> None:
    source = world.deposit(world.payer)
    block = world.block(packed([source.position], [(world.payer, 0, ETHER)]))
    asked = world.now + 10
    world.at(asked)
    world.send(world.payee, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
    world.at(asked + DATA_DELAY - 1)
    with reverts("TooEarly", world.chain, now_=asked + DATA_DELAY - 1, **{FROM: asked + DATA_DELAY}):
        world.send(world.payee, "freeze", 1, 0)
    world.at(asked + DATA_DELAY)
    world.send(world.payee, "freeze", 1, 0)
    named = world.now + 10
    world.at(named)
    world.send(world.operator, "proposeOperator", world.successor.address)
    world.at(named + ROTATION_DELAY - 1)
    with reverts("TooEarly", world.chain, now_=named + ROTATION_DELAY - 1, **{FROM: named + ROTATION_DELAY}):
        world.send(world.successor, "acceptOperator")
    world.at(named + ROTATION_DELAY)
    world.send(world.successor, "acceptOperator")
