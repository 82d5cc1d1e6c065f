from __future__ import annotations

from typing import Any

import pytest

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.testing import deploy_mock, reverts

FOREVER = 2**256 - 1
NONCE = bytes(31) + b"\x07"
ADDRESS_VALUE = [
    {"name": "from", "type": "address"},
    {"name": "to", "type": "address"},
    {"name": "value", "type": "uint256"},
]
AUTHORIZATION = [
    *ADDRESS_VALUE,
    {"name": "validAfter", "type": "uint256"},
    {"name": "validBefore", "type": "uint256"},
    {"name": "nonce", "type": "bytes32"},
]
PERMIT = [
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]
FORMS = ["v, r, s", "bytes", "compact bytes"]


def domain(connection: Connection, token: Contract) -> dict[str, Any]:
    return {
        "name": "Dollar",
        "version": "1",
        "chainId": connection.chain_id,
        "verifyingContract": token.address,
    }


def in_form(signature: bytes, form: str) -> list[Any]:
    r, s, v = signature[:32], signature[32:64], signature[64]
    if form == "v, r, s":
        return [v, r, s]
    if form == "bytes":
        return [signature]
    return [r + (int.from_bytes(s, "big") | (v - 27) << 255).to_bytes(32, "big")]


def authorize(connection: Connection, token: Contract, key: Any, kind: str, to: str, **changes: Any) -> bytes:
    message = {
        "from": key.address,
        "to": to,
        "value": 40,
        "validAfter": 0,
        "validBefore": FOREVER,
        "nonce": NONCE,
        **changes,
    }
    signature: bytes = key.typed(domain(connection, token), {kind: AUTHORIZATION}, message)
    return signature


def test_it_moves_money_and_keeps_an_unlimited_approval(
    deployer: Sender, relayer: Sender, token: Contract, payee: str
) -> None:
    me, spender = deployer.signer.address, relayer.signer.address
    token.transact(deployer, "mint", me, 100)
    token.transact(deployer, "transfer", payee, 10)
    token.transact(deployer, "approve", spender, FOREVER)
    token.transact(relayer, "transferFrom", me, payee, 20)
    assert token.call("allowance", me, spender) == FOREVER
    token.transact(deployer, "approve", spender, 30)
    token.transact(relayer, "transferFrom", me, payee, 20)
    assert token.call("allowance", me, spender) == 10
    assert (token.call("balanceOf", payee), token.call("balanceOf", me)) == (50, 50)
    with reverts("ERC20InsufficientAllowance", token, spender=spender, allowance=10, needed=11):
        token.transact(relayer, "transferFrom", me, payee, 11)
    with reverts("ERC20InsufficientBalance", token, sender=me, balance=50, needed=51):
        token.transact(deployer, "transfer", payee, 51)


def test_a_transfer_costs_what_openzeppelins_costs(deployer: Sender, token: Contract) -> None:
    other = "0x" + "77" * 20
    token.transact(deployer, "mint", deployer.signer.address, 100)
    token.transact(deployer, "mint", other, 1)
    # An OpenZeppelin 5 transfer between two funded accounts costs about 34,500 gas, intrinsic cost included.
    assert 33_500 < token.transact(deployer, "transfer", other, 10).gas_used < 35_500


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["TransferWithAuthorization", "ReceiveWithAuthorization"])
def test_an_authorization_moves_money_once(
    connection: Connection, relayer: Sender, token: Contract, payer: Any, stranger: Any, form: str, kind: str
) -> None:
    to = relayer.signer.address
    call = kind[0].lower() + kind[1:]
    token.transact(relayer, "mint", payer.address, 100)
    terms = (payer.address, to, 40, 0, FOREVER, NONCE)
    forged = in_form(authorize(connection, token, stranger, kind, to, **{"from": payer.address}), form)
    with reverts("ERC3009InvalidSigner", token, authorizer=payer.address):
        token.transact(relayer, call, *terms, *forged)
    signature = in_form(authorize(connection, token, payer, kind, to), form)
    token.transact(relayer, call, *terms, *signature)
    assert (token.call("balanceOf", to), token.call("balanceOf", payer.address)) == (40, 60)
    with reverts("ERC3009UsedNonce", token, authorizer=payer.address, nonce=NONCE):
        token.transact(relayer, call, *terms, *signature)


def test_the_two_kinds_of_authorization_are_not_interchangeable(
    connection: Connection, relayer: Sender, token: Contract, payer: Any
) -> None:
    to = relayer.signer.address
    token.transact(relayer, "mint", payer.address, 100)
    signature = authorize(connection, token, payer, "TransferWithAuthorization", to)
    with reverts("ERC3009InvalidSigner", token, authorizer=payer.address):
        token.transact(relayer, "receiveWithAuthorization", payer.address, to, 40, 0, FOREVER, NONCE, signature)


def test_only_the_payee_receives(
    connection: Connection, relayer: Sender, token: Contract, payer: Any, payee: str
) -> None:
    signature = authorize(connection, token, payer, "ReceiveWithAuthorization", payee)
    with reverts("ERC3009CallerNotPayee", token, caller=relayer.signer.address, payee=payee):
        token.transact(relayer, "receiveWithAuthorization", payer.address, payee, 40, 0, FOREVER, NONCE, signature)


def test_an_authorization_has_a_beginning_and_an_end(
    connection: Connection, relayer: Sender, token: Contract, payer: Any, payee: str
) -> None:
    start = connection.timestamp() + 1000
    token.transact(relayer, "mint", payer.address, 100)
    window = {"validAfter": start, "validBefore": start + 2}
    signature = authorize(connection, token, payer, "TransferWithAuthorization", payee, **window)
    terms = (payer.address, payee, 40, start, start + 2, NONCE, signature)
    connection.set_next_timestamp(start)
    with reverts("ERC3009NotYetValid", token, validAfter=start, timestamp=start):
        token.transact(relayer, "transferWithAuthorization", *terms, gas=200_000)
    connection.set_next_timestamp(start + 2)
    with reverts("ERC3009Expired", token, validBefore=start + 2, timestamp=start + 2):
        token.transact(relayer, "transferWithAuthorization", *terms, gas=200_000)


@pytest.mark.parametrize("form", FORMS)
def test_a_permit_sets_the_allowance_once(
    connection: Connection, relayer: Sender, token: Contract, payer: Any, form: str
) -> None:
    spender = relayer.signer.address
    message = {"owner": payer.address, "spender": spender, "value": 9, "nonce": 0, "deadline": FOREVER}
    signature = in_form(payer.typed(domain(connection, token), {"Permit": PERMIT}, message), form)
    token.transact(relayer, "permit", payer.address, spender, 9, FOREVER, *signature)
    assert token.call("allowance", payer.address, spender) == 9
    with reverts("ERC2612InvalidSigner", token, owner=payer.address):
        token.transact(relayer, "permit", payer.address, spender, 9, FOREVER, *signature)
    with reverts("ERC2612ExpiredSignature", token, deadline=1):
        token.transact(relayer, "permit", payer.address, spender, 9, 1, *signature)


def test_a_malleable_signature_is_refused(connection: Connection, relayer: Sender, token: Contract, payer: Any) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    to = relayer.signer.address
    token.transact(relayer, "mint", payer.address, 100)
    signature = authorize(connection, token, payer, "TransferWithAuthorization", to)
    high = (order - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    twin = signature[:32] + high + bytes([55 - signature[64]])
    terms = (payer.address, to, 40, 0, FOREVER, NONCE)
    with reverts("ERC3009InvalidSigner", token, authorizer=payer.address):
        token.transact(relayer, "transferWithAuthorization", *terms, twin)
    token.transact(relayer, "transferWithAuthorization", *terms, signature)


def test_a_contract_wallet_authorizes_by_its_owners_signature(
    connection: Connection, relayer: Sender, token: Contract, payer: Any, stranger: Any
) -> None:
    wallet = deploy_mock("SmartWallet", payer.address, sender=relayer)
    to = relayer.signer.address
    token.transact(relayer, "mint", wallet.address, 100)
    terms = (wallet.address, to, 40, 0, FOREVER, NONCE)
    by_stranger, by_owner = (
        authorize(connection, token, key, "TransferWithAuthorization", to, **{"from": wallet.address})
        for key in (stranger, payer)
    )
    with reverts("ERC3009InvalidSigner", token, authorizer=wallet.address):
        token.transact(relayer, "transferWithAuthorization", *terms, by_stranger)
    token.transact(relayer, "transferWithAuthorization", *terms, by_owner)
    assert token.call("balanceOf", to) == 40
