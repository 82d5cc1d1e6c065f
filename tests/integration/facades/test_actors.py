"""Nobody acts for another in a channel: a `sender` that is not the party that must act is refused; nothing changes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from layer2.channels.channel import Channel
from layer2.channels.hub import HubFacade
from layer2.channels.party.errors import Refused
from layer2.channels.permissions import NotAParty, Rule, rule_of
from layer2.channels.protocol.locks import HASH_LOCK, Lock
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import sha256
from layer2.store.journal import Journal

SECRET = b"\7" * 32
Act = Callable[[Channel, Any], Any]

# How each verb is called with a sender.
VERBS: dict[str, Act] = {
    "pay": lambda ch, who: ch.pay("0.1 ether", sender=who),
    "pay_many": lambda ch, who: ch.pay_many("1 gwei", 3, who),
    "honour": lambda ch, who: ch.honour(ch.request("1 gwei"), sender=who),
    "grant": lambda ch, who: ch.grant("0x" + "11" * 20, "0.1 ether", sender=who),
    "conditional": lambda ch, who: ch.conditional("0.1 ether", preimage=SECRET, sender=who),
    "virtual": lambda ch, who: ch.virtual("0.1 ether", payer=ch.key.a, payee=ch.key.b, sender=who),
    "lock": lambda ch, who: ch.lock("0.1 ether", 0, sha256(SECRET), expiry="1 hour", sender=who),
    "fulfil": lambda ch, who: ch.fulfil(SECRET, sender=who),
    "expire": lambda ch, who: ch.expire(who),
    "acceptance": lambda ch, who: ch.acceptance(who),
    "give_up": lambda ch, who: ch.give_up(Lock(10**17, 2**31, HASH_LOCK, sha256(SECRET)), who),
    "answer": lambda ch, who: ch.answer(who),
    "deposit": lambda ch, who: ch.deposit("0.1 ether", who),
    "withdraw": lambda ch, who: ch.withdraw("0.1 ether", who),
    "move": lambda ch, who: ch.move(ch, "0.1 ether", who),
    "close": lambda ch, who: ch.close(sender=who),
    "dispute": lambda ch, who: ch.dispute(None, who),
    "post": lambda ch, who: ch.post(None, who),
    "unlock": lambda ch, who: ch.unlock(who),
    "settle": lambda ch, who: ch.settle(who),
    "claim": lambda ch, who: ch.claim(None, who),
    "request_exit": lambda ch, who: ch.request_exit(who),
    "exit": lambda ch, who: ch.exit(who),
}
SENT = sorted(
    name
    for name, verb in inspect.getmembers(Channel, inspect.isfunction)
    if not name.startswith("_") and "sender" in inspect.signature(verb).parameters
)
GUARDED = [name for name in SENT if rule_of(getattr(Channel, name)) is not Rule.ANYBODY]
FREE = [name for name in SENT if name not in GUARDED]


def test_every_verb_with_a_sender_has_a_rule_and_is_tried_here() -> None:
    assert sorted(VERBS) == SENT
    assert [name for name in SENT if rule_of(getattr(Channel, name)) is None] == []
    assert {*FREE} == {"post", "settle", "claim", "exit"}
    assert len(GUARDED) == 19


def state_of(channel: Channel) -> tuple[Any, ...]:
    """All that could have changed: what each party signed and holds, the chain, and everybody's ether."""
    chain = channel.hub.connection
    return (
        [party.state(channel.id) for party in channel.parties.values()],
        channel.view(),
        [chain.balance(one.address) for one in chain.signers(4)],
        chain.block_number(),
    )


@pytest.fixture(scope="module")
def untouched(hub: HubFacade, people) -> dict[str, Channel]:
    """One channel of each kind for all that must change nothing."""
    made = {
        kind: hub.open(people.payer, people.payee, deposit="2 ether", dispute="1 hour", simplex=kind == "simplex")
        for kind in ("duplex", "simplex")
    }
    for one in made.values():
        one.pay("0.3 ether")
    return made


@pytest.mark.parametrize("kind", ["duplex", "simplex"])
@pytest.mark.parametrize("name", GUARDED)
def test_a_stranger_acts_for_nobody(untouched, people, name, kind, monkeypatch) -> None:
    channel = untouched[kind]
    before = state_of(channel)
    written: list[Any] = []
    monkeypatch.setattr(Journal, "append", lambda *row: written.append(row))
    with pytest.raises(NotAParty, match=people.attacker.address) as refused:
        VERBS[name](channel, people.attacker)
    assert people.payer.address in str(refused.value)
    assert written == []
    assert state_of(channel) == before


@pytest.mark.parametrize(
    "name", ["pay", "pay_many", "honour", "grant", "conditional", "virtual", "lock", "deposit", "withdraw"]
)
@pytest.mark.parametrize("who", ["payer", "payee", "nobody"])
def test_a_party_acts_for_its_own_side(channel, people, name, who) -> None:
    before = [party.state(channel.id) for party in channel.parties.values()]
    VERBS[name](channel, None if who == "nobody" else getattr(people, who))
    after = [party.state(channel.id) for party in channel.parties.values()]
    if name in ("pay", "pay_many", "honour"):
        mine, theirs = (1, 0) if who == "payee" else (0, 1)
        assert after[mine].mine.amount > before[mine].mine.amount
        assert after[theirs].mine.amount == before[theirs].mine.amount
    elif name != "grant":
        assert after != before


def test_a_secret_is_fulfilled_by_the_side_that_pays_the_lock(channel, people) -> None:
    channel.conditional("0.1 ether", preimage=SECRET)
    with pytest.raises(NotAParty):
        channel.fulfil(SECRET, sender=people.attacker)
    channel.fulfil(SECRET, sender=people.payer)
    assert channel.parties["A"].state(channel.id).mine.amount == 4 * 10**17


@pytest.mark.parametrize(("name", "who"), [("request_exit", "payee"), ("close", "payer")])
def test_the_one_party_does_not_act_for_the_other_in_a_simplex_channel(simplex, people, name, who) -> None:
    before = state_of(simplex)
    with pytest.raises(NotAParty):
        VERBS[name](simplex, getattr(people, who))
    assert state_of(simplex) == before


def test_anybody_deposits_for_a_side_that_is_named(channel, people) -> None:
    chain = channel.hub.connection
    before = channel.view(), chain.balance(people.payer.address), chain.balance(people.attacker.address)
    channel.deposit("0.5 ether", sender=people.attacker, side="A")
    assert channel.view().net_a == before[0].net_a + 5 * 10**17
    assert chain.balance(people.payer.address) == before[1]
    assert chain.balance(people.attacker.address) < before[2] - 5 * 10**17
    with pytest.raises(InputError, match="'C'"):
        channel.deposit("0.5 ether", sender=people.attacker, side="C")


def test_anybody_posts_and_settles_at_its_own_cost(channel, people) -> None:
    chain = channel.hub.connection
    channel.dispute(sender=people.payer)
    rich = chain.balance(people.payer.address), chain.balance(people.payee.address)
    # The payee's newest voucher is posted for it: it can only gain by that.
    channel.post(channel.parties["B"].proofs.newest_received(channel.id), sender=people.attacker)
    chain.advance(3601)
    channel.settle(sender=people.attacker)
    assert channel.phase == "closed"
    gained = chain.balance(people.payer.address) - rich[0], chain.balance(people.payee.address) - rich[1]
    assert gained == (18 * 10**17, 12 * 10**17)


def test_anybody_claims_and_exits_at_its_own_cost(simplex, people) -> None:
    chain = simplex.hub.connection
    rich = chain.balance(people.payee.address)
    simplex.claim(sender=people.attacker)
    assert chain.balance(people.payee.address) == rich + 3 * 10**17
    simplex.request_exit(sender=people.payer)
    chain.advance(3601)
    rich = chain.balance(people.payer.address)
    simplex.exit(sender=people.attacker)
    assert chain.balance(people.payer.address) == rich + 17 * 10**17


def test_a_session_key_acts_for_its_owner_and_another_for_nobody(hub, channel, people) -> None:
    key = hub.connection.signers(6)[5]
    grant = channel.grant(key.address, "0.2 ether")
    driven = hub.session(key, channel.key, grant)
    assert driven.pay("0.1 ether", sender=key).amount == 4 * 10**17
    with pytest.raises(NotAParty):
        driven.pay("0.1 ether", sender=people.attacker)
    with pytest.raises(Refused):
        driven.withdraw("0.1 ether", sender=key)


def test_a_stranger_is_no_side_of_a_channel(hub: HubFacade, channel: Channel, people) -> None:
    for parties in ([people.attacker], [people.payer, people.attacker]):
        with pytest.raises(NotAParty):
            hub.channel(channel.key, *parties)
    grant = channel.grant(people.operator.address, "0.1 ether")
    with pytest.raises(NotAParty):
        hub.session(people.operator, channel.key, grant, peer=people.attacker)
