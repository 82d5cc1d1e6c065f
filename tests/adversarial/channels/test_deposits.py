"""Deposits pulled without consent, twice, or into the wrong channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from tests.support.channels.token_pulls import FOREVER, PERMIT_DATA, Permitting, by_permit, permit_of

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import Deposit
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.channels.steps import LATER
from layer2.testing.adversaries.channels.world import ETHER, UNIT, GasWorld, Player
from layer2.testing.revert_checks.reverts import reverts

NOTHING_ARRIVED = {"have": 0, "need": 1}


def nets(world: GasWorld, key: ChannelKey) -> tuple[int, int]:
    """What the channel holds of each side, both above zero."""
    word = world.hub.call("channel", key.id)[0]
    return word & (1 << 111) - 1, word >> 111 & (1 << 111) - 1


def test_a_standing_approval_cannot_be_pulled_without_consent(world: GasWorld) -> None:
    key = world.make_key(token=True)
    data = encode(PERMIT_DATA, [0, 0, b"", LATER, bytes(64), 0])
    with reverts("InvalidSignature", signer=world.payer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [(2, False, UNIT, data)])


def test_one_consent_cannot_be_used_twice(world: GasWorld) -> None:
    key = world.make_key(token=True)
    pull = world.consented(world.payer, key, UNIT, side_b=False)
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull, pull])
    assert nets(world, key) == (UNIT, 0)
    with reverts("AmountOutOfRange", channelId=key.id, **NOTHING_ARRIVED):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
    assert nets(world, key) == (UNIT, 0)


def test_a_signed_deposit_stands_whatever_strangers_deposit(world: GasWorld) -> None:
    key = world.make_key(token=True)
    pull = world.consented(world.payer, key, UNIT, side_b=False)
    world.act(world.relayer, "deposit", key.as_tuple(), 1, 1)
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
    assert nets(world, key) == (UNIT + 1, 1)


def test_a_signed_deposit_is_for_one_channel_amount_and_time(world: GasWorld) -> None:
    key, other = world.make_key(token=True), world.make_key(token=True)
    source, side, amount, data = world.consented(world.payer, key, UNIT, side_b=False)
    for target, wrong in ((other, (source, side, amount, data)), (key, (source, side, amount + 1, data))):
        with reverts("InvalidSignature", signer=world.payer.address):
            world.act(world.relayer, "depositPulled", target.as_tuple(), [wrong])
    until = world.connection.timestamp() + 50
    signature = world.sign(world.payer, Deposit(key.id, UNIT, 77, until))
    brief = (2, False, UNIT, encode(PERMIT_DATA, [0, 0, b"", until, signature, 77]))
    world.connection.set_next_timestamp(until + 1)
    with reverts("ExpiredConsent", timestamp=until + 1, validUntil=until):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [brief])


def test_a_stranger_cannot_use_up_the_nonce_of_a_deposit_that_is_not_covered_yet(world: GasWorld) -> None:
    key = world.make_key(token=True)
    pull = world.consented(world.payer, key, UNIT, side_b=False)
    dust = (0, True, 1, b"")
    world.token.transact(world.payer.sender, "approve", world.hub.address, 0)
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull, dust])
    assert nets(world, key) == (0, 1)
    world.token.transact(world.payer.sender, "approve", world.hub.address, UNIT)
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
    assert nets(world, key) == (UNIT, 1)


@pytest.mark.parametrize("how", ["consented", "authorization"])
def test_one_used_half_does_not_stop_a_two_sided_opening(world: GasWorld, how: str) -> None:
    key = world.make_key(token=True)
    sign = getattr(world, how)
    pulls = [sign(world.payer, key, UNIT, side_b=False), sign(world.payee, key, 2 * UNIT, side_b=True)]
    world.act(world.payer, "depositPulled", key.as_tuple(), pulls[:1])
    world.act(world.relayer, "depositPulled", key.as_tuple(), pulls)
    assert nets(world, key) == (UNIT, 2 * UNIT)


def test_a_missing_allowance_of_the_caller_is_an_error(world: GasWorld) -> None:
    key = world.make_key(token=True)
    world.token.transact(world.relayer.sender, "approve", world.hub.address, 0)
    with reverts("InsufficientTransfer", token=world.token.address, have=0, need=5):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [(0, False, 5, b"")])


@pytest.mark.parametrize("way", ["by id", "by key", "pulled"])
def test_side_b_of_a_one_way_channel_takes_no_deposit(world: GasWorld, way: str) -> None:
    key = world.make_key(token=way == "pulled", simplex=True)
    with reverts("UnexpectedChannelMode", channelId=key.id):
        if way == "by id":
            world.act(world.payee, "depositETH", key.id, True, value=5)
        elif way == "by key":
            world.act(world.payee, "deposit", key.as_tuple(), 0, 5, value=5)
        else:
            world.act(world.payee, "depositPulled", key.as_tuple(), [(0, True, 5, b"")])
    assert world.hub.call("channel", key.id)[0] == 0


@pytest.mark.parametrize("whose", ["payer twice", "nobody first", "nobody second"])
def test_a_channel_has_two_parties(world: GasWorld, whose: str) -> None:
    key = world.make_key()
    a, b = {
        "payer twice": (key.a, key.a),
        "nobody first": (ZERO_ADDRESS, key.b),
        "nobody second": (key.a, ZERO_ADDRESS),
    }[whose]
    alone = (a, b, *key.as_tuple()[2:])
    with reverts("InvalidKey", channelId=world.hub.call("channelId", alone)):
        world.act(world.payer, "deposit", alone, ETHER, 0, value=ETHER)
    world.act(world.payer, "deposit", key.as_tuple(), ETHER, 0, value=ETHER)


def test_an_authorisation_for_one_channel_cannot_fund_another(world: GasWorld) -> None:
    key, other = world.make_key(token=True), world.make_key(token=True)
    pull = world.authorization(world.payer, key, UNIT, side_b=False)
    with reverts("AmountOutOfRange", channelId=other.id, **NOTHING_ARRIVED):
        world.act(world.relayer, "depositPulled", other.as_tuple(), [pull])
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


def test_ether_cannot_be_put_into_a_token_channel_by_id(world: GasWorld) -> None:
    key = world.make_key(token=True)
    with reverts("UnexpectedChannelMode", channelId=key.id):
        world.act(world.payer, "depositETH", key.id, False, value=ETHER)


def test_a_channel_opens_until_its_last_second(world: GasWorld) -> None:
    key, late = world.make_key(), world.make_key()
    world.connection.set_next_timestamp(key.open_before)
    world.act(world.payer, "depositETH", key.id, False, value=ETHER)
    world.connection.set_next_timestamp(late.open_before + 1)
    with reverts("OpeningExpired", channelId=late.id, timestamp=late.open_before + 1, openBefore=late.open_before):
        world.act(world.payer, "depositETH", late.id, False, value=ETHER)


# --------------------------------------------------------------------------------------------------------- EIP-2612


@pytest.fixture
def newcomer(world: GasWorld) -> Player:
    """Holds tokens and has approved nobody; the relayer pays its gas."""
    key = PrivateKey(keccak(b"newcomer"))
    world.operator.send(world.token.address, world.token.encode("mint", key.address, 1000 * UNIT))
    return Player(key, world.relayer.sender)


def key_of(world: GasWorld, payer: Player) -> ChannelKey:
    return replace(world.make_key(token=True), a=payer.address)


def test_a_permit_and_a_consent_deposit_without_gas_of_the_owner(world: GasWorld, newcomer: Player) -> None:
    key = key_of(world, newcomer)
    pull = by_permit(world, newcomer, key, 7, permit_of(world, newcomer, 7))
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
    assert world.hub.call("channel", key.id)[0] & (1 << 111) - 1 == 7


def test_a_permit_used_by_somebody_else_first_does_not_stop_the_deposit(world: GasWorld, newcomer: Player) -> None:
    key, permit = key_of(world, newcomer), permit_of(world, newcomer, 7)
    r, s, v = permit[:32], permit[32:64], permit[64]
    args = (newcomer.address, world.hub.address, 7, FOREVER, v, r, s)
    signature = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    world.token.transact(world.payee.sender, signature, *args)
    world.act(world.relayer, "depositPulled", key.as_tuple(), [by_permit(world, newcomer, key, 7, permit)])
    assert world.hub.call("channel", key.id)[0] & (1 << 111) - 1 == 7


def test_a_permit_without_consent_to_this_channel_deposits_nothing(world: GasWorld, newcomer: Player) -> None:
    key, other = key_of(world, newcomer), key_of(world, newcomer)
    pull = by_permit(world, newcomer, other, 7, permit_of(world, newcomer, 7))
    with reverts("InvalidSignature", signer=newcomer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


def test_a_permit_of_somebody_else_deposits_nothing(world: GasWorld, newcomer: Player) -> None:
    key = key_of(world, newcomer)
    for wrong in (permit_of(world, world.payee, 7), permit_of(world, newcomer, 8), b"", bytes(65)):
        with reverts("AmountOutOfRange", channelId=key.id, **NOTHING_ARRIVED):
            pull = by_permit(world, newcomer, key, 7, wrong)
            world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


# ---------------------------------------------------------------------------------------------------------- Permit2


@pytest.fixture
def permitting(world: GasWorld) -> Permitting:
    return Permitting(world)


def test_permit2_deposits_once_into_the_channel_that_was_signed(permitting: Permitting) -> None:
    key, other = permitting.key(), permitting.key()
    pull = permitting.pull(key, 7)
    with reverts("AmountOutOfRange", channelId=other.id, **NOTHING_ARRIVED):
        permitting.deposit(other, pull)
    permitting.deposit(key, pull)
    assert permitting.net(key) == 7
    with reverts("AmountOutOfRange", channelId=key.id, **NOTHING_ARRIVED):
        permitting.deposit(key, pull)
    permitting.deposit(key, permitting.pull(key, 5, nonce=1))
    assert permitting.net(key) == 12


def test_permit2_takes_no_more_than_was_signed_and_not_after_its_deadline(permitting: Permitting) -> None:
    key = permitting.key()
    source, side, _, data = permitting.pull(key, 7)
    for pull in ((source, side, 8, data), permitting.pull(key, 8, deadline=1)):
        with reverts("AmountOutOfRange", channelId=key.id, **NOTHING_ARRIVED):
            permitting.deposit(key, pull)
    assert permitting.net(key) == 0
