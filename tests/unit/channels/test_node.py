"""A node persists before it speaks, and says nothing it cannot stand by. The chain is a stand-in here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

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

from layer2.channels.party.errors import (
    BalanceTooLow,
    ChannelUnknown,
    CounterNotNewer,
    JournalLost,
    LockRefused,
    NodeStopped,
    Refused,
)
from layer2.channels.party.party import Party
from layer2.channels.protocol.messages import Session, Voucher
from layer2.channels.protocol.proofs import Payment, PeerCopy
from layer2.channels.protocol.session_keys import SessionProof
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import sha256
from layer2.store.errors import JournalError, JournalFull

KEY = make_key()


def test_a_batch_is_paid_received_and_restored(payer: Party, payee: Party, hub: StandInHub) -> None:
    payments = payer.pay_many(KEY.id, 2, 20)
    assert payee.receive_many(payments) == 40
    before = (payer.state(KEY.id), payee.state(KEY.id))
    payer, payee = reopened(payer), reopened(payee)
    assert (payer.state(KEY.id), payee.state(KEY.id)) == before
    assert payer.proofs.newest_signed(KEY.id) == payments[-1] == payee.proofs.newest_received(KEY.id)


def test_a_refused_payment_leaves_state_and_journal_alone(payer: Party) -> None:
    before, rows = payer.state(KEY.id), payer._table.journal.last_sequence
    with pytest.raises(BalanceTooLow):
        payer.pay_many(KEY.id, 30, 4)
    assert (payer.state(KEY.id), payer._table.journal.last_sequence) == (before, rows)


def test_a_batch_with_one_bad_voucher_is_refused_whole(payer: Party, payee: Party) -> None:
    payments = payer.pay_many(KEY.id, 1, 3)
    forged = [payments[0], payments[1]._replace(signature=payments[0].signature), payments[2]]
    with pytest.raises(SignatureError):
        payee.receive_many(forged)
    assert payee.state(KEY.id).theirs.amount == 0
    assert payee.receive_many(payments) == 3


def test_a_voucher_by_somebody_else_or_for_another_hub_or_chain_is_refused(
    payee: Party, hub: StandInHub, tmp_path: Path
) -> None:
    for other in (replace(hub, chain=2), replace(hub, address=to_address("0x" + "78" * 20))):
        foreign = Party.open(PAYER, other, tmp_path / f"{other.chain}{other.address}.journal")
        foreign.join(KEY)
        with pytest.raises(SignatureError):
            payee.receive(foreign.pay(KEY.id, 1))
    honest = Party.open(PAYER, hub, tmp_path / "payer.journal")
    honest.join(KEY)
    payment = honest.pay(KEY.id, 1)
    flipped = payment.signature[:64] + bytes([55 - payment.signature[64]])
    for signature in (flipped, payment.signature[:63], b"", b"\0" * 65):
        with pytest.raises(SignatureError):
            payee.receive(payment._replace(signature=signature))
    assert payee.receive(payment) == 1
    with pytest.raises(SignatureError):
        payee.receive(Payment(KEY.id, 2, ATTACKER.sign_digest(sha256(b"x"))))


def test_the_newest_voucher_again_is_acknowledged_and_an_older_one_refused(payer: Party, payee: Party) -> None:
    first, second = payer.pay_many(KEY.id, 1, 2)
    assert payee.receive(second) == 2
    assert payee.receive(second) == 0
    with pytest.raises(CounterNotNewer):
        payee.receive(first)


def test_verify_writes_nothing(payer: Party, payee: Party) -> None:
    payment = payer.pay(KEY.id, 7)
    rows = payee._table.journal.last_sequence
    assert payee.verify(payment) == 7
    assert payee._table.journal.last_sequence == rows
    assert payee.state(KEY.id).theirs.amount == 0


def test_an_unknown_channel_is_refused(payer: Party) -> None:
    with pytest.raises(ChannelUnknown):
        payer.pay(make_key(2).id, 1)


class Failing:
    """A journal whose next commit fails."""

    def __init__(self, inner: Any, error: Exception) -> None:
        self.inner, self.error = inner, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def commit(self) -> None:
        self.inner._drop_pending()
        raise self.error


def test_a_full_disk_refuses_the_payment_and_the_node_goes_on(payer: Party) -> None:
    journal = payer._table.journal
    payer._table.journal = Failing(journal, JournalFull("no space"))
    with pytest.raises(JournalFull):
        payer.pay(KEY.id, 1)
    payer._table.journal = journal
    assert payer.pay(KEY.id, 1).amount == 1


def test_a_broken_disk_stops_the_node(payer: Party) -> None:
    journal = payer._table.journal
    payer._table.journal = Failing(journal, JournalError("broken"))
    with pytest.raises(JournalError):
        payer.pay(KEY.id, 1)
    payer._table.journal = journal
    with pytest.raises(NodeStopped):
        payer.pay(KEY.id, 1)


def test_a_missing_journal_is_refused_with_the_way_to_recover(hub: StandInHub, tmp_path: Path) -> None:
    with pytest.raises(JournalLost, match="resync"):
        Party.open(PAYER, hub, tmp_path / "gone.journal", create=False)


def test_a_corrupt_journal_is_refused_with_the_way_to_recover(payer: Party, hub: StandInHub) -> None:
    payer.pay_many(KEY.id, 1, 3)
    path = payer._table.journal.path
    payer._table.journal._database.execute("UPDATE journal_rows SET payload = x'02' WHERE sequence = 2")
    payer.close()
    with pytest.raises(JournalLost, match="resync"):
        Party.open(PAYER, hub, path)


def test_the_journal_of_another_account_chain_or_hub_is_refused(payer: Party, hub: StandInHub) -> None:
    path = payer._table.journal.path
    payer.close()
    for signer, other in ((PAYEE, hub), (PAYER, replace(hub, chain=5))):
        with pytest.raises(JournalLost, match="belongs to"):
            Party.open(signer, other, path)
    assert Party.open(PAYER, hub, path).channels == (KEY.id,)


def test_a_node_that_lost_its_journal_resyncs_from_the_peer(
    payer: Party, payee: Party, hub: StandInHub, tmp_path: Path
) -> None:
    payee.receive_many(payer.pay_many(KEY.id, 2, 10))
    payer.receive(payee.pay(KEY.id, 5))
    payer.close()
    again = Party.recover(PAYER, hub, tmp_path / "new.journal")
    again.join(KEY, frozen=True)
    with pytest.raises(Refused, match="resync"):
        again.pay(KEY.id, 1)
    again.resync(payee.copy_for_peer(KEY.id))
    assert again.state(KEY.id).counters == (20, 5)
    assert again.pay(KEY.id, 1).amount == 21
    assert reopened(again).pay(KEY.id, 1).amount == 22


def test_a_copy_that_i_did_not_sign_is_not_adopted(payer: Party, payee: Party, hub: StandInHub, tmp_path: Path) -> None:
    forged = Payment(KEY.id, 90, payee.pay(KEY.id, 1).signature)
    again = Party.recover(PAYER, hub, tmp_path / "new.journal")
    again.join(KEY, frozen=True)
    with pytest.raises(SignatureError):
        again.resync(PeerCopy(KEY.id, forged))
    with pytest.raises(Refused):
        again.pay(KEY.id, 1)


def test_a_hash_lock_is_fulfilled_with_its_preimage_only(payer: Party, payee: Party, hub: StandInHub) -> None:
    preimage = b"p" * 32
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(10, preimage)))
    with pytest.raises(LockRefused):
        payee.locks.learn(KEY.id, sha256(preimage), b"q" * 32)
    assert payee.locks.learn(KEY.id, sha256(preimage), preimage) == 10
    with pytest.raises(LockRefused):
        payer.locks.fulfil(KEY.id, sha256(preimage), b"q" * 32)
    give(payer, payee, payer.locks.fulfil(KEY.id, sha256(preimage), preimage))
    assert payee.state(KEY.id).theirs.amount == 10
    assert reopened(payee).state(KEY.id).theirs.locks == ()


def test_an_expired_lock_is_dropped_after_the_margin_only(payer: Party, payee: Party, hub: StandInHub) -> None:
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(10)))
    hub.now = NOW + 160
    assert payer.locks.expire(KEY.id) is None
    hub.now = NOW + 161
    dropped = payer.locks.expire(KEY.id)
    assert dropped is not None
    give(payer, payee, dropped)
    assert payee.state(KEY.id).theirs.locks == ()
    assert payer.state(KEY.id).available == 100


def test_a_close_is_signed_once_and_repeated_the_same(payer: Party, payee: Party, hub: StandInHub) -> None:
    payee.receive(payer.pay(KEY.id, 9))
    terms = payer.closing.sign_close(KEY.id)
    assert reopened(payer).closing.sign_close(KEY.id) == terms
    assert payee.closing.sign_close(KEY.id, peer=terms).sent_a == 9
    with pytest.raises(Refused):
        payee.pay(KEY.id, 1)


def test_a_close_at_other_counters_or_not_signed_by_the_peer_is_refused(payer: Party, payee: Party) -> None:
    payment = payer.pay(KEY.id, 9)
    terms = payer.closing.sign_close(KEY.id)
    with pytest.raises(CounterNotNewer):
        payee.closing.sign_close(KEY.id, peer=terms)
    payee.receive(payment)
    with pytest.raises(SignatureError):
        payee.closing.sign_close(KEY.id, peer=replace(terms, signature=payment.signature))


def session_payment(
    hub: StandInHub, amount: int, *, cap: int = 50, valid_until: int = NOW + 7200, rights: int = 1
) -> Payment:
    grant = Session(KEY.id, ATTACKER.address, cap, valid_until, rights)
    owner = PAYER.sign_digest(grant.digest(hub.domain))
    by_key = ATTACKER.sign_digest(Voucher(KEY.id, amount).digest(hub.domain))
    return Payment(KEY.id, amount, SessionProof.build(grant, owner, by_key).encode())


def test_a_voucher_by_a_session_key_is_taken_within_its_cap_time_and_right(payee: Party, hub: StandInHub) -> None:
    assert payee.receive(session_payment(hub, 50)) == 50
    for wrong in (
        session_payment(hub, 51),
        session_payment(hub, 51, cap=60, valid_until=NOW + 60),
        session_payment(hub, 51, cap=60, rights=2),
    ):
        with pytest.raises(SignatureError):
            payee.receive(wrong)


def test_a_session_that_the_peer_did_not_grant_is_refused(payee: Party, hub: StandInHub) -> None:
    grant = Session(KEY.id, ATTACKER.address, 50, NOW + 7200, 1)
    by_key = ATTACKER.sign_digest(Voucher(KEY.id, 5).digest(hub.domain))
    forged = SessionProof.build(grant, ATTACKER.sign_digest(grant.digest(hub.domain)), by_key)
    with pytest.raises(SignatureError):
        payee.receive(Payment(KEY.id, 5, forged.encode()))
