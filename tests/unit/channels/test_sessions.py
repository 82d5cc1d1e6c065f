"""Session proofs: what the hub would take, and each reason for which it would not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.channels.strategies import ATTACKER, PAYER, SESSION, numbers, words

from layer2.channels.bindings.errors import ExpiredConsent, HubError, InvalidSignature, SessionExceeded
from layer2.channels.protocol.messages import (
    RIGHT_TO_ACCEPT,
    RIGHT_TO_CLOSE,
    RIGHT_TO_PAY,
    Accept,
    LockVoucher,
    Resolve,
    Session,
    Voucher,
    hub_domain,
)
from layer2.channels.protocol.session_keys import (
    SESSION_MAGIC,
    SessionProof,
    check_session,
    encode_session,
    is_session_proof,
    verify_counter,
)
from layer2.primitives.addresses import ZERO_ADDRESS, Address
from layer2.primitives.ecdsa import KnownKey, PrivateKey, to_compact
from layer2.primitives.errors import MalformedError

DOMAIN = hub_domain(31337, "0x" + "11" * 20)
CHANNEL, NOW, CAP = b"\x42" * 32, 1_000, 500
OWNER = PAYER.address


def grant(owner: PrivateKey = PAYER, **changes: object) -> tuple[Session, bytes]:
    fields = {
        "channel_id": CHANNEL,
        "key": SESSION.address,
        "cap": CAP,
        "valid_until": NOW,
        "rights": RIGHT_TO_PAY,
    }
    session = Session(**{**fields, **changes})  # type: ignore[arg-type]
    return session, owner.sign(session.digest(DOMAIN))


def proof(message: Voucher | LockVoucher, signer: PrivateKey = SESSION, **changes: object) -> bytes:
    session, signature = grant(**changes)  # type: ignore[arg-type]
    return SessionProof.build(session, signature, signer.sign(message.digest(DOMAIN))).encode()


def check(message: Voucher | LockVoucher, signature: bytes, now: int = NOW, known: KnownKey | None = None) -> None:
    verify_counter(message, DOMAIN, OWNER, signature, known, now=now)


VOUCHER = Voucher(CHANNEL, CAP)


@pytest.mark.parametrize("known", [None, KnownKey(PAYER.public_key)], ids=["recovered", "known key"])
def test_the_owners_signature_is_taken_in_both_forms_and_a_strangers_refused(known: KnownKey | None) -> None:
    digest = VOUCHER.digest(DOMAIN)
    check(VOUCHER, PAYER.sign(digest), known=known)
    check(VOUCHER, PAYER.sign_compact(digest), known=known)
    for bad in (ATTACKER.sign(digest), PAYER.sign(bytes(32)), b"", b"\0" * 65, b"\0" * 200):
        with pytest.raises(InvalidSignature) as caught:
            check(VOUCHER, bad, known=known)
        assert caught.value == InvalidSignature(OWNER)


def test_a_known_key_of_somebody_else_proves_nothing() -> None:
    with pytest.raises(InvalidSignature):
        check(VOUCHER, ATTACKER.sign(VOUCHER.digest(DOMAIN)), known=KnownKey(ATTACKER.public_key))


def test_a_session_pays_up_to_its_cap_and_not_one_unit_more() -> None:
    check(VOUCHER, proof(VOUCHER))
    above = Voucher(CHANNEL, CAP + 1)
    with pytest.raises(SessionExceeded) as caught:
        check(above, proof(above))
    assert caught.value == SessionExceeded(SESSION.address, CAP, CAP + 1)


def test_locks_count_against_the_cap() -> None:
    within = LockVoucher(CHANNEL, CAP - 100, 1, 100, 2_000, bytes(32))
    check(within, proof(within))
    above = LockVoucher(CHANNEL, CAP - 100, 1, 101, 2_000, bytes(32))
    with pytest.raises(SessionExceeded):
        check(above, proof(above))


def test_a_session_holds_through_its_last_second() -> None:
    check(VOUCHER, proof(VOUCHER), now=NOW)
    with pytest.raises(ExpiredConsent) as caught:
        check(VOUCHER, proof(VOUCHER), now=NOW + 1)
    assert caught.value == ExpiredConsent(NOW + 1, NOW)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"rights": RIGHT_TO_CLOSE}, SessionExceeded(SESSION.address, RIGHT_TO_CLOSE, RIGHT_TO_PAY)),
        ({"key": ZERO_ADDRESS}, InvalidSignature(OWNER)),
        ({"owner": ATTACKER}, InvalidSignature(OWNER)),
        ({"channel_id": b"\x43" * 32}, InvalidSignature(OWNER)),
        ({"signer": ATTACKER}, InvalidSignature(SESSION.address)),
    ],
)
def test_a_session_that_does_not_cover_the_voucher_is_refused(changes: dict[str, object], error: HubError) -> None:
    with pytest.raises(type(error)) as caught:
        check(VOUCHER, proof(VOUCHER, **changes))  # type: ignore[arg-type]
    assert caught.value == error


def test_the_right_to_close_is_its_own() -> None:
    def key(rights: int) -> Address:
        return check_session(DOMAIN, CHANNEL, OWNER, RIGHT_TO_CLOSE, 0, encode_session(*grant(rights=rights)), NOW)

    assert key(RIGHT_TO_CLOSE | RIGHT_TO_PAY) == SESSION.address
    with pytest.raises(SessionExceeded):
        key(RIGHT_TO_PAY)
    with pytest.raises(InvalidSignature):
        check_session(DOMAIN, CHANNEL, OWNER, RIGHT_TO_CLOSE, 0, bytes(42), NOW)


@given(words, numbers(128), numbers(48), st.integers(0, 255), st.binary(max_size=80))
def test_a_proof_is_read_back(channel: bytes, cap: int, until: int, rights: int, owner_signature: bytes) -> None:
    session = Session(channel, SESSION.address, cap, until, rights)
    made = SessionProof.build(session, owner_signature, SESSION.sign(bytes(32)))
    encoded = made.encode()
    assert encoded[-32:] == SESSION_MAGIC
    assert len(encoded) == 64 + 43 + len(owner_signature) + 32
    assert SessionProof.parse(channel, encoded) == made
    assert made.signature == to_compact(SESSION.sign(bytes(32)))


@given(st.binary(max_size=107))
def test_too_few_bytes_are_no_proof(head: bytes) -> None:
    data = head + SESSION_MAGIC
    assert is_session_proof(data) == (len(head) == 107)
    if len(head) == 107:
        assert SessionProof.parse(CHANNEL, data).owner_signature == b""
        return
    with pytest.raises(MalformedError):
        SessionProof.parse(CHANNEL, data)


def test_a_session_without_the_owners_signature_counts_if_it_is_registered() -> None:
    session, _ = grant()
    made = SessionProof.build(session, b"", SESSION.sign(VOUCHER.digest(DOMAIN))).encode()
    registry = {(OWNER, session.struct_hash())}
    verify_counter(VOUCHER, DOMAIN, OWNER, made, now=NOW, registered=lambda *entry: entry in registry)
    registry = {(ATTACKER.address, session.struct_hash())}
    with pytest.raises(InvalidSignature):
        verify_counter(VOUCHER, DOMAIN, OWNER, made, now=NOW, registered=lambda *entry: entry in registry)
    with pytest.raises(InvalidSignature):
        check(VOUCHER, made)


@pytest.mark.parametrize("kind", [Accept(CHANNEL, True, 3, bytes(32)), Resolve(CHANNEL, False, bytes(32), bytes(32))])
def test_a_session_accepts_and_consents_with_the_right_to_only(kind: Accept | Resolve) -> None:
    def under(rights: int) -> bytes:
        session, signature = grant(rights=rights, cap=0)
        return SessionProof.build(session, signature, SESSION.sign(kind.digest(DOMAIN))).encode()

    verify_counter(kind, DOMAIN, OWNER, PAYER.sign(kind.digest(DOMAIN)), now=NOW)
    verify_counter(kind, DOMAIN, OWNER, under(RIGHT_TO_ACCEPT), now=NOW)
    with pytest.raises(SessionExceeded):
        verify_counter(kind, DOMAIN, OWNER, under(RIGHT_TO_PAY | RIGHT_TO_CLOSE), now=NOW)
