"""Deposits pulled without consent, twice, or into the wrong channel."""

from __future__ import annotations

from eth_abi.abi import encode
from tests.adversarial.steps import LATER

from layer2.testing.bench.world import ETHER, UNIT, GasWorld
from layer2.testing.reverts import reverts


def test_a_standing_approval_cannot_be_pulled_without_consent(world: GasWorld) -> None:
    key = world.make_key(token=True)
    data = encode(["uint256", "uint256", "bytes", "uint48", "bytes"], [0, 0, b"", LATER, bytes(64)])
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [(2, False, UNIT, data)])


def test_one_consent_cannot_be_used_twice(world: GasWorld) -> None:
    key = world.make_key(token=True)
    pull = world.consented(world.payer, key, UNIT, side_b=False)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [pull, pull])
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


def test_an_authorisation_for_one_channel_cannot_fund_another(world: GasWorld) -> None:
    key, other = world.make_key(token=True), world.make_key(token=True)
    pull = world.authorization(world.payer, key, UNIT, side_b=False)
    with reverts("TransferShort", token=world.token.address, have=0, need=UNIT):
        world.act(world.relayer, "depositPulled", other.as_tuple(), [pull])
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


def test_ether_cannot_be_put_into_a_token_channel_by_id(world: GasWorld) -> None:
    key = world.make_key(token=True)
    with reverts("ChannelModeWrong", channelId=key.id):
        world.act(world.payer, "depositETH", key.id, False, value=ETHER)


def test_a_channel_opens_until_its_last_second(world: GasWorld) -> None:
    key, late = world.make_key(), world.make_key()
    world.connection.set_next_timestamp(key.open_before)
    world.act(world.payer, "depositETH", key.id, False, value=ETHER)
    world.connection.set_next_timestamp(late.open_before + 1)
    with reverts("OpeningExpired", channelId=late.id, timestamp=late.open_before + 1, openBefore=late.open_before):
        world.act(world.payer, "depositETH", late.id, False, value=ETHER)
