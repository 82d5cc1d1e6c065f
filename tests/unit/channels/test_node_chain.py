"""What a node looks at before it accepts anything, and what it asks the chain for. The chain is a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.channels.stand_in import (
    ATTACKER,
    NOW,
    PAYEE,
    PAYER,
    WINDOW,
    Hours,
    StandInHub,
    give,
    hash_locked,
    holds,
    make_key,
)

from layer2.channels.contract.chain_clock import MAX_AGE, ChainClock
from layer2.channels.contract.channel_view import CLOSED, ChannelView
from layer2.channels.party import chain_sync
from layer2.channels.party.errors import BalanceTooLow, ChannelNotActive
from layer2.channels.party.party import Party
from layer2.channels.party.policy import CONFIRMATIONS
from layer2.channels.party.session_party import SessionParty
from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.records import Log
from layer2.primitives.hashing import sha256

KEY = make_key()
SECRET = b"s" * 32


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
    hours.now += chain_sync.FRESH + 1
    with pytest.raises(ChannelNotActive):
        payee.receive(payment)
    payer2 = payer
    proof = payer2.locks.add_lock(KEY.id, hash_locked(5, SECRET))
    with pytest.raises(ChannelNotActive):
        payee.locks.receive_locks(proof)
    assert payee.state(KEY.id).theirs.amount == 1


def test_an_empty_channel_past_its_opening_is_paid_out(
    payer: Party, payee: Party, hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = Hours(monkeypatch)
    payment = payer.pay(KEY.id, 1)
    hub.now = KEY.open_before + 1
    seen(hub, 0, 0, 0)
    hours.now += chain_sync.FRESH + 1
    with pytest.raises(ChannelNotActive):
        payee.receive(payment)


def test_a_dispute_counts_at_once_and_money_only_when_it_is_deep(tmp_path: Path) -> None:
    hub = StandInHub(number=100)
    node = Party.open(PAYEE, hub, tmp_path / "deep.journal")
    assert node._sync.confirmations == CONFIRMATIONS == 12
    hub.older[KEY.id, 88] = ChannelView(KEY.id, 0, 0, 0, 0, 0, 0)
    assert node.join(KEY).net_a == 0
    hub.older[KEY.id, 89] = ChannelView(KEY.id, 100, 50, 0, 0, 0, 0)
    seen(hub, NOW + 9)
    state = node.refresh(KEY.id)
    assert (state.net_a, state.phase) == (100, "disputed")


def test_confirmations_are_none_on_a_development_chain_and_can_be_set(tmp_path: Path) -> None:
    assert Party.open(PAYER, StandInHub(is_dev=True), tmp_path / "dev.journal")._sync.confirmations == 0
    assert Party.open(PAYER, StandInHub(), tmp_path / "set.journal", confirmations=3)._sync.confirmations == 3


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
    payer.closing.sign_withdraw(KEY.id, 70, 0, NOW + 600)
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
    give(payer, payee, payer.locks.add_lock(KEY.id, hash_locked(10, SECRET)))
    payee.locks.learn(KEY.id, sha256(SECRET), SECRET)
    give(payer, payee, payer.locks.fulfil(KEY.id, sha256(SECRET), SECRET))
    payer.locks.expire(KEY.id)
    payee.receive_each([[payer.pay(KEY.id, 1)]])
    terms = payer.closing.sign_withdraw(KEY.id, 1, 0, NOW + 600)
    payee.closing.sign_withdraw(KEY.id, 1, 0, NOW + 600, terms)
    payee.closing.sign_close(KEY.id, payer.closing.sign_close(KEY.id))
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
        give(session, payee, session.locks.add_lock(KEY.id, hash_locked(2, SECRET)))
        give(session, payee, session.locks.fulfil(KEY.id, sha256(SECRET), SECRET))
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
    payee._table.clock.tick(hub._block(1))
    hub.asking = away
    hours.now += WINDOW / 4
    assert payee.receive(payments[0]) == 1
    hours.now += 1
    with pytest.raises(ConnectionFailed):
        payee.receive(payments[1])


def test_a_follower_refreshes_the_channels_that_logs_speak_of_and_spares_the_others_a_look(
    payer: Party, payee: Party, hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours, other = Hours(monkeypatch), make_key(2)
    for node in (payer, payee):
        node.join(other)
    logs: list[Log] = []
    hub.connection.logs = lambda start, stop, address, topics=None: [
        one for one in logs if start <= one.block_number <= stop
    ]
    assert payee.follow() == 0
    hub.number = 2
    hub.views[KEY.id] = ChannelView(KEY.id, 100, 50, NOW + WINDOW, 0, 0, 0)
    logs.append(Log(hub.address, (b"t" * 32, KEY.id), b"", 2, (2).to_bytes(32, "big"), b"h" * 32, 0, 0))
    assert payee.follow() == 1
    assert payee.state(KEY.id).phase == "disputed"
    hours.now += chain_sync.FRESH + 1
    payee.follow()
    hub.calls.clear()
    payee._table.clock.tick(hub._block(2))
    assert payee.receive(payer.pay(other.id, 1)) == 1
    assert hub.calls == []
