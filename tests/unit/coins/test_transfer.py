"""Transactions of coins: one encoding, a signature bound to its contract, one move of a coin in a block."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.payments.strategies import EXPIRIES, OWNERS, mutated

from layer2.plasma.coins.protocol.history_codec import encode_evidence
from layer2.plasma.coins.protocol.records import coin_of
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree, verify_absence, verify_presence
from layer2.plasma.coins.protocol.transfer import (
    CoinTransaction,
    SignedCoin,
    Transfer,
    coin_domain,
    coin_signer,
    coin_signers,
    coin_tree,
    decode_coin,
    decode_coin_body,
    encode_coin_body,
    sign_coin,
)
from layer2.plasma.protocol.malformed import BodyMalformed, CoinMalformed, TreeMalformed
from layer2.plasma.protocol.signing import plasma_domain
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import assert_fields_match

DOMAIN = coin_domain(31_337, "0x" + "ab" * 20)
OWNER, THIEF = PrivateKey(b"\1" * 32), PrivateKey(b"\2" * 32)
NUMBERS = st.integers(0, 2**64 - 1)
COINS = st.builds(CoinTransaction, NUMBERS, st.integers(0, 2**40 - 1), OWNERS, EXPIRIES)
SIGNED = st.builds(SignedCoin, COINS, st.binary(min_size=64, max_size=64))
BATCHES = st.lists(SIGNED, max_size=5, unique_by=lambda one: one.transaction.coin)


@given(COINS)
def test_a_transaction_survives(one: CoinTransaction) -> None:
    assert len(one.packed) == 39
    assert decode_coin(one.packed) == one
    assert one.hash == keccak(b"\2" + one.packed)


@given(mutated(COINS.map(lambda one: one.packed)) | st.binary(min_size=38, max_size=40))
def test_a_changed_one_is_refused_or_another_one(packed: bytes) -> None:
    try:
        assert decode_coin(packed).packed == packed
    except CoinMalformed:
        assert len(packed) != 39 or packed[0] != 1 or not any(packed[14:34]) or not any(packed[34:])


@settings(max_examples=50)
@given(COINS)
def test_the_digest_is_that_of_generic_encoders(one: CoinTransaction) -> None:
    assert one.digest(DOMAIN) == one.message.digest(DOMAIN)
    message = encode_typed_data(full_message=one.message.to_eip712(DOMAIN))
    assert Account.sign_message(message, OWNER.secret()).message_hash == one.digest(DOMAIN)
    assert_fields_match(Transfer)


def test_a_signature_names_its_signer_under_its_own_contract_only() -> None:
    one = CoinTransaction(7, 3, address_bytes(THIEF.address), 9)
    given = sign_coin(one, DOMAIN, OWNER)
    owner = address_bytes(OWNER.address)
    assert coin_signer(one, DOMAIN, given.signature) == owner
    assert coin_signers([given, SignedCoin(one, bytes(64))], DOMAIN) == [owner, b""]
    for other in (coin_domain(1, "0x" + "ab" * 20), plasma_domain(31_337, "0x" + "ab" * 20)):
        assert coin_signers([given], other) != [owner]


@given(BATCHES)
def test_a_body_survives_in_the_order_of_coins(batch: list[SignedCoin]) -> None:
    assert decode_coin_body(encode_coin_body(batch)) == sorted(batch, key=lambda one: one.transaction.coin)


@given(mutated(BATCHES.map(encode_coin_body)) | st.binary(max_size=210))
def test_a_changed_body_is_refused_or_another_one(body: bytes) -> None:
    try:
        assert encode_coin_body(decode_coin_body(body)) == body
    except BodyMalformed:
        return


def test_a_coin_moves_once_in_a_block() -> None:
    one = CoinTransaction(7, 3, b"\1" * 20, 9)
    two = CoinTransaction(7, 3, b"\2" * 20, 9)
    with pytest.raises(BodyMalformed):
        encode_coin_body([SignedCoin(one, bytes(64)), SignedCoin(two, bytes(64))])
    with pytest.raises(BodyMalformed):
        decode_coin_body((one.packed + bytes(64)) * 2)
    with pytest.raises(TreeMalformed):
        coin_tree([SignedCoin(one, bytes(64)), SignedCoin(two, bytes(64))])
    with pytest.raises(BodyMalformed):
        encode_coin_body([SignedCoin(one, bytes(65))])


def test_a_block_shows_which_coins_moved() -> None:
    moved = [SignedCoin(CoinTransaction(coin, 0, b"\1" * 20, 9), bytes((coin,)) * 64) for coin in (1, 2, 9)]
    tree = coin_tree(moved)
    for signed in moved:
        coin, siblings = signed.transaction.coin, tree.proof(signed.transaction.coin).siblings
        assert signed.value == keccak(b"\2" + signed.transaction.packed + signed.signature)
        assert verify_presence(tree.root, coin, signed.value, siblings)
        assert not verify_presence(tree.root, coin, signed._replace(signature=bytes(64)).value, siblings)
    assert verify_absence(tree.root, 3, tree.proof(3))


@pytest.mark.parametrize(("count", "levels"), [(1, 0), (1_000, 12), (65_536, 18)])
def test_evidence_that_a_coin_rested_has_no_more_bytes_than_the_page_says(count: int, levels: int) -> None:
    """Of coins as the contract numbers them; and of any tree, however it was made."""
    tree = SparseTree({coin_of(number): keccak(b"%d" % number) for number in range(1, count + 1)})
    most = 0
    for number in (*range(count + 1, count + 200), *(2**63 // one for one in range(3, 200))):
        proof = tree.proof(coin_of(number))
        assert len(proof.siblings) <= levels
        most = max(most, len(encode_evidence(proof)))
    assert most <= 10 + 32 * levels + 40
    deep = SparseTree({key: keccak(b"deep") for key in (0, *(1 << bit for bit in range(64)))})
    assert len(encode_evidence(deep.proof(3))) <= 10 + 32 * 64 + 40


def test_a_root_of_coins_binds_every_signature() -> None:
    moved = [SignedCoin(CoinTransaction(coin, 0, b"\1" * 20, 9), bytes((coin,)) * 64) for coin in (1, 2, 9)]
    root = coin_tree(moved).root
    for at, signed in enumerate(moved):
        forged = signed._replace(signature=signed.signature[:-1] + b"\0")
        assert coin_tree([*moved[:at], forged, *moved[at + 1 :]]).root != root


@pytest.mark.parametrize(
    "fields",
    [(-1, 0, b"\1" * 20, 9), (2**64, 0, b"\1" * 20, 9), (1, -1, b"\1" * 20, 9), (1, 2**40, b"\1" * 20, 9),
     (1, 0, bytes(20), 9), (1, 0, b"\1" * 19, 9), (1, 0, b"\1" * 20, 0), (1, 0, b"\1" * 20, 2**40)],
)  # fmt: skip
def test_what_is_no_transaction_cannot_be_made(fields: tuple[int, int, bytes, int]) -> None:
    with pytest.raises(CoinMalformed):
        CoinTransaction(*fields)
