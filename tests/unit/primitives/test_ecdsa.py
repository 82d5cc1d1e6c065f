"""Signatures: the same as everybody's, in one form only."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from layer2.primitives.ecdsa import (
    HALF_ORDER,
    ORDER,
    KnownKey,
    PrivateKey,
    from_compact,
    recover,
    recover_public_key,
    to_compact,
)
from layer2.primitives.errors import MalformedError, SignatureError

PAYER = PrivateKey(b"\x01" * 32)
ATTACKER = PrivateKey(b"\x02" * 32)
DIGEST = b"\x07" * 32

SECRETS = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32, "big"))
DIGESTS = st.binary(min_size=32, max_size=32)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def both_forms(signature: bytes) -> tuple[bytes, bytes]:
    return signature, to_compact(signature)


@settings(max_examples=60)
@given(SECRETS, DIGESTS)
def test_signatures_are_those_of_eth_account(secret: bytes, digest: bytes) -> None:
    key, oracle = PrivateKey(secret), Account.from_key(secret)
    signature = key.sign(digest)
    assert key.address == oracle.address
    assert signature == bytes(oracle.unsafe_sign_hash(digest).signature)
    assert recover(digest, signature) == Account._recover_hash(digest, signature=signature) == key.address


@settings(max_examples=60)
@given(SECRETS, DIGESTS)
def test_both_forms_recover_and_verify(secret: bytes, digest: bytes) -> None:
    key = PrivateKey(secret)
    signature, compact = key.sign(digest), key.sign_compact(digest)
    assert len(signature) == 65
    assert len(compact) == 64
    assert to_compact(signature) == compact == to_compact(compact)
    assert from_compact(compact) == signature == from_compact(signature)
    assert int.from_bytes(signature[32:64], "big") <= HALF_ORDER
    known = KnownKey(key.public_key)
    for form in (signature, compact):
        assert recover(digest, form) == key.address
        assert recover_public_key(digest, form) == key.public_key
        assert known.verify(digest, form)


def test_both_parities_occur_in_this_suite() -> None:
    assert {PAYER.sign(bytes((number,)) * 32)[64] for number in range(20)} == {27, 28}


def test_compact_form_matches_the_vectors_of_eip_2098() -> None:
    key = PrivateKey("0x" + "1234567890" * 6 + "1234")
    r1 = "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90"
    s1 = "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064"
    r2 = "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76"
    s2 = "139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
    first, second = bytes.fromhex(r1 + s1 + "1b"), bytes.fromhex(r2 + s2 + "1c")
    assert to_compact(first).hex() == r1 + s1
    assert to_compact(second).hex() == r2 + "9" + s2[1:]
    assert key.address == Account.from_key("0x" + "1234567890" * 6 + "1234").address


@pytest.mark.parametrize("digest", [bytes((number,)) * 32 for number in range(4)])
def test_the_twin_with_high_s_is_refused(digest: bytes) -> None:
    signature = PAYER.sign(digest)
    twin = signature[:32] + word(ORDER - int.from_bytes(signature[32:64], "big")) + bytes((55 - signature[64],))
    # An implementation without the rule accepts it: the twin is valid mathematics.
    assert Account._recover_hash(digest, signature=twin) == PAYER.address
    with pytest.raises(SignatureError, match="upper half"):
        recover(digest, twin)
    with pytest.raises(SignatureError, match="upper half"):
        to_compact(twin)
    assert not KnownKey(PAYER.public_key).verify(digest, twin)


def test_the_largest_low_s_is_not_refused_for_its_size() -> None:
    signature = PAYER.sign(DIGEST)
    at_the_edge = signature[:32] + word(HALF_ORDER) + signature[64:]
    assert recover(DIGEST, at_the_edge) != PAYER.address
    with pytest.raises(SignatureError, match="upper half"):
        recover(DIGEST, signature[:32] + word(HALF_ORDER + 1) + signature[64:])


@pytest.mark.parametrize("v", [0, 1, 2, 26, 29, 30, 255])
def test_another_v_is_refused(v: int) -> None:
    signature = PAYER.sign(DIGEST)[:64] + bytes((v,))
    with pytest.raises(SignatureError, match=f"v = {v}, need 27 or 28"):
        recover(DIGEST, signature)
    assert not KnownKey(PAYER.public_key).verify(DIGEST, signature)


@settings(max_examples=40)
@given(SECRETS, DIGESTS)
def test_the_wrong_recovery_bit_is_refused_by_a_known_key(secret: bytes, digest: bytes) -> None:
    key = PrivateKey(secret)
    signature = key.sign(digest)
    flipped = signature[:64] + bytes((55 - signature[64],))
    known = KnownKey(key.public_key)
    for good, bad in zip(both_forms(signature), both_forms(flipped), strict=True):
        assert known.verify(digest, good)
        assert not known.verify(digest, bad)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 66, 96, 130])
def test_another_length_is_refused(length: int) -> None:
    signature = (PAYER.sign(DIGEST) * 2)[:length]
    for refused in (lambda: recover(DIGEST, signature), lambda: to_compact(signature), lambda: from_compact(signature)):
        with pytest.raises(SignatureError, match=f"{length} bytes"):
            refused()
    assert not KnownKey(PAYER.public_key).verify(DIGEST, signature)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_digest_of_another_length_is_refused(length: int) -> None:
    digest = bytes(length)
    signature = PAYER.sign(DIGEST)
    for refused in (
        lambda: recover(digest, signature),
        lambda: PAYER.sign(digest),
        lambda: PAYER.sign_compact(digest),
    ):
        with pytest.raises(SignatureError, match=f"32 bytes, {length} were given"):
            refused()
    assert not KnownKey(PAYER.public_key).verify(digest, signature)


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (0, 0), (ORDER, 1), (2**256 - 1, 1), (5, 1)], ids=lambda number: f"{number:x}"[:6]
)
def test_numbers_that_belong_to_no_signature_are_refused(r: int, s: int) -> None:
    signature = word(r) + word(s) + b"\x1b"
    with pytest.raises(SignatureError):
        recover(DIGEST, signature)
    assert not KnownKey(PAYER.public_key).verify(DIGEST, signature)


@settings(max_examples=60)
@given(st.integers(0, 64 * 8 - 1), st.booleans())
def test_a_flipped_bit_is_not_by_the_known_key(bit: int, compact: bool) -> None:
    signature = bytearray(PAYER.sign_compact(DIGEST) if compact else PAYER.sign(DIGEST))
    signature[bit // 8] ^= 1 << bit % 8
    assert not KnownKey(PAYER.public_key).verify(DIGEST, bytes(signature))


def test_the_signature_of_another_key_or_digest_is_not_accepted() -> None:
    known = KnownKey(PAYER.public_key)
    assert known.verify(DIGEST, PAYER.sign(DIGEST))
    assert not known.verify(DIGEST, ATTACKER.sign(DIGEST))
    assert not known.verify(bytes(32), PAYER.sign(DIGEST))
    assert recover(DIGEST, ATTACKER.sign(DIGEST)) == ATTACKER.address


@pytest.mark.parametrize(
    "secret",
    [bytes(32), word(ORDER), bytes(31), bytes(33), "", "0x12", "no hex" * 10, None, 32],
    ids=repr,
)
def test_what_is_no_private_key_is_refused(secret: Any) -> None:
    with pytest.raises(MalformedError):
        PrivateKey(secret)


def test_a_private_key_is_taken_as_bytes_or_hex() -> None:
    assert PrivateKey("01" * 32).address == PrivateKey("0x" + "01" * 32).address == PAYER.address
    assert PAYER.secret() == b"\x01" * 32


def test_a_private_key_does_not_print_its_secret() -> None:
    assert repr(PAYER) == f"<PrivateKey of {PAYER.address}>"
    assert "01" * 16 not in repr(PAYER) + str(PAYER)
    with pytest.raises(MalformedError) as refusal:
        PrivateKey("5ec2e7" * 11)
    assert "5ec2e7" not in str(refusal.value)


@pytest.mark.parametrize("public_key", [b"", bytes(63), bytes(64), b"\x04" + PAYER.public_key, b"\x01" * 64])
def test_what_is_no_public_key_is_refused(public_key: bytes) -> None:
    with pytest.raises(MalformedError):
        KnownKey(public_key)


def test_a_known_key_names_its_address() -> None:
    known = KnownKey(PAYER.public_key)
    assert known.address == PAYER.address
    assert repr(known) == f"<KnownKey of {PAYER.address}>"
