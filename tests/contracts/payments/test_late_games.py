"""In-flight exits of which something comes to the ledger after a newer block was paid: all of it stands behind that."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.support.payments.builder import (
    ETHER,
    EXIT_BOND,
    IN_FLIGHT_BOND,
    PIGGYBACK_BOND,
    Block,
    World,
    deposit_id,
    output_id,
    packed,
)
from tests.support.payments.in_flight import PAID, Game

from layer2.testing import deploy_mock, reverts


@dataclass
class Town:
    """A payer pays two in block 1; a stranger leaves with what is in block 1, too, and can be paid from `due`."""

    world: World
    game: Game
    block: Block
    rival: bytes
    due: int

    def before(self) -> None:
        """The next call comes shortly before the stranger is paid."""
        self.world.at(self.due - 9)

    def pays(self) -> None:
        """The stranger is paid: what comes to the ledger from now on is too late to stand in front of block 1."""
        self.world.at(self.due)
        self.world.send(self.world.watcher, "processExits", [(self.block.proof(0)[0], self.block.proof(0)[2])], [])
        assert self.world.chain.call("passed") == 1

    def under(self, number: int) -> int:
        """What is registered under a block, in ether."""
        registered: int = self.world.chain.call("reservedUnder", 0, number)
        return registered // ETHER


@pytest.fixture
def town(world: World) -> Town:
    stranger, source = world.deposit(world.watcher), world.deposit(world.payer, 3 * ETHER)
    made = packed([stranger.position], [(world.watcher, 0, ETHER)])
    data = packed([source.position], [(world.payee, 0, ETHER), (world.successor, 0, 2 * ETHER)])
    block = world.block(made, data)
    world.exit(world.watcher, block.proof(0))
    game = Game(world, [source.proof], [world.payer], [deposit_id(source.number)], data)
    rival = packed([source.position], [(world.payer, 0, 3 * ETHER)])
    return Town(world, game, block, rival, world.exit_of(output_id(made)).time)


def test_a_game_that_is_begun_late_stands_behind_and_one_begun_before_in_front(town: Town) -> None:
    town.before()
    town.game.start()
    assert town.game.state["priority"] == 0
    town.pays()
    late = Game(town.world, town.game.inputs, town.game.owners, town.game.ids, town.rival)
    late.start()
    assert (town.game.state["priority"], late.state["priority"]) == (0, 1)


def test_who_joins_late_takes_the_whole_game_behind(town: Town) -> None:
    town.before()
    town.game.start()
    town.game.join(town.world.payee, 4)
    assert (town.under(0), town.under(1)) == (1, 1)
    town.pays()
    assert (town.under(0), town.under(1)) == (1, 0)
    town.game.join(town.world.successor, 5)
    assert town.game.state["priority"] == 1
    assert (town.under(0), town.under(1)) == (0, 3)
    town.game.ripen()
    town.game.claim()
    assert (town.under(0), town.under(1), town.world.ledger()) == (0, 0, (0, 0))


def test_who_joins_before_anything_newer_is_paid_moves_nothing(town: Town) -> None:
    town.before()
    town.game.start()
    town.game.join(town.world.payee, 4)
    town.game.join(town.world.successor, 5)
    assert (town.game.state["priority"], town.under(0)) == (0, 3)


def test_an_input_that_joins_late_brings_what_made_the_others(town: Town) -> None:
    """Of a contested game inputs are registered; what moves with the one that joins has to be shown."""
    world = town.world
    one, two = world.deposit(world.payer), world.deposit(world.successor)
    data = packed([one.position, two.position], [(world.payee, 0, 2 * ETHER)])
    game = Game(
        world, [one.proof, two.proof], [world.payer, world.successor], [deposit_id(x.number) for x in (one, two)], data
    )
    town.before()
    game.start(1)
    game.contest(packed([one.position], [(world.payer, 0, ETHER)]), world.payer)
    assert (game.state["priority"], town.under(0)) == (0, 1)
    town.pays()
    with reverts("InvalidProof", world.chain, position=one.position):
        world.send(world.successor, "piggyback", data, game.ids, 1, [b"", two.record], value=PIGGYBACK_BOND)
    game.join(world.successor, 1)
    assert (game.state["priority"], town.under(0), town.under(1)) == (1, 0, 2)


def test_what_is_registered_again_by_a_late_answer_stands_behind(town: Town) -> None:
    town.before()
    town.game.start()
    town.game.join(town.world.payee, 4)
    town.game.contest(town.rival, town.world.payer)
    assert town.under(0) == 0
    town.pays()
    town.game.answer(town.block.proof(1))
    assert town.game.state["priority"] == 1
    assert (town.under(0), town.under(1)) == (0, 1)


def test_what_only_leaves_the_ledger_late_moves_nothing(town: Town) -> None:
    town.before()
    town.game.start()
    town.game.join(town.world.payee, 4)
    town.pays()
    town.game.contest(town.rival, town.world.payer)
    assert (town.game.state["priority"], town.under(0), town.under(1)) == (0, 0, 0)


def let_go(town: Town) -> Game:
    """Another game of the same input, which the older has let go of."""
    second = Game(town.world, town.game.inputs, town.game.owners, town.game.ids, town.rival)
    town.game.start()
    town.game.join(town.world.payee, 4)
    second.start(1)
    assert (town.game.state["held"], second.state["held"]) == (1, 0)
    town.game.contest(town.rival, town.world.payer)
    town.game.hold()
    assert town.game.state["held"] == 0
    return second


def test_a_game_takes_an_input_in_the_last_second_before_it_can_be_claimed(town: Town) -> None:
    second = let_go(town)
    town.world.at(second.state["exitable"] - 1)
    second.hold()
    assert second.state["held"] == 1


def test_a_game_that_can_be_claimed_takes_no_input_any_more(town: Town) -> None:
    """It would take what has joined behind what was paid meanwhile."""
    second = let_go(town)
    due = second.state["exitable"]
    town.world.at(due)
    with reverts("TooLate", town.world.chain, now_=due, until=due):
        second.hold()


def test_an_input_that_another_game_has_leaves_by_its_own_exit_once_the_game_is_settled(town: Town) -> None:
    world = town.world
    second = Game(world, town.game.inputs, town.game.owners, town.game.ids, town.rival)
    town.game.start(1)
    second.start(1)
    second.contest(town.game.data, world.payer)
    town.game.contest(town.rival, world.payer)
    second.ripen()
    before = world.ledger()
    second.claim()
    # Its bonds come back: it has nothing to wait for.
    assert second.state["piggybacked"] == 0
    assert world.ledger() == (before[0], before[1] - IN_FLIGHT_BOND - PIGGYBACK_BOND)
    town.game.stop_input(0, town.rival, world.payer)
    world.exit(world.payer, town.game.inputs[0])
    assert world.exit_of(town.game.ids[0]).status == 1


def test_what_a_game_pays_counts_as_paid_under_its_block(world: World) -> None:
    source = world.deposit(world.payer)
    block = world.block(packed([source.position], [(world.payer, 0, ETHER)]))
    data = packed([block.proof()[0]], [(world.payee, 0, ETHER)])
    game = Game(world, [block.proof()], [world.payer], [output_id(block.transactions[0])], data)
    game.start()
    game.join(world.payee, 4)
    game.ripen()
    assert world.chain.call("passed") == 0
    game.claim()
    assert world.exit_of(output_id(data)).status == PAID
    assert world.chain.call("passed") == 1


def test_what_is_older_and_paid_later_takes_nothing_back_and_is_not_held(world: World) -> None:
    source = world.deposit(world.payer, 2 * ETHER)
    first = world.block(packed([source.position], [(world.payee, 0, ETHER), (world.payer, 0, ETHER)]))
    second = world.block(packed([first.proof(output=1)[0]], [(world.payer, 0, ETHER)]))
    world.exit(world.payee, first.proof())
    world.exit(world.payer, second.proof())
    world.at(world.exit_of(output_id(second.transactions[0])).time)
    world.send(world.watcher, "processExits", [(second.proof()[0], second.proof()[2])], [])
    assert (world.chain.call("passed"), world.ledger()) == (2, (ETHER, EXIT_BOND))
    world.send(world.watcher, "processExits", [(first.proof()[0], first.proof()[2])], [])
    assert (world.chain.call("passed"), world.ledger()) == (2, (0, 0))


def test_of_a_token_more_can_be_deferred_than_there_is_ether(world: World) -> None:
    token = deploy_mock("BlacklistToken", sender=world.deployer)
    world.send(world.deployer, "registerToken", token.address)
    most = 2**96 - 1
    token.transact(world.deployer, "mint", world.payer.address, most)
    token.transact(world.payer, "approve", world.chain.address, most)
    deposit = world.record_of(world.send(world.payer, "deposit", 1, most, world.payer.address))
    world.exit(world.payer, deposit.proof)
    token.transact(world.deployer, "setBlacklisted", world.payer.address, True)
    world.at(world.exit_of(deposit_id(1)).time)
    world.send(world.watcher, "processExits", [(deposit.position, deposit.record)], [])
    assert world.ledger(1) == (0, most)
    assert world.chain.call("passed") == 0
