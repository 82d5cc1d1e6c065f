from __future__ import annotations

from typing import Any

import pytest

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock, reverts

FOREVER = 2**256 - 1
WITNESS_TYPE = "Deposit witness)Deposit(bytes32 channelId)TokenPermissions(address token,uint256 amount)"
TOKEN_PERMISSIONS = [{"name": "token", "type": "address"}, {"name": "amount", "type": "uint256"}]
PERMIT = [
    {"name": "permitted", "type": "TokenPermissions"},
    {"name": "spender", "type": "address"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


@pytest.fixture
def permit2(deployer: Sender) -> Contract:
    return deploy_mock("MockPermit2", sender=deployer)


class Terms:
    """One permit over 100 units to `spender`, signed by `key` with an independent EIP-712 implementation."""

    def __init__(self, connection: Connection, permit2: Contract, token: Contract, spender: str) -> None:
        self.domain = {
            "name": "Permit2",
            "chainId": connection.chain_id,
            "verifyingContract": permit2.address,
        }
        self.token, self.spender = token.address, spender

    def _message(self, nonce: int, deadline: int) -> dict[str, Any]:
        permitted = {"token": self.token, "amount": 100}
        return {"permitted": permitted, "spender": self.spender, "nonce": nonce, "deadline": deadline}

    def signed(self, key: Any, nonce: int = 0, deadline: int = FOREVER) -> bytes:
        types = {"PermitTransferFrom": PERMIT, "TokenPermissions": TOKEN_PERMISSIONS}
        signature: bytes = key.typed(self.domain, types, self._message(nonce, deadline))
        return signature

    def witnessed(self, key: Any, channel: bytes) -> bytes:
        types = {
            "PermitWitnessTransferFrom": [*PERMIT, {"name": "witness", "type": "Deposit"}],
            "TokenPermissions": TOKEN_PERMISSIONS,
            "Deposit": [{"name": "channelId", "type": "bytes32"}],
        }
        message = {**self._message(0, FOREVER), "witness": {"channelId": channel}}
        signature: bytes = key.typed(self.domain, types, message)
        return signature

    def permit(self, nonce: int = 0, deadline: int = FOREVER) -> tuple[Any, ...]:
        return ((self.token, 100), nonce, deadline)


@pytest.fixture
def terms(connection: Connection, permit2: Contract, token: Contract, relayer: Sender) -> Terms:
    return Terms(connection, permit2, token, relayer.signer.address)


@pytest.fixture
def wallet(deployer: Sender, payer: Any, token: Contract) -> Contract:
    contract = deploy_mock("SmartWallet", payer.address, sender=deployer)
    token.transact(deployer, "mint", contract.address, 1000)
    return contract


@pytest.fixture
def funded(connection: Connection, deployer: Sender, token: Contract, permit2: Contract, payer: Any) -> Contract:
    """The payer has tokens and approved Permit2 (by an EIP-2612 permit, as it holds no ether)."""
    signature = payer.permit(connection.chain_id, token, permit2.address, FOREVER)
    token.transact(deployer, "mint", payer.address, 1000)
    token.transact(deployer, "permit", payer.address, permit2.address, FOREVER, FOREVER, signature)
    return token


def test_a_signed_permit_moves_money_once(
    relayer: Sender, permit2: Contract, funded: Contract, terms: Terms, payer: Any, payee: str
) -> None:
    call = ("permitTransferFrom", terms.permit(), (payee, 60), payer.address, terms.signed(payer))
    permit2.transact(relayer, *call)
    assert funded.call("balanceOf", payee) == 60
    with reverts("InvalidNonce", permit2):
        permit2.transact(relayer, *call)


def test_nonces_are_unordered_and_can_be_invalidated(
    relayer: Sender, permit2: Contract, funded: Contract, terms: Terms, payer: Any, payee: str
) -> None:
    for nonce in (300, 5):
        signature = terms.signed(payer, nonce)
        permit2.transact(relayer, "permitTransferFrom", terms.permit(nonce), (payee, 1), payer.address, signature)
    assert permit2.call("nonceBitmap", payer.address, 0) == 1 << 5
    assert permit2.call("nonceBitmap", payer.address, 1) == 1 << (300 - 256)
    permit2.transact(relayer, "invalidateUnorderedNonces", 2, 0b11)
    assert permit2.call("nonceBitmap", relayer.signer.address, 2) == 0b11


def test_what_was_not_signed_is_refused(
    connection: Connection,
    relayer: Sender,
    deployer: Sender,
    permit2: Contract,
    funded: Contract,
    terms: Terms,
    payer: Any,
    stranger: Any,
    payee: str,
) -> None:
    signature = terms.signed(payer)
    details = (payee, 60)
    with reverts("InvalidSigner", permit2):
        permit2.transact(relayer, "permitTransferFrom", terms.permit(), details, payer.address, terms.signed(stranger))
    # the spender is whoever calls
    with reverts("InvalidSigner", permit2):
        permit2.transact(deployer, "permitTransferFrom", terms.permit(), details, payer.address, signature)
    with reverts("InvalidAmount", permit2, maxAmount=100):
        permit2.transact(relayer, "permitTransferFrom", terms.permit(), (payee, 101), payer.address, signature)
    with reverts("InvalidSignatureLength", permit2):
        permit2.transact(relayer, "permitTransferFrom", terms.permit(), details, payer.address, signature + b"\0")
    with reverts("SignatureExpired", permit2, signatureDeadline=1):
        late = terms.signed(payer, deadline=1)
        permit2.transact(relayer, "permitTransferFrom", terms.permit(deadline=1), details, payer.address, late)


def test_the_witness_is_part_of_what_is_signed(
    relayer: Sender, permit2: Contract, funded: Contract, terms: Terms, payer: Any, payee: str
) -> None:
    channel, other = b"\x11" * 32, b"\x22" * 32
    signature = terms.witnessed(payer, channel)
    type_hash = keccak(b"Deposit(bytes32 channelId)")
    right, wrong = (keccak(type_hash + one) for one in (channel, other))
    call = ("permitWitnessTransferFrom", terms.permit(), (payee, 100), payer.address)
    with reverts("InvalidSigner", permit2):
        permit2.transact(relayer, *call, wrong, WITNESS_TYPE, signature)
    with reverts("InvalidSigner", permit2):
        permit2.transact(relayer, *call, right, WITNESS_TYPE.replace("channelId", "channel"), signature)
    permit2.transact(relayer, *call, right, WITNESS_TYPE, signature)
    assert funded.call("balanceOf", payee) == 100


def test_a_contract_owner_is_asked_by_erc1271(
    relayer: Sender, permit2: Contract, terms: Terms, wallet: Contract, payer: Any, stranger: Any, payee: str
) -> None:
    call = ("permitTransferFrom", terms.permit(), (payee, 60), wallet.address)
    with reverts("InvalidContractSignature", permit2):
        permit2.transact(relayer, *call, terms.signed(stranger))
    # a good signature, but the wallet has approved nothing
    with reverts("TransferFromFailed", permit2):
        permit2.transact(relayer, *call, terms.signed(payer))
