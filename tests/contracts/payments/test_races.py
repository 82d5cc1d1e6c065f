"""Who is first, who copies, who comes between: no order of honest and hostile calls takes money, or time for good."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    DATA_BOND,
    DATA_DELAY,
    ETHER,
    EXIT_BOND,
    IN_FLIGHT_BOND,
    PIGGYBACK_BOND,
    ROTATION_DELAY,
    Block,
    Deposit,
    Proof,
    Spend,
    W,
    World,
    deposit_id,
    in_flight_id,
    output_id,
    packed,
)  # fmt: skip

from layer2.ethereum.sender import Sender
from layer2.testing import reverts

OPEN, CHALLENGED, PAID = 1, 2, 3


@pytest.fixture
def spent(world: World) -> tuple[Block, Block, bytes]:
    """The thief's output, and the block that holds the payment in which it spent it."""
    deposit = world.deposit(world.thief)
    made = world.block(packed([deposit.position], [(world.thief, 0, ETHER)]))
    payment = packed([made.proof()[0]], [(world.payee, 0, ETHER)], 3)
    return made, world.block(payment), payment


def bare(proof: Proof) -> Proof:
    return (proof[0], 0, proof[2], [])


def challenge(world: World, who: Sender, made: Block, spend: Spend) -> None:
    world.send(who, "challengeExit", bare(made.proof()), spend)


# ------------------------------------------------------------------------------------------------ copied challenges


def test_who_copies_a_challenge_gets_the_bond_and_the_exit_is_stopped_all_the_same(
    world: World, spent: tuple[Block, Block, bytes]
) -> None:
    made, included, payment = spent
    world.exit(world.thief, made.proof())
    spend = world.spend(payment, world.thief, proof=included.proof())
    held = world.balance(world.chain.address)
    challenge(world, world.successor, made, spend)
    with reverts("UnexpectedExitStatus", world.chain, id=output_id(made.transactions[0]), status=CHALLENGED):
        challenge(world, world.watcher, made, spend)
    assert held - world.balance(world.chain.address) == EXIT_BOND
    with reverts("ExitBlocked", world.chain, id=output_id(made.transactions[0]), until=2**40 - 1):
        world.exit(world.thief, made.proof())


def test_a_thief_that_stops_its_own_exit_gains_time_for_nobody_and_is_stopped_again(
    world: World, spent: tuple[Block, Block, bytes]
) -> None:
    """In front of the watcher, by the weakest proof there is: without inclusion, so that it can try again."""
    made, included, payment = spent
    identity = output_id(made.transactions[0])
    before = world.balance(world.chain.address)
    world.exit(world.thief, made.proof())
    challenge(world, world.thief, made, world.spend(payment, world.thief))
    assert world.exit_of(identity)[:2] == (CHALLENGED, 3)
    with reverts("ExitBlocked", world.chain, id=identity, until=3):
        world.exit(world.thief, made.proof())
    world.block(packed([], [(world.operator, 0, 1)], 3, kind=2))
    world.exit(world.thief, made.proof())
    # It waits its whole time anew, and can be stopped as ever: for good now.
    assert world.exit_of(identity)[1] >= world.now + W
    challenge(world, world.watcher, made, world.spend(payment, world.thief, proof=included.proof()))
    with reverts("ExitBlocked", world.chain, id=identity, until=2**40 - 1):
        world.exit(world.thief, made.proof())
    assert world.balance(world.chain.address) == before
    assert world.ledger() == (0, 0)


def test_who_is_stopped_before_it_can_be_paid_in_the_same_block_is_not_paid(
    world: World, spent: tuple[Block, Block, bytes]
) -> None:
    """At the very time of maturity a challenge still counts, if it comes first; a claim does, if it does."""
    made, included, payment = spent
    world.exit(world.thief, made.proof())
    due = world.exit_of(output_id(made.transactions[0]))[1]
    world.at(due)
    challenge(world, world.watcher, made, world.spend(payment, world.thief, proof=included.proof()))
    with reverts("UnexpectedExitStatus", world.chain, id=output_id(made.transactions[0]), status=CHALLENGED):
        world.send(world.thief, "processExits", [(made.proof()[0], made.transactions[0])], [])


def test_who_copies_an_answer_takes_the_bond_and_the_game_stays_answered(world: World) -> None:
    deposit = world.deposit(world.payer)
    one = packed([deposit.position], [(world.payee, 0, ETHER)])
    rival = packed([deposit.position], [(world.thief, 0, ETHER)])
    included = world.block(one)
    ids = [deposit_id(deposit.number)]
    world.start(world.payer, one, [deposit.proof], [world.payer])
    spend = world.spend(rival, world.payer)
    world.send(world.thief, "challengeNonCanonical", one, ids, 0, [deposit.record], spend)
    world.send(world.successor, "respondNonCanonical", included.proof(), ids, [deposit.record])
    with reverts("NotOlder", world.chain, place=1 << 16, known=1 << 16):
        world.send(world.payee, "respondNonCanonical", included.proof(), ids, [deposit.record])
    state = world.in_flight_of(in_flight_id(one, ids))
    assert (state.bondOwner, state.contested) == (world.successor.address, False)


# ------------------------------------------------------------------------------------------------ blocks, questions


def test_blocks_sent_in_another_order_come_in_theirs_or_not_at_all(world: World) -> None:
    """A reorganisation may mine the operator's transactions in any order: each root goes to its number or nowhere."""
    first, second = b"\x11" * 32, b"\x22" * 32
    with reverts("UnexpectedBlockNumber", world.chain, given=2, next=1):
        world.send(world.operator, "submitBlock", 2, second, 1)
    world.send(world.operator, "submitBlock", 1, first, 1)
    with reverts("UnexpectedBlockNumber", world.chain, given=1, next=2):
        world.send(world.operator, "submitBlock", 1, first, 1)
    world.send(world.operator, "submitBlock", 2, second, 1)
    assert [world.chain.call("blocks", number) != bytes(32) for number in (1, 2, 3)] == [True, True, False]


def test_an_answer_that_is_copied_answers_all_the_same(world: World) -> None:
    """Who asks may show the operator's answer as its own and have its bond again: nothing is frozen then."""
    block = world.block(packed([1 << 63 | 1 << 24], [(world.payee, 0, 1)]))
    world.send(world.thief, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
    world.send(world.thief, "showData", block.proof())
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=0):
        world.send(world.operator, "showData", block.proof())
    world.at(world.now + DATA_DELAY)
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=0):
        world.send(world.thief, "freeze", 1, 0)
    with reverts("UnexpectedDataStatus", world.chain, number=1, index=0):
        world.send(world.thief, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
    assert (world.balance(world.chain.address), world.chain.call("head")[3]) == (0, False)


def test_questions_that_are_open_when_the_chain_freezes_give_their_bonds_back(world: World) -> None:
    block = world.block(*[packed([1 << 63 | 1 << 24], [(world.payee, 0, 1 + k)]) for k in range(3)])
    for index in range(3):
        world.send(world.watcher, "challengeData", 1, index, block.tree.root, block.word, value=DATA_BOND)
    world.at(world.now + DATA_DELAY)
    world.send(world.watcher, "freeze", 1, 0)
    world.send(world.operator, "showData", block.proof(1))
    world.send(world.thief, "freeze", 1, 2)
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 0)


def test_a_chain_that_anybody_could_freeze_at_once_is_refused(world: World) -> None:
    """With no time to show it, a question would be an answer."""
    with reverts("InvalidConfig", world.chain):
        World(world.connection, dataDelay=0)
    World(world.connection, dataDelay=1)


# ----------------------------------------------------------------------------------------------- bonds never change


def test_a_bond_comes_back_as_it_was_put_up_whatever_happened_since(world: World) -> None:
    """Another operator, a frozen chain: no call changes a bond, a bounty or a time, while an exit waits or ever."""
    deposit = world.deposit(world.payer)
    other = world.deposit(world.payee)
    config = world.chain.call("config")
    world.exit(world.payer, deposit.proof)
    data = packed([other.position], [(world.payee, 0, ETHER)])
    world.start(world.payee, data, [other.proof], [world.payee], 16)
    due = world.exit_of(deposit_id(deposit.number))[1]
    block = world.block(packed([deposit.position + (1 << 30)], [(world.payee, 0, 1)]))
    world.send(world.operator, "proposeOperator", world.successor.address)
    world.at(world.now + ROTATION_DELAY)
    world.send(world.successor, "acceptOperator")
    world.send(world.watcher, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
    world.at(world.now + DATA_DELAY)
    world.send(world.watcher, "freeze", 1, 0)
    assert world.chain.call("config") == config
    assert world.exit_of(deposit_id(deposit.number))[1] == due
    payer, payee = world.balance(world.payer), world.balance(world.payee)
    world.at(world.now + W)
    # Two exits of one age, all under block zero: the claim lists that.
    world.send(world.watcher, "processExits", [(deposit.position, deposit.record)], [0])
    world.send(world.watcher, "processInFlightExit", data, [deposit_id(other.number)], [other.record], [0])
    assert world.balance(world.payer) - payer == ETHER + EXIT_BOND - BOUNTY
    assert world.balance(world.payee) - payee == ETHER + IN_FLIGHT_BOND + PIGGYBACK_BOND - BOUNTY


# --------------------------------------------------------------------------------------------------------- exit spam


def test_exits_without_number_hold_up_no_other_and_cost_no_more(world: World) -> None:
    """There is no queue: forty exits of a spammer change neither the cost nor the time of another."""
    spam = [world.deposit(world.thief, 10**9) for _ in range(41)]
    world.exit(world.thief, spam[0].proof)
    nearly_alone = cost_of_claim(world, world.deposit(world.payer))
    for some in (spam[1:21], spam[21:]):
        world.send(world.thief, "startExits", [one.proof for one in some], value=EXIT_BOND * len(some))
    # A zero byte of calldata more or less.
    assert abs(cost_of_claim(world, world.deposit(world.payer)) - nearly_alone) < 100


def cost_of_claim(world: World, deposit: Deposit) -> int:
    world.exit(world.payer, deposit.proof)
    world.at(world.exit_of(deposit_id(deposit.number))[1])
    before = world.balance(world.payer)
    receipt = world.send(world.watcher, "processExits", [(deposit.position, deposit.record)], [])
    assert world.balance(world.payer) - before == ETHER + EXIT_BOND - BOUNTY
    return receipt.gas_used
