"""Receivers that refuse, burn, bomb or reenter; wallets that sign through ERC-1271; a delegated account."""

from __future__ import annotations

from typing import Any

import pytest

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import TransactionFailed
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address, address_bytes
from layer2.testing import deploy_mock, reverts

MAGIC = bytes.fromhex("1626ba7e")
DIGEST = b"\x42" * 32
MODES = [
    "Accept",
    "WrongMagic",
    "BurnGas",
    "ReturnBomb",
    "RevertBomb",
    "Revert",
    "ShortReturn",
    "EmptyReturn",
    "DirtyMagic",
    "Reenter",
]


def test_a_reverting_receiver_refuses_and_its_deployer_acts_for_it(
    connection: Connection, deployer: Sender, relayer: Sender, payee: Address
) -> None:
    receiver = deploy_mock("RevertingReceiver", sender=deployer, value=10)
    refusal = {"from": relayer.signer.address, "value": 5}
    with reverts("PaymentRefused", receiver, **refusal):
        relayer.send(receiver.address, b"", 5, 100_000, decoder=receiver.decoder)
    with reverts("AccountNotOwner", receiver, caller=relayer.signer.address, owner=deployer.signer.address):
        receiver.transact(relayer, "execute", payee, 10, b"")
    receiver.transact(deployer, "execute", payee, 10, b"")
    assert connection.balance(payee) == 10


def test_a_gas_burner_takes_all_it_is_given(deployer: Sender) -> None:
    receiver = deploy_mock("GasBurnerReceiver", sender=deployer)
    with pytest.raises(TransactionFailed) as caught:
        deployer.send(receiver.address, b"", 1, 123_456)
    assert caught.value.receipt.gas_used == 123_456


@pytest.mark.parametrize("gas", [60_000, 200_000, 5_000_000])
def test_a_return_bomb_goes_off_under_any_gas_cap(connection: Connection, deployer: Sender, gas: int) -> None:
    receiver = deploy_mock("ReturnBombReceiver", sender=deployer)
    sizes = []
    for reverting in (False, True):
        receiver.transact(deployer, "configure", 1 << 20, reverting)
        outcome = connection.simulate(CallRequest(receiver.address, b"", 1, deployer.signer.address, gas))
        assert outcome.failure is None
        bomb = outcome.revert if reverting else outcome.output
        assert bomb is not None
        sizes.append(len(bomb))
    assert min(sizes) > 32_000
    assert (min(sizes) > 500_000) == (gas == 5_000_000)


def test_a_reentrant_receiver_reenters_within_a_small_gas_allowance(deployer: Sender) -> None:
    receiver = deploy_mock("ReentrantReceiver", sender=deployer)
    target = deploy_mock("RevertKinds", sender=deployer)
    receiver.transact(deployer, "arm(address,bytes)", target.address, target.encode("otherCustom"))
    deployer.send(receiver.address, b"", 1, 21_000 + 60_000)
    assert (receiver.call("attempts"), receiver.call("succeeded")) == (1, False)
    assert receiver.call("lastReason") == bytes.fromhex("9e87fac8")
    receiver.transact(deployer, "arm(address,bytes)", target.address, target.encode("fine"))
    deployer.send(receiver.address, b"", 1, 200_000)
    assert (receiver.call("succeeded"), target.call("touched")) == (True, 1)


def test_a_receiver_that_rejects_can_change_its_mind(connection: Connection, deployer: Sender) -> None:
    receiver = deploy_mock("RejectOnceReceiver", sender=deployer)
    refusal = {"from": deployer.signer.address, "value": 5}
    with reverts("NotYetAccepting", receiver, **refusal):
        deployer.send(receiver.address, b"", 5, 100_000, decoder=receiver.decoder)
    receiver.transact(deployer, "acceptNow")
    deployer.send(receiver.address, b"", 5, 100_000)
    assert connection.balance(receiver.address) == 5


def test_a_smart_wallet_accepts_its_owners_signature_only(deployer: Sender, payer: Any, stranger: Any) -> None:
    wallet = deploy_mock("SmartWallet", payer.address, sender=deployer)
    signature = payer.digest(DIGEST)
    assert wallet.call("isValidSignature", DIGEST, signature) == MAGIC
    assert wallet.call("isValidSignature", DIGEST, stranger.digest(DIGEST)) != MAGIC
    assert wallet.call("isValidSignature", bytes(32), signature) != MAGIC
    assert wallet.call("isValidSignature", DIGEST, b"") != MAGIC
    deployer.send(wallet.address, b"", 7, 100_000)
    assert wallet.call("received") == 7


@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_wallet_answers_as_its_mode_says(connection: Connection, deployer: Sender, mode: str) -> None:
    wallet = deploy_mock("ReentrantWallet1271", sender=deployer)
    target = deploy_mock("RevertKinds", sender=deployer)
    if mode == "Reenter":
        wallet.transact(deployer, "arm", target.address, target.encode("fine"))
    else:
        wallet.transact(deployer, "setMode", MODES.index(mode))
    question = wallet.encode("isValidSignature", DIGEST, b"")
    outcome = connection.simulate(CallRequest(wallet.address, question, 0, None, 5_000_000))
    padded = MAGIC + bytes(28)
    if mode == "Accept":
        assert outcome.output == padded
    elif mode == "WrongMagic":
        assert outcome.output == b"\xff" * 4 + bytes(28)
    elif mode == "BurnGas":
        assert outcome.failure is not None
    elif mode == "ReturnBomb":
        assert (len(outcome.output), outcome.output[:32]) == (1 << 20, padded)
    elif mode == "RevertBomb":
        assert outcome.revert is not None
        assert len(outcome.revert) == 1 << 20
    elif mode == "Revert":
        assert outcome.revert == b""
    elif mode == "ShortReturn":
        assert outcome.output == MAGIC
    elif mode == "EmptyReturn":
        assert (outcome.output, outcome.revert, outcome.failure) == (b"", None, None)
    elif mode == "DirtyMagic":
        assert outcome.output == MAGIC + bytes(27) + b"\x01"
    else:
        # outside a STATICCALL the reentry gets through, and the wallet says so
        assert outcome.output == bytes.fromhex("deadbeef") + bytes(28)


def test_a_static_call_stops_the_reentry_of_a_hostile_wallet(deployer: Sender, payer: Any) -> None:
    """MockToken asks contract signers with STATICCALL: the reentry fails, the magic value comes back."""
    wallet = deploy_mock("ReentrantWallet1271", sender=deployer)
    target = deploy_mock("RevertKinds", sender=deployer)
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=deployer)
    wallet.transact(deployer, "arm", target.address, target.encode("fine"))
    token.transact(deployer, "permit", wallet.address, deployer.signer.address, 5, 2**256 - 1, b"", gas=1_000_000)
    assert token.call("allowance", wallet.address, deployer.signer.address) == 5
    assert target.call("touched") == 0


def test_a_delegated_account_rejects_every_erc1271_question_and_obeys_itself_only(deployer: Sender) -> None:
    delegate = deploy_mock("DelegatedAccount7702", sender=deployer)
    assert delegate.call("isValidSignature", DIGEST, b"") != MAGIC
    stranger = deployer.signer.address
    with reverts("DelegateNotSelf", delegate, caller=stranger, account=delegate.address):
        delegate.transact(deployer, "execute", stranger, 0, b"")
    data = delegate.encode("execute", stranger, 0, b"")
    assert delegate.connection.call(delegate.address, data, sender=delegate.address) != b""


def test_a_key_that_delegated_still_signs_but_its_erc1271_says_no(
    connection: Connection, deployer: Sender, payer: Any
) -> None:
    delegate = deploy_mock("DelegatedAccount7702", sender=deployer)
    delegation = payer.delegation(connection.chain_id, delegate.address)
    deployer.send(payer.address, gas=200_000, authorizations=(delegation,))
    account = Contract(connection, payer.address, delegate.abi)
    assert connection.code(account.address) == bytes.fromhex("ef0100") + address_bytes(delegate.address)
    signature = payer.digest(DIGEST)
    assert account.call("isValidSignature", DIGEST, signature) != MAGIC
    # ECDSA is tried first by MockToken, so the same account can still sign a permit
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=deployer)
    spender = deployer.signer.address
    permit = payer.permit(connection.chain_id, token, spender, 5)
    token.transact(deployer, "permit", payer.address, spender, 5, 2**256 - 1, permit)
    assert token.call("allowance", payer.address, spender) == 5
