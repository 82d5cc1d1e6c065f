"""Each hostile token does its one wrong thing, and is an ordinary token otherwise."""

from __future__ import annotations

import pytest

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import TransactionFailed
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address
from layer2.testing import deploy_mock, reverts

MAXIMUM = 2**256 - 1
HOLDER = "0x" + "11" * 20


def funded(name: str, *args: object, sender: Sender) -> Contract:
    token = deploy_mock(name, *args, sender=sender)
    token.transact(sender, "mint", sender.signer.address, 1000)
    return token


def answer(token: Contract, sender: Sender, name: str, *args: object) -> bytes:
    """The raw bytes a call answers with."""
    outcome = token.connection.simulate(CallRequest(token.address, token.encode(name, *args), 0, sender.signer.address))
    assert outcome.revert is None
    assert outcome.failure is None
    return outcome.output


def test_fee_on_transfer_delivers_less_than_was_sent(deployer: Sender, payee: Address) -> None:
    token = funded("FeeOnTransferToken", 250, sender=deployer)
    token.transact(deployer, "transfer", payee, 400)
    assert (token.call("balanceOf", payee), token.call("totalSupply")) == (390, 990)
    with reverts("FeeTooHigh", token, feeBasisPoints=10_001, maximum=10_000):
        deploy_mock("FeeOnTransferToken", 10_001, sender=deployer)


def test_no_return_answers_with_nothing_and_moves_the_money(deployer: Sender, payee: Address) -> None:
    token = funded("NoReturnToken", sender=deployer)
    assert answer(token, deployer, "transfer", payee, 1) == b""
    assert answer(token, deployer, "approve", payee, 1) == b""
    token.transact(deployer, "transfer", payee, 1)
    assert token.call("balanceOf", payee) == 1
    token.transact(deployer, "approve", payee, 5)
    with reverts("NoReturnApprovalNotReset", token, spender=payee, allowance=5):
        token.transact(deployer, "approve", payee, 6)
    token.transact(deployer, "approve", payee, 0)
    token.transact(deployer, "approve", payee, 6)


def test_false_returning_says_false_where_others_revert(deployer: Sender, payee: Address) -> None:
    token = funded("FalseReturningToken", sender=deployer)
    me = deployer.signer.address
    assert token.call("transfer", payee, 1000, sender=me) is True
    assert token.call("transfer", payee, 1001, sender=me) is False
    assert token.call("transferFrom", me, payee, 1, sender=payee) is False
    token.transact(deployer, "setFailing", True)
    token.transact(deployer, "transfer", payee, 1)
    assert token.call("balanceOf", payee) == 0


def test_blacklist_stops_both_directions_and_the_spender(deployer: Sender, relayer: Sender, payee: Address) -> None:
    token = funded("BlacklistToken", sender=deployer)
    me, spender = deployer.signer.address, relayer.signer.address
    token.transact(deployer, "approve", spender, MAXIMUM)
    token.transact(deployer, "transfer", payee, 1)
    for account in (payee, me, spender):
        token.transact(deployer, "setBlacklisted", account, True)
        with reverts("Blacklisted", token, account=account):
            token.transact(relayer, "transferFrom", me, payee, 1)
        token.transact(deployer, "setBlacklisted", account, False)
    token.transact(relayer, "transferFrom", me, payee, 1)


def test_reentrant_makes_the_armed_call_and_records_how_it_ended(deployer: Sender, payee: Address) -> None:
    token = funded("ReentrantToken", sender=deployer)
    target = deploy_mock("RevertKinds", sender=deployer)
    token.transact(deployer, "arm(address,bytes)", target.address, target.encode("fine"))
    token.transact(deployer, "transfer", payee, 1)
    token.transact(deployer, "transfer", payee, 1)
    assert (token.call("attempts"), token.call("succeeded"), target.call("touched")) == (1, True, 1)
    again = ("arm(address,bytes,uint256,uint32)", target.address, target.encode("otherCustom"), 0, 2)
    token.transact(deployer, *again)
    for _ in range(3):
        token.transact(deployer, "transfer", payee, 1)
    assert (token.call("attempts"), token.call("succeeded")) == (2, False)
    assert token.call("lastReason") == bytes.fromhex("9e87fac8")
    assert token.call("balanceOf", payee) == 5


def test_callback_calls_only_registered_receivers(deployer: Sender) -> None:
    token = funded("CallbackToken", sender=deployer)
    receiver = deploy_mock("RevertingReceiver", sender=deployer)
    token.transact(deployer, "transfer", receiver.address, 1)
    token.transact(deployer, "setHook", receiver.address, True)
    with reverts("PaymentRefused", receiver, **{"from": deployer.signer.address, "value": 2}):
        token.transact(deployer, "transfer", receiver.address, 2)
    assert token.call("balanceOf", receiver.address) == 1


def test_rebasing_scales_every_balance_and_only_its_deployer_may(
    deployer: Sender, relayer: Sender, payee: Address
) -> None:
    token = funded("RebasingToken", sender=deployer)
    token.transact(deployer, "transfer", payee, 400)
    with reverts("RebaseNotOwner", token, caller=relayer.signer.address, owner=deployer.signer.address):
        token.transact(relayer, "rebase", 1, 2)
    token.transact(deployer, "rebase", 1, 2)
    assert (token.call("balanceOf", payee), token.call("totalSupply")) == (200, 500)
    token.transact(deployer, "transfer", payee, 300)
    assert (token.call("balanceOf", payee), token.call("balanceOf", deployer.signer.address)) == (500, 0)
    with reverts("ERC20InsufficientBalance", token, sender=deployer.signer.address, balance=0, needed=1):
        token.transact(deployer, "transfer", payee, 1)


@pytest.mark.parametrize("reverting", [False, True])
def test_return_bomb_answers_with_as_much_as_it_is_told(
    connection: Connection, deployer: Sender, payee: Address, reverting: bool
) -> None:
    token = funded("ReturnBombToken", sender=deployer)
    assert len(answer(token, deployer, "transfer", payee, 1)) == 32
    token.transact(deployer, "arm", 1_000_000, reverting)
    request = CallRequest(token.address, token.encode("transfer", payee, 1), 0, deployer.signer.address)
    outcome = connection.simulate(request)
    bomb = outcome.revert if reverting else outcome.output
    assert bomb is not None
    assert (len(bomb), int.from_bytes(bomb[:32], "big")) == (1_000_000, 1)


def test_gas_burner_burns_for_its_victim_only(deployer: Sender, payee: Address) -> None:
    token = funded("GasBurnerToken", sender=deployer)
    token.transact(deployer, "setVictim", payee)
    token.transact(deployer, "transfer", HOLDER, 1)
    with pytest.raises(TransactionFailed) as caught:
        token.transact(deployer, "transfer", payee, 1, gas=150_000)
    assert caught.value.receipt.gas_used == 150_000


def test_lying_permit_accepts_everything_and_moves_nothing(deployer: Sender, payee: Address) -> None:
    token = funded("LyingPermitToken", sender=deployer)
    me, nonce = deployer.signer.address, bytes(32)
    authorization = (me, payee, 1, 0, MAXIMUM, nonce)
    for name in ("transferWithAuthorization", "receiveWithAuthorization"):
        token.transact(deployer, name, *authorization, 27, nonce, nonce)
        token.transact(deployer, name, *authorization, b"")
    token.transact(deployer, "permit", me, payee, 1, MAXIMUM, 27, nonce, nonce)
    token.transact(deployer, "permit", me, payee, 1, MAXIMUM, b"")
    assert (token.call("lies"), token.call("balanceOf", payee), token.call("allowance", me, payee)) == (
        6,
        0,
        0,
    )
    token.transact(deployer, "transfer", payee, 1)
    token.transact(deployer, "setLyingTransfers", True)
    assert token.call("transfer", payee, 1, sender=me) is True
    token.transact(deployer, "transfer", payee, 1)
    assert token.call("balanceOf", payee) == 1
