"""The pure hub, conditional payments: who may post and resolve them, until when, and what they pay."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.channels.stage import CONFIG, DELAY, DUPLEX, NOW, STRANGER, TOWER_ADDRESS, A, B, Stage, sign
from tests.unit.channels.strategies import ATTACKER, PAYEE, PAYER, SESSION
from tests.unit.channels.test_model_duplex import refused, voucher

from layer2.channels import errors as err
from layer2.channels import hubevents as ev
from layer2.channels.locks import (
    Lock,
    LockSet,
    contract_lock,
    contract_resolution,
    hash_lock,
    unlock_act,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.messages import RIGHT_TO_PAY, LockVoucher, Session, Voucher, Watch
from layer2.channels.model import actions as act
from layer2.channels.sessions import SessionProof
from layer2.primitives.addresses import ZERO_ADDRESS, Address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

ID, EXPIRY, SALT = DUPLEX.id, NOW + 5_000, bytes(32)
FIRST, SECOND = b"\x01" * 32, b"\x02" * 32
HASHED = LockSet((hash_lock(10, EXPIRY, FIRST), hash_lock(20, EXPIRY - 2_000, SECOND)))
CONDITION = STRANGER
WORTHS = LockSet((voucher_lock(10, EXPIRY, A, B, SALT), contract_lock(20, EXPIRY, CONDITION, b"terms")))


def message(locks: LockSet = HASHED, amount: int = 5, nonce: int = 1, **changes: int) -> LockVoucher:
    values = {"locked": locks.locked, "last_expiry": locks.last_expiry, **changes}
    return LockVoucher(ID, amount, nonce, values["locked"], values["last_expiry"], locks.hash())


def post(
    one: LockVoucher, signer: PrivateKey = PAYER, consent: act.Delegation = act.NO_CONSENT, signature: bytes = b""
) -> act.PostLocks:
    proof = act.LockProof(
        one.amount, one.nonce, one.locked, one.last_expiry, one.locks_hash, signature or sign(one, signer)
    )
    return act.PostLocks(DUPLEX, False, proof, consent)


def delegation(what: bytes, tower: Address, signer: PrivateKey = PAYEE, until: int = NOW) -> act.Delegation:
    return act.Delegation(tower, until, sign(Watch(ID, tower, what, until), signer))


def unlock(locks: LockSet, *resolutions: bytes, **changes: Any) -> act.Unlock:
    values = {"locked": locks.locked, "last_expiry": locks.last_expiry, **changes}
    consent = values.get("consent", act.NO_CONSENT)
    return act.Unlock(DUPLEX, False, values["locked"], values["last_expiry"], locks.encode(), resolutions, consent)


def posted(locks: LockSet = HASHED) -> Stage:
    stage = Stage().fund(a=100, b=50)
    stage.do(post(message(locks)), by=B)
    return stage


def test_the_receiver_starts_a_dispute_that_outlasts_the_locks() -> None:
    stage = Stage().fund(a=100, b=50)
    assert stage.do(post(message()), by=B) == (
        ev.LocksPosted(ID, False, 1, HASHED.hash()),
        ev.CounterPosted(ID, 5, 0),
        ev.DisputeStarted(ID, NOW + DELAY),
        ev.DisputeStarted(ID, EXPIRY),
    )
    channel = stage.state.channel(ID)
    assert (channel.deadline, channel.locks_a, channel.locks_b, channel.nonce_a) == (EXPIRY, True, False, 1)


def test_the_sender_can_neither_post_its_locks_nor_drop_them() -> None:
    stage = Stage().fund(a=100, b=50)
    refused(stage, post(message()), err.CallerUnauthorized(A), by=A)
    stage = posted()
    newer = message(LockSet(), amount=6, nonce=2)
    refused(stage, post(newer), err.ConsentExpired(NOW, 0), by=A)
    own = delegation(newer.struct_hash(), A, signer=PAYER)
    refused(stage, post(newer, consent=own), err.SignatureInvalid(B), by=A)
    refused(stage, act.Post(DUPLEX, False, 6, voucher(6)), err.LocksStanding(ID), by=A)
    stage.do(act.Post(DUPLEX, False, 6, voucher(6)), by=B)
    channel = stage.state.channel(ID)
    assert (channel.locks_a, channel.nonce_a, channel.sent_a) == (False, 1, 6)
    refused(stage, unlock(HASHED, FIRST, b""), err.LocksMismatch(ID), by=B)
    refused(stage, post(message(amount=7)), err.NonceStale(ID, 1, 1), by=B)
    refused(stage, post(message(amount=5, nonce=2)), err.CounterStale(ID, 6, 5), by=B)
    stage.do(post(message(amount=6, nonce=2)), by=B)


def test_a_tower_posts_with_consent_to_this_very_proof_only() -> None:
    one = message()
    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX))
    good = delegation(one.struct_hash(), TOWER_ADDRESS)
    refused(stage, post(one, consent=good), err.CallerUnauthorized(STRANGER), by=STRANGER)
    late = delegation(one.struct_hash(), TOWER_ADDRESS, until=NOW - 1)
    refused(stage, post(one, consent=late), err.ConsentExpired(NOW, NOW - 1), by=TOWER_ADDRESS)
    other = delegation(message(nonce=2).struct_hash(), TOWER_ADDRESS)
    refused(stage, post(one, consent=other), err.SignatureInvalid(B), by=TOWER_ADDRESS)
    forged = delegation(one.struct_hash(), TOWER_ADDRESS, ATTACKER)
    refused(stage, post(one, consent=forged), err.SignatureInvalid(B), by=TOWER_ADDRESS)
    stage.do(post(one, consent=good), by=TOWER_ADDRESS)


def test_anybody_acts_on_a_consent_to_nobody_in_particular() -> None:
    one = message()
    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX))
    stage.do(post(one, consent=delegation(one.struct_hash(), ZERO_ADDRESS)), by=STRANGER)


def test_proofs_that_break_a_rule_are_refused() -> None:
    stage = Stage().fund(a=100, b=50)
    latest = NOW + CONFIG.max_lock_duration
    far = message(last_expiry=latest + 1)
    refused(stage, post(far), err.LockExpiryTooFar(latest + 1, latest), by=B)
    big = message(amount=(1 << 112) - 30)
    refused(stage, post(big), err.AmountOutOfRange(ID, (1 << 112) - 1, 1 << 112), by=B)
    refused(stage, post(message(nonce=0)), err.NonceStale(ID, 0, 0), by=B)
    refused(stage, post(message(), ATTACKER), err.SignatureInvalid(A), by=B)
    refused(Stage(), post(message()), err.ChannelNotOpen(ID), by=B)
    stage.do(act.StartClose(DUPLEX))
    stage.now = NOW + DELAY + 1
    refused(stage, post(message()), err.DisputeNotOpen(ID, stage.now, NOW + DELAY), by=B)


def test_a_session_locks_within_its_cap() -> None:
    def signed(cap: int) -> act.PostLocks:
        session = Session(ID, SESSION.address, cap, NOW, RIGHT_TO_PAY)
        proof = SessionProof.build(session, sign(session, PAYER), sign(message(), SESSION))
        return post(message(), signature=proof.encode())

    stage = Stage().fund(a=100, b=50)
    refused(stage, signed(34), err.SessionExceeded(SESSION.address, 34, 35), by=B)
    stage.do(signed(35), by=B)


def test_anybody_resolves_hash_locks_once_and_the_preimage_becomes_public() -> None:
    stage = posted()
    rest = LockSet(HASHED.locks[1:])
    assert stage.do(unlock(HASHED, FIRST, b""), by=STRANGER) == (
        ev.PreimageRevealed(HASHED.locks[0].condition, FIRST),
        ev.Unlocked(ID, False, 10, rest.hash()),
        ev.CounterPosted(ID, 15, 0),
    )
    refused(stage, unlock(HASHED, FIRST, b""), err.LocksMismatch(ID))
    refused(stage, unlock(rest, FIRST, last_expiry=EXPIRY), err.NothingUnlocked(ID))
    stage.do(unlock(rest, SECOND, last_expiry=EXPIRY), by=STRANGER)
    stage.now = EXPIRY + 1
    assert ev.Closed(ID, 65, 85) in stage.do(act.Settle(DUPLEX))
    assert stage.state.channel(ID).words(False)[1:] == (0, 0, 0)


def test_a_lock_is_resolvable_through_its_last_second() -> None:
    stage = posted()
    stage.now = EXPIRY - 2_000
    stage.do(unlock(HASHED, b"", SECOND))
    stage = posted()
    stage.now = EXPIRY - 1_999
    refused(stage, unlock(HASHED, b"", SECOND), err.NothingUnlocked(ID))
    stage.now = EXPIRY + 1
    refused(stage, unlock(HASHED, FIRST, b""), err.DisputeNotOpen(ID, EXPIRY + 1, EXPIRY))


@pytest.mark.parametrize(
    "action",
    [
        unlock(HASHED, FIRST, b"", locked=31),
        unlock(HASHED, FIRST, b"", last_expiry=EXPIRY + 1),
        unlock(LockSet(HASHED.locks[::-1]), b"", FIRST),
        unlock(HASHED, FIRST),
        unlock(LockSet()),
    ],
)
def test_a_list_that_was_not_posted_is_refused(action: act.Unlock) -> None:
    refused(posted(), action, err.LocksMismatch(ID), by=B)


def virtual(amount: int, signer: PrivateKey = PAYER) -> bytes:
    signature = sign(Voucher(virtual_channel_id(A, B, SALT), amount), signer)
    return voucher_resolution(A, B, SALT, amount, signature)


def test_what_can_be_resolved_badly_is_resolved_by_the_receiver_or_with_its_consent() -> None:
    stage = posted(WORTHS)
    refused(stage, unlock(WORTHS, virtual(1), b""), err.CallerUnauthorized(A), by=A)
    resolutions = (virtual(8), b"")
    good = delegation(unlock_act(WORTHS.encode(), resolutions), TOWER_ADDRESS)
    refused(stage, unlock(WORTHS, virtual(1), b"", consent=good), err.SignatureInvalid(B), by=TOWER_ADDRESS)
    stage.do(unlock(WORTHS, *resolutions, consent=good), by=TOWER_ADDRESS)
    assert stage.state.channel(ID).sent_a == 13


@pytest.mark.parametrize(("amount", "paid"), [(0, 0), (8, 8), (10, 10), (11, 10), ((1 << 128) - 1, 10)])
def test_a_voucher_lock_pays_the_voucher_up_to_its_amount(amount: int, paid: int) -> None:
    stage = posted(WORTHS)
    effects = stage.do(unlock(WORTHS, virtual(amount), b""), by=B)
    assert ev.Unlocked(ID, False, paid, keccak(WORTHS.locks[1].encode())) in effects


def test_a_voucher_that_does_not_fit_leaves_its_lock() -> None:
    stage = posted(WORTHS)
    for bad in (virtual(8, ATTACKER), virtual(8)[:150], b"\xff" * 300, voucher_resolution(A, A, SALT, 8, b"x")):
        refused(stage, unlock(WORTHS, bad, b""), err.NothingUnlocked(ID), by=B)


def test_a_contract_lock_pays_what_its_contract_says() -> None:
    asked = []

    def condition(target: Address, channel_id: bytes, terms: bytes, evidence: bytes) -> int | None:
        asked.append((target, channel_id, terms, evidence))
        return None if evidence == b"bad" else 999

    stage = posted(WORTHS)
    stage.env = {"condition": condition}
    bad = contract_resolution(CONDITION, b"terms", b"bad")
    refused(stage, unlock(WORTHS, b"", bad), err.NothingUnlocked(ID), by=B)
    other = contract_resolution(CONDITION, b"other", b"good")
    refused(stage, unlock(WORTHS, b"", other), err.NothingUnlocked(ID), by=B)
    stage.do(unlock(WORTHS, b"", contract_resolution(CONDITION, b"terms", b"good")), by=B)
    assert asked == [(CONDITION, ID, b"terms", b"bad"), (CONDITION, ID, b"terms", b"good")]
    assert stage.state.channel(ID).sent_a == 25


def test_a_sum_signed_below_its_leaves_cannot_release_more_than_itself() -> None:
    stage = Stage().fund(a=100, b=50)
    stage.do(post(message(locked=9)), by=B)
    refused(stage, unlock(HASHED, FIRST, b"", locked=9), err.AmountOutOfRange(ID, 9, 10), by=B)


def test_an_unknown_kind_of_lock_is_never_resolved() -> None:
    leaf = bytearray(Lock(10, EXPIRY, 0, bytes(32)).encode())
    leaf[22] = 7
    one = LockVoucher(ID, 5, 1, 10, EXPIRY, keccak(bytes(leaf)))
    stage = Stage().fund(a=100, b=50)
    stage.do(post(one), by=B)
    action = act.Unlock(DUPLEX, False, 10, EXPIRY, bytes(leaf), (b"anything",))
    refused(stage, action, err.NothingUnlocked(ID), by=B)
    refused(stage, action, err.CallerUnauthorized(STRANGER), by=STRANGER)
