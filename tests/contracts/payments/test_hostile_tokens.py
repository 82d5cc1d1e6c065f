"""Tokens and receivers that burn, bomb, lie, pause or call back while they are paid: they hold up themselves alone."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from tests.support.payments.builder import (
    BOUNTY,
    ETHER,
    EXIT_BOND,
    PIGGYBACK_BOND,
    Deposit,
    W,
    World,
    deposit_id,
    output_id,
    packed,
)
from tests.support.payments.in_flight import OUT0, PAID, PAYS_OUTPUTS, Game

from layer2.ethereum.accounts import dev_keys
from layer2.ethereum.contract import Contract
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock, reverts

AMOUNT = 100
TOKEN = 1
PUSH_GAS_TOKEN = 300_000
REENTERED = keccak(b"ReentrantCall()")[:4]


def listed(world: World, name: str) -> Contract:
    """A hostile token, of which the payer has put in 100."""
    token = deploy_mock(name, sender=world.deployer)
    world.send(world.deployer, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.payer.address, 10 * AMOUNT)
    token.transact(world.payer, "approve", world.chain.address, 2**256 - 1)
    return token


def put_in(world: World) -> Deposit:
    return world.record_of(world.send(world.payer, "deposit", TOKEN, AMOUNT, world.payer.address))


def turn(world: World, token: Contract, name: str, hostile: bool) -> None:
    """From now on the token works against the payer; or no longer."""
    victim = world.payer.address
    calls: dict[str, tuple[Any, ...]] = {
        "GasBurnerToken": ("setVictim", victim if hostile else "0x" + "00" * 20),
        "ReturnBombToken": ("arm", 1 << 20 if hostile else 0, True),
        "FalseReturningToken": ("setFailing", hostile),
        "BlacklistToken": ("setBlacklisted", victim, hostile),
    }
    token.transact(world.deployer, *calls[name])


HOSTILE = ("GasBurnerToken", "ReturnBombToken", "FalseReturningToken", "BlacklistToken")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_token_that_does_not_pay_is_owed_and_the_batch_goes_on(world: World, name: str) -> None:
    token = listed(world, name)
    bad, good = put_in(world), world.deposit(world.payee)
    world.exit(world.payer, bad.proof)
    world.exit(world.payee, good.proof)
    turn(world, token, name, True)
    world.at(world.now + W)
    bond, payee = world.balance(world.payer), world.balance(world.payee)
    world.send(world.watcher, "processExits", [(one.position, one.record) for one in (bad, good)], [])
    # The bond is ether and came back; the other exit was paid; the token's amount is held, so that it covers no exit.
    assert world.balance(world.payer) - bond == EXIT_BOND - BOUNTY
    assert world.balance(world.payee) - payee == ETHER + EXIT_BOND - BOUNTY
    assert (world.chain.call("pendingWithdrawals", world.payer.address, TOKEN), world.ledger(TOKEN)) == (
        AMOUNT,
        (0, AMOUNT),
    )
    with reverts("PaymentFailed", world.chain, to=world.payer.address, token=TOKEN):
        world.chain.transact(world.payer, "withdrawPending", TOKEN, world.payer.address, gas=3_000_000)
    assert world.chain.call("pendingWithdrawals", world.payer.address, TOKEN) == AMOUNT
    turn(world, token, name, False)
    world.send(world.payer, "withdrawPending", TOKEN, world.payer.address)
    assert token.call("balanceOf", world.payer.address) == 10 * AMOUNT
    assert world.ledger(TOKEN) == (0, 0)
    with reverts("NothingPending", world.chain, owner=world.payer.address, token=TOKEN):
        world.send(world.payer, "withdrawPending", TOKEN, world.payer.address)


@pytest.mark.parametrize("name", HOSTILE)
def test_in_flight_it_is_owed_too_and_the_other_output_is_paid(world: World, name: str) -> None:
    token = listed(world, name)
    ether, coins = world.deposit(world.payer), put_in(world)
    data = packed([ether.position, coins.position], [(world.payer, TOKEN, AMOUNT), (world.payee, 0, ETHER)])
    ids = [deposit_id(one.number) for one in (ether, coins)]
    game = Game(world, [ether.proof, coins.proof], [world.payer] * 2, ids, data)
    game.start(OUT0)
    game.join(world.payee, 5)
    turn(world, token, name, True)
    game.ripen()
    before = world.balance(world.payee)
    game.claim()
    assert game.state["status"] == PAYS_OUTPUTS
    assert world.balance(world.payee) - before == ETHER + PIGGYBACK_BOND - BOUNTY
    assert [world.exit_of(output_id(data, at))[0] for at in (0, 1)] == [PAID, PAID]
    assert (world.ledger(), world.ledger(TOKEN)) == ((0, 0), (0, AMOUNT))
    turn(world, token, name, False)
    world.send(world.payer, "withdrawPending", TOKEN, world.payer.address)
    assert token.call("balanceOf", world.payer.address) == 10 * AMOUNT


def test_what_a_burner_costs_the_claimer_of_a_batch_is_bounded(world: World) -> None:
    """Nine exits of ether and one of a token that burns what it gets: one push of 300,000 gas, no more."""
    token = listed(world, "GasBurnerToken")
    deposits = [world.deposit(world.payee) for _ in range(9)] + [put_in(world)]
    for one in deposits[:9]:
        world.exit(world.payee, one.proof)
    world.exit(world.payer, deposits[9].proof)
    world.at(world.now + W)
    rows = [(one.position, one.record) for one in deposits]
    before = world.connection.snapshot()
    honest = world.send(world.watcher, "processExits", rows, []).gas_used
    world.connection.revert(before)
    turn(world, token, "GasBurnerToken", True)
    world.at(world.now + W)
    burnt = world.send(world.watcher, "processExits", rows, []).gas_used
    assert honest < burnt < honest + PUSH_GAS_TOKEN + 30_000
    assert all(world.exit_of(deposit_id(one.number))[0] == PAID for one in deposits)


def test_a_token_whose_balance_cannot_be_asked_stops_claims_of_itself_alone(world: World) -> None:
    """Who claims leaves it out: nothing of others depends on it; its own owners wait until it answers."""
    token = listed(world, "BalanceBurnerToken")
    bad, good = put_in(world), world.deposit(world.payee)
    world.exit(world.payer, bad.proof)
    world.exit(world.payee, good.proof)
    token.transact(world.deployer, "arm", True)
    world.at(world.now + W)
    with reverts("NotCovered", world.chain, token=TOKEN, need=AMOUNT, have=0):
        world.chain.transact(world.watcher, "processExits", [(bad.position, bad.record)], [], gas=3_000_000)
    world.send(world.watcher, "processExits", [(good.position, good.record)], [])
    token.transact(world.deployer, "arm", False)
    world.send(world.watcher, "processExits", [(bad.position, bad.record)], [])
    assert token.call("balanceOf", world.payer.address) == 10 * AMOUNT


def test_outputs_of_a_token_that_burns_when_it_is_asked_hold_up_no_other_of_their_game(world: World) -> None:
    """Two such outputs used to burn the gas of the whole claim: each may burn 300,000 to say what is there."""
    token = listed(world, "BalanceBurnerToken")
    ether, coins = world.deposit(world.payer), put_in(world)
    rows = [(world.payer, TOKEN, AMOUNT // 2), (world.payer, TOKEN, AMOUNT // 2), (world.payee, 0, ETHER)]
    data = packed([ether.position, coins.position], rows)
    ids = [deposit_id(one.number) for one in (ether, coins)]
    game = Game(world, [ether.proof, coins.proof], [world.payer] * 2, ids, data)
    game.start(OUT0 | OUT0 << 1)
    game.join(world.payee, 6)
    token.transact(world.deployer, "arm", True)
    game.ripen()
    before = world.balance(world.payee)
    made = [one[2] for one in game.inputs]
    call = ("processInFlightExit", data, ids, made, [])
    receipt = world.chain.transact(world.watcher, *call, gas=2_000_000)
    assert 600_000 < receipt.gas_used < 1_000_000
    assert world.balance(world.payee) - before == ETHER + PIGGYBACK_BOND - BOUNTY
    assert game.state["piggybacked"] == OUT0 | OUT0 << 1
    with reverts("NothingToPay", world.chain):
        world.chain.transact(world.watcher, *call, gas=2_000_000)
    token.transact(world.deployer, "arm", False)
    world.send(world.watcher, *call)
    assert token.call("balanceOf", world.payer.address) == 10 * AMOUNT
    assert (world.ledger(), world.ledger(TOKEN)) == ((0, 0), (0, 0))


# ------------------------------------------------------------------------------------------------------ Calling back


def entries(world: World, bad: Deposit, game: Game) -> dict[str, bytes]:
    """What a token or receiver might call while it is paid."""
    rows, made = [(bad.position, bad.record)], [one[2] for one in game.inputs]
    return {
        "claim": world.chain.encode("processExits", rows, []),
        "processInFlightExit": world.chain.encode("processInFlightExit", game.data, game.ids, made, []),
        "withdraw": world.chain.encode("withdrawPending", TOKEN, world.thief.address),
        "deposit": world.chain.encode("deposit", TOKEN, 1, world.thief.address),
        "deleteNonPiggybacked": world.chain.encode("deleteNonPiggybacked", game.data, game.ids),
    }


@pytest.mark.parametrize("inner", ["claim", "processInFlightExit", "withdraw", "deposit", "deleteNonPiggybacked"])
@pytest.mark.parametrize("outer", ["claim", "processInFlightExit"])
def test_a_token_that_calls_back_while_it_is_paid_out_is_stopped(world: World, outer: str, inner: str) -> None:
    token = listed(world, "ReentrantToken")
    coins, spent = put_in(world), put_in(world)
    data = packed([spent.position], [(world.payer, TOKEN, AMOUNT)])
    game = Game(world, [spent.proof], [world.payer], [deposit_id(spent.number)], data)
    game.start(OUT0)
    world.exit(world.payer, coins.proof)
    world.at(world.now + W)
    payload = entries(world, coins, game)[inner]
    token.transact(world.deployer, "arm(address,bytes)", world.chain.address, payload)
    if outer == "processInFlightExit":
        game.claim()
    else:
        world.send(world.watcher, "processExits", [(coins.position, coins.record)], [])
    assert (token.call("attempts"), token.call("succeeded")) == (1, False)
    assert token.call("lastReason") == REENTERED
    assert token.call("balanceOf", world.payer.address) == 9 * AMOUNT
    assert token.call("balanceOf", world.chain.address) == AMOUNT


def delegate(world: World, code: Contract) -> Contract:
    """The payee's key gets code (EIP-7702); it goes on signing for itself."""
    payee = world.payee.address
    key = next(one for one in dev_keys(20) if Account.from_key(one).address == payee)
    row = {"chainId": world.connection.chain_id, "address": code.address, "nonce": world.connection.nonce(payee)}
    signed = Account.from_key(key).sign_authorization(row)
    world.deployer.send(world.deployer.address, gas=200_000, authorizations=(signed,))
    return Contract(world.connection, payee, code.abi)


def test_a_key_with_code_is_paid_and_stays_its_own_owner(world: World) -> None:
    """Its code answers ERC-1271 with no; what it signed as a key spends and exits all the same."""
    delegate(world, deploy_mock("DelegatedAccount7702", sender=world.deployer))
    mine = world.deposit(world.payee)
    data = packed([mine.position], [(world.payee, 0, ETHER)])
    game = Game(world, [mine.proof], [world.payee], [deposit_id(mine.number)], data)
    game.start(OUT0, who=world.payee)
    game.ripen()
    before = world.balance(world.payee)
    game.claim()
    assert world.balance(world.payee) - before > ETHER
    assert world.chain.call("pendingWithdrawals", world.payee.address, 0) == 0


def test_a_key_whose_code_refuses_and_then_calls_back_gets_what_it_is_owed_once(world: World) -> None:
    mine, _ = world.deposit(world.payee), world.deposit(world.payer)
    delegate(world, deploy_mock("RejectOnceReceiver", sender=world.deployer))
    world.exit(world.payee, mine.proof)
    world.at(world.now + W)
    world.send(world.watcher, "processExits", [(mine.position, mine.record)], [])
    owed = ETHER + EXIT_BOND - BOUNTY
    assert world.chain.call("pendingWithdrawals", world.payee.address, 0) == owed
    account = delegate(world, deploy_mock("ReentrantReceiver", sender=world.deployer))
    again = world.chain.encode("withdrawPending", 0, world.payee.address)
    account.transact(world.deployer, "arm(address,bytes)", world.chain.address, again)
    world.send(world.payee, "withdrawPending", 0, world.payee.address)
    assert (account.call("attempts"), account.call("succeeded")) == (1, False)
    assert account.call("lastReason") == REENTERED
    assert world.chain.call("pendingWithdrawals", world.payee.address, 0) == 0
    assert world.balance(world.chain.address) == ETHER
