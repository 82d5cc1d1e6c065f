"""Money in: what is credited is what came, to whom it was meant."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import DATA_BOND, DATA_DELAY, ETHER, NOWHERE, World, packed
from tests.support.payments.permits import authorization, permit, permit2_transfer

from layer2.ethereum.anvil import AnvilNode
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock, reverts

MAXIMUM = 2**256 - 1


def token_of(world: World, name: str = "MockToken", *args: object) -> object:
    args = args or (("Dollar", "USD", 6) if name == "MockToken" else ())
    token = deploy_mock(name, *args, sender=world.deployer)
    world.send(world.thief, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.payer.address, 10_000)
    token.transact(world.payer, "approve", world.chain.address, MAXIMUM)
    return token


def test_ether_is_recorded_for_whom_it_is_meant(world: World) -> None:
    first = world.deposit(world.payee, 5, by=world.payer)
    second = world.deposit(world.payee, 5, by=world.payer)
    assert (first.number, second.number) == (1, 2)
    assert len(first.record) == 39
    assert world.chain.call("deposits", 1) == keccak(first.record)
    assert world.chain.call("deposits", 2) == keccak(second.record)
    assert world.balance(world.chain.address) == 10
    assert world.chain.call("head")[2] == 3


def test_nothing_for_nobody_and_too_much_are_refused(world: World) -> None:
    with reverts("InvalidAmount", world.chain, amount=0):
        world.send(world.payer, "depositETH", world.payer.address)
    with reverts("MissingOwner", world.chain):
        world.send(world.payer, "depositETH", NOWHERE, value=1)
    token_of(world)
    with reverts("InvalidAmount", world.chain, amount=0):
        world.send(world.payer, "deposit", 1, 0, world.payer.address)
    with reverts("MissingOwner", world.chain):
        world.send(world.payer, "deposit", 1, 1, NOWHERE)


def test_more_than_96_bits_are_refused(world: World) -> None:
    token = token_of(world)
    token.transact(world.deployer, "mint", world.payer.address, 2**97)
    with reverts("InvalidAmount", world.chain, amount=2**96):
        world.send(world.payer, "deposit", 1, 2**96, world.payer.address)
    world.send(world.payer, "deposit", 1, 2**96 - 1, world.payer.address)


@pytest.mark.anvil
def test_a_chain_takes_no_more_ether_than_half_its_ledger() -> None:
    """Bonds and deferred payments have 88 bits beside what is registered."""
    with AnvilNode() as node:
        world = World(node.connection)
        for more in (0, 1):
            node.connection.backend.rpc("anvil_setBalance", world.chain.address, hex(2**87 - ETHER - 1 + more))
            if more:
                with reverts("InvalidAmount", world.chain, amount=ETHER):
                    world.deposit(world.payer)
            else:
                world.deposit(world.payer)


def test_anybody_lists_a_token_once(world: World) -> None:
    token = token_of(world)
    assert world.chain.call("tokenOf", 1) == token.address
    with reverts("InvalidToken", world.chain, token=token.address):
        world.send(world.payer, "registerToken", token.address)
    with reverts("InvalidToken", world.chain, token=world.payer.address):
        world.send(world.payer, "registerToken", world.payer.address)
    with reverts("UnknownToken", world.chain, id=2):
        world.send(world.payer, "deposit", 2, 1, world.payer.address)
    with reverts("InvalidToken", world.chain, token=NOWHERE):
        world.send(world.payer, "deposit", 0, 1, world.payer.address)


@pytest.mark.parametrize("name", ["MockToken", "NoReturnToken"])
def test_an_allowed_token_comes_in(world: World, name: str) -> None:
    token = token_of(world, name)
    deposit = world.record_of(world.send(world.payer, "deposit", 1, 700, world.payee.address))
    assert token.call("balanceOf", world.chain.address) == 700
    assert deposit.record[:22] == bytes.fromhex(world.payee.address[2:]) + b"\0\x01"
    assert world.chain.call("deposits", 1) == keccak(deposit.record)


def test_a_token_that_delivers_less_is_refused(world: World) -> None:
    token = token_of(world, "FeeOnTransferToken", 250)
    with reverts("InsufficientTransfer", world.chain, token=token.address, have=390, need=400):
        world.send(world.payer, "deposit", 1, 400, world.payer.address)


def test_a_token_that_says_yes_and_moves_nothing_is_refused(world: World) -> None:
    token = token_of(world, "LyingPermitToken")
    token.transact(world.deployer, "setLyingTransfers", True)
    with reverts("InsufficientTransfer", world.chain, token=token.address, have=0, need=400):
        world.send(world.payer, "deposit", 1, 400, world.payer.address)


def test_a_deposit_inside_a_deposit_is_refused(world: World) -> None:
    token = token_of(world, "ReentrantToken")
    again = world.chain.encode("deposit", 1, 1, world.thief.address)
    token.transact(world.deployer, "arm(address,bytes)", world.chain.address, again)
    world.send(world.payer, "deposit", 1, 10, world.payer.address)
    assert (token.call("attempts"), token.call("succeeded")) == (1, False)
    assert token.call("lastReason") == keccak(b"ReentrantCall()")[:4]
    assert world.chain.call("head")[2] == 2


def test_a_permit_replaces_the_approval_also_when_it_was_used_up(world: World) -> None:
    token = token_of(world)
    token.transact(world.payer, "approve", world.chain.address, 0)
    split = permit(world, token, world.payer, 500)
    with reverts("InsufficientTransfer", world.chain, token=token.address, have=0, need=500):
        world.send(world.thief, "depositWithPermit", 1, 500, world.thief.address, MAXIMUM, *split)
    signature = split[1] + split[2] + bytes([split[0]])
    token.transact(world.thief, "permit", world.payer.address, world.chain.address, 500, MAXIMUM, signature)
    world.send(world.payer, "depositWithPermit", 1, 500, world.payee.address, MAXIMUM, *split)
    assert token.call("balanceOf", world.chain.address) == 500


@pytest.mark.parametrize("compact", [False, True])
def test_an_authorization_brought_by_anybody_credits_its_signer(world: World, compact: bool) -> None:
    token = token_of(world)
    nonce = b"\x07" * 32
    signature = authorization(world, token, world.payer, 500, nonce)
    if compact:
        high = signature[64] - 27 << 7
        signature = signature[:32] + bytes([signature[32] | high]) + signature[33:64]
    args = (1, 500, world.payer.address, 0, MAXIMUM, nonce, signature)
    with reverts("InsufficientTransfer", world.chain, token=token.address, have=0, need=500):
        world.send(world.thief, "depositWithAuthorization", 1, 500, world.thief.address, *args[3:])
    deposit = world.record_of(world.send(world.thief, "depositWithAuthorization", *args))
    assert deposit.record[:20] == bytes.fromhex(world.payer.address[2:])
    with reverts("InsufficientTransfer", world.chain, token=token.address, have=0, need=500):
        world.send(world.thief, "depositWithAuthorization", *args)


def test_a_permit2_transfer_brought_by_anybody_credits_its_signer(world: World) -> None:
    permit2 = deploy_mock("MockPermit2", sender=world.deployer)
    there = World(world.connection, permit2=permit2.address)
    token = token_of(there)
    token.transact(there.payer, "approve", permit2.address, MAXIMUM)
    signature = permit2_transfer(there, permit2, token, there.payer, 500)
    with reverts("InsufficientTransfer", there.chain, token=token.address, have=0, need=500):
        there.send(there.thief, "depositWithPermit2", 1, 500, there.thief.address, 0, MAXIMUM, signature)
    args = (1, 500, there.payer.address, 0, MAXIMUM, signature)
    deposit = there.record_of(there.send(there.thief, "depositWithPermit2", *args))
    assert deposit.record[:20] == bytes.fromhex(there.payer.address[2:])


def test_a_frozen_chain_takes_no_deposit(world: World) -> None:
    block = world.block(packed([], [(world.payer, 0, 1)], 1, kind=2))
    world.send(world.watcher, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
    world.deposit(world.payer, ETHER)
    world.at(world.now + DATA_DELAY + 1)
    world.send(world.watcher, "freeze", 1, 0)
    with reverts("ChainFrozen", world.chain):
        world.deposit(world.payer, ETHER)
