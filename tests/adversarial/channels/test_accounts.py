"""Parties that are contracts (ERC-1271) or keys with code (EIP-7702): honest, hostile and in between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import RIGHT_TO_PAY, Close, Session, Voucher
from layer2.channels.protocol.session_keys import FOREVER, SessionProof
from layer2.ethereum.contract import Contract
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock
from layer2.testing.adversaries.channels.steps import closed, voucher
from layer2.testing.adversaries.channels.world import DELAY, ETHER, GasWorld, Player
from layer2.testing.revert_checks.reverts import reverts

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


def session_of(key: ChannelKey, hot: PrivateKey, cap: int = ETHER) -> Session:
    return Session(key.id, hot.address, cap, FOREVER, RIGHT_TO_PAY)


def register(world: GasWorld, wallet: Contract, session: Session) -> None:
    """Let a wallet of the payer name a session key on chain."""
    row = (session.channel_id, session.key, session.cap, session.valid_until, session.rights)
    data = world.hub.encode("registerSession", *row)
    wallet.transact(world.payer.sender, "execute", world.hub.address, 0, data)


def counter(world: GasWorld, session: Session, hot: PrivateKey, amount: int) -> bytes:
    signature = hot.sign(Voucher(session.channel_id, amount).digest(world.domain))
    return SessionProof.build(session, b"", signature).encode()


HOT = PrivateKey(keccak(b"session key of a wallet"))


def test_a_smart_wallet_pays_by_the_session_it_registered_and_is_paid_out(world: GasWorld) -> None:
    wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
    key = channel_of(world, wallet.address)
    session = session_of(key, HOT)
    with reverts("InvalidSignature", signer=wallet.address):
        world.act(world.payee, "startClose", key.as_tuple(), 9, counter(world, session, HOT, 9))
    register(world, wallet, session)
    world.act(world.payee, "startClose", key.as_tuple(), 9, counter(world, session, HOT, 9))
    world.connection.advance(DELAY + 1)
    world.act(world.relayer, "settle", key.as_tuple())
    assert world.connection.balance(wallet.address) == ETHER - 9
    assert world.hub.call("pendingWithdrawals", wallet.address, key.token) == 0


def test_a_registered_session_has_its_limits_and_one_owner(world: GasWorld) -> None:
    wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
    key = channel_of(world, wallet.address)
    session = session_of(key, HOT, cap=100)
    row = (session.channel_id, session.key, session.cap, session.valid_until, session.rights)
    world.act(world.payer, "registerSession", *row)
    with reverts("InvalidSignature", signer=wallet.address):
        world.act(world.payee, "startClose", key.as_tuple(), 9, counter(world, session, HOT, 9))
    register(world, wallet, session)
    assert world.hub.call("isRegistered", wallet.address, session.struct_hash())
    with reverts("SessionExceeded", key=HOT.address, have=100, need=101):
        world.act(world.payee, "startClose", key.as_tuple(), 101, counter(world, session, HOT, 101))
    wider = replace(session, cap=ETHER)
    with reverts("InvalidSignature", signer=wallet.address):
        world.act(world.payee, "startClose", key.as_tuple(), 101, counter(world, wider, HOT, 101))
    thief = PrivateKey(keccak(b"thief"))
    with reverts("InvalidSignature", signer=HOT.address):
        world.act(world.payee, "startClose", key.as_tuple(), 9, counter(world, session, thief, 9))
    world.act(world.payee, "startClose", key.as_tuple(), 100, counter(world, session, HOT, 100))


def test_no_account_signs_a_counter_by_its_code(world: GasWorld) -> None:
    """What a contract confirms today it can deny when it is to pay: its owner's signature counts for nothing here."""
    willing = hostile(world, "Accept")
    wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
    for account, signature in ((willing, b"\x01"), (wallet, None)):
        key = channel_of(world, account.address)
        with reverts("InvalidSignature", signer=account.address):
            given = signature or voucher(world, world.payer, key, 9)
            world.act(world.payee, "startClose", key.as_tuple(), 9, given)


def test_a_smart_wallet_closes_together_with_the_payee(world: GasWorld) -> None:
    wallet = deploy_mock("SmartWallet", world.payer.address, sender=world.operator)
    key = channel_of(world, wallet.address)
    world.act(world.relayer, "close", key.as_tuple(), 9, 0, *closed(world, key, 9, 0))
    assert world.connection.balance(wallet.address) == ETHER - 9


def hostile(world: GasWorld, mode: str) -> Contract:
    wallet = deploy_mock("ReentrantWallet1271", sender=world.operator)
    wallet.transact(world.operator, "setMode", MODES.index(mode))
    return wallet


def close_with(world: GasWorld, key: ChannelKey) -> int:
    """Close together with a wallet whose signature is one byte."""
    message = Close(key.id, 9, 0)
    return world.act(world.relayer, "close", key.as_tuple(), 9, 0, b"\x01", world.sign(world.payee, message))


@pytest.mark.parametrize("mode", REFUSING)
def test_any_answer_but_the_magic_value_is_a_refusal(world: GasWorld, mode: str) -> None:
    wallet = hostile(world, mode)
    key = channel_of(world, wallet.address)
    with reverts("InvalidSignature", signer=wallet.address):
        close_with(world, key)


@pytest.mark.parametrize("mode", ["BurnGas", "Revert", "RevertBomb"])
def test_a_wallet_that_will_not_answer_hurts_itself_only(world: GasWorld, mode: str) -> None:
    """The payee closes by its own counter and takes its deposit back."""
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
    start = world.hub.encode("startClose", key.as_tuple(), 0, b"")
    wallet.transact(world.operator, "arm", world.hub.address, start)
    close_with(world, key)
    assert world.hub.call("channel", key.id)[0] == ((1 << 32) - 1) << 224


def test_a_bomb_in_the_answer_is_not_copied(world: GasWorld) -> None:
    wallet = hostile(world, "ReturnBomb")
    key = channel_of(world, wallet.address)
    # The bomb's own memory is all that is paid for: copying it would double the price.
    assert close_with(world, key) < 2_600_000


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
    with reverts("InvalidSignature", signer=delegated.address):
        world.act(world.payee, "startClose", key.as_tuple(), 9, voucher(world, world.relayer, key, 9))
    message = Close(key.id, 9, 0)
    by_a, by_b = world.sign(delegated, message), world.sign(world.payee, message)
    world.act(world.relayer, "close", key.as_tuple(), 9, 0, by_a, by_b)
