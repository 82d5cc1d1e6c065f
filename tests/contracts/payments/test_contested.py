"""Outputs of a contested in-flight exit leave the ledger until it is answered: not twice, and only what has joined."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    ETHER,
    IN_FLIGHT_BOND,
    PIGGYBACK_BOND,
    Deposit,
    Proof,
    W,
    World,
    deposit_id,
    deposit_position,
    output_id,
    packed,
)
from tests.support.payments.in_flight import IN0, OUT0, OUT1, PAID, PAYS_INPUTS, PAYS_OUTPUTS, Game

from layer2.testing import deploy_mock, reverts

BONDS = IN_FLIGHT_BOND + 2 * PIGGYBACK_BOND


@pytest.fixture
def rival(world: World, game: Game) -> bytes:
    return packed([game.inputs[0][0]], [(world.thief, 0, ETHER)])


def test_outputs_are_not_registered_while_a_competitor_stands(world: World, game: Game, rival: bytes) -> None:
    included = world.block(game.data)
    game.start(OUT1)
    assert world.ledger() == (ETHER, IN_FLIGHT_BOND + PIGGYBACK_BOND)
    game.contest(rival, world.payer)
    assert world.ledger()[0] == world.chain.call("reservedUnder", 0, 0) == 0
    game.join(world.payee, 4)
    assert world.ledger() == (0, BONDS)
    game.answer(included.proof())
    assert world.ledger() == (2 * ETHER, BONDS)
    assert world.chain.call("reservedUnder", 0, 0) == 2 * ETHER
    game.ripen()
    game.claim()
    assert game.state["status"] == PAYS_OUTPUTS
    assert [world.exit_of(output_id(game.data, k))[0] for k in (0, 1)] == [PAID, PAID]
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 0)


def test_inputs_stay_registered(world: World, game: Game, rival: bytes) -> None:
    game.start(IN0 | OUT1)
    game.join(world.successor, 1)
    game.contest(rival, world.payer)
    assert world.ledger()[0] == 2 * ETHER
    game.stop_input(0, rival, world.payer)
    assert world.ledger()[0] == ETHER
    game.ripen()
    game.claim()
    assert game.state["status"] == PAYS_INPUTS
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), ETHER)


def test_an_older_competitor_takes_nothing_off_again(world: World, game: Game, rival: bytes) -> None:
    shown = world.block(rival)
    mine = world.deposit(world.payee)
    world.exit(world.payee, mine.proof)
    game.start(OUT1)
    assert world.ledger()[0] == 2 * ETHER
    game.contest(rival, world.payer)
    game.contest(rival, world.payer, proof=shown.proof())
    assert world.ledger()[0] == ETHER
    with reverts("NotOlder", world.chain, place=shown.number << 16, known=shown.number << 16):
        game.contest(rival, world.payer, proof=shown.proof())


def test_an_answer_to_nobody_registers_nothing_again(world: World, game: Game) -> None:
    """Started with the later of two inclusions, it can be answered with the earlier one though nobody contests it."""
    older, newer = world.block(game.data), world.block(game.data)
    game.start(OUT1, proof=newer.proof())
    game.answer(older.proof())
    assert world.ledger()[0] == ETHER


def test_toggling_ends_where_it_began(world: World, game: Game, rival: bytes) -> None:
    """Contested, answered, contested by what is older, all in one day: no sum is left over or missing."""
    first, included, third = world.block(rival), world.block(game.data), world.block(rival)
    game.start(OUT1)
    for proof, registered in ((None, 0), (third.proof(), 0), (included, ETHER), (first.proof(), 0)):
        if proof is included:
            game.answer(included.proof())
        else:
            game.contest(rival, world.payer, proof=proof)
        assert world.ledger()[0] == registered
    with reverts("NotOlder", world.chain, place=included.number << 16, known=first.number << 16):
        game.answer(included.proof())


def test_an_output_that_is_stopped_while_contested_does_not_come_back(world: World, game: Game, rival: bytes) -> None:
    included = world.block(game.data)
    game.start(OUT1)
    game.join(world.payee, 4)
    game.contest(rival, world.payer)
    game.stop_output(included.proof(), packed([included.proof()[0]], [(world.payer, 0, ETHER)]), world.payee)
    assert world.ledger() == (0, BONDS - PIGGYBACK_BOND)
    game.answer(included.proof())
    assert world.ledger()[0] == ETHER
    game.ripen()
    game.claim()
    assert world.exit_of(output_id(game.data, 0))[0] == 0
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), ETHER)


def test_outputs_count_not_while_an_exit_has_one_of_their_inputs(world: World, game: Game) -> None:
    """What is paid by the exit is registered once, by it; the game's claim then decides for the inputs."""
    world.exit(world.payer, game.inputs[0])
    game.start(OUT1)
    assert world.ledger()[0] == ETHER
    game.ripen()
    world.send(world.watcher, "processExits", [(game.inputs[0][0], game.inputs[0][2])], [0])
    game.claim()
    assert game.state["status"] == PAYS_INPUTS
    assert world.ledger() == (0, 0)


def test_each_token_is_taken_off_its_own_ledger(world: World) -> None:
    """Two runs of ether with a token between them: the sums of each are exact, and come back exact."""
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=world.deployer)
    world.send(world.deployer, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.payer.address, 100)
    token.transact(world.payer, "approve", world.chain.address, 100)
    ether = world.deposit(world.payer, 10)
    dollars = world.record_of(world.send(world.payer, "deposit", 1, 100, world.payer.address))
    rows = [(world.payer, 0, 1), (world.payer, 1, 60), (world.payer, 1, 40), (world.payer, 0, 5)]
    data = packed([ether.position, dollars.position], rows)
    ids = [deposit_id(one.number) for one in (ether, dollars)]
    game = Game(world, [ether.proof, dollars.proof], [world.payer] * 2, ids, data)
    included = world.block(data)
    rival = packed([ether.position], [(world.payer, 0, 10)])
    for bits, sums in ((OUT0 | 2, (1, 0)), (0xF0, (6, 100)), (0x90, (6, 0)), (0x60, (0, 100)), (0x20, (0, 60))):
        before = world.connection.snapshot()
        game.start(bits)
        assert (world.ledger(0)[0], world.ledger(1)[0]) == sums
        game.contest(rival, world.payer)
        assert (world.ledger(0)[0], world.ledger(1)[0]) == (0, 100 if bits & 2 else 0)
        game.answer(included.proof())
        assert (world.ledger(0)[0], world.ledger(1)[0]) == sums
        assert tuple(world.chain.call("reservedUnder", one, 0) for one in (0, 1)) == sums
        world.connection.revert(before)


# ------------------------------------------------------------------- What a theft could make of it, and until when


@pytest.fixture
def robbed(world: World) -> tuple[Game, Proof, bytes]:
    """Block 1 pays the payee, and mints as much for a thief: the payee can leave by the payment's input only."""
    source = world.deposit(world.payer)
    data = packed([source.position], [(world.payee, 0, ETHER)])
    block = world.block(data, packed([deposit_position(99)], [(world.thief, 0, ETHER)], 900))
    game = Game(world, [source.proof], [world.payer], [deposit_id(source.number)], data)
    world.exit(world.thief, block.proof(1))
    # The payer works for the thief: it has signed another payment of the same.
    return game, block.proof(0), packed([source.position], [(world.thief, 0, ETHER)])


def steal(world: World, loot: Proof) -> None:
    world.send(world.thief, "processExits", [(loot[0], loot[2])], [0])


def test_who_joins_within_w_of_a_theft_and_answers_is_there_before_it_is_paid(
    world: World, robbed: tuple[Game, Proof, bytes]
) -> None:
    """At the last moments there are: started after W, contested after W/2 more, answered a second before the end."""
    game, place, rival = robbed
    made = place[1] >> 32
    world.at(made + W - 2)
    game.start()
    world.at(made + W - 1)
    game.join(world.payee, 4)
    world.at(game.state["started"] + W // 2 - 1)
    game.contest(rival, world.payer)
    end = game.state["exitable"]
    assert end <= made + 2 * W
    world.at(end - 1)
    game.answer(place)
    world.at(made + 2 * W)
    loot = (place[0] | 1 << 8, 0, packed([deposit_position(99)], [(world.thief, 0, ETHER)], 900), [])
    with reverts("NotCovered", world.chain, token=0, need=2 * ETHER, have=ETHER):
        steal(world, loot)
    game.claim((0,))
    assert world.exit_of(output_id(game.data))[0] == PAID


def test_who_does_not_answer_is_not_covered(world: World, robbed: tuple[Game, Proof, bytes]) -> None:
    """The negative twin: what is contested and stays so counts for nothing, and the theft takes what is there."""
    game, place, rival = robbed
    game.start()
    game.join(world.payee, 4)
    game.contest(rival, world.payer)
    world.at((place[1] >> 32) + 2 * W)
    theft = packed([deposit_position(99)], [(world.thief, 0, ETHER)], 900)
    steal(world, (place[0] | 1 << 8, 0, theft, []))
    assert world.exit_of(output_id(theft))[0] == PAID


# --------------------------------------------------------------------------------------------------- each output once


def rivals_of(world: World, source: Deposit, count: int, expiry: int) -> list[Game]:
    """Payments of the thief that all spend its one deposit."""
    out, ids = (world.thief, 0, ETHER), [deposit_id(source.number)]
    every = [packed([source.position], [out], expiry, memo=bytes([at + 1]) * 32) for at in range(count)]
    return [Game(world, [source.proof], [world.thief], ids, data) for data in every]


def test_forty_rivals_that_expire_with_the_next_block_hold_up_nobody(world: World) -> None:
    """They cannot be contested by each other after that block: once, each held up another ether of who is younger."""
    block = world.block(packed([world.deposit(world.payer).position], [(world.payee, 0, ETHER)]))
    source = world.deposit(world.thief)
    world.exit(world.payee, block.proof())
    due = world.exit_of(output_id(block.transactions[0]))[1]
    rivals = rivals_of(world, source, 40, 2)
    for one in rivals:
        one.start(OUT0, world.thief)
    world.block(packed([], [(world.operator, 0, 1)], 2, kind=2))
    assert world.ledger()[0] == 2 * ETHER
    assert sum(one.state["held"] for one in rivals) == rivals[0].state["held"] == 1
    world.at(due)
    world.send(world.watcher, "processExits", [(block.proof()[0], block.proof()[2])], [])
    with reverts("OutputHeld", world.chain, id=deposit_id(source.number)):
        rivals[1].claim()
    for one in rivals:
        one.claim()
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 0)


@pytest.mark.parametrize("exit_first", [False, True])
def test_an_output_with_two_ways_out_holds_up_nobody(world: World, exit_first: bool) -> None:
    """Registered by both, it held up the same amount of somebody else's once more, and many small ones in turn did it
    for as long as there were any."""
    source = world.deposit(world.thief)
    made = world.block(packed([source.position], [(world.thief, 0, ETHER)]))
    block = world.block(packed([world.deposit(world.payer).position], [(world.payee, 0, ETHER)]))
    world.exit(world.payee, block.proof())
    due = world.exit_of(output_id(block.transactions[0]))[1]
    world.at(due - 10)
    game = Game(world, [source.proof], [world.thief], [deposit_id(source.number)], made.transactions[0])
    if exit_first:
        world.exit(world.thief, made.proof())
    game.start(OUT0, world.thief)
    if not exit_first:
        with reverts("OutputHeld", world.chain, id=output_id(game.data)):
            world.exit(world.thief, made.proof())
    assert world.ledger()[0] == 2 * ETHER == world.balance(world.chain.address) - world.ledger()[1]
    world.at(due)
    world.send(world.watcher, "processExits", [(block.proof()[0], block.proof()[2])], [])
    assert world.exit_of(output_id(block.transactions[0]))[0] == PAID


def test_a_game_of_what_was_paid_is_refused_forty_times_of_forty(world: World) -> None:
    source = world.deposit(world.thief)
    world.exit(world.thief, source.proof)
    world.at(world.now + W)
    world.send(world.watcher, "processExits", [(source.position, source.record)], [])
    for one in rivals_of(world, source, 40, 1_000):
        with reverts("UnexpectedExitStatus", world.chain, id=deposit_id(source.number), status=PAID):
            one.start(OUT0, world.thief)
    assert world.ledger() == (0, 0)


def test_a_game_takes_what_an_older_one_has_to_let_go(world: World) -> None:
    """The owner of another payment of the same contests the game that holds it, frees it, and is registered."""
    source = world.deposit(world.thief)
    older, newer = rivals_of(world, source, 2, 1_000)
    older.start(OUT0, world.thief)
    newer.start(OUT0, world.thief)
    with reverts("NothingToHold", world.chain, id=newer.id, held=0):
        newer.hold()
    older.contest(newer.data, world.thief)
    assert world.ledger()[0] == 0
    older.hold()
    newer.hold()
    assert (older.state["held"], newer.state["held"], world.ledger()[0]) == (0, 1, ETHER)
    newer.ripen()
    newer.claim()
    older.claim()
    assert (newer.state["status"], older.state["status"]) == (PAYS_OUTPUTS, PAYS_INPUTS)
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 0)
