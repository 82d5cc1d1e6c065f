"""A local signer agrees with eth-account byte for byte and never shows its key."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from layer2.ethereum.accounts import DEV_MNEMONIC, dev_keys, dev_signers
from layer2.ethereum.signer import LocalSigner, Signer
from layer2.primitives.ecdsa import PrivateKey, recover
from layer2.primitives.errors import MalformedError

DEAD = "0x000000000000000000000000000000000000dEaD"
KEY = bytes.fromhex("11" * 32)
BASE: dict[str, Any] = {
    "type": 2, "chainId": 5, "nonce": 3, "gas": 90_000, "value": 7, "data": "0x1234",
    "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9,
}  # fmt: skip


@pytest.mark.parametrize("change", [{"to": "0x000000000000000000000000000000000000dEaD"}, {}], ids=["call", "create"])
def test_transaction_equals_that_of_eth_account(change: dict[str, Any]) -> None:
    fields = {**BASE, **change}
    assert LocalSigner(KEY).sign_transaction(fields) == bytes(Account.sign_transaction(fields, KEY).raw_transaction)


def test_delegation_transaction_equals_that_of_eth_account() -> None:
    account = Account.from_key(KEY)
    authorization = account.sign_authorization({"chainId": 5, "address": DEAD, "nonce": 4})
    fields = {**BASE, "type": 4, "to": DEAD, "authorizationList": [authorization]}
    assert LocalSigner(KEY).sign_transaction(fields) == bytes(Account.sign_transaction(fields, KEY).raw_transaction)


def test_untyped_transaction_is_refused() -> None:
    with pytest.raises(MalformedError, match="typed"):
        LocalSigner(KEY).sign_transaction({"nonce": 0, "gas": 21_000, "gasPrice": 1, "value": 0})


@pytest.mark.parametrize("key", [KEY, "0x" + KEY.hex(), KEY.hex(), Account.from_key(KEY), PrivateKey(KEY)])
def test_each_form_of_a_key_gives_the_same_signer(key: Any) -> None:
    signer = LocalSigner(key)
    assert isinstance(signer, Signer)
    assert signer.address == Account.from_key(KEY).address
    assert recover(b"\1" * 32, signer.sign_digest(b"\1" * 32)) == signer.address


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("0xsecret", "not hex"),
        (b"\0" * 32, "from 1 to the curve's order"),
        (b"\1" * 31, "has 32 bytes, 31 were given"),
        (7, "cannot use a int as a key"),
    ],
)
def test_what_is_not_a_key_is_refused_without_being_shown(key: Any, words: str) -> None:
    with pytest.raises(MalformedError, match=words) as caught:
        LocalSigner(key)
    assert "secret" not in str(caught.value)


def test_key_is_not_shown() -> None:
    assert KEY.hex() not in repr(LocalSigner(KEY))


def test_dev_accounts_are_those_of_the_mnemonic() -> None:
    Account.enable_unaudited_hdwallet_features()
    for index, key in enumerate(dev_keys(3)):
        account = Account.from_mnemonic(DEV_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        assert (bytes(account.key), account.address) == (key, dev_signers(3)[index].address)
