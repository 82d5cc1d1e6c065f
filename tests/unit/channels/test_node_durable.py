"""What an interrupt, a full disk or a lost journal leaves of a node, and how its journal grows. A stand-in chain."""

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

from layer2.channels.party import channel_table as keeping
from layer2.channels.party.errors import BalanceTooLow, LockRefused, NodeStopped, Refused
from layer2.channels.party.party import Party
from layer2.channels.party.session_party import SessionParty
from layer2.channels.party.signature_verifier import SESSION_MARGIN
from layer2.channels.protocol.messages import RIGHT_TO_ACCEPT, RIGHT_TO_PAY, Session, Voucher
from layer2.channels.protocol.session_keys import FOREVER, SessionProof
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import sha256
from layer2.store import journal as journal_module
from layer2.store.errors import JournalFull
from layer2.store.journal import Journal

KEY = make_key()
SECRET = b"s" * 32


# ------------------------------------------------------------------------------------------------------ interrupts


def interrupted(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def passing(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    for module in (keeping, journal_module):
        monkeypatch.setattr(module, "fault_point", passing)


@pytest.mark.parametrize(
    "point",
    [
        "party.sign.appended",
        "journal.before-commit",
        "journal.in-commit",
        "journal.after-commit",
        "party.sign.committed",
    ],
)
def test_an_interrupt_anywhere_in_a_payment_leaves_a_journal_that_opens_and_agrees(
    payer: Party, payee: Party, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    payee.receive(payer.pay(KEY.id, 5))
    interrupted(monkeypatch, point)
    with pytest.raises(KeyboardInterrupt):
        payer.pay(KEY.id, 7)
    monkeypatch.undo()
    if point == "journal.in-commit":
        with pytest.raises(NodeStopped):
            payer.pay(KEY.id, 1)
        payer = reopened(payer)
    counter = payer.state(KEY.id).mine.amount
    assert counter == (12 if point in ("journal.after-commit", "party.sign.committed") else 5)
    payment = payer.pay(KEY.id, 3)
    assert payment.amount == counter + 3
    assert payee.receive(payment) == payment.amount - 5
    assert reopened(payer).state(KEY.id).mine.amount == payment.amount


# ----------------------------------------------------------------------------------------- groups and compaction


def test_payments_of_many_channels_share_one_commit(
    payer: Party, payee: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [make_key(salt) for salt in range(10, 30)]
    for node in (payer, payee):
        for key in keys:
            node.join(key)
    commits: list[str] = []
    monkeypatch.setattr(
        journal_module, "fault_point", lambda name: commits.append(name) if name == "journal.in-commit" else None
    )
    payments = payer.pay_each([(key.id, 3) for key in keys for _ in range(2)])
    assert len(commits) == 1
    bad = payments[0]._replace(amount=99)
    batches = [[payments[2 * at], payments[2 * at + 1]] for at in range(len(keys))] + [[bad], []]
    answers = payee.receive_each(batches)
    assert len(commits) == 2
    assert answers[:20] == [6] * 20
    assert isinstance(answers[20], Refused | Exception)
    assert not isinstance(answers[20], int)
    assert answers[21] == 0
    again = reopened(payee)
    assert all(again.state(key.id).theirs.amount == 6 for key in keys)


def test_one_payment_that_is_not_covered_signs_none_of_its_group(payer: Party) -> None:
    other = make_key(2)
    payer.join(other)
    before = payer._table.journal.last_sequence
    with pytest.raises(BalanceTooLow):
        payer.pay_each([(KEY.id, 60), (other.id, 60), (KEY.id, 60)])
    assert payer._table.journal.last_sequence == before
    assert payer.state(KEY.id).mine.amount == payer.state(other.id).mine.amount == 0


def test_a_rewritten_journal_says_the_same_in_one_row_a_channel(payer: Party, payee: Party) -> None:
    other = make_key(2)
    for node in (payer, payee):
        node.join(other)
    for _ in range(20):
        payee.receive(payer.pay(KEY.id, 1))
    give(payer, payee, payer.locks.add_lock(other.id, hash_locked(10, SECRET)))
    payee.locks.learn(other.id, sha256(SECRET), SECRET)
    payer.locks.add_lock(other.id, hash_locked(11))
    payer.closing.sign_close(KEY.id)
    for node in (payer, payee):
        states = [node.state(one) for one in node.channels]
        rows = node._table.journal.last_sequence
        assert rows > 20
        node = reopened(node)
        assert node.compact() == 2
        assert [node.state(one) for one in node.channels] == states
        node = reopened(node)
        assert [node.state(one) for one in node.channels] == states
    assert node.channels == (KEY.id, other.id)


def test_a_journal_is_rewritten_by_itself_when_it_has_grown(
    payer: Party, payee: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_LEAST_ROWS", 50)
    payer = reopened(payer)
    for _ in range(60):
        payer.pay(KEY.id, 1)
    assert payer._table.journal.last_sequence < 50
    assert payer.state(KEY.id).mine.amount == 60
    assert reopened(payer).pay(KEY.id, 1).amount == 61


# ------------------------------------------------------------------------------------------------- signatures


def test_a_known_key_is_verified_without_asking_for_its_address_in_either_form(
    payer: Party, payee: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    payee.receive(payer.pay(KEY.id, 1))
    verifier = payee._table.entry(KEY.id).verifier
    monkeypatch.setattr("layer2.channels.party.signature_verifier.recover_public_key", None)
    plain = payer.pay(KEY.id, 1)
    assert payee.receive(plain) == 1
    short = payer.pay(KEY.id, 1)
    assert payee.receive(short._replace(signature=to_compact(short.signature))) == 1
    assert not verifier.verify(b"\1" * 32, short.signature, 1)
    assert not verifier.verify(b"\1" * 32, to_compact(short.signature), 1)


def test_an_acceptance_under_a_session_that_ends_is_not_given_and_not_taken(
    hub: StandInHub, payer: Party, payee: Party, tmp_path: Path
) -> None:
    """It would be gone one day, and nothing renews it."""
    hot = LocalSigner(b"\x09" * 32)
    rights = RIGHT_TO_PAY | RIGHT_TO_ACCEPT
    sessions = {}
    for until in (NOW + 10**6, FOREVER):
        grant = payee.grant_session(KEY.id, hot.address, 5, until, rights)
        node = SessionParty.open_for(hot, PAYEE.address, hub, tmp_path / f"{until}.journal")
        node.accept(KEY, grant)
        sessions[until] = node
    proof = payer.locks.add_lock(KEY.id, hash_locked(10, SECRET))
    with pytest.raises(Refused, match="without an end"):
        sessions[NOW + 10**6].locks.receive_locks(proof)
    lasting = sessions[FOREVER].locks.receive_locks(proof)
    ending = sessions[NOW + 10**6].grant(KEY.id)
    forged = replace(lasting, signature=ending.proof(hot.sign_digest(lasting.message().digest(hub.domain))))
    with pytest.raises(SignatureError, match="not signed by"):
        payer.locks.take_accept(forged)
    payer.locks.take_accept(lasting)
    assert payer.state(KEY.id).mine.locked == 10


# ------------------------------------------------------------------------------- memory, disk and what was refused


class Refusing:
    """A journal that has no room for the next commit."""

    def __init__(self, inner: Journal) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def commit(self) -> None:
        self.inner.discard()
        raise JournalFull("no space")


def test_what_the_disk_did_not_take_is_not_in_memory_either(payer: Party, payee: Party) -> None:
    payment, proof = payer.pay(KEY.id, 5), None
    inner = payee._table.journal
    payee._table.journal = Refusing(inner)  # type: ignore[assignment]
    with pytest.raises(JournalFull):
        payee.receive(payment)
    with pytest.raises(JournalFull):
        payee.receive_each([[payment]])
    proof = payer.locks.add_lock(KEY.id, hash_locked(10, SECRET))
    with pytest.raises(JournalFull):
        payee.locks.receive_locks(proof)
    assert payee.state(KEY.id).theirs.limit == 0
    payee._table.journal = inner
    assert payee.receive(payment) == 5
    payer.locks.take_accept(payee.locks.receive_locks(proof))
    payer_inner = payer._table.journal
    payer._table.journal = Refusing(payer_inner)  # type: ignore[assignment]
    before = payer.state(KEY.id)
    for act in (
        lambda: payer.locks.fulfil(KEY.id, sha256(SECRET), SECRET),
        lambda: payer.closing.sign_withdraw(KEY.id, 1, 0, NOW + 600),
        lambda: payer.locks.retract(KEY.id),
    ):
        with pytest.raises(JournalFull):
            act()
    assert payer.state(KEY.id) == before
    payer._table.journal = payer_inner
    assert reopened(payer).state(KEY.id) == before


def test_a_frozen_node_neither_signs_nor_receives(payer: Party, payee: Party, hub: StandInHub, tmp_path: Path) -> None:
    payment = payer.pay(KEY.id, 5)
    payee.receive(payment)
    newer = payer.pay(KEY.id, 5)
    again = Party.recover(PAYEE, hub, tmp_path / "new.journal")
    again.join(KEY, frozen=True)
    for act in (
        lambda: again.receive(newer),
        lambda: again.receive_many([newer]),
        lambda: again.verify(newer),
        lambda: again.locks.receive_locks(payer.locks.add_lock(KEY.id, hash_locked(1))),
        lambda: again.pay(KEY.id, 1),
        lambda: again.closing.sign_close(KEY.id),
        lambda: again.grant_session(KEY.id, ATTACKER.address, 1, NOW + 9),
    ):
        with pytest.raises(Refused, match="resync"):
            act()
    assert isinstance(again.receive_each([[newer]])[0], Refused)
    frozen = reopened(again)
    with pytest.raises(Refused, match="resync"):
        frozen.receive(newer)


def test_a_lock_may_last_as_long_as_the_hub_takes_it_and_no_second_longer(payer: Party, payee: Party) -> None:
    latest = NOW + payer.hub.max_lock_duration()
    with pytest.raises(LockRefused):
        payer.locks.add_lock(KEY.id, hash_locked(1, SECRET, latest + 1))
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(1, SECRET, latest)))


def test_a_session_must_last_the_margin_to_the_second(payer: Party, payee: Party, hub: StandInHub) -> None:
    voucher = Voucher(KEY.id, 5)
    for lasts, taken in ((SESSION_MARGIN, True), (SESSION_MARGIN - 1, False)):
        session = Session(KEY.id, ATTACKER.address, 5, NOW + lasts, RIGHT_TO_PAY)
        owner = PAYER.sign_digest(session.digest(hub.domain))
        proof = SessionProof.build(session, owner, ATTACKER.sign_digest(voucher.digest(hub.domain))).encode()
        assert payee._table.entry(KEY.id).verifier.verify(voucher.digest(hub.domain), proof, 5) is taken


def test_a_journal_of_many_channels_is_opened_without_loading_them(payer: Party) -> None:
    keys = [make_key(salt) for salt in range(10, 310)]
    for key in keys:
        payer.join(key)
    again = reopened(payer)
    assert again.channels == (KEY.id, *(key.id for key in keys))
    assert set(again._table._kept.values()) == {None}
    again.pay(keys[7].id, 3)
    assert sum(one is not None for one in again._table._kept.values()) == 1
