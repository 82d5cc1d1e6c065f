"""A tower that is told too little, stuck, restarted or lied to still answers; what it cannot do, it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.channels.bindings.errors import HubError
from layer2.channels.contract.calls import lock_proof
from layer2.channels.hub import HubFacade
from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.locks import hash_lock
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE, RIGHT_TO_PAY, Voucher
from layer2.channels.protocol.proofs import LockPayment, Payment
from layer2.channels.watchtower.store import WatchtowerStore
from layer2.channels.watchtower.watchtower import LOOKS, START_MARGIN, Watchtower
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ConnectionFailed, RpcError
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.log_follower import Update
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import InputError, SignatureError
from layer2.primitives.units import parse_amount
from layer2.store.journal import Journal

SECRET = b"p" * 32
HOUR = 3_600


def opened(hub: HubFacade, people):
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    return channel, channel.pay("0.1 ether"), channel.pay("0.2 ether")


def disputed(hub, people, tower: Watchtower) -> list[tuple]:
    """Three watched channels that the payer closes with an old statement, in the order in which they are looked at."""
    cases = sorted((opened(hub, people) for _ in range(3)), key=lambda one: one[0].id)
    for channel, old, new in cases:
        tower.watch(channel.key, "A", new)
        channel.dispute(old, sender=people.payer)
    return cases


def acts(answers) -> list[tuple[str, bool]]:
    return [(answer.act, answer.done) for answer in answers]


# ------------------------------------------------------------------------------------------------- blindness


def test_a_dispute_that_no_log_tells_of_is_found_by_looking(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One empty answer to eth_getLogs was enough to lose the channel."""
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    assert tower.step() == []
    monkeypatch.setattr(tower._store.follower, "step", Update)
    channel.dispute(old, sender=people.payer)
    assert tower.step() == []
    chain.advance(HOUR // LOOKS)
    assert acts(tower.step()) == [("post", True)]
    assert channel.view().sent_a == new.amount


def test_every_watched_channel_is_read_at_least_four_times_in_a_window(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = [opened(hub, people)[0] for _ in range(3)]
    tower = Watchtower(chain, hub, tower_sender)
    for channel in channels:
        tower.watch(channel.key, "A", hub.party(people.payee).proofs.newest_received(channel.id))
    tower.step()
    looked: list[bytes] = []
    view = hub.view
    monkeypatch.setattr(hub, "view", lambda key, block=None: (looked.append(key.id), view(key, block))[1])
    for _ in range(60):
        chain.advance(60)
        tower.step()
    for channel in channels:
        assert 4 <= looked.count(channel.id) <= 6


def test_logs_that_cannot_be_read_are_told_and_stop_no_look(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)

    def refuses() -> Update:
        raise RpcError("eth_getLogs", "query returned more than 10000 results")

    monkeypatch.setattr(tower._store.follower, "step", refuses)
    assert acts(tower.step()) == [("follow", False), ("post", True)]


# ------------------------------------------------------------------------------------------ one channel's failure


@pytest.mark.parametrize("failure", [RpcError("eth_call", "execution timeout"), ValueError("a word that is no word")])
def test_one_channel_that_fails_stops_no_other(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    tower = Watchtower(chain, hub, tower_sender)
    cases = disputed(hub, people, tower)
    bad = min(channel.id for channel, _, _ in cases)
    view = hub.view

    def failing(key, block=None):
        if key.id == bad:
            raise failure
        return view(key, block)

    monkeypatch.setattr(hub, "view", failing)
    answers = tower.step()
    assert sorted(acts(answers)) == [("look", False), ("post", True), ("post", True)]
    assert [one.failed for one in answers if one.act == "look"] == [True]
    monkeypatch.undo()
    assert acts(tower.step()) == [("post", True)]


def test_a_node_that_is_away_is_asked_once_and_again_at_the_next_step(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    tower = Watchtower(chain, hub, tower_sender)
    disputed(hub, people, tower)
    asked: list[int] = []

    def away(key, block=None):
        asked.append(1)
        monkeypatch.setattr(chain, "latest", silent)
        raise ConnectionFailed("no answer")

    def silent():
        raise ConnectionFailed("no answer")

    monkeypatch.setattr(hub, "view", away)
    assert acts(tower.step()) == [("look", False)]
    assert len(asked) == 1
    monkeypatch.undo()
    assert acts(tower.step()) == [("post", True)] * 3


def test_a_question_that_the_node_never_answers_hides_no_other_channel(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one whose look always fails comes first; the others are looked at in the same step."""
    tower = Watchtower(chain, hub, tower_sender)
    cases = disputed(hub, people, tower)
    view, dark = hub.view, cases[0][0].id

    def seldom(key, block=None):
        if key.id == dark:
            raise ConnectionFailed("no answer")
        return view(key, block)

    monkeypatch.setattr(hub, "view", seldom)
    assert sorted(acts(tower.step())) == [("look", False), ("post", True), ("post", True)]
    monkeypatch.undo()
    assert acts(tower.step()) == [("post", True)]


def test_a_node_that_cannot_give_one_channel_stops_no_other(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [opened(hub, people) for _ in range(2)]
    party, broken = hub.party(people.payee), cases[0][0].id
    state = party.state
    monkeypatch.setattr(party, "state", lambda one: 1 // 0 if one == broken else state(one))
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(party)
    cases[1][0].dispute(cases[1][1], sender=people.payer)
    assert sorted(acts(tower.step())) == [("post", True), ("take over", False)]


# ------------------------------------------------------------------------------------------------- bad proofs


def test_proofs_that_nobody_signed_are_refused_and_push_out_nothing(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    amount = parse_amount("0.9 ether")
    for signature in (b"", new.signature, people.attacker.sign_digest(bytes(32)), b"\1" * 200):
        with pytest.raises(SignatureError):
            tower.watch(channel.key, "A", Payment(channel.id, amount, signature))
    with pytest.raises(SignatureError):
        tower.watch(channel.key, "B", new)
    with pytest.raises(InputError, match="nothing is paid to side 'C'"):
        tower.watch(channel.key, "C", new)
    channel.dispute(old, sender=people.payer)
    assert acts(tower.step()) == [("post", True)]
    assert channel.view().sent_a == new.amount


def test_lock_proofs_acceptances_and_openings_that_do_not_fit_are_refused(hub, chain, people, tower_sender) -> None:
    channel, _, _ = opened(hub, people)
    proof = channel.conditional("0.25 ether", preimage=SECRET, expiry="2 hours")
    _, accept = hub.party(people.payee).proofs.accepted(channel.id, "A")
    tower = Watchtower(chain, hub, tower_sender)
    higher = LockPayment(channel.id, proof.amount, proof.nonce + 5, proof.locks, proof.signature)
    for bad, signed in ((higher, accept), (proof, proof.signature), (proof, b"\1" * 65)):
        with pytest.raises(SignatureError):
            tower.watch(channel.key, "A", bad, accept=signed)
    for opening, words in (
        (Opening(1, SECRET), "has no lock 1"),
        (Opening(0, b"q" * 32), "does not fit its condition"),
    ):
        with pytest.raises(InputError, match=words):
            tower.watch(channel.key, "A", proof, accept=accept, openings=(opening,))
    stranger = channel.grant(people.attacker.address, 0, rights=RIGHT_TO_CLOSE, sender=people.payee)
    with pytest.raises(InputError, match=f"does not let {tower.sender.address} close it"):
        tower.watch(channel.key, "A", proof, accept=accept, closing=stranger)
    assert tower.watched == ()
    tower.watch(channel.key, "A", proof, accept=accept, openings=(Opening(0, SECRET),))
    with pytest.raises(InputError, match="a preimage of 5 bytes given"):
        tower.learn(b"short")


# --------------------------------------------------------------------------------------------- old lock proofs


def test_a_receiver_that_goes_back_to_a_replaced_lock_proof_is_answered(hub, chain, people, tower_sender) -> None:
    """The voucher lock was settled at 0.1 of 0.5; the receiver posts the proof with the whole lock again."""
    channel, _, _ = opened(hub, people)
    old = channel.conditional("0.5 ether", preimage=SECRET, expiry="3 hours")
    channel.give_up(hash_lock(parse_amount("0.5 ether"), old.locks[0].expiry, SECRET))
    channel.pay("0.1 ether")
    tower = Watchtower(chain, hub, tower_sender, settle=True)
    tower.attach(hub.party(people.payer))
    hub.post_locks(hub.sender(people.payee), channel.key, "A", lock_proof(old))
    hub.unlock(hub.sender(people.payee), channel.key, "A", old.limit, old.locks, [Opening(0, SECRET)])
    assert channel.view().paid("A") == parse_amount("0.8 ether")
    assert acts(tower.step()) == [("post_locks", True)]
    hub.post(
        hub.sender(people.payee), channel.key, "A", *hub.party(people.payee).proofs.newest_received(channel.id)[1:]
    )
    assert channel.view().paid("A") == parse_amount("0.4 ether")
    chain.advance(4 * HOUR)
    assert acts(tower.step()) == [("settle", True)]


def test_a_tower_with_an_old_acceptance_cannot_beat_the_newest_state(hub, chain, people) -> None:
    """Consents of last month: whatever subset of them is posted, and by whom, the newest state is what is paid."""
    channel, _, _ = opened(hub, people)
    proofs = []
    for number in range(3):
        secret = bytes((number + 1,)) * 32
        channel.conditional("0.1 ether", preimage=secret, expiry="3 hours")
        proofs.append(hub.party(people.payee).proofs.accepted(channel.id, "A"))
        channel.fulfil(secret)
        proofs.append(hub.party(people.payee).proofs.accepted(channel.id, "A"))
    newest = Watchtower(chain, hub, Sender(chain, people.tower))
    newest.attach(hub.party(people.payee))
    for proof, accept in proofs[:-1]:
        stale = Watchtower(chain, hub, Sender(chain, people.attacker))
        stale.watch(channel.key, "A", proof, accept=accept)
        if not channel.view().disputed:
            channel.dispute(None, sender=people.payer)
        stale.step()
    assert any(one.done for one in newest.step())
    assert channel.view().paid("A") == parse_amount("0.6 ether")
    assert newest.step() == []


def test_a_payers_fresh_voucher_does_not_stop_the_payees_lock_proof(hub, chain, people, tower_sender) -> None:
    """One wei above the lock proof's counter used to shut it out for the whole window."""
    channel, _, new = opened(hub, people)
    channel.conditional("0.5 ether", preimage=SECRET, expiry="3 hours")
    channel.learn(SECRET)
    amount = new.amount + 1
    fresh = hub.party(people.payer)._key.sign(Voucher(channel.id, amount).digest(hub.domain))
    channel.dispute(None, sender=people.payer)
    hub.post(hub.sender(people.payer), channel.key, "A", amount, fresh)
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(hub.party(people.payee))
    assert acts(tower.step()) == [("post_locks", True), ("unlock", True)]
    assert channel.view().paid("A") == parse_amount("0.8 ether")


def test_dust_locks_resolved_one_by_one_hold_up_no_unlock(hub, chain, people, tower_sender) -> None:
    """Eleven dust locks opened one by one, the last right before the tower: it still takes the large one."""
    channel, _, _ = opened(hub, people)
    payer = hub.party(people.payer)
    secrets = [bytes((number + 1,)) * 32 for number in range(12)]
    until = chain.timestamp() + 3 * HOUR
    locks = [hash_lock(parse_amount("0.0001 ether"), until, secret) for secret in secrets[:11]]
    locks.append(hash_lock(parse_amount("0.5 ether"), until, secrets[11]))
    proof = payer.locks.add_locks(channel.id, locks)
    channel._hand("A", proof)
    for secret in secrets:
        channel.learn(secret)
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(hub.party(people.payee))
    channel.dispute(sender=people.payee)
    for index in range(11):
        hub.unlock(
            hub.sender(people.attacker), channel.key, "A", proof.limit, proof.locks, [Opening(index, secrets[index])]
        )
    assert acts(tower.step()) == [("unlock", True)]
    assert channel.view().paid("A") == parse_amount("0.8011 ether")


# ---------------------------------------------------------------------------------------- starting a close itself


def test_a_delegated_tower_starts_the_close_for_a_lock_that_ends_when_the_consent_says_so(
    hub, chain, people, tower_sender
) -> None:
    channel, _, _ = opened(hub, people)
    proof = channel.conditional("0.25 ether", preimage=SECRET, expiry="2 hours")
    payee = hub.party(people.payee)
    _, accept = payee.proofs.accepted(channel.id, "A")
    closing = channel.grant(people.tower.address, 0, rights=RIGHT_TO_CLOSE, valid="1 day", sender=people.payee)
    without = Watchtower(chain, hub, tower_sender)
    without.watch(channel.key, "A", proof, accept=accept, openings=(Opening(0, SECRET),))
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", proof, accept=accept, openings=(Opening(0, SECRET),), closing=closing)
    assert without.step() == tower.step() == []
    chain.advance(2 * HOUR - START_MARGIN + 60)
    answers = without.step()
    assert acts(answers) == [("close", False)]
    assert answers[0].failed
    assert acts(tower.step()) == [("close", True), ("post_locks", True), ("unlock", True)]
    assert channel.view().paid("A") == parse_amount("0.55 ether")


def test_a_delegated_tower_starts_the_close_for_a_session_that_ends(hub, chain, people, tower_sender) -> None:
    channel, _, _ = opened(hub, people)
    grant = channel.grant(people.attacker.address, "0.5 ether", valid="3 hours", rights=RIGHT_TO_PAY)
    server = hub.session(people.attacker, channel.key, grant, peer=people.payee)
    payment = server.pay("0.2 ether")
    closing = channel.grant(people.tower.address, 0, rights=RIGHT_TO_CLOSE, valid="1 day", sender=people.payee)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", payment, closing=closing)
    assert tower.step() == []
    chain.advance(3 * HOUR - START_MARGIN + 60)
    assert acts(tower.step()) == [("close", True)]
    assert channel.view().paid("A") == parse_amount("0.5 ether")


# --------------------------------------------------------------------------------------------- stuck and restarted


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[AnvilNode, HubFacade]]:
    """A chain that mines when it is told to, from the moment the tests begin."""
    with AnvilNode() as node:
        hub = HubFacade.deploy(node.connection, node.connection.signers(1)[0], store=tmp_path / "parties")
        yield node, hub


def by_hand(connection: Connection, on: bool) -> None:
    connection.backend.rpc("evm_setAutomine", not on)  # type: ignore[attr-defined]


@pytest.mark.anvil
def test_a_stuck_answer_is_replaced_at_the_markets_fee_by_a_new_tower_from_its_journal(
    slow: tuple[AnvilNode, HubFacade], tmp_path: Path
) -> None:
    node, hub = slow
    chain = node.connection
    people = dataclasses.make_dataclass("People", ["operator", "payer", "payee", "tower"])(*chain.signers(4))
    channel, old, new = opened(hub, people)
    channel.dispute(old, sender=people.payer)
    by_hand(chain, on=True)

    def tower() -> Watchtower:
        journal = Journal(tmp_path / "tower.journal", kind=WatchtowerStore.KIND)
        sender = Sender(chain, people.tower, GasPolicy(wait=0.01))
        return Watchtower(chain, hub, sender, journal=journal, patience=0.0)

    first = tower()
    first.watch(channel.key, "A", new)
    answers = first.step()
    assert acts(answers) == [("post", False)]
    assert "not mined yet" in answers[0].detail
    at = next(iter(first._store.flights.values())).pending
    first.close()
    chain.backend.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * at.fees.max_fee))  # type: ignore[attr-defined]
    chain.mine(1)  # the market has left the answer behind
    second = tower()
    second.step()
    raised = next(iter(second._store.flights.values())).pending
    assert raised.nonce == at.nonce
    assert raised.fees.max_fee >= 20 * at.fees.max_fee
    chain.mine(1)
    assert acts(second.step()) == [("post", True)]
    assert channel.view().sent_a == new.amount
    second.close()
    third = tower()
    assert third._store.flights == {}
    assert third.step() == []
    third.close()


@pytest.mark.anvil
def test_a_stuck_answer_of_one_channel_holds_up_no_other(slow: tuple[AnvilNode, HubFacade]) -> None:
    node, hub = slow
    chain = node.connection
    people = dataclasses.make_dataclass("People", ["operator", "payer", "payee", "tower"])(*chain.signers(4))
    cases = [opened(hub, people) for _ in range(2)]
    sender = Sender(chain, people.tower, GasPolicy(wait=0.01))
    tower = Watchtower(chain, hub, sender, patience=0.0)
    by_hand(chain, on=False)
    for channel, _, new in cases:
        tower.watch(channel.key, "A", new)
    cases[0][0].dispute(cases[0][1], sender=people.payer)
    by_hand(chain, on=True)
    tower.step()
    stuck = next(iter(tower._store.flights.values())).pending
    chain.backend.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * stuck.fees.max_fee))  # type: ignore[attr-defined]
    chain.mine(1)
    by_hand(chain, on=False)
    cases[1][0].dispute(cases[1][1], sender=people.payer)
    for _ in range(5):
        tower.step()
    assert [channel.view().sent_a for channel, _, _ in cases] == [new.amount for _, _, new in cases]


def test_an_answer_that_reverts_is_told_and_tried_again(
    hub, chain, people, tower_sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)

    def refused(*_: object) -> None:
        raise HubError()

    monkeypatch.setattr(hub, "send_for", refused)
    answers = tower.step()
    assert acts(answers) == [("post", False)]
    assert answers[0].failed
    monkeypatch.undo()
    assert acts(tower.step()) == [("post", True)]
