"""Hostile tokens and receivers: nobody else's money stops or moves for them."""

from __future__ import annotations

import pytest

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE, Close, Session
from layer2.channels.protocol.session_keys import encode_session
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.testing.adversaries.channels.world import DELAY, ETHER, UNIT, GasWorld
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

MODES = ("RevertingReceiver", "GasBurnerReceiver", "ReturnBombReceiver", "RejectOnceReceiver")


def token_of(world: GasWorld, name: str, *args: object) -> Contract:
    """A hostile token, held by payer and payee, approved for the hub."""
    token = deploy_mock(name, *args, sender=world.operator)
    for player in (world.payer, world.payee):
        token.transact(world.operator, "mint", player.address, 1000 * UNIT)
        token.transact(player.sender, "approve", world.hub.address, 2**256 - 1)
    return token


def key_of(
    world: GasWorld, token: str = ZERO_ADDRESS, payee: str | None = None, *, simplex: bool = False
) -> ChannelKey:
    until = world.connection.timestamp() + 1000
    return ChannelKey(world.payer.address, payee or world.payee.address, token, DELAY, until, 7, simplex)


def fund(world: GasWorld, key: ChannelKey, amount: int = 100 * UNIT) -> None:
    world.act(world.payer, "deposit", key.as_tuple(), amount, 0)
    if not key.simplex:
        world.act(world.payee, "deposit", key.as_tuple(), 0, amount)


def close(world: GasWorld, key: ChannelKey, sent_a: int = 0) -> None:
    message = Close(key.id, sent_a, 0)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    world.act(world.relayer, "close", key.as_tuple(), sent_a, 0, *signed)


def owed(world: GasWorld, account: str, token: str) -> int:
    return int(world.hub.call("pendingWithdrawals", account, token))


# ------------------------------------------------------------------------------------------------------------ tokens


def test_a_token_without_return_values_is_deposited_and_paid_out(world: GasWorld) -> None:
    token = token_of(world, "NoReturnToken")
    key = key_of(world, token.address)
    fund(world, key)
    close(world, key, 30 * UNIT)
    assert token.call("balanceOf", world.payee.address) == 1030 * UNIT
    assert token.call("balanceOf", world.hub.address) == 0


def test_a_fee_on_transfer_token_cannot_be_booked_in_full(world: GasWorld) -> None:
    token = token_of(world, "FeeOnTransferToken", 100)
    key = key_of(world, token.address)
    with reverts("InsufficientTransfer", token=token.address, have=99 * UNIT, need=100 * UNIT):
        fund(world, key)


def test_a_token_that_answers_false_deposits_nothing(world: GasWorld) -> None:
    token = token_of(world, "FalseReturningToken")
    key = key_of(world, token.address)
    token.transact(world.operator, "setFailing", True)
    with reverts("InsufficientTransfer", token=token.address, have=0, need=100 * UNIT):
        fund(world, key)


def test_a_token_that_answers_false_leaves_its_payouts_owed(world: GasWorld) -> None:
    token = token_of(world, "FalseReturningToken")
    key = key_of(world, token.address)
    fund(world, key)
    token.transact(world.operator, "setFailing", True)
    close(world, key)
    assert owed(world, world.payer.address, token.address) == 100 * UNIT
    with reverts("PaymentFailed(address to, address token)", to=world.payer.address, token=token.address):
        world.act(world.payer, "withdrawPending", token.address, world.payer.address)
    token.transact(world.operator, "setFailing", False)
    world.act(world.payer, "withdrawPending", token.address, world.payer.address)
    assert token.call("balanceOf", world.payer.address) == 1000 * UNIT
    with reverts("NothingPending(address account,address token)", account=world.payer.address, token=token.address):
        world.act(world.payer, "withdrawPending", token.address, world.payer.address)


def test_a_blacklisted_payee_does_not_stop_the_payer(world: GasWorld) -> None:
    token = token_of(world, "BlacklistToken")
    key = key_of(world, token.address)
    fund(world, key)
    token.transact(world.operator, "setBlacklisted", world.payee.address, True)
    close(world, key)
    assert token.call("balanceOf", world.payer.address) == 1000 * UNIT
    world.act(world.payee, "withdrawPending", token.address, world.relayer.address)
    assert token.call("balanceOf", world.relayer.address) == 100 * UNIT


@pytest.mark.parametrize("reverting", [False, True])
def test_a_return_bomb_of_a_token_costs_the_caller_little(world: GasWorld, reverting: bool) -> None:
    token = token_of(world, "ReturnBombToken")
    key = key_of(world, token.address)
    fund(world, key)
    token.transact(world.operator, "arm", 10_000, reverting)
    message = Close(key.id, 0, 0)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    assert world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed) < 800_000


def test_a_gas_burning_transfer_is_owed_and_the_other_paid(world: GasWorld) -> None:
    token = token_of(world, "GasBurnerToken")
    key = key_of(world, token.address)
    fund(world, key)
    token.transact(world.operator, "setVictim", world.payee.address)
    close(world, key)
    assert owed(world, world.payee.address, token.address) == 100 * UNIT
    assert token.call("balanceOf", world.payer.address) == 1000 * UNIT


def test_a_token_that_shrinks_cannot_reach_other_tokens(world: GasWorld) -> None:
    token = token_of(world, "RebasingToken")
    key, other = key_of(world, token.address), world.make_key(token=True)
    fund(world, key)
    world.fund(other)
    held = world.token.call("balanceOf", world.hub.address)
    token.transact(world.operator, "rebase", 1, 2)
    close(world, key)
    assert world.token.call("balanceOf", world.hub.address) == held
    assert owed(world, world.payee.address, token.address) == 100 * UNIT


def test_a_lying_permit_token_deposits_nothing(world: GasWorld) -> None:
    token = token_of(world, "LyingPermitToken")
    key = key_of(world, token.address)
    pull = world.authorization(world.payer, key, UNIT, side_b=False)
    with reverts("AmountOutOfRange", channelId=key.id, have=0, need=1):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


def test_a_deposit_cannot_be_reentered_to_be_counted_twice(world: GasWorld) -> None:
    token = token_of(world, "ReentrantToken")
    key = key_of(world, token.address)
    token.transact(world.operator, "mint", token.address, 1000 * UNIT)
    token.transact(world.operator, "forceApprove", token.address, world.hub.address, 2**256 - 1)
    inner = world.hub.encode("deposit", key.as_tuple(), UNIT, 0)
    token.transact(world.operator, "arm", world.hub.address, inner)
    world.act(world.payer, "deposit", key.as_tuple(), UNIT, 0)
    assert token.call("attempts") == 1
    assert token.call("succeeded") is False
    assert world.hub.call("channel", key.id)[0] == UNIT


# --------------------------------------------------------------------------------------------------------- receivers


@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_payee_is_owed_and_the_payer_paid(world: GasWorld, mode: str) -> None:
    payee = deploy_mock(mode, sender=world.payee.sender)
    if mode == "ReturnBombReceiver":
        payee.transact(world.payee.sender, "configure", 10_000, True)
    key = key_of(world, payee=payee.address)
    world.act(world.payer, "depositETH", key.id, False, value=ETHER)
    before = world.connection.balance(world.payer.address)
    # The receiver is a contract wallet: its owner's signature counts for it (ERC-1271).
    close(world, key, ETHER // 4)
    assert world.connection.balance(world.payer.address) - before == 3 * ETHER // 4
    assert owed(world, payee.address, ZERO_ADDRESS) == ETHER // 4
    collect = world.hub.encode("withdrawPending", ZERO_ADDRESS, world.relayer.address)
    payee.transact(world.payee.sender, "execute", world.hub.address, 0, collect)
    assert owed(world, payee.address, ZERO_ADDRESS) == 0


def test_a_payout_cannot_be_reentered_for_more(world: GasWorld) -> None:
    payee = deploy_mock("ReentrantReceiver", sender=world.payee.sender)
    key, victim = key_of(world, payee=payee.address), world.make_key()
    world.act(world.payer, "depositETH", key.id, False, value=ETHER)
    world.fund(victim)
    message = Close(key.id, ETHER // 4, 0)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    again = world.hub.encode("close", key.as_tuple(), ETHER // 4, 0, *signed)
    payee.transact(world.payee.sender, "arm", world.hub.address, again)
    held = world.connection.balance(world.hub.address)
    world.act(world.relayer, "close", key.as_tuple(), ETHER // 4, 0, *signed)
    assert payee.call("succeeded") is False
    assert held - world.connection.balance(world.hub.address) <= ETHER


@pytest.mark.parametrize("asset", ["ether", "token"])
def test_a_relayer_that_starves_a_payout_is_refused_and_makes_no_debt(world: GasWorld, asset: str) -> None:
    """The receiver burns all it is given: with less than a push may cost, nobody can tell whether it would fail."""
    if asset == "ether":
        payee = deploy_mock("GasBurnerReceiver", sender=world.payee.sender)
        key = key_of(world, payee=payee.address)
        world.act(world.payer, "depositETH", key.id, False, value=ETHER)
        cap, starving, enough = 100_000, 170_000, 400_000
    else:
        token = token_of(world, "GasBurnerToken")
        key = key_of(world, token.address)
        fund(world, key)
        token.transact(world.operator, "setVictim", world.payee.address)
        cap, starving, enough = 300_000, 370_000, 900_000
    message = Close(key.id, 1, 0)
    row = (key.as_tuple(), 1, 0, world.sign(world.payer, message), world.sign(world.payee, message))
    # A debt is made only where a push had its whole cap and some more: one gas unit above what is asked for.
    need = cap * 64 // 63 + 50_000
    with pytest.raises(ContractReverted) as caught:
        world.hub.transact(world.relayer.sender, "close", *row, gas=starving)
    assert (caught.value.name, caught.value.arguments["need"]) == ("InsufficientGas", need)
    assert caught.value.arguments["have"] < need
    assert owed(world, key.b, key.token) == 0
    world.hub.transact(world.relayer.sender, "close", *row, gas=enough)
    assert owed(world, key.b, key.token) == (1 if asset == "ether" else 100 * UNIT + 1)


@pytest.mark.parametrize("then", ["disputed", "closed"])
def test_a_pulled_deposit_sees_what_a_tokens_hook_did_to_the_channel(world: GasWorld, then: str) -> None:
    """Money must not be booked over a tombstone or a running dispute that came up while it was pulled."""
    token = token_of(world, "ReentrantToken")
    key = key_of(world, token.address)
    fund(world, key)
    if then == "closed":
        message = Close(key.id, 0, 0)
        signed = (world.sign(world.payer, message), world.sign(world.payee, message))
        inner = world.hub.encode("close", key.as_tuple(), 0, 0, *signed)
    else:
        right = Session(key.id, token.address, 0, 2**47, RIGHT_TO_CLOSE)
        session = encode_session(right, world.sign(world.payer, right))
        inner = world.hub.encode("startCloseAs", key.as_tuple(), False, session, 0, b"")
    token.transact(world.operator, "arm", world.hub.address, inner)
    error = "InsufficientTransfer" if then == "closed" else "DisputeRunning"
    with pytest.raises(ContractReverted) as caught:
        world.act(world.payer, "depositPulled", key.as_tuple(), [(0, False, UNIT, b"")])
    assert caught.value.name == error
