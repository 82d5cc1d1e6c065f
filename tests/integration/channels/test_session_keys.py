"""A server pays with a session key: within its grant, and never more than the hub would take."""

from __future__ import annotations

import pytest

from layer2.channels.party.errors import BalanceTooLow, Refused
from layer2.channels.watchtower.watchtower import START_MARGIN, Watchtower
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.errors import SignatureError
from layer2.primitives.hashing import keccak
from layer2.primitives.units import parse_amount

HOT = LocalSigner(keccak(b"hot key of a server"))


def granted(hub, people, allowance="0.3 ether", valid="1 day", simplex=False):
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour", simplex=simplex)
    channel.pay("0.1 ether")
    grant = channel.grant(HOT.address, allowance, valid=valid)
    return channel, hub.session(HOT, channel.key, grant, peer=people.payee)


def test_what_a_session_key_paid_is_enforced_on_chain(hub, chain, people) -> None:
    channel, server = granted(hub, people)
    server.pay("0.2 ether")
    assert channel.parties["B"].state(channel.id).theirs.amount == parse_amount("0.3 ether")
    channel.dispute(sender=people.payee)
    assert channel.view().sent_a == parse_amount("0.3 ether")


def test_a_session_key_cannot_pay_beyond_its_grant(hub, people) -> None:
    _, server = granted(hub, people)
    server.pay("0.3 ether")
    with pytest.raises(BalanceTooLow, match="the session may promise"):
        server.pay(1)


def test_a_grant_cannot_be_larger_than_what_the_owner_has(hub, people) -> None:
    channel, _ = granted(hub, people)
    with pytest.raises(BalanceTooLow, match="allowance"):
        channel.grant(HOT.address, "0.91 ether")
    with pytest.raises(BalanceTooLow, match="allowance"):
        channel.grant(HOT.address, 0)


def test_a_session_key_signs_nothing_but_counters(hub, people) -> None:
    _, server = granted(hub, people)
    with pytest.raises(Refused, match="only counters"):
        server.close(sender=server.parties["A"])
    with pytest.raises(Refused, match="only counters"):
        server.withdraw("0.1 ether")


def test_a_session_that_ended_pays_nothing(hub, chain, people) -> None:
    _, server = granted(hub, people, valid="2 hours")
    chain.advance(7201)
    with pytest.raises(Refused, match="until"):
        server.pay(1)


def test_a_payee_takes_no_payment_from_a_session_that_ends_too_soon_to_be_posted(hub, chain, people) -> None:
    _, server = granted(hub, people, valid="2 hours")
    server.pay(1)
    chain.advance(3700)
    with pytest.raises(SignatureError):
        server.pay(1)


def test_a_grant_to_another_key_or_channel_is_not_accepted(hub, people) -> None:
    channel, _ = granted(hub, people)
    other = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    stranger = channel.grant(people.attacker.address, 5)
    with pytest.raises(SignatureError, match="not a grant"):
        hub.session(HOT, channel.key, stranger)
    with pytest.raises(SignatureError, match="not a grant"):
        hub.session(HOT, other.key, channel.grant(HOT.address, 5))


def test_a_session_key_locks_payments_too(hub, people) -> None:
    channel, server = granted(hub, people)
    preimage = b"s" * 32
    server.conditional("0.1 ether", preimage=preimage)
    server.fulfil(preimage)
    assert channel.parties["B"].state(channel.id).theirs.amount == parse_amount("0.2 ether")
    server.conditional("0.2 ether", preimage=preimage)
    with pytest.raises(BalanceTooLow, match="the session may promise"):
        server.conditional("0.1 ether", preimage=preimage)


def test_the_owner_takes_over_what_its_session_paid(hub, people) -> None:
    channel, server = granted(hub, people)
    server.pay("0.2 ether")
    payee = channel.parties["B"]
    channel.parties["A"].resync(payee.copy_for_peer(channel.id))
    channel.pay("0.1 ether")
    assert payee.state(channel.id).theirs.amount == parse_amount("0.4 ether")
    channel.close()
    assert channel.phase == "closed"


def test_a_session_node_goes_on_after_a_restart(hub, people) -> None:
    channel, server = granted(hub, people)
    server.pay("0.1 ether")
    grant = server.parties["A"].grant(channel.id)
    hub.release()
    again = hub.session(HOT, channel.key, grant, peer=people.payee)
    again.pay("0.1 ether")
    assert again.parties["B"].state(channel.id).theirs.amount == parse_amount("0.3 ether")


def test_the_payees_tower_closes_before_the_session_ends(hub, chain, people) -> None:
    channel, server = granted(hub, people, valid="2 hours")
    server.pay("0.2 ether")
    tower = Watchtower(chain, hub, hub.sender(people.payee))
    tower.attach(channel.parties["B"])
    assert tower.step() == []
    chain.advance(7200 - START_MARGIN + 60)
    assert [(one.act, one.done) for one in tower.step()] == [("close", True)]
    assert channel.view().sent_a == parse_amount("0.3 ether")
    assert tower.step() == []


def test_a_tower_that_is_no_party_says_that_the_close_cannot_wait(hub, chain, people, tower_sender) -> None:
    channel, server = granted(hub, people, valid="2 hours")
    server.pay("0.2 ether")
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(channel.parties["B"])
    chain.advance(7200 - START_MARGIN + 60)
    answers = tower.step()
    assert [(one.act, one.done) for one in answers] == [("close", False)]
    assert "only a party" in answers[0].detail


def test_a_one_way_session_is_claimed_by_any_tower_before_it_ends(hub, chain, people, tower_sender) -> None:
    channel, server = granted(hub, people, valid="2 hours", simplex=True)
    server.pay("0.2 ether")
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(channel.parties["B"])
    chain.advance(7200 - START_MARGIN + 60)
    assert [(one.act, one.done) for one in tower.step()] == [("claim", True)]
    assert channel.view().sent_a == parse_amount("0.3 ether")
    assert tower.step() == []
