from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address, to_address
from layer2.testing import deploy_mock
from layer2.testing.isolation import isolated


class Key:
    """A key held by nobody on the chain: it signs typed data with eth-account, independently of layer2."""

    def __init__(self, secret: int) -> None:
        self._account = Account.from_key(secret.to_bytes(32, "big"))
        self.address: str = self._account.address

    def typed(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> bytes:
        """The 65-byte signature of an EIP-712 message."""
        return bytes(self._account.sign_message(encode_typed_data(domain, types, message)).signature)

    def digest(self, digest: bytes) -> bytes:
        """The 65-byte signature of a bare digest."""
        return bytes(self._account.unsafe_sign_hash(digest).signature)

    def delegation(self, chain_id: int, delegate: str) -> Any:
        """An EIP-7702 authorization for a key that has sent nothing yet."""
        return self._account.sign_authorization({"chainId": chain_id, "address": delegate, "nonce": 0})

    def permit(self, chain_id: int, token: Contract, spender: str, value: int) -> bytes:
        """The first EIP-2612 permit of this key for a MockToken called "Dollar", without a deadline."""
        fields = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256"}
        types = {"Permit": [{"name": k, "type": v} for k, v in {**fields, "deadline": "uint256"}.items()]}
        domain = {"name": "Dollar", "version": "1", "chainId": chain_id, "verifyingContract": token.address}
        message = {"owner": self.address, "spender": spender, "value": value, "nonce": 0}
        return self.typed(domain, types, {**message, "deadline": 2**256 - 1})


@pytest.fixture(scope="package")
def devnet() -> Connection:
    return tester_connection()


@pytest.fixture
def connection(devnet: Connection) -> Iterator[Connection]:
    with isolated(devnet):
        yield devnet


@pytest.fixture
def deployer(connection: Connection) -> Sender:
    return Sender(connection, connection.signers(2)[0])


@pytest.fixture
def relayer(connection: Connection) -> Sender:
    return Sender(connection, connection.signers(2)[1])


@pytest.fixture
def payer() -> Key:
    return Key(0xA11)


@pytest.fixture
def stranger() -> Key:
    return Key(0xBAD)


@pytest.fixture
def payee() -> Address:
    return to_address(Key(0xB0B).address)


@pytest.fixture
def token(deployer: Sender) -> Contract:
    return deploy_mock("MockToken", "Dollar", "USD", 6, sender=deployer)
