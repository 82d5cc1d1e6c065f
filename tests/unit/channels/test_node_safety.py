"""What a node looks at before it accepts, does under its lock, and keeps when interrupted. The chain is a stand-in."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.channels.standin import (
    ATTACKER,
    NOW,
    PAYEE,
    PAYER,
    WINDOW,
    StandInHub,
    give,
    hash_locked,
    holds,
    make_key,
)

from layer2.channels import keeping, nodebase
from layer2.channels.clock import MAX_AGE, ChainClock
from layer2.channels.messages import RIGHT_TO_ACCEPT, RIGHT_TO_PAY
from layer2.channels.node import Party
from layer2.channels.policy import CONFIRMATIONS
from layer2.channels.refusals import BalanceTooLow, ChannelNotActive, NodeStopped, Refused
from layer2.channels.sessionnode import SessionParty
from layer2.channels.sessions import FOREVER
from layer2.channels.view import CLOSED, ChannelView
from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import sha256
from layer2.store import journal as journal_module

KEY = make_key()
SECRET = b"s" * 32


@pytest.fixture
def hub() -> StandInHub:
    return StandInHub()


@pytest.fixture
def payer(hub: StandInHub, tmp_path: Path) -> Party:
    node = Party.open(PAYER, hub, tmp_path / "payer.journal")
    node.join(KEY)
    return node


@pytest.fixture
def payee(hub: StandInHub, tmp_path: Path) -> Party:
    node = Party.open(PAYEE, hub, tmp_path / "payee.journal")
    node.join(KEY)
    return node


class Hours:
    """This machine's clock, moved by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        for module in (nodebase, keeping):
            monkeypatch.setattr(module, "time", self, raising=False)

    def monotonic(self) -> float:
        return self.now


def reopened(node: Party) -> Party:
    path, signer, hub = node._journal.path, node.signer, node.hub
    node.close()
    return Party.open(signer, hub, path, create=False)


def seen(hub: StandInHub, deadline: int, a: int = 100, b: int = 50) -> None:
    hub.number += 1
    hub.views[KEY.id] = ChannelView(KEY.id, a, b, deadline, 0, 0, 0)


# ------------------------------------------------------------------------------------------ disputes and payouts


@pytest.mark.parametrize("deadline", [NOW + WINDOW, CLOSED])
def test_nothing_is_accepted_in_a_channel_that_is_disputed_or_paid_out(
    payer: Party, payee: Party, hub: StandInHub, monkeypatch: pytest.MonkeyPatch, deadline: int
) -> None:
    """The node hears of it by looking itself: nobody else tells it."""
    hours = Hours(monkeypatch)
    assert payee.receive(payer.pay(KEY.id, 1)) == 1
    payment, proof = payer.pay(KEY.id, 1), None
    seen(hub, deadline)
    hours.now += nodebase.FRESH + 1
    with pytest.raises(ChannelNotActive):
        payee.receive(payment)
    payer2 = payer
    proof = payer2.add_lock(KEY.id, hash_locked(5, SECRET))
    with pytest.raises(ChannelNotActive):
        payee.receive_locks(proof)
    assert payee.state(KEY.id).theirs.amount == 1


def test_an_empty_channel_past_its_opening_is_paid_out(
    payer: Party, payee: Party, hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = Hours(monkeypatch)
    payment = payer.pay(KEY.id, 1)
    hub.now = KEY.open_before + 1
    seen(hub, 0, 0, 0)
    hours.now += nodebase.FRESH + 1
    with pytest.raises(ChannelNotActive):
        payee.receive(payment)


def test_a_dispute_counts_at_once_and_money_only_when_it_is_deep(tmp_path: Path) -> None:
    hub = StandInHub(number=100)
    node = Party.open(PAYEE, hub, tmp_path / "deep.journal")
    assert node.confirmations == CONFIRMATIONS == 12
    hub.older[KEY.id, 88] = ChannelView(KEY.id, 0, 0, 0, 0, 0, 0)
    assert node.join(KEY).net_a == 0
    hub.older[KEY.id, 89] = ChannelView(KEY.id, 100, 50, 0, 0, 0, 0)
    seen(hub, NOW + 9)
    state = node.refresh(KEY.id)
    assert (state.net_a, state.phase) == (100, "disputed")


def test_confirmations_are_none_on_a_development_chain_and_can_be_set(tmp_path: Path) -> None:
    assert Party.open(PAYER, StandInHub(is_dev=True), tmp_path / "dev.journal").confirmations == 0
    assert Party.open(PAYER, StandInHub(), tmp_path / "set.journal", confirmations=3).confirmations == 3


def test_a_withdrawal_in_the_newest_blocks_that_the_journal_forgot_is_counted_as_gone(tmp_path: Path) -> None:
    hub = StandInHub(number=100)
    node = Party.open(PAYER, hub, tmp_path / "deep.journal")
    node.join(KEY)
    hub.older[KEY.id, 89] = ChannelView(KEY.id, 100, 50, 0, 0, 0, 0)
    hub.number += 1
    hub.views[KEY.id] = ChannelView(KEY.id, 30, 50, 0, 0, 0, 1)
    assert node.refresh(KEY.id).available == 30


def test_a_withdrawal_taken_back_and_landed_again_never_frees_its_money_twice(hub: StandInHub, tmp_path: Path) -> None:
    payer = Party.open(PAYER, hub, tmp_path / "shallow.journal", confirmations=0)
    payer.join(KEY)
    payer.sign_withdraw(KEY.id, 70, 0, NOW + 600)
    hub.views[KEY.id] = ChannelView(KEY.id, 30, 50, 0, 0, 0, 1)
    assert payer.refresh(KEY.id).available == 30
    hub.views[KEY.id] = ChannelView(KEY.id, 100, 50, 0, 0, 0, 0)
    payer.refresh(KEY.id)
    payer.close()
    payer = Party.open(PAYER, hub, tmp_path / "shallow.journal", confirmations=0)
    assert payer.refresh(KEY.id).available == 30
    with pytest.raises(BalanceTooLow):
        payer.pay(KEY.id, 31)
    hub.now = NOW + 601
    assert payer.refresh(KEY.id).available == 100


def test_a_look_that_took_longer_does_not_undo_a_later_one(payer: Party, hub: StandInHub) -> None:
    """Two threads look; the first is answered with the older block, and comes back last."""
    older = ChannelView(KEY.id, 100, 50, 0, 0, 0, 0)
    inner, asked = hub.view, []

    def view(key, block=None):
        if not asked:
            asked.append(1)
            hub.views[KEY.id] = ChannelView(KEY.id, 100, 50, NOW + 9, 0, 0, 0)
            payer.refresh(KEY.id)
            return older
        return inner(key, block)

    hub.view = view  # type: ignore[method-assign]
    payer.refresh(KEY.id)
    assert payer.state(KEY.id).phase == "disputed"


# -------------------------------------------------------------------------------------- the lock and the chain


def test_no_chain_call_is_made_under_the_nodes_lock(hub: StandInHub, tmp_path: Path) -> None:
    nodes: list[Party] = []

    def asking() -> None:
        assert not any(holds(node._lock) for node in nodes), "the chain is asked under the lock"

    hub.asking = asking
    payer, payee = (Party.open(who, hub, tmp_path / f"{who.address}.journal") for who in (PAYER, PAYEE))
    nodes += [payer, payee]
    for node in nodes:
        node.join(KEY)
    payee.receive(payer.pay(KEY.id, 5))
    give(payer, payee, payer.add_lock(KEY.id, hash_locked(10, SECRET)))
    payee.learn(KEY.id, sha256(SECRET), SECRET)
    give(payer, payee, payer.fulfil(KEY.id, sha256(SECRET), SECRET))
    payer.expire(KEY.id)
    payee.receive_each([[payer.pay(KEY.id, 1)]])
    terms = payer.sign_withdraw(KEY.id, 1, 0, NOW + 600)
    payee.sign_withdraw(KEY.id, 1, 0, NOW + 600, terms)
    payee.sign_close(KEY.id, payer.sign_close(KEY.id))
    payer.refresh(KEY.id)
    assert {"latest", "view"} <= set(hub.calls)


def test_session_payments_and_locks_ask_the_chain_for_nothing(
    hub: StandInHub, payer: Party, payee: Party, tmp_path: Path
) -> None:
    owner = payer
    grant = owner.grant_session(KEY.id, ATTACKER.address, 90, NOW + 7_200)
    session = SessionParty.open_for(ATTACKER, PAYER.address, hub, tmp_path / "session.journal")
    session.accept(KEY, grant)
    payee.receive(session.pay(KEY.id, 1))
    hub.calls.clear()
    for _ in range(5):
        assert payee.receive(session.pay(KEY.id, 1)) == 1
        give(session, payee, session.add_lock(KEY.id, hash_locked(2, SECRET)))
        give(session, payee, session.fulfil(KEY.id, sha256(SECRET), SECRET))
    assert hub.calls == []


def test_the_clock_goes_on_between_blocks_and_asks_once_in_a_while(hub: StandInHub) -> None:
    hours = type("Hours", (), {"now": 0.0})()
    clock = ChainClock(hub.connection, monotonic=lambda: hours.now)
    assert clock.now() == NOW
    hours.now = MAX_AGE
    assert clock.now() == NOW + MAX_AGE
    assert hub.calls == ["latest"]
    hub.now = NOW + 500
    hours.now = MAX_AGE + 1
    assert clock.now() == NOW + 500
    assert hub.calls == ["latest"] * 2


def test_a_development_chains_time_is_asked_for_each_time() -> None:
    hub = StandInHub(is_dev=True)
    clock = ChainClock(hub.connection)
    assert clock.now() == NOW
    hub.now = NOW + 10**6
    assert clock.now() == NOW + 10**6


def test_a_node_that_does_not_answer_is_borne_with_for_a_quarter_of_the_window(
    payer: Party, payee: Party, hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = Hours(monkeypatch)
    payee.refresh(KEY.id)

    def away() -> None:
        raise ConnectionFailed("no answer")

    payments = [payer.pay(KEY.id, 1) for _ in range(2)]
    payee.clock.tick(hub._block(1))
    hub.asking = away
    hours.now += WINDOW / 4
    assert payee.receive(payments[0]) == 1
    hours.now += 1
    with pytest.raises(ConnectionFailed):
        payee.receive(payments[1])


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
    before = payer._journal.last_sequence
    with pytest.raises(BalanceTooLow):
        payer.pay_each([(KEY.id, 60), (other.id, 60), (KEY.id, 60)])
    assert payer._journal.last_sequence == before
    assert payer.state(KEY.id).mine.amount == payer.state(other.id).mine.amount == 0


def test_a_rewritten_journal_says_the_same_in_one_row_a_channel(payer: Party, payee: Party) -> None:
    other = make_key(2)
    for node in (payer, payee):
        node.join(other)
    for _ in range(20):
        payee.receive(payer.pay(KEY.id, 1))
    give(payer, payee, payer.add_lock(other.id, hash_locked(10, SECRET)))
    payee.learn(other.id, sha256(SECRET), SECRET)
    payer.add_lock(other.id, hash_locked(11))
    payer.sign_close(KEY.id)
    for node in (payer, payee):
        states = [node.state(one) for one in node.channels]
        rows = node._journal.last_sequence
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
    assert payer._journal.last_sequence < 50
    assert payer.state(KEY.id).mine.amount == 60
    assert reopened(payer).pay(KEY.id, 1).amount == 61


# ------------------------------------------------------------------------------------------------- signatures


def test_a_known_key_is_verified_without_asking_for_its_address_in_either_form(
    payer: Party, payee: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    payee.receive(payer.pay(KEY.id, 1))
    verifier = payee._entry(KEY.id).verifier
    monkeypatch.setattr("layer2.channels.verify.recover_public_key", None)
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
    proof = payer.add_lock(KEY.id, hash_locked(10, SECRET))
    with pytest.raises(Refused, match="without an end"):
        sessions[NOW + 10**6].receive_locks(proof)
    lasting = sessions[FOREVER].receive_locks(proof)
    ending = sessions[NOW + 10**6].grant(KEY.id)
    forged = replace(lasting, signature=ending.proof(hot.sign_digest(lasting.message().digest(hub.domain))))
    with pytest.raises(Exception, match="not signed by"):
        payer.take_accept(forged)
    payer.take_accept(lasting)
    assert payer.state(KEY.id).mine.locked == 10
