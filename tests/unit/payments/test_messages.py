"""What owners sign agrees with a generic encoder, is bound to chain and contract, and names who signed."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.payments.strategies import PAYMENTS, TRANSACTIONS

from layer2.plasma.protocol.signing import Signed, digest, plasma_domain, sign, signed, signer, signers_of, to_eip712
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import ORDER, PrivateKey, from_compact
from layer2.primitives.errors import SignatureError

CONTRACT = "0x" + "ab" * 20
DOMAIN = plasma_domain(31_337, CONTRACT)
PAYER, PAYEE, THIEF = (PrivateKey(bytes([number]) * 32) for number in (1, 2, 3))
PAYMENT = payment([1 << 24, 2 << 24], [(PAYEE, 0, 5), (PAYER, 1, 2)], expiry=9)


def raw(key: PrivateKey) -> bytes:
    return address_bytes(key.address)


@settings(max_examples=60)
@given(TRANSACTIONS)
def test_the_digest_is_that_of_a_generic_encoder(one: Transaction) -> None:
    oracle = Account.sign_message(encode_typed_data(full_message=to_eip712(one, DOMAIN)), PAYER.secret())
    assert oracle.message_hash == digest(one, DOMAIN)


@settings(max_examples=40)
@given(st.lists(PAYMENTS, min_size=1, max_size=4))
def test_a_batch_names_the_signer_of_each_input(batch: list[Transaction]) -> None:
    keys = [PAYER, PAYEE, THIEF, PAYER]
    given = [sign(one, DOMAIN, *keys[: len(one.inputs)]) for one in batch]
    assert signers_of(given, DOMAIN) == [tuple(map(raw, keys[: len(one.inputs)])) for one in batch]
    for one, signatures in given:
        for key, signature in zip(keys, signatures, strict=False):
            assert signer(one, DOMAIN, signature) == signer(one, DOMAIN, from_compact(signature)) == raw(key)


@pytest.mark.parametrize("domain", [plasma_domain(1, CONTRACT), plasma_domain(31_337, "0x" + "cd" * 20)])
def test_a_signature_for_another_chain_or_contract_is_somebody_elses(domain: object) -> None:
    given = sign(PAYMENT, DOMAIN, PAYER, PAYER)
    assert signers_of([given], DOMAIN) == [(raw(PAYER), raw(PAYER))]
    assert signers_of([given], domain) != [(raw(PAYER), raw(PAYER))]  # type: ignore[arg-type]


def test_a_signature_of_another_payment_is_somebody_elses() -> None:
    other = payment([1 << 24, 2 << 24], [(PAYEE, 0, 5), (THIEF, 1, 2)], expiry=9)
    signatures = sign(PAYMENT, DOMAIN, PAYER, PAYER).signatures
    assert raw(PAYER) not in signers_of([Signed(other, signatures)], DOMAIN)[0]


def test_what_is_nobodys_signature_names_nobody() -> None:
    good = PAYER.sign_compact(digest(PAYMENT, DOMAIN))
    s = int.from_bytes(good[32:], "big") & (1 << 255) - 1
    high = good[:32] + (ORDER - s).to_bytes(32, "big")
    bad = [bytes(64), b"\xff" * 64, good[:63], b"", high]
    found = signers_of([Signed(PAYMENT, (good, one)) for one in bad], DOMAIN)
    assert all(first == raw(PAYER) for first, _ in found)
    assert all(second != raw(PAYER) for _, second in found)
    assert [second for _, second in found][:4] == [b"", b"", b"", b""]
    with pytest.raises(SignatureError):
        signer(PAYMENT, DOMAIN, bytes(64))


def test_a_high_s_is_refused() -> None:
    signature = from_compact(PAYER.sign_compact(digest(PAYMENT, DOMAIN)))
    s = int.from_bytes(signature[32:64], "big")
    high = signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes((55 - signature[64],))
    with pytest.raises(SignatureError):
        signer(PAYMENT, DOMAIN, high)
    with pytest.raises(SignatureError):
        signed(PAYMENT, [signature, high])


def test_each_input_takes_one_signature() -> None:
    whole = sign(PAYMENT, DOMAIN, PAYER, PAYEE)
    assert signed(PAYMENT, map(from_compact, whole.signatures)) == whole
    with pytest.raises(SignatureError):
        sign(PAYMENT, DOMAIN, PAYER)
    for wrong in ((), whole.signatures[:1], whole.signatures * 2):
        with pytest.raises(SignatureError):
            signed(PAYMENT, wrong)


def test_the_memo_and_the_kind_are_signed() -> None:
    memo = payment([1 << 24, 2 << 24], [(PAYEE, 0, 5), (PAYER, 1, 2)], expiry=9, memo=b"\1" * 32)
    assert digest(memo, DOMAIN) != digest(PAYMENT, DOMAIN)
