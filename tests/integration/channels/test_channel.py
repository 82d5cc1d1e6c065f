"""The `Channel` object on a real hub: what a person types, with every balance checked to the wei."""

from __future__ import annotations

import re

import pytest

from layer2.channels.bindings.errors import HubError
from layer2.channels.bindings.events import Closed, Withdrawn
from layer2.channels.hub import HubFacade
from layer2.channels.party.errors import BalanceTooLow, PartyMissing, Refused
from layer2.channels.protocol.locks import virtual_channel_id
from layer2.channels.protocol.proofs import claim_row
from layer2.ethereum.connection import Connection
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.units import parse_amount

ETHER = 10**18


def gain(chain: Connection, who, before: int) -> int:
    return chain.balance(who.address) - before


def test_a_thousand_payments_then_a_cooperative_close(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="5 ether", dispute="1 hour")
    for _ in range(50):
        channel.pay("0.001 ether")
    channel.pay_many("0.001 ether", 950)
    assert re.fullmatch(r"<Channel [0-9a-f]{4}\.\. open payer=4 ether payee=1 ether payments=1000>", repr(channel))
    before = chain.balance(people.payee.address)
    receipt = channel.close(sender=people.payer)
    assert receipt.events[-1] == Closed(channel.id, 4 * ETHER, ETHER)
    assert gain(chain, people.payee, before) == ETHER
    assert channel.phase == "closed"
    assert chain.balance(hub.address) == 0


def test_payments_run_both_ways_and_overspending_is_refused(hub: HubFacade, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether")
    channel.pay("0.6 ether")
    channel.pay("0.5 ether", sender=people.payee)
    assert channel.balances == (parse_amount("0.9 ether"), parse_amount("0.1 ether"))
    with pytest.raises(BalanceTooLow):
        channel.pay("0.2 ether", sender=people.payee)


def test_a_partial_withdrawal_leaves_the_channel_open(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="2 ether")
    channel.pay("1 ether")
    before = chain.balance(people.payer.address)
    receipt = channel.withdraw("0.4 ether", sender=people.payee)
    assert receipt.events == (Withdrawn(channel.id, 2 * ETHER, -parse_amount("0.4 ether"), 1),)
    assert chain.balance(people.payer.address) == before
    channel.pay("0.1 ether")
    assert channel.balances == (parse_amount("0.9 ether"), parse_amount("0.7 ether"))
    with pytest.raises(BalanceTooLow):
        channel.withdraw("0.8 ether", sender=people.payee)
    assert channel.close().events[-1] == Closed(channel.id, parse_amount("0.9 ether"), parse_amount("0.7 ether"))


def test_a_move_funds_another_channel(hub: HubFacade, people) -> None:
    first = hub.open(people.payer, people.payee, deposit="2 ether")
    second = hub.open(people.payer, people.payee, deposit="1 ether")
    first.move(second, "0.5 ether")
    assert first.balances[0] == parse_amount("1.5 ether")
    assert second.balances[0] == parse_amount("1.5 ether")


def test_a_stale_dispute_is_answered_by_the_payee_and_settled(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    old = channel.pay("0.1 ether")
    channel.pay("0.2 ether")
    channel.dispute(old, sender=people.payer)
    assert channel.view().sent_a == parse_amount("0.1 ether")
    assert channel.phase == "disputed"
    with pytest.raises(Refused):
        channel.pay("0.1 ether")
    channel.post(sender=people.payee)
    with pytest.raises(HubError):
        channel.settle(sender=people.payee)
    chain.advance(3601)
    receipt = channel.settle(sender=people.payee)
    assert receipt.events[-1] == Closed(channel.id, parse_amount("0.7 ether"), parse_amount("0.3 ether"))


def test_a_payee_disputes_with_its_newest_voucher(hub: HubFacade, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    channel.pay("0.3 ether")
    channel.dispute(sender=people.payee)
    assert channel.view().sent_a == parse_amount("0.3 ether")


def test_a_hash_lock_is_paid_off_chain(hub: HubFacade, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether")
    preimage = b"p" * 32
    asked = channel.request("0.25 ether", "book", preimage=preimage)
    channel.honour(asked)
    assert "locks=1" in repr(channel)
    channel.fulfil(preimage)
    assert channel.balances[1] == parse_amount("0.25 ether")
    channel.pay("0.05 ether")
    assert channel.close().events[-1] == Closed(channel.id, parse_amount("0.7 ether"), parse_amount("0.3 ether"))


def test_a_hash_lock_is_enforced_on_chain(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    preimage = b"p" * 32
    channel.pay("0.1 ether")
    channel.conditional("0.25 ether", preimage=preimage, expiry="2 hours")
    channel.learn(preimage)
    channel.dispute(sender=people.payee)
    channel.unlock(sender=people.payee)
    chain.advance(7300)
    receipt = channel.settle(sender=people.payee)
    assert receipt.events[-1] == Closed(channel.id, parse_amount("0.65 ether"), parse_amount("0.35 ether"))


def test_one_sided_channels_exchange_what_they_sign(hub: HubFacade, people) -> None:
    mine = hub.open(people.payer, people.payee.address, deposit="1 ether")
    theirs = hub.channel(mine.key, people.payee)
    payment = mine.honour(theirs.request("0.2 ether", "coffee"))
    assert theirs.verify(payment) == theirs.receive(payment) == parse_amount("0.2 ether")
    with pytest.raises(PartyMissing):
        mine.withdraw("0.1 ether")
    terms = mine.close()
    assert theirs.close(terms).events[-1] == Closed(mine.id, parse_amount("0.8 ether"), parse_amount("0.2 ether"))


def test_a_request_for_another_channel_or_past_its_time_is_refused(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether")
    other = hub.open(people.payer, people.payee, deposit="1 ether")
    with pytest.raises(Refused):
        channel.honour(other.request("0.1 ether"))
    late = channel.request("0.1 ether", valid="1 min")
    chain.advance(61)
    with pytest.raises(Refused):
        channel.honour(late)


def test_a_simplex_channel_is_claimed_and_closed_by_its_payee(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", simplex=True)
    channel.pay("0.2 ether")
    before = chain.balance(people.payer.address)
    channel.claim(sender=people.operator)
    channel.pay("0.1 ether")
    channel.close()
    assert gain(chain, people.payer, before) == parse_amount("0.7 ether")


def test_a_simplex_payer_leaves_after_its_delay(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour", simplex=True)
    channel.pay("0.2 ether")
    channel.request_exit()
    with pytest.raises(HubError):
        channel.exit()
    channel.claim()
    chain.advance(3601)
    assert channel.exit().events[-1] == Closed(channel.id, parse_amount("0.8 ether"), 0)


def test_a_virtual_channel_over_a_hub_is_paid_off_chain_and_enforced_on_chain(
    hub: HubFacade, chain: Connection, people
) -> None:
    payer, payee = people.payer, people.payee
    left = hub.open(payer, people.operator, deposit="1 ether", dispute="1 hour")
    right = hub.open(people.operator, payee, deposit="1 ether", dispute="1 hour")
    salt = b"v" * 32
    ends = {"payer": payer.address, "payee": payee.address, "salt": salt}
    left.virtual("0.5 ether", expiry="4 hours", **ends)
    right.virtual("0.5 ether", expiry="2 hours", **ends)
    node = hub.party(payer)
    node.virtual.pay(payee.address, salt, parse_amount("0.1 ether"))
    with pytest.raises(Refused):
        node.virtual.pay(payee.address, salt, parse_amount("0.1 ether"))
    newest = node.virtual.pay(payee.address, salt, parse_amount("0.3 ether"))
    condition = virtual_channel_id(payer.address, payee.address, salt)
    # The payee enforces it against the operator on chain; the operator is made whole off chain.
    right.learn(newest, condition)
    right.dispute(sender=payee)
    right.unlock(sender=payee)
    assert right.view().paid("A") == parse_amount("0.3 ether")
    left.fulfil(newest, condition)
    assert left.balances == (parse_amount("0.7 ether"), parse_amount("0.3 ether"))


def test_a_batch_claim_pays_a_payee_for_many_channels(hub: HubFacade, chain: Connection, people) -> None:
    channels = [hub.open(people.payer, people.payee, deposit="1 ether", simplex=True) for _ in range(3)]
    rows = b"".join(claim_row(channel.key, channel.pay("0.1 ether")) for channel in channels)
    before = chain.balance(people.payee.address)
    hub.claim_vouchers(hub.sender(people.operator), people.payee.address, ZERO_ADDRESS, rows)
    assert gain(chain, people.payee, before) == parse_amount("0.3 ether")
