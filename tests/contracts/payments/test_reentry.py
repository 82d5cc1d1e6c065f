"""Calls from inside a payment to what has no guard: the books are right at every such moment."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    ETHER,
    EXIT_BOND,
    PIGGYBACK_BOND,
    Deposit,
    W,
    World,
    deposit_id,
    packed,
)  # fmt: skip

from layer2.ethereum.contract import Contract
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock, reverts

OPEN, CHALLENGED, PAID = 1, 2, 3


@pytest.fixture
def receiver(world: World) -> Contract:
    """A contract that makes one call whenever it is paid."""
    one = deploy_mock("ReentrantReceiver", sender=world.deployer)
    world.deployer.send(one.address, b"", ETHER, 100_000)
    return one


@pytest.fixture
def token(world: World, receiver: Contract) -> Contract:
    """A token that tells whoever receives it, with enough gas left to do something."""
    one = deploy_mock("CallbackToken", sender=world.deployer)
    world.send(world.deployer, "registerToken", one.address)
    one.transact(world.deployer, "mint", world.deployer.address, 1000)
    one.transact(world.deployer, "approve", world.chain.address, 1000)
    one.transact(world.deployer, "setHook", receiver.address, True)
    return one


def act(world: World, receiver: Contract, value: int, name: str, *args: object) -> None:
    receiver.transact(world.deployer, "execute", world.chain.address, value, world.chain.encode(name, *args))


def tokens(world: World, owner: str, amount: int) -> Deposit:
    return world.record_of(world.send(world.deployer, "deposit", 1, amount, owner))


def claim(world: World, *deposits: Deposit) -> None:
    world.send(world.watcher, "processExits", [(one.position, one.record) for one in deposits], [])


def solvent(world: World) -> None:
    reserved, held = world.ledger()
    assert world.balance(world.chain.address) >= reserved + held


def test_an_exit_begun_inside_a_payment_is_an_exit_like_any_other(
    world: World, receiver: Contract, token: Contract
) -> None:
    paid, other = tokens(world, receiver.address, 100), world.deposit(receiver.address)
    world.deposit(world.payer)
    act(world, receiver, EXIT_BOND, "startExit", paid.proof)
    start = world.chain.encode("startExit", other.proof)
    receiver.transact(world.deployer, "arm", world.chain.address, start, EXIT_BOND, 1)
    world.at(world.now + W)
    claim(world, paid)
    assert (receiver.call("attempts"), receiver.call("succeeded")) == (1, True)
    status, time, *_ = world.exit_of(deposit_id(other.number))
    assert (status, time) == (OPEN, world.now + W)
    assert world.ledger() == (ETHER, EXIT_BOND)
    solvent(world)
    world.at(time)
    claim(world, other)
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), ETHER)


def test_a_challenge_inside_a_payment_of_the_same_batch_is_felt_by_it(
    world: World, receiver: Contract, token: Contract
) -> None:
    """The first row's receiver stops the second row's exit, with proof: the second row is passed over."""
    first = tokens(world, receiver.address, 100)
    second = world.deposit(world.thief)
    act(world, receiver, EXIT_BOND, "startExit", first.proof)
    world.exit(world.thief, second.proof)
    spend = world.spend(packed([second.position], [(world.payee, 0, ETHER)]), world.thief)
    stop = world.chain.encode("challengeExit", second.proof, spend)
    receiver.transact(world.deployer, "arm", world.chain.address, stop, 0, 1)
    world.at(world.now + W)
    before = world.balance(receiver.address)
    claim(world, first, second)
    assert receiver.call("succeeded") is True
    assert world.exit_of(deposit_id(second.number))[0] == CHALLENGED
    # The thief's bond at once; its own, which it could not take for what it did with it, waits.
    assert world.balance(receiver.address) - before == EXIT_BOND
    waits = EXIT_BOND - BOUNTY
    assert world.chain.call("pendingWithdrawals", receiver.address, 0) == waits
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, waits), ETHER + waits)


def test_a_challenger_that_is_paid_cannot_challenge_the_same_again(world: World, receiver: Contract) -> None:
    """Where no guard is, the state has changed before the money moves."""
    deposit = world.deposit(world.thief)
    world.deposit(world.payer, 5 * ETHER)
    world.exit(world.thief, deposit.proof)
    spend = world.spend(packed([deposit.position], [(world.payee, 0, ETHER)]), world.thief)
    again = world.chain.encode("challengeExit", deposit.proof, spend)
    receiver.transact(world.deployer, "arm(address,bytes)", world.chain.address, again)
    act(world, receiver, 0, "challengeExit", deposit.proof, spend)
    assert (receiver.call("attempts"), receiver.call("succeeded")) == (1, False)
    assert receiver.call("lastReason") == keccak(b"UnexpectedExitStatus(bytes32,uint8)")[:4]
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 6 * ETHER)


def test_a_game_joined_inside_a_payment_of_the_same_game_is_refused(
    world: World, receiver: Contract, token: Contract
) -> None:
    """Half of the outputs paid: the side is chosen, nobody joins any more."""
    deposit = tokens(world, world.payer.address, 100)
    data = packed([deposit.position], [(receiver.address, 1, 60), (receiver.address, 1, 40)])
    ids = [deposit_id(deposit.number)]
    world.start(world.payer, data, [deposit.proof], [world.payer])
    act(world, receiver, PIGGYBACK_BOND, "piggyback", data, ids, 4, [])
    join = world.chain.encode("piggyback", data, ids, 5, [])
    receiver.transact(world.deployer, "arm", world.chain.address, join, PIGGYBACK_BOND, 1)
    world.at(world.now + W)
    world.send(world.watcher, "processInFlightExit", data, ids, [deposit.record], [])
    assert (receiver.call("attempts"), receiver.call("succeeded")) == (1, False)
    assert token.call("balanceOf", receiver.address) == 60
    assert (world.ledger(), world.ledger(1)) == ((0, 0), (0, 0))


def test_a_deposit_is_not_measured_while_money_of_its_token_goes_out(
    world: World, receiver: Contract, token: Contract
) -> None:
    """Guarded: else what goes out in between would be counted against what comes in, or for it."""
    deposit = tokens(world, receiver.address, 100)
    act(world, receiver, EXIT_BOND, "startExit", deposit.proof)
    again = world.chain.encode("deposit", 1, 50, receiver.address)
    receiver.transact(world.deployer, "arm(address,bytes)", world.chain.address, again)
    world.at(world.now + W)
    claim(world, deposit)
    assert receiver.call("lastReason") == keccak(b"ReentrantCall()")[:4]
    with reverts("UnknownToken", world.chain, id=2):
        world.chain.call("tokenOf", 2)
    assert world.chain.call("head")[2] == deposit.number + 1


@pytest.mark.parametrize("name", ["withdrawPending", "processExits", "showData", "freeze", "deleteNonPiggybacked"])
def test_every_call_that_pays_refuses_to_be_entered_from_a_payment(world: World, receiver: Contract, name: str) -> None:
    deposit = world.deposit(receiver.address)
    proof = (0, 0, b"", [])
    args: dict[str, tuple[object, ...]] = {
        "withdrawPending": (0, receiver.address),
        "processExits": ([(deposit.position, deposit.record)], []),
        "showData": (proof,),
        "freeze": (1, 0),
        "deleteNonPiggybacked": (b"", []),
    }
    act(world, receiver, EXIT_BOND, "startExit", deposit.proof)
    data = world.chain.encode(name, *args[name])
    receiver.transact(world.deployer, "arm(address,bytes)", world.chain.address, data)
    world.at(world.now + W)
    claim(world, deposit)
    assert receiver.call("attempts") == 1
    assert receiver.call("lastReason") == keccak(b"ReentrantCall()")[:4]
