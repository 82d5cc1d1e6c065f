"""ape's accounts and chain, used through the library's own types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import ape
import pytest
from ape.api import ProviderAPI
from eth_account import Account
from eth_account.messages import SignableMessage

from layer2.ape import ApeAccountSigner, connection_from_ape
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy
from layer2.ethereum.errors import ConnectionFailed, ContractReverted
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner, Signer
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import recover
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain, TypedMessage

DIGEST = keccak(b"a digest")
KEY = "0x" + "11" * 32


@pytest.fixture
def provider() -> Iterator[ProviderAPI]:
    with ape.networks.parse_network_choice("ethereum:local:test") as provider:
        yield provider


class HardwareLike:
    """An account that, unlike a test account, does not publish its key."""

    alias = "hardware"

    def __init__(self, provider: ProviderAPI, key: str, says_yes: bool = True) -> None:
        self._account = Account.from_key(key)
        self._says_yes = says_yes
        self.provider = provider
        self.address = self._account.address

    def sign_raw_msghash(self, digest: bytes) -> Any:
        return self._answer(self._account.unsafe_sign_hash(digest))

    def sign_message(self, message: SignableMessage) -> Any:
        return self._answer(self._account.sign_message(message))

    def sign_transaction(self, txn: Any) -> Any:
        fields = txn.model_dump(mode="json", by_alias=True, exclude={"sender"})
        signature = self._answer(self._account.sign_transaction(fields))
        if signature is None:
            return None
        from ape.types.signatures import TransactionSignature

        txn.signature = TransactionSignature(v=signature.v, r=signature.r, s=signature.s)
        return txn

    def _answer(self, signed: Any) -> Any:
        if not self._says_yes:
            return None
        return SimpleNamespace(v=signed.v, r=signed.r.to_bytes(32, "big"), s=signed.s.to_bytes(32, "big"))


def test_test_account_signs_as_its_key_does(provider: ProviderAPI) -> None:
    signer = ApeAccountSigner(ape.accounts.test_accounts[0])
    assert isinstance(signer, Signer)
    assert recover(DIGEST, signer.sign_digest(DIGEST)) == signer.address


def test_reverts_and_receipts_are_the_same_through_ape(provider: ProviderAPI) -> None:
    connection = connection_from_ape(provider)
    assert connection.chain_id == provider.chain_id
    operator = Sender(connection, ApeAccountSigner(ape.accounts.test_accounts[0]))
    kinds = deploy(operator, load_artifact("RevertKinds", mocks=True))
    assert kinds.transact(operator, "fine").status == 1
    for gas in (None, 300_000):
        with pytest.raises(ContractReverted) as caught:
            kinds.transact(operator, "custom", 1, 2, gas=gas)
        assert (caught.value.name, caught.value.args) == ("Closed", {"have": 1, "need": 2})


def test_isolation_by_ape_takes_the_nonce_back(provider: ProviderAPI) -> None:
    connection = connection_from_ape(provider)
    operator = Sender(connection, ApeAccountSigner(ape.accounts.test_accounts[1]))
    nonce = connection.nonce(operator.address)
    for _ in range(2):
        start = ape.chain.snapshot()
        operator.send(operator.address, value=1, gas=21_000)
        assert connection.nonce(operator.address) == nonce + 1
        ape.chain.restore(start)


@pytest.mark.parametrize("create", [False, True], ids=["call", "creation"])
def test_account_without_a_published_key_signs_through_ape(provider: ProviderAPI, create: bool) -> None:
    connection = connection_from_ape(provider)
    rich = Sender(connection, ApeAccountSigner(ape.accounts.test_accounts[0]))
    signer = ApeAccountSigner(HardwareLike(provider, KEY))
    assert signer.sign_digest(DIGEST) == LocalSigner(KEY).sign_digest(DIGEST)
    rich.send(signer.address, value=10**18, gas=21_000)
    payer = Sender(connection, signer)
    receipt = payer.send(None if create else rich.address, b"\x00" if create else b"", gas=100_000)
    assert (receipt.status, receipt.contract_address is not None) == (1, create)


@dataclass(frozen=True)
class Note(TypedMessage):
    TYPE: ClassVar[str] = "Note(bytes32 channelId,uint128 amount)"
    channel_id: bytes
    amount: int


def test_typed_data_is_signed_alike_with_and_without_a_published_key(provider: ProviderAPI) -> None:
    message, domain = Note(b"\1" * 32, 7), Domain("Hub", "1", 1337, ZERO_ADDRESS)
    through_ape = ApeAccountSigner(HardwareLike(provider, KEY)).sign_typed(message, domain)
    assert through_ape == LocalSigner(KEY).sign_typed(message, domain)
    by_eth_account = Account.sign_typed_data(KEY, full_message=message.to_eip712(domain))
    assert through_ape == bytes(by_eth_account.signature)


def test_account_that_declines_is_reported(provider: ProviderAPI) -> None:
    signer = ApeAccountSigner(HardwareLike(provider, KEY, says_yes=False))
    fields = {"type": 2, "chainId": provider.chain_id, "nonce": 0, "gas": 21_000, "to": signer.address}
    fields |= {"maxFeePerGas": 1, "maxPriorityFeePerGas": 1, "value": 0, "data": "0x"}
    with pytest.raises(SignatureError, match="did not sign"):
        signer.sign_digest(DIGEST)
    with pytest.raises(SignatureError, match="did not sign"):
        signer.sign_transaction(fields)


def test_signature_by_another_key_is_refused(provider: ProviderAPI) -> None:
    account = HardwareLike(provider, KEY)
    signer = ApeAccountSigner(account)
    account._account = Account.from_key("0x" + "22" * 32)
    with pytest.raises(SignatureError, match="not by this account"):
        signer.sign_digest(DIGEST)


def test_provider_that_is_not_connected_is_refused() -> None:
    idle = SimpleNamespace(name="idle", _web3=None, web3=None)
    with pytest.raises(ConnectionFailed, match="idle"):
        connection_from_ape(idle)
