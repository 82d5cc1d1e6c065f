"""Consents to resolve a lock have no end: an old one in anybody's hands, or told late, takes nothing from a newer."""

from __future__ import annotations

from layer2.channels.channel import Channel
from layer2.channels.hub import HubFacade
from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.locks import virtual_channel_id
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.primitives.units import parse_amount

SALT = b"v" * 32


class Virtual:
    """A voucher lock of 0.5 ether to the payee, and towers that know what it was worth at some time."""

    def __init__(self, hub: HubFacade, chain: Connection, people) -> None:
        self.hub, self.chain, self.people = hub, chain, people
        self.channel: Channel = hub.open(people.operator, people.payee, deposit="1 ether", dispute="1 hour")
        parties = {"payer": people.payer.address, "payee": people.payee.address}
        self.channel.virtual("0.5 ether", **parties, salt=SALT, expiry="2 hours")
        self.condition = virtual_channel_id(*parties.values(), SALT)

    def paid(self, amount: str) -> tuple[Opening, ...]:
        """The far payer has paid so much in all: the payee's consent to take that."""
        voucher = self.hub.party(self.people.payer).virtual.pay(self.people.payee.address, SALT, parse_amount(amount))
        self.channel.learn(voucher, self.condition)
        return self.hub.party(self.people.payee).openings(self.channel.id, consenting=True)

    def tell(self, tower: Watchtower, openings: tuple[Opening, ...]) -> None:
        proof, accept = self.hub.party(self.people.payee).proofs.accepted(self.channel.id, "A")
        tower.watch(self.channel.key, "A", proof, accept=accept, openings=openings)

    def tower(self, signer, openings: tuple[Opening, ...]) -> Watchtower:
        made = Watchtower(self.chain, self.hub, Sender(self.chain, signer))
        self.tell(made, openings)
        return made

    @property
    def worth(self) -> int:
        return self.channel.view().paid("A")


def acts(answers) -> list[tuple[str, bool]]:
    return [(answer.act, answer.done) for answer in answers]


def test_what_a_tower_with_an_old_consent_took_is_raised_to_the_newest(hub, chain, people) -> None:
    one = Virtual(hub, chain, people)
    stale = one.tower(people.attacker, one.paid("0.1 ether"))
    newest = one.tower(people.tower, one.paid("0.4 ether"))
    one.channel.dispute(None, sender=people.operator)
    assert acts(stale.step()) == [("post_locks", True), ("unlock", True)]
    assert one.worth == parse_amount("0.1 ether")
    assert acts(newest.step()) == [("unlock", True)]
    assert one.worth == parse_amount("0.4 ether")
    assert newest.step() == stale.step() == []


def test_the_payee_itself_raises_what_a_stranger_took_by_an_old_consent(hub, chain, people) -> None:
    one = Virtual(hub, chain, people)
    stale = one.tower(people.attacker, one.paid("0.1 ether"))
    one.paid("0.4 ether")
    own = Watchtower(chain, hub, Sender(chain, people.payee))
    own.attach(hub.party(people.payee))
    one.channel.dispute(None, sender=people.operator)
    stale.step()
    assert acts(own.step()) == [("unlock", True)]
    assert one.worth == parse_amount("0.4 ether")
    assert own.step() == []


def test_a_tower_that_is_told_an_old_consent_late_keeps_the_newer(hub, chain, people) -> None:
    one = Virtual(hub, chain, people)
    old, new = one.paid("0.1 ether"), one.paid("0.4 ether")
    tower = one.tower(people.tower, new)
    one.tell(tower, old)
    one.channel.dispute(None, sender=people.operator)
    tower.step()
    assert one.worth == parse_amount("0.4 ether")


def test_what_was_taken_by_the_newest_consent_is_left_alone_by_one_with_an_old(hub, chain, people) -> None:
    """The negative twin: there is nothing to raise."""
    one = Virtual(hub, chain, people)
    stale = one.tower(people.attacker, one.paid("0.1 ether"))
    newest = one.tower(people.tower, one.paid("0.4 ether"))
    one.channel.dispute(None, sender=people.operator)
    assert acts(newest.step()) == [("post_locks", True), ("unlock", True)]
    assert stale.step() == []
    assert one.worth == parse_amount("0.4 ether")
