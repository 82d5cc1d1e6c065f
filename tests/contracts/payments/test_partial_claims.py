"""In-flight exits of several tokens that are paid part by part, and where every bond is when a game is over."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    ETHER,
    EXIT_BOND,
    IN_FLIGHT_BOND,
    PIGGYBACK_BOND,
    W,
    World,
    deposit_id,
    output_id,
    packed,
)
from tests.support.payments.in_flight import IN0, OUT0, OUT1, PAID, PAYS_INPUTS, PAYS_OUTPUTS, SPENT, Game

from layer2.ethereum.contract import Contract
from layer2.testing import deploy_mock, reverts

BACK = PIGGYBACK_BOND - BOUNTY


@pytest.fixture
def token(world: World) -> Contract:
    """One that can shrink in everybody's hands."""
    token = deploy_mock("RebasingToken", sender=world.deployer)
    world.send(world.deployer, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.payer.address, 100)
    token.transact(world.payer, "approve", world.chain.address, 100)
    return token


@pytest.fixture
def mixed(world: World, token: Contract) -> Game:
    """Ether and the token of the payer's, to the payee; the token has lost half since."""
    ether = world.deposit(world.payer)
    coins = world.record_of(world.send(world.payer, "deposit", 1, 100, world.payer.address))
    data = packed([ether.position, coins.position], [(world.payee, 1, 100), (world.payee, 0, ETHER)])
    ids = [deposit_id(one.number) for one in (ether, coins)]
    token.transact(world.deployer, "rebase", 1, 2)
    return Game(world, [ether.proof, coins.proof], [world.payer] * 2, ids, data)


def test_of_two_outputs_the_covered_one_is_paid_and_the_other_when_it_is(
    world: World, token: Contract, mixed: Game
) -> None:
    mixed.start()
    mixed.join(world.payee, 4)
    mixed.join(world.payee, 5)
    mixed.ripen()
    payee, watcher = world.balance(world.payee), world.ledger()[1]
    mixed.claim()
    assert mixed.state["status"] == PAYS_OUTPUTS
    assert mixed.state["piggybacked"] == OUT0
    assert [world.exit_of(output_id(mixed.data, at))[0] for at in (0, 1)] == [0, PAID]
    # Both inputs are gone with the decision, though one output waits: else its owner could take them out too.
    assert [world.exit_of(one)[0] for one in mixed.ids] == [SPENT, SPENT]
    assert world.balance(world.payee) - payee == ETHER + BACK
    assert watcher - world.ledger()[1] == IN_FLIGHT_BOND + PIGGYBACK_BOND
    assert (world.ledger(), world.ledger(1)) == ((0, PIGGYBACK_BOND), (100, 0))
    with reverts("NothingToPay", world.chain):
        mixed.claim()
    token.transact(world.deployer, "rebase", 2, 1)
    mixed.claim()
    assert token.call("balanceOf", world.payee.address) == 100
    assert (world.ledger(), world.ledger(1)) == ((0, 0), (0, 0))
    assert world.balance(world.chain.address) == 0
    with reverts("UnexpectedInFlightStatus", world.chain, id=mixed.id, status=PAYS_OUTPUTS):
        mixed.claim()


def test_of_two_inputs_of_a_contested_one_it_is_the_same(world: World, token: Contract, mixed: Game) -> None:
    """Between the two claims nothing turns the decision: neither an answer nor a competitor comes in any more."""
    included = world.block(mixed.data)
    mixed.start(IN0 | 2)
    mixed.join(world.payee, 4)
    rival = packed([mixed.inputs[0][0]], [(world.thief, 0, ETHER)])
    mixed.contest(rival, world.payer)
    mixed.ripen()
    mixed.claim()
    assert (mixed.state["status"], mixed.state["piggybacked"]) == (PAYS_INPUTS, 2)
    assert [world.exit_of(one)[0] for one in mixed.ids] == [PAID, 0]
    assert world.ledger(1) == (100, 0)
    for call in (lambda: mixed.answer(included.proof()), lambda: mixed.contest(rival, world.payer)):
        with reverts("UnexpectedInFlightStatus", world.chain, id=mixed.id, status=PAYS_INPUTS):
            call()
    token.transact(world.deployer, "rebase", 2, 1)
    mixed.claim()
    assert token.call("balanceOf", world.payer.address) == 100
    assert (world.ledger(), world.ledger(1), world.balance(world.chain.address)) == ((0, 0), (0, 0), 0)


def test_a_part_that_waits_can_still_be_stopped(world: World, token: Contract, mixed: Game) -> None:
    """Settled, and short of one token: a spender of that input, shown now, takes its bond and its registration."""
    mixed.start(IN0 | 2)
    mixed.contest(packed([mixed.inputs[0][0]], [(world.thief, 0, ETHER)]), world.payer)
    mixed.ripen()
    mixed.claim()
    assert mixed.state["piggybacked"] == 2
    before = world.balance(world.chain.address)
    mixed.stop_input(1, packed([mixed.inputs[1][0]], [(world.thief, 1, 100)]), world.payer)
    assert before - world.balance(world.chain.address) == PIGGYBACK_BOND
    assert (world.ledger(), world.ledger(1)) == ((0, 0), (0, 0))
    with reverts("UnexpectedInFlightStatus", world.chain, id=mixed.id, status=PAYS_INPUTS):
        mixed.claim()


# ------------------------------------------------------------------------------------------------- Bonds at the end


def rival_of(world: World, game: Game) -> bytes:
    return packed([game.inputs[0][0]], [(world.thief, 0, ETHER)])


def play(world: World, game: Game, ending: str) -> tuple[int, int]:
    """Play a game to its end; what starter and watcher gain by it, in bonds, bounties and the output."""
    included = world.block(game.data)
    start, watcher = 0, 0
    if ending == "abandoned":
        game.start()
        world.at(game.state["started"] + W // 2)
        game.abandon()
        return start, watcher
    if ending == "input exit unchallenged":
        # Before the game, which holds its inputs from then on.
        world.exit(world.payer, game.inputs[0])
        start, watcher = start - EXIT_BOND, watcher + EXIT_BOND
    game.start(OUT1)
    if ending in ("contested", "answered by the watcher"):
        game.contest(rival_of(world, game), world.payer)
        start, watcher = start - IN_FLIGHT_BOND, watcher + IN_FLIGHT_BOND
    if ending == "answered by the watcher":
        game.answer(included.proof())
    if ending == "output stopped":
        spender = packed([included.proof(output=1)[0]], [(world.thief, 0, ETHER)])
        game.stop_output(included.proof(output=1), spender, world.payer)
        start, watcher = start - PIGGYBACK_BOND, watcher + PIGGYBACK_BOND
        world.at(game.state["started"] + W // 2)
        game.abandon()
        return start, watcher
    game.ripen()
    game.claim()
    if ending != "contested":
        start += ETHER
    return start - BOUNTY, watcher + BOUNTY


@pytest.mark.parametrize(
    "ending",
    ["abandoned", "paid", "contested", "answered by the watcher", "output stopped", "input exit unchallenged"],
)
def test_every_bond_is_somebodys_when_a_game_is_over(world: World, game: Game, ending: str) -> None:
    people = (world.payer, world.watcher)
    # Gas is not what this is about.
    before = [world.balance(one) + world.costs[one.address] for one in people]
    gained = play(world, game, ending)
    after = [world.balance(one) + world.costs[one.address] for one in people]
    assert (after[0] - before[0], after[1] - before[1]) == gained
    paid_out = ETHER if gained[0] > ETHER // 2 else 0
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 2 * ETHER - paid_out)
