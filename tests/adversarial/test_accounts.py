"""Parties that are contracts (ERC-1271) or keys with code (EIP-7702): honest, hostile and in between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from layer2.channels.key import ChannelKey
from layer2.channels.messages import Close, Voucher
from layer2.ethereum.contract import Contract
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock
from layer2.testing.bench.world import DELAY, ETHER, GasWorld, Player
from layer2.testing.hubsteps import closed, voucher
from layer2.testing.reverts import reverts

# In the order of `ReentrantWallet1271.Mode`.
MODES = ["Accept", "WrongMagic", "BurnGas", "ReturnBomb", "RevertBomb", "Revert", "ShortReturn", "EmptyReturn"]
MODES += ["DirtyMagic"]
REFUSING = ["WrongMagic", "Revert", "RevertBomb", "ShortReturn", "EmptyReturn", "DirtyMagic"]


def channel_of(world: GasWorld, payer: str) -> ChannelKey:
    """A channel from an account with code to the payee, each side with one ether."""
    key = replace(world.make_key(), a=payer)
    world.act(world.relayer, "depositETH", key.id, False, value=ETHER)
    world.act(world.payee, "depositETH", key.id, True, value=ETHER)
    return key


def test_a_smart_wallet_pays_by_the_signature_of_its_owner_and_is_paid_out(world: GasWorld) -> None:
    wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
    key = channel_of(world, wallet.address)
    world.act(world.payee, "startClose", key.as_tuple(), 9, voucher(world, world.payer, key, 9))
    world.connection.advance(DELAY + 1)
    world.act(world.relayer, "settle", key.as_tuple())
    assert world.connection.balance(wallet.address) == ETHER - 9
    assert world.hub.call("owed", wallet.address, key.token) == 0


def test_a_smart_wallet_does_not_pay_by_anybody_elses_signature(world: GasWorld) -> None:
    wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
    key = channel_of(world, wallet.address)
    for thief in (world.payee, world.relayer):
        with reverts("SignatureInvalid", signer=wallet.address):
            world.act(world.payee, "startClose", key.as_tuple(), 9, voucher(world, thief, key, 9))


def test_a_smart_wallet_closes_together_with_the_payee(world: GasWorld) -> None:
    wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
    key = channel_of(world, wallet.address)
    world.act(world.relayer, "close", key.as_tuple(), 9, 0, *closed(world, key, 9, 0))
    assert world.connection.balance(wallet.address) == ETHER - 9


def hostile(world: GasWorld, mode: str) -> Contract:
    wallet = deploy_mock("ReentrantWallet1271", sender=world.operator)
    wallet.transact(world.operator, "setMode", MODES.index(mode))
    return wallet


@pytest.mark.parametrize("mode", REFUSING)
def test_any_answer_but_the_magic_value_is_a_refusal(world: GasWorld, mode: str) -> None:
    wallet = hostile(world, mode)
    key = channel_of(world, wallet.address)
    with reverts("SignatureInvalid", signer=wallet.address):
        world.act(world.payee, "startClose", key.as_tuple(), 9, b"\x01")


@pytest.mark.parametrize("mode", ["BurnGas", "Revert", "RevertBomb"])
def test_a_wallet_that_will_not_answer_hurts_itself_only(world: GasWorld, mode: str) -> None:
    """The payee cannot post what such a payer signs, but it closes by its own counter and takes its deposit back."""
    wallet = hostile(world, mode)
    key = channel_of(world, wallet.address)
    world.act(world.payee, "startClose", key.as_tuple(), 0, b"")
    world.connection.advance(DELAY + 1)
    before = world.connection.balance(world.payee.address)
    world.act(world.relayer, "settle", key.as_tuple())
    assert world.connection.balance(world.payee.address) - before == ETHER


def test_a_wallet_cannot_reenter_while_it_is_asked(world: GasWorld) -> None:
    wallet = deploy_mock("ReentrantWallet1271", sender=world.operator)
    key = channel_of(world, wallet.address)
    counter = world.hub.encode("startClose", key.as_tuple(), 0, b"")
    wallet.transact(world.operator, "arm", world.hub.address, counter)
    world.act(world.payee, "startClose", key.as_tuple(), 9, b"\x01")
    assert world.hub.call("channel", key.id)[1] & (1 << 112) - 1 == 9


def test_a_bomb_in_the_answer_is_not_copied(world: GasWorld) -> None:
    wallet = hostile(world, "ReturnBomb")
    key = channel_of(world, wallet.address)
    # The bomb's own memory is all that is paid for: copying it would double the price.
    assert world.act(world.payee, "startClose", key.as_tuple(), 9, b"\x01") < 2_600_000


@pytest.fixture
def delegated(world: GasWorld) -> Player:
    """A key whose account runs code that refuses every ERC-1271 question."""
    delegate = deploy_mock("DelegatedAccount7702", sender=world.operator)
    key = PrivateKey(keccak(b"delegated"))
    account = Account.from_key(keccak(b"delegated"))
    row = {"chainId": world.connection.chain_id, "address": delegate.address, "nonce": 0}
    world.operator.send(key.address, gas=200_000, authorizations=(account.sign_authorization(row),))
    assert world.connection.code(key.address) == bytes.fromhex("ef0100") + address_bytes(delegate.address)
    return Player(key, world.relayer.sender)


def test_a_delegated_account_still_pays_with_its_key(world: GasWorld, delegated: Player) -> None:
    key = channel_of(world, delegated.address)
    world.act(world.payee, "startClose", key.as_tuple(), 9, world.sign(delegated, Voucher(key.id, 9)))
    world.connection.advance(DELAY + 1)
    before = world.connection.balance(delegated.address)
    world.act(world.relayer, "settle", key.as_tuple())
    assert world.connection.balance(delegated.address) - before == ETHER - 9


def test_the_code_of_a_delegated_account_signs_nothing(world: GasWorld, delegated: Player) -> None:
    key = channel_of(world, delegated.address)
    with reverts("SignatureInvalid", signer=delegated.address):
        world.act(world.payee, "startClose", key.as_tuple(), 9, voucher(world, world.relayer, key, 9))
    message = Close(key.id, 9, 0)
    by_a, by_b = world.sign(delegated, message), world.sign(world.payee, message)
    world.act(world.relayer, "close", key.as_tuple(), 9, 0, by_a, by_b)
