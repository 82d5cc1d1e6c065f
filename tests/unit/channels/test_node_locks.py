"""Locks between two nodes: accepted, fulfilled, given up, bounded, from many threads. The chain is a stand-in."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.channels.stand_in import (
    ATTACKER,
    NOW,
    PAYEE,
    PAYER,
    StandInHub,
    give,
    hash_locked,
    make_key,
    reopened,
)

from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.party.errors import AcceptMissing, BalanceTooLow, CounterNotNewer, LockRefused, Refused
from layer2.channels.party.party import RESYNC_GAP, Party
from layer2.channels.party.policy import LockPolicy
from layer2.channels.protocol.locks import VOUCHER_LOCK, Lock, virtual_channel_id, voucher_resolution
from layer2.channels.protocol.messages import Voucher
from layer2.channels.protocol.proofs import LockPayment, PeerCopy
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import sha256

KEY = make_key()
SECRET = b"s" * 32


# --------------------------------------------------------------------------------------------------- acceptances


def test_what_a_receiver_takes_it_accepts_and_the_acceptance_survives_a_restart(payer: Party, payee: Party) -> None:
    proof = payer.locks.add_lock(KEY.id, hash_locked(10, SECRET))
    acceptance = payee.locks.receive_locks(proof)
    assert acceptance.accepts(proof)
    payee = reopened(payee)
    assert payee.locks.receive_locks(proof) == acceptance
    assert payee.proofs.accepted(KEY.id, "A") == (proof, acceptance.signature)
    payer.locks.take_accept(acceptance)
    payer = reopened(payer)
    assert payer.proofs.accepted(KEY.id, "A") == (proof, acceptance.signature)


def test_a_lock_stays_in_the_senders_exposure_until_the_acceptance_is_held(payer: Party, payee: Party) -> None:
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(60, SECRET)))
    payee.locks.give_up(KEY.id, hash_locked(60, SECRET))
    dropped = payer.locks.drop(KEY.id, hash_locked(60, SECRET))
    for node in (payer, reopened(payer)):
        assert node.state(KEY.id).available == 40
        payer = node
    with pytest.raises(AcceptMissing):
        payer.pay(KEY.id, 1)
    with pytest.raises(AcceptMissing):
        payer.locks.add_lock(KEY.id, hash_locked(1))
    give(payer, payee, dropped)
    assert payer.state(KEY.id).available == 100


def test_an_acceptance_by_another_of_another_proof_or_direction_frees_nothing(payer: Party, payee: Party) -> None:
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(60, SECRET)))
    old = payee.copy_for_peer(KEY.id).acceptance
    assert old is not None
    payee.locks.give_up(KEY.id, hash_locked(60, SECRET))
    dropped = payer.locks.drop(KEY.id, hash_locked(60, SECRET))
    right = payee.locks.receive_locks(dropped)
    forged = ATTACKER.sign_digest(right.message().digest(payer.hub.domain))
    with pytest.raises(SignatureError):
        payer.locks.take_accept(replace(right, signature=forged))
    with pytest.raises(SignatureError):
        payer.locks.take_accept(replace(right, signature=old.signature))
    with pytest.raises(CounterNotNewer):
        payer.locks.take_accept(replace(old, nonce=right.nonce))
    payer.locks.take_accept(old)  # known: changes nothing
    assert payer.state(KEY.id).available == 40
    payer.locks.take_accept(right)
    assert payer.state(KEY.id).available == 100


def test_a_lock_proof_that_the_payer_did_not_sign_is_not_accepted(payer: Party, payee: Party) -> None:
    right = payer.locks.add_lock(KEY.id, hash_locked(60, SECRET))
    forged = ATTACKER.sign_digest(right.message().digest(payee.hub.domain))
    for wrong in (
        replace(right, signature=forged),
        replace(right, signature=b""),
        replace(right, nonce=right.nonce + 1),
    ):
        with pytest.raises(SignatureError):
            payee.locks.receive_locks(wrong)
    assert payee.state(KEY.id).theirs.locks == ()
    assert payee.locks.receive_locks(right).nonce == right.nonce


def test_a_retracted_proof_costs_nothing_once_the_retreat_is_accepted(payer: Party, payee: Party) -> None:
    payee.locks.policy = LockPolicy(most=1)
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(10, SECRET)))
    refused = payer.locks.add_lock(KEY.id, hash_locked(20))
    with pytest.raises(LockRefused):
        payee.locks.receive_locks(refused)
    retreat = payer.locks.retract(KEY.id)
    assert payer.state(KEY.id).available == 70
    assert payer.proofs.newest_signed(KEY.id) == retreat
    give(payer, payee, retreat)
    assert payer.state(KEY.id).available == 90


def test_after_the_last_lock_the_receiver_holds_a_plain_voucher_of_all_of_it(payer: Party, payee: Party) -> None:
    """A quiet channel needs no lock proof, no acceptance and no consent: anybody may post a plain voucher."""
    payee.receive(payer.pay(KEY.id, 5))
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(10, SECRET)))
    payee.locks.learn(KEY.id, sha256(SECRET), SECRET)
    give(payer, payee, payer.locks.fulfil(KEY.id, sha256(SECRET), SECRET))
    newest = payee.proofs.newest_received(KEY.id)
    assert not isinstance(newest, LockPayment)
    assert newest is not None
    assert newest.amount == 15


def test_the_voucher_after_the_last_lock_is_made_up_for_when_a_crash_swallowed_it(payer: Party, payee: Party) -> None:
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(10, SECRET)))
    acceptance = payee.locks.receive_locks(payer.locks.fulfil(KEY.id, sha256(SECRET), SECRET))
    level = payer.locks.take_accept(acceptance)
    payer = reopened(payer)
    assert payer.locks.take_accept(acceptance) == level


# ------------------------------------------------------------------------------------------------ worth by leaf


def test_two_locks_under_one_hash_are_paid_together(payer: Party, payee: Party) -> None:
    small, large = hash_locked(1, SECRET), hash_locked(50, SECRET)
    give(payer, payee, payer.locks.add_locks(KEY.id, [small, large]))
    assert payee.locks.learn(KEY.id, sha256(SECRET), SECRET) == 51
    for paid in (2, 50):
        row = (KEY.id, paid, 9, (), b"")
        short = LockPayment(*row)
        signed = LockPayment(*row[:4], PAYER.sign_digest(short.message().digest(payer.hub.domain)))
        with pytest.raises(LockRefused):
            payee.locks.receive_locks(signed)
    give(payer, payee, payer.locks.fulfil(KEY.id, sha256(SECRET), SECRET))
    assert payee.state(KEY.id).theirs.amount == 51


def test_a_voucher_lock_is_worth_what_its_best_voucher_pays(payer: Party, payee: Party, hub: StandInHub) -> None:
    condition = virtual_channel_id(ATTACKER.address, PAYEE.address, SECRET)

    def shown(amount: int) -> bytes:
        signature = ATTACKER.sign_digest(Voucher(condition, amount).digest(hub.domain))
        return voucher_resolution(ATTACKER.address, PAYEE.address, SECRET, amount, signature)

    give(payer, payee, payer.locks.add_lock(KEY.id, Lock(50, NOW + 100, VOUCHER_LOCK, condition)))
    assert payee.locks.learn(KEY.id, condition, shown(40)) == 40
    assert payee.locks.learn(KEY.id, condition, shown(10)) == 10
    assert payee.proofs.resolutions(KEY.id) == [shown(40)]
    with pytest.raises(LockRefused):
        payee.locks.receive_locks(payer.locks.fulfil(KEY.id, condition, shown(10)))


def test_a_lock_that_is_known_to_pay_nothing_is_dropped_at_once_and_never_unlocked(
    payer: Party, payee: Party, hub: StandInHub
) -> None:
    condition = virtual_channel_id(ATTACKER.address, PAYEE.address, SECRET)
    signature = ATTACKER.sign_digest(Voucher(condition, 0).digest(hub.domain))
    nothing = voucher_resolution(ATTACKER.address, PAYEE.address, SECRET, 0, signature)
    give(payer, payee, payer.locks.add_lock(KEY.id, Lock(50, NOW + 100, VOUCHER_LOCK, condition)))
    assert payee.locks.learn(KEY.id, condition, nothing) == 0
    assert payee.openings(KEY.id) == ()
    assert payee.proofs.must_be_on_chain_by(KEY.id) is None
    give(payer, payee, payer.locks.fulfil(KEY.id, condition, nothing))
    assert payee.state(KEY.id).theirs.locks == ()


# ----------------------------------------------------------------------------------------------------- giving up


def test_a_lock_that_was_given_up_is_resolved_by_nobody_here(payer: Party, payee: Party) -> None:
    give(payer, payee, payer.locks.add_locks(KEY.id, [hash_locked(10, SECRET), hash_locked(20)]))
    payee.locks.learn(KEY.id, sha256(SECRET), SECRET)
    assert payee.proofs.must_be_on_chain_by(KEY.id) == NOW + 100
    payee.locks.give_up(KEY.id, hash_locked(10, SECRET))
    payee = reopened(payee)
    assert payee.proofs.must_be_on_chain_by(KEY.id) is None
    assert payee.proofs.resolutions(KEY.id) == [b"", b""]
    with pytest.raises(CounterNotNewer):
        payee.locks.give_up(KEY.id, hash_locked(10, SECRET))
    with pytest.raises(LockRefused):
        payee.locks.receive_locks(payer.locks.drop(KEY.id, hash_locked(20)))


# ---------------------------------------------------------------------------------------------------- the bounds


def test_no_more_locks_are_pending_than_the_policy_says(payer: Party, payee: Party, hub: StandInHub) -> None:
    hub.views[KEY.id] = ChannelView(KEY.id, 10_000, 0, 0, 0, 0, 0)
    for node in (payer, payee):
        node.refresh(KEY.id)
    most = LockPolicy().most
    assert most == 64
    give(payer, payee, payer.locks.add_locks(KEY.id, [hash_locked(1 + n, bytes([n]) * 32) for n in range(most)]))
    with pytest.raises(LockRefused, match="at most 64"):
        payer.locks.add_lock(KEY.id, hash_locked(1))
    payer.locks.policy = LockPolicy(most=65)
    with pytest.raises(LockRefused, match="at most 64"):
        payee.locks.receive_locks(payer.locks.add_lock(KEY.id, hash_locked(1)))


def test_a_lock_that_is_not_worth_its_unlock_is_neither_signed_nor_taken(
    payer: Party, payee: Party, hub: StandInHub
) -> None:
    hub.views[KEY.id] = ChannelView(KEY.id, 10**18, 0, 0, 0, 0, 0)
    hub.base_fee = 10**9
    for node in (payer, payee):
        node.refresh(KEY.id)
    least = LockPolicy().unlock_gas * 10**9
    with pytest.raises(LockRefused, match="worth less"):
        payer.locks.add_lock(KEY.id, hash_locked(least - 1))
    payer.locks.policy = LockPolicy(unlock_gas=0)
    dust = payer.locks.add_lock(KEY.id, hash_locked(least - 1))
    with pytest.raises(LockRefused, match="worth less"):
        payee.locks.receive_locks(dust)
    give(payer, payee, payer.locks.retract(KEY.id))
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(least)))
    # What is pending stays when gas becomes dearer: only new locks are weighed.
    hub.base_fee = 2 * 10**9
    for node in (payer, payee):
        node.refresh(KEY.id)
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(3 * least)))


# --------------------------------------------------------------------------------------------------- lost journals


def test_a_nonce_that_nobody_signed_is_not_adopted(payer: Party, payee: Party, hub: StandInHub, tmp_path: Path) -> None:
    """A peer that could name a nonce would end the direction for ever, with the highest there is."""
    payee.receive(payer.pay(KEY.id, 5))
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(10, SECRET)))
    copy = payee.copy_for_peer(KEY.id)
    assert copy.received_proof is not None
    again = Party.recover(PAYER, hub, tmp_path / "new.journal")
    again.join(KEY, frozen=True)
    highest = replace(copy.received_proof, nonce=(1 << 48) - 1)
    with pytest.raises(SignatureError):
        again.resync(replace(copy, received_proof=highest))
    with pytest.raises(SignatureError):
        again.resync(replace(copy, acceptance=None))
    again.resync(copy)
    assert again.state(KEY.id).mine.proof.nonce == 1
    assert again.state(KEY.id).mine.limit == 15
    give(again, payee, again.locks.fulfil(KEY.id, sha256(SECRET), SECRET))
    assert again.state(KEY.id).mine.nonce == 2 + RESYNC_GAP
    assert payee.state(KEY.id).theirs.amount == 15


def test_a_copy_of_another_channel_is_not_adopted(payer: Party, payee: Party) -> None:
    other = make_key(2)
    for node in (payer, payee):
        node.join(other)
    payee.receive(payer.pay(other.id, 5))
    copy = payee.copy_for_peer(other.id)
    with pytest.raises(SignatureError):
        payer.resync(PeerCopy(KEY.id, copy.received))


def test_a_receiver_that_lost_its_journal_takes_locks_and_vouchers_over(
    payer: Party, payee: Party, hub: StandInHub, tmp_path: Path
) -> None:
    payee.receive(payer.pay(KEY.id, 5))
    give(payer, payee, payer.locks.add_locks(KEY.id, [hash_locked(10, SECRET), hash_locked(20)]))
    before = payee.state(KEY.id).theirs
    payee.close()
    again = Party.recover(PAYEE, hub, tmp_path / "new.journal")
    again.join(KEY, frozen=True)
    with pytest.raises(Refused, match="resync"):
        again.locks.receive_locks(payer.proofs.newest_signed(KEY.id))
    again.resync(payer.copy_for_peer(KEY.id))
    after = again.state(KEY.id).theirs
    assert (after.amount, after.locks, after.nonce) == (before.amount, before.locks, before.nonce)


# -------------------------------------------------------------------------------------------------------- threads


def test_a_thousand_locks_from_eight_threads_are_all_paid_once(payer: Party, payee: Party, hub: StandInHub) -> None:
    hub.views[KEY.id] = ChannelView(KEY.id, 10**6, 0, 0, 0, 0, 0)
    for node in (payer, payee):
        node.refresh(KEY.id)
        node._table.journal._database.execute("PRAGMA synchronous=OFF")  # it is about order here, not about the disk
    failures: list[BaseException] = []

    def exchange(act) -> None:
        """Sign and hand over; while another proof is not accepted yet, wait for it."""
        while True:
            try:
                give(payer, payee, act())
                return
            except AcceptMissing:
                time.sleep(0.001)

    def work(thread: int) -> None:
        try:
            for number in range(125):
                secret = bytes([thread, number]) * 16
                exchange(lambda s=secret: payer.locks.add_lock(KEY.id, hash_locked(7, s, NOW + 400)))
                payee.locks.learn(KEY.id, sha256(secret), secret)
                exchange(lambda s=secret: payer.locks.fulfil(KEY.id, sha256(s), s))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    states = payer.state(KEY.id).mine, payee.state(KEY.id).theirs
    assert [(one.amount, one.locks) for one in states] == [(7_000, ()), (7_000, ())]
    assert reopened(payer).state(KEY.id).mine == states[0]
    assert reopened(payee).state(KEY.id).theirs == states[1]


def test_payments_from_many_threads_never_promise_more_than_there_is(payer: Party) -> None:
    signed, refused = [], []

    def work() -> None:
        for _ in range(30):
            try:
                signed.append(payer.pay(KEY.id, 1).amount)
            except BalanceTooLow:
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(signed) == list(range(1, 101))
    assert len(refused) == 140
