"""The pure hub, conditional payments: who may post and resolve them, until when, and what they pay."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.channels.stage import CONFIG, DELAY, DUPLEX, NOW, STRANGER, TOWER_ADDRESS, A, B, Stage, sign
from tests.support.channels.strategies import ATTACKER, PAYEE, PAYER, SESSION
from tests.unit.channels.test_model_duplex import refused, voucher

from layer2.channels.bindings import errors as err
from layer2.channels.bindings import events as ev
from layer2.channels.model import actions as act
from layer2.channels.protocol.lock_openings import Opened, Opening, encode_openings, open_locks, resolve_message
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import (
    Lock,
    LockSet,
    contract_lock,
    contract_resolution,
    hash_lock,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.protocol.messages import RIGHT_TO_ACCEPT, RIGHT_TO_PAY, Accept, LockVoucher, Session, Voucher
from layer2.channels.protocol.session_keys import FOREVER, SessionProof
from layer2.primitives.addresses import Address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

ID, EXPIRY, SALT = DUPLEX.id, NOW + 5_000, bytes(32)
FIRST, SECOND = b"\x01" * 32, b"\x02" * 32
HASHED = LockSet((hash_lock(10, EXPIRY, FIRST), hash_lock(20, EXPIRY - 2_000, SECOND)))
CONDITION = STRANGER
WORTHS = LockSet((voucher_lock(10, EXPIRY, A, B, SALT), contract_lock(20, EXPIRY, CONDITION, b"terms")))
LATEST = NOW + 2 * DELAY + CONFIG.max_lock_duration


def message(locks: LockSet = HASHED, amount: int = 5, nonce: int = 1, **changes: int) -> LockVoucher:
    values = {"locked": locks.locked, "last_expiry": locks.last_expiry, **changes}
    return LockVoucher(ID, amount, nonce, values["locked"], values["last_expiry"], locks_root(locks.locks))


def post(one: LockVoucher, signer: PrivateKey = PAYER, accept: bytes = b"", signature: bytes = b"") -> act.PostLocks:
    head = (one.amount, one.nonce, one.locked, one.last_expiry, one.locks_root)
    return act.PostLocks(DUPLEX, False, act.LockProof(*head, signature or sign(one, signer)), accept)


def accepted(one: LockVoucher, signer: PrivateKey = PAYEE) -> bytes:
    return sign(Accept(ID, False, one.nonce, one.struct_hash()), signer)


def unlock(locks: LockSet, *resolutions: bytes, limit: int | None = None, consents: Any = ()) -> act.Unlock:
    """Open the locks that have a resolution."""
    signatures = [*consents, *[b""] * (len(resolutions) - len(consents))]
    pairs = enumerate(zip(resolutions, signatures, strict=True))
    rows, others = open_locks(locks.locks, [Opening(at, one, consent) for at, (one, consent) in pairs if one])
    return act.Unlock(DUPLEX, False, 5 + locks.locked if limit is None else limit, rows, others)


def consent(locks: LockSet, index: int, resolution: bytes, signer: PrivateKey = PAYEE) -> bytes:
    return sign(resolve_message(ID, "A", locks.locks[index], resolution), signer)


def posted(locks: LockSet = HASHED) -> Stage:
    stage = Stage().fund(a=100, b=50)
    stage.do(post(message(locks)), by=B)
    return stage


def paid(stage: Stage) -> int:
    return stage.state.channel(ID).paid(False)


def test_the_receiver_starts_a_dispute_that_outlasts_the_locks() -> None:
    stage = Stage().fund(a=100, b=50)
    assert stage.do(post(message()), by=B) == (
        ev.LocksPosted(ID, False, 1, 5, locks_root(HASHED.locks)),
        ev.DisputeStarted(ID, EXPIRY),
    )
    channel = stage.state.channel(ID)
    assert (channel.deadline, channel.claim_b, channel.sent_a) == (EXPIRY, None, 0)
    claim = channel.claim_a
    assert claim is not None
    assert (claim.nonce, claim.claimed, claim.resolved, claim.latest) == (1, 5, 0, LATEST)


def test_a_proof_without_locks_starts_the_usual_window() -> None:
    stage = Stage().fund(a=100, b=50)
    assert ev.DisputeStarted(ID, NOW + DELAY) in stage.do(post(message(LockSet())), by=B)


def test_nobody_but_the_receiver_starts_a_dispute_with_locks() -> None:
    one = message()
    for caller in (A, STRANGER, TOWER_ADDRESS):
        stage = Stage().fund(a=100, b=50)
        refused(stage, post(one, accept=accepted(one)), err.UnauthorizedCaller(caller), by=caller)


def test_a_plain_voucher_neither_drops_locks_nor_keeps_them_out() -> None:
    for order in ((0, 1), (1, 0)):
        stage = Stage().fund(a=100, b=50)
        stage.do(act.StartClose(DUPLEX), by=A)
        for step in order:
            stage.do((act.Post(DUPLEX, False, 6, voucher(6)), post(message()))[step], by=(A, B)[step])
        assert paid(stage) == 6
        stage.do(unlock(HASHED, FIRST, b""), by=STRANGER)
        assert paid(stage) == 15


def test_a_newer_proof_needs_the_receivers_word_and_replaces_the_claim_whole() -> None:
    stage = posted()
    stage.do(unlock(HASHED, FIRST, b""), by=STRANGER)
    newer = message(LockSet(), amount=6, nonce=2)
    refused(stage, post(newer), err.InvalidSignature(B), by=A)
    refused(stage, post(newer, accept=accepted(newer, PAYER)), err.InvalidSignature(B), by=A)
    other = message(LockSet(), amount=6, nonce=3)
    refused(stage, post(newer, accept=accepted(other)), err.InvalidSignature(B), by=A)
    stage.do(post(newer, accept=accepted(newer)), by=A)
    claim = stage.state.channel(ID).claim_a
    assert claim is not None
    assert (claim.nonce, claim.claimed, claim.resolved) == (2, 6, 0)
    refused(stage, unlock(HASHED, b"", SECOND), err.LocksMismatch(ID), by=B)
    refused(stage, post(message()), err.StaleNonce(ID, 2, 1), by=B)
    refused(stage, post(newer, accept=accepted(newer)), err.StaleNonce(ID, 2, 2), by=A)


def test_an_acceptance_of_the_other_direction_or_nonce_is_none() -> None:
    one = message()
    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX))
    for wrong in (Accept(ID, True, 1, one.struct_hash()), Accept(ID, False, 2, one.struct_hash())):
        refused(stage, post(one, accept=sign(wrong, PAYEE)), err.InvalidSignature(B), by=STRANGER)
    stage.do(post(one, accept=accepted(one)), by=STRANGER)


def test_an_acceptance_has_no_end() -> None:
    one = message(LockSet())
    stage = Stage().fund(a=100, b=50)
    stage.now += 10**8
    stage.do(act.StartClose(DUPLEX))
    stage.do(post(one, accept=accepted(one)), by=TOWER_ADDRESS)


def test_a_session_accepts_with_the_right_to() -> None:
    one = message()

    def signed(rights: int) -> bytes:
        session = Session(ID, SESSION.address, 0, FOREVER, rights)
        message = Accept(ID, False, 1, one.struct_hash())
        return SessionProof.build(session, sign(session, PAYEE), sign(message, SESSION)).encode()

    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX))
    exceeded = err.SessionExceeded(SESSION.address, RIGHT_TO_PAY, RIGHT_TO_ACCEPT)
    refused(stage, post(one, accept=signed(RIGHT_TO_PAY)), exceeded, by=TOWER_ADDRESS)
    stage.do(post(one, accept=signed(RIGHT_TO_ACCEPT)), by=TOWER_ADDRESS)


@pytest.mark.parametrize("with_acceptance", [False, True])
def test_a_posted_proof_leaves_the_sender_a_whole_delay_to_answer(with_acceptance: bool) -> None:
    """A receiver can accept an old proof when it likes, and have a stranger post it: that must not win by time."""
    old, newest = message(LockSet(), nonce=1, amount=5), message(LockSet(), nonce=2, amount=2)
    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX), by=A)
    stage.now = NOW + DELAY
    by = STRANGER if with_acceptance else B
    effects = stage.do(post(old, accept=accepted(old) if with_acceptance else b""), by=by)
    assert ev.DisputeStarted(ID, stage.now + DELAY) in effects
    stage.now += DELAY
    stage.do(post(newest, accept=accepted(newest)), by=A)
    # The sender itself needs no time to answer what it posts.
    assert stage.state.channel(ID).deadline == stage.now
    stage.now += 1
    assert ev.Closed(ID, 98, 52) in stage.do(act.Settle(DUPLEX))


def test_extensions_of_a_direction_have_an_end() -> None:
    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX), by=A)
    nonce = 0
    while True:
        nonce += 1
        one = message(LockSet(), nonce=nonce)
        if stage.now + DELAY > LATEST:
            refused(stage, post(one), err.WindowExhausted(ID, stage.now + DELAY, LATEST), by=B)
            break
        stage.do(post(one), by=B)
        stage.now = stage.state.channel(ID).deadline
    assert nonce > 3
    # What needs no more time is still taken.
    stage.do(post(one, accept=accepted(one)), by=A)
    assert stage.state.channel(ID).deadline <= LATEST


def test_a_lock_cannot_reach_behind_the_end_of_its_direction() -> None:
    stage = posted(LockSet())
    stage.now = NOW + DELAY
    far = message(HASHED, nonce=2, last_expiry=stage.now + CONFIG.max_lock_duration)
    stage.do(post(far), by=B)
    stage.now = LATEST - CONFIG.max_lock_duration + 1
    beyond = message(HASHED, nonce=3, last_expiry=LATEST + 1)
    refused(stage, post(beyond), err.WindowExhausted(ID, LATEST + 1, LATEST), by=B)


def test_proofs_that_break_a_rule_are_refused() -> None:
    stage = Stage().fund(a=100, b=50)
    latest = NOW + CONFIG.max_lock_duration
    far = message(last_expiry=latest + 1)
    refused(stage, post(far), err.LockExpiryTooFar(latest + 1, latest), by=B)
    stage.do(post(message(last_expiry=latest)), by=B)
    stage = Stage().fund(a=100, b=50)
    big = message(amount=(1 << 112) - 30)
    refused(stage, post(big), err.AmountOutOfRange(ID, (1 << 112) - 1, 1 << 112), by=B)
    refused(stage, post(message(nonce=0)), err.StaleNonce(ID, 0, 0), by=B)
    refused(stage, post(message(), ATTACKER), err.InvalidSignature(A), by=B)
    refused(Stage(), post(message()), err.ChannelNotOpen(ID), by=B)
    stage.do(act.StartClose(DUPLEX))
    stage.now = NOW + DELAY + 1
    refused(stage, post(message(LockSet())), err.DisputeNotOpen(ID, stage.now, NOW + DELAY), by=B)


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
    assert stage.do(unlock(HASHED, FIRST, b""), by=STRANGER) == (
        ev.PreimageRevealed(HASHED.locks[0].condition, FIRST),
        ev.Unlocked(ID, False, 15, 0b01, LATEST),
    )
    refused(stage, unlock(HASHED, FIRST, b""), err.NothingUnlocked(ID))
    stage.do(unlock(HASHED, b"", SECOND), by=STRANGER)
    stage.now = EXPIRY + 1
    assert ev.Closed(ID, 65, 85) in stage.do(act.Settle(DUPLEX))
    assert stage.state.channel(ID).words(False)[1:] == (0, 0, 0, 0, 0)


def test_nobodys_unlock_stops_that_of_others() -> None:
    """What is resolved already is skipped: the whole list goes through behind a stranger's dust."""
    stage = posted()
    stage.do(unlock(HASHED, FIRST, b""), by=STRANGER)
    stage.do(unlock(HASHED, FIRST, SECOND), by=B)
    assert paid(stage) == 35


def test_two_locks_under_one_hash_are_two_locks() -> None:
    twice = LockSet((hash_lock(1, EXPIRY, FIRST), hash_lock(30, EXPIRY, FIRST), hash_lock(30, EXPIRY, FIRST)))
    stage = posted(twice)
    stage.do(unlock(twice, FIRST, b"", b""), by=STRANGER)
    assert paid(stage) == 6
    stage.do(unlock(twice, FIRST, FIRST, FIRST), by=B)
    assert paid(stage) == 66


def test_a_lock_is_resolvable_through_its_last_second() -> None:
    stage = posted()
    stage.now = EXPIRY - 2_000
    stage.do(unlock(HASHED, b"", SECOND))
    stage = posted()
    stage.now = EXPIRY - 1_999
    refused(stage, unlock(HASHED, b"", SECOND), err.NothingUnlocked(ID))
    stage.now = EXPIRY + 1
    refused(stage, unlock(HASHED, FIRST, b""), err.DisputeNotOpen(ID, EXPIRY + 1, EXPIRY))


def with_siblings(action: act.Unlock, *siblings: bytes) -> act.Unlock:
    return act.Unlock(action.key, action.from_b, action.limit, action.openings, siblings)


@pytest.mark.parametrize(
    "action",
    [
        unlock(HASHED, FIRST, b"", limit=34),
        unlock(HASHED, FIRST, b"", limit=36),
        unlock(LockSet(HASHED.locks[::-1]), b"", FIRST),
        unlock(LockSet(HASHED.locks[:1]), FIRST, limit=35),
        with_siblings(unlock(HASHED, FIRST, b"")),
        with_siblings(unlock(HASHED, FIRST, b""), bytes(32), bytes(32)),
        act.Unlock(DUPLEX, False, 35, unlock(HASHED, FIRST, b"").openings * 2, ()),
    ],
)
def test_what_is_not_in_the_posted_tree_is_refused(action: act.Unlock) -> None:
    refused(posted(), action, err.LocksMismatch(ID), by=B)


def test_the_direction_without_a_claim_has_no_locks() -> None:
    action = unlock(HASHED, FIRST, b"")
    other = act.Unlock(DUPLEX, True, action.limit, action.openings, action.siblings)
    refused(posted(), other, err.LocksMismatch(ID), by=B)


def test_openings_that_are_cut_short_or_none_are_refused() -> None:
    action = unlock(HASHED, FIRST, b"")
    cut = act.Unlock(DUPLEX, False, 35, action.openings[:-1], action.siblings)
    refused(posted(), cut, err.MalformedRows(len(action.openings) - 1), by=B)
    refused(posted(), act.Unlock(DUPLEX, False, 35, b"", ()), err.NothingUnlocked(ID), by=B)
    high = encode_openings([Opened(0, HASHED.locks[0].encode(), b"", FIRST)])
    high = bytes((112,)) + high[1:]
    refused(posted(), act.Unlock(DUPLEX, False, 35, high, ()), err.LocksMismatch(ID), by=B)


def virtual(amount: int, signer: PrivateKey = PAYER) -> bytes:
    signature = sign(Voucher(virtual_channel_id(A, B, SALT), amount), signer)
    return voucher_resolution(A, B, SALT, amount, signature)


def test_what_can_be_resolved_badly_is_resolved_by_the_receiver_or_with_its_consent() -> None:
    stage = posted(WORTHS)
    refused(stage, unlock(WORTHS, virtual(1), b""), err.InvalidSignature(B), by=A)
    good = consent(WORTHS, 0, virtual(8))
    refused(stage, unlock(WORTHS, virtual(1), b"", consents=[good]), err.InvalidSignature(B), by=TOWER_ADDRESS)
    own = consent(WORTHS, 0, virtual(1), PAYER)
    refused(stage, unlock(WORTHS, virtual(1), b"", consents=[own]), err.InvalidSignature(B), by=A)
    stage.do(unlock(WORTHS, virtual(8), b"", consents=[good]), by=TOWER_ADDRESS)
    assert paid(stage) == 13


def test_a_consent_is_for_one_lock_and_outlives_the_list() -> None:
    """A dust lock beside it, signed later, must not void what the towers hold."""
    grown = LockSet((hash_lock(1, EXPIRY, FIRST), *WORTHS.locks))
    stage = posted(grown)
    stage.do(unlock(grown, b"", virtual(8), b"", consents=[b"", consent(WORTHS, 0, virtual(8))]), by=TOWER_ADDRESS)
    assert paid(stage) == 13


def test_of_several_consents_for_a_lock_the_best_one_counts() -> None:
    """The sender may hold an old consent: it cannot use the lock up with it."""
    stage = posted(WORTHS)
    for worth, total in ((3, 8), (2, 8), (8, 13), (8, 13), (7, 13), (10, 15)):
        action = unlock(WORTHS, virtual(worth), b"", consents=[consent(WORTHS, 0, virtual(worth))])
        if paid(stage) == total:
            refused(stage, action, err.NothingUnlocked(ID), by=A)
        else:
            stage.do(action, by=A)
        assert paid(stage) == total
    stage = posted(WORTHS)
    stage.do(unlock(WORTHS, virtual(3), b"", consents=[consent(WORTHS, 0, virtual(3))]), by=A)
    stage.do(unlock(WORTHS, virtual(9), b""), by=B)
    refused(stage, unlock(WORTHS, virtual(9), b""), err.NothingUnlocked(ID), by=B)
    assert paid(stage) == 14


def test_the_receivers_own_choice_is_final() -> None:
    stage = posted(WORTHS)
    stage.do(unlock(WORTHS, virtual(3), b""), by=B)
    better = unlock(WORTHS, virtual(9), b"", consents=[consent(WORTHS, 0, virtual(9))])
    refused(stage, better, err.NothingUnlocked(ID), by=TOWER_ADDRESS)
    refused(stage, better, err.NothingUnlocked(ID), by=B)


def test_a_consent_used_under_one_proof_counts_anew_under_the_next() -> None:
    stage = posted(WORTHS)
    used = unlock(WORTHS, virtual(8), b"", consents=[consent(WORTHS, 0, virtual(8))])
    stage.do(used, by=TOWER_ADDRESS)
    stage.do(post(message(WORTHS, nonce=2)), by=B)
    assert paid(stage) == 5
    stage.do(used, by=TOWER_ADDRESS)
    assert paid(stage) == 13


@pytest.mark.parametrize(("amount", "paid"), [(8, 8), (10, 10), (11, 10), ((1 << 128) - 1, 10)])
def test_a_voucher_lock_pays_the_voucher_up_to_its_amount(amount: int, paid: int) -> None:
    stage = posted(WORTHS)
    effects = stage.do(unlock(WORTHS, virtual(amount), b""), by=B)
    assert ev.Unlocked(ID, False, 5 + paid, 0b01, LATEST) in effects


def test_a_voucher_that_does_not_fit_leaves_its_lock() -> None:
    stage = posted(WORTHS)
    other = voucher_resolution(A, A, SALT, 8, bytes(64))
    for bad in (virtual(0), virtual(8, ATTACKER), virtual(8)[:150], virtual(8)[:80], b"\xff" * 300, other):
        refused(stage, unlock(WORTHS, bad, b""), err.NothingUnlocked(ID), by=B)
    stage.do(unlock(WORTHS, virtual(8), b""), by=B)


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
    for short in (other[:10], other[:24]):
        refused(stage, unlock(WORTHS, b"", short), err.NothingUnlocked(ID), by=B)
    stage.do(unlock(WORTHS, b"", contract_resolution(CONDITION, b"terms", b"good")), by=B)
    assert asked == [(CONDITION, ID, b"terms", b"bad"), (CONDITION, ID, b"terms", b"good")]
    assert paid(stage) == 25


def test_a_sum_signed_below_its_leaves_cannot_pay_more_than_itself() -> None:
    for order in ((FIRST, b""), (b"", SECOND), (FIRST, SECOND)):
        stage = Stage().fund(a=100, b=50)
        stage.do(post(message(locked=9)), by=B)
        stage.do(unlock(HASHED, *order, limit=14), by=B)
        assert paid(stage) == 14


def test_an_unknown_kind_of_lock_is_never_resolved() -> None:
    leaf = bytearray(Lock(10, EXPIRY, 0, bytes(32)).encode())
    leaf[20] = 7
    one = LockVoucher(ID, 5, 1, 10, EXPIRY, keccak(bytes(leaf)))
    stage = Stage().fund(a=100, b=50)
    stage.do(post(one), by=B)
    rows = encode_openings([Opened(0, bytes(leaf), b"", b"anything")])
    refused(stage, act.Unlock(DUPLEX, False, 15, rows), err.NothingUnlocked(ID), by=B)
    refused(stage, act.Unlock(DUPLEX, False, 15, rows), err.InvalidSignature(B), by=STRANGER)
