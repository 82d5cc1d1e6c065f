"""The watchtower answers what it was given proofs for, whatever is restarted, repeated or reorganised."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.channels.bindings.events import Closed
from layer2.channels.hub import HubFacade
from layer2.channels.party.policy import ChallengePolicy
from layer2.channels.protocol.locks import virtual_channel_id
from layer2.channels.watchtower.plan import gas_of
from layer2.channels.watchtower.store import WatchtowerStore
from layer2.channels.watchtower.watchtower import START_MARGIN, Watchtower
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import InputError
from layer2.primitives.units import parse_amount
from layer2.store.journal import Journal

GWEI = 10**9


def opened(hub: HubFacade, people):
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    return channel, channel.pay("0.1 ether"), channel.pay("0.2 ether")


def acts(answers) -> list[tuple[str, bool]]:
    return [(answer.act, answer.done) for answer in answers]


def test_a_stale_counter_is_answered_once_and_settled(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender, settle=True)
    tower.watch(channel.key, "A", new)
    assert tower.step() == []
    channel.dispute(old, sender=people.payer)
    assert acts(tower.step()) == [("post", True)]
    assert channel.view().sent_a == new.amount
    assert tower.step() == []
    chain.advance(3601)
    answers = tower.step()
    assert acts(answers) == [("settle", True)]
    assert answers[0].receipt.events[-1] == Closed(channel.id, parse_amount("0.7 ether"), parse_amount("0.3 ether"))
    assert tower.step() == []


def test_without_settle_the_tower_leaves_settling_to_the_parties(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)
    tower.step()
    chain.advance(3601)
    assert tower.step() == []
    assert channel.view().disputed


def test_a_dispute_at_the_newest_counter_needs_no_answer(hub, chain, people, tower_sender) -> None:
    channel, _, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    channel.dispute(new, sender=people.payer)
    assert tower.step() == []


def test_after_a_reorganisation_the_answer_is_given_again(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)
    fork = chain.snapshot()
    assert acts(tower.step()) == [("post", True)]
    assert tower.step() == []
    chain.revert(fork)
    chain.mine(3)
    assert channel.view().sent_a == old.amount
    assert acts(tower.step()) == [("post", True)]
    assert channel.view().sent_a == new.amount


def test_a_dispute_that_a_reorganisation_undoes_and_repeats_is_answered(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    tower.step()
    fork = chain.snapshot()
    channel.dispute(old, sender=people.payer)
    tower.step()
    chain.revert(fork)
    chain.mine(5)
    assert tower.step() == []
    channel.dispute(old, sender=people.payer)
    assert acts(tower.step()) == [("post", True)]


def test_a_restarted_tower_goes_on_from_its_journal(
    hub: HubFacade, chain: Connection, people, tower_sender: Sender, tmp_path: Path
) -> None:
    channel, old, new = opened(hub, people)
    with Journal(tmp_path / "tower.journal", kind=WatchtowerStore.KIND) as journal:
        tower = Watchtower(chain, hub, tower_sender, journal=journal)
        tower.watch(channel.key, "A", old)
        tower.watch(channel.key, "A", new)
        tower.step()
    channel.dispute(old, sender=people.payer)
    with Journal(tmp_path / "tower.journal", kind=WatchtowerStore.KIND) as journal:
        tower = Watchtower(chain, hub, tower_sender, journal=journal)
        assert [one.guards["A"].plain for one in tower.watched] == [new]
        assert acts(tower.step()) == [("post", True)]


def test_an_older_proof_does_not_replace_a_newer_one(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", new)
    tower.watch(channel.key, "A", old)
    assert tower.watched[0].guards["A"].plain == new


def test_a_delegated_tower_posts_and_unlocks_locks(hub, chain, people, tower_sender) -> None:
    channel, _, _ = opened(hub, people)
    preimage = b"p" * 32
    proof = channel.conditional("0.25 ether", preimage=preimage, expiry="2 hours")
    _, accept = hub.party(people.payee).proofs.accepted(channel.id, "A")
    tower = Watchtower(chain, hub, tower_sender, settle=True)
    with pytest.raises(InputError, match="acceptance"):
        tower.watch(channel.key, "A", proof)
    tower.watch(channel.key, "A", proof, accept=accept)
    channel.dispute(None, sender=people.payer)
    assert acts(tower.step()) == [("post_locks", True)]
    tower.learn(preimage)
    assert acts(tower.step()) == [("unlock", True)]
    assert tower.step() == []
    chain.advance(7300)
    answers = tower.step()
    assert answers[0].receipt.events[-1] == Closed(channel.id, parse_amount("0.45 ether"), parse_amount("0.55 ether"))


def test_an_acceptance_serves_every_tower_and_has_no_end(hub, chain, people) -> None:
    channel, _, _ = opened(hub, people)
    channel.conditional("0.25 ether", preimage=b"p" * 32, expiry="2 days")
    channel.conditional("0.25 ether", preimage=b"q" * 32, expiry="2 days")
    proof = channel.fulfil(b"p" * 32)
    _, accept = hub.party(people.payee).proofs.accepted(channel.id, "A")
    tower = Watchtower(chain, hub, Sender(chain, people.attacker))
    tower.watch(channel.key, "A", proof, accept=accept)
    chain.advance(35 * 86400)
    channel.dispute(None, sender=people.payer)
    assert acts(tower.step()) == [("post_locks", True)]
    assert channel.view().paid("A") == proof.amount == parse_amount("0.55 ether")


def test_a_preimage_revealed_downstream_unlocks_upstream(hub, chain, people, tower_sender) -> None:
    preimage = b"p" * 32
    upstream = hub.open(people.payer, people.operator, deposit="1 ether", dispute="1 hour")
    downstream = hub.open(people.operator, people.payee, deposit="1 ether", dispute="1 hour")
    upstream.conditional("0.5 ether", preimage=preimage, expiry="3 hours")
    downstream.conditional("0.5 ether", preimage=preimage, expiry="2 hours")
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(hub.party(people.operator))
    upstream.dispute(None, sender=people.payer)
    assert acts(tower.step()) == [("post_locks", True)]
    downstream.learn(preimage)
    downstream.dispute(sender=people.payee)
    downstream.unlock(sender=people.payee)
    assert acts(tower.step()) == [("unlock", True)]
    assert upstream.view().paid("A") == parse_amount("0.5 ether")


def test_an_attached_node_is_defended_without_handing_over_proofs(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(hub.party(people.payee))
    channel.dispute(old, sender=people.payer)
    assert acts(tower.step()) == [("post", True)]
    assert channel.view().sent_a == new.amount


def test_an_answer_that_is_not_worth_its_gas_is_not_sent(hub, chain, people, tower_sender) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    old, new = channel.pay(1), channel.pay(1)
    frugal = Watchtower(chain, hub, tower_sender, ChallengePolicy())
    frugal.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)
    answers = frugal.step()
    assert acts(answers) == [("post", False)]
    assert "costs more" in answers[0].detail
    assert channel.view().sent_a == 1


def test_a_base_fee_that_has_moved_holds_up_no_answer_that_offers_all_it_is_worth(hub, chain, people) -> None:
    """The sender remembers the base fee for some seconds; the tower's tip had filled the room above a lower one."""
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    old, new = channel.pay("0.1 ether"), channel.pay(4 * GWEI * gas_of("post"))
    sender = Sender(chain, people.tower)
    tower = Watchtower(chain, hub, sender)
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)
    chain.advance(3_500)
    assert chain.latest().base_fee < 2 * GWEI
    sender._base_fee = sender._clock(), 2 * GWEI
    assert acts(tower.step()) == [("post", True)]


def test_a_tower_unlocks_a_voucher_lock_with_the_receivers_consent(hub, chain, people, tower_sender) -> None:
    channel = hub.open(people.operator, people.payee, deposit="1 ether", dispute="1 hour")
    salt = b"v" * 32
    channel.virtual("0.5 ether", payer=people.payer.address, payee=people.payee.address, salt=salt, expiry="2 hours")
    voucher = hub.party(people.payer).virtual.pay(people.payee.address, salt, parse_amount("0.2 ether"))
    channel.learn(voucher, virtual_channel_id(people.payer.address, people.payee.address, salt))
    tower = Watchtower(chain, hub, tower_sender)
    tower.attach(hub.party(people.payee))
    channel.dispute(None, sender=people.operator)
    assert acts(tower.step()) == [("post_locks", True), ("unlock", True)]
    assert channel.view().paid("A") == parse_amount("0.2 ether")
    assert tower.step() == []


def test_the_payer_of_a_one_way_channel_cannot_leave_with_what_it_has_paid(hub, chain, people, tower_sender) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour", simplex=True)
    newest = channel.pay("0.4 ether")
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", newest)
    assert tower.step() == []
    channel.request_exit()
    assert acts(tower.step()) == [("claim", True)]
    assert tower.step() == []
    chain.advance(3601)
    receipt = channel.exit()
    assert receipt.events[-1] == Closed(channel.id, parse_amount("0.6 ether"), 0)


def test_a_late_claim_still_counts_until_the_exit_is_carried_out(hub, chain, people, tower_sender) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour", simplex=True)
    tower = Watchtower(chain, hub, tower_sender)
    tower.watch(channel.key, "A", channel.pay("0.4 ether"))
    channel.request_exit()
    chain.advance(3601)
    assert acts(tower.step()) == [("claim", True)]


def test_a_lock_that_can_be_taken_is_put_on_chain_before_it_expires(hub, chain, people) -> None:
    """The payer stops answering after the payee has shown the preimage: waiting would lose the money."""
    channel, _, _ = opened(hub, people)
    channel.conditional("0.25 ether", preimage=b"p" * 32, expiry="2 hours")
    channel.learn(b"p" * 32)
    tower = Watchtower(chain, hub, hub.sender(people.payee))
    tower.attach(hub.party(people.payee))
    assert tower.step() == []
    chain.advance(7200 - START_MARGIN + 60)
    assert acts(tower.step()) == [("close", True), ("unlock", True)]
    assert channel.view().paid("A") == parse_amount("0.55 ether")


def test_a_lock_nobody_can_take_starts_no_dispute(hub, chain, people) -> None:
    channel, _, _ = opened(hub, people)
    channel.conditional("0.25 ether", preimage=b"p" * 32, expiry="2 hours")
    tower = Watchtower(chain, hub, hub.sender(people.payee))
    tower.attach(hub.party(people.payee))
    chain.advance(7200 - START_MARGIN + 60)
    assert tower.step() == []


def test_many_frauds_at_once_are_answered_together(hub, chain, people, tower_sender) -> None:
    """All answers are sent before the first receipt is waited for: a burst of frauds cannot outlast the window."""
    cases = [opened(hub, people) for _ in range(12)]
    tower = Watchtower(chain, hub, tower_sender)
    for channel, _, new in cases:
        tower.watch(channel.key, "A", new)
    for channel, old, _ in cases:
        channel.dispute(old, sender=people.payer)
    order: list[str] = []
    send, poll = hub.send_for, hub.poll
    hub.send_for = lambda *args: (order.append("send"), send(*args))[1]
    hub.poll = lambda *args: (order.append("poll"), poll(*args))[1]
    try:
        assert acts(tower.step()) == [("post", True)] * 12
    finally:
        del hub.send_for, hub.poll
    assert order == ["send"] * 12 + ["poll"] * 12
    assert all(channel.view().sent_a == new.amount for channel, _, new in cases)


def test_what_the_policy_assumes_to_be_the_gas_of_an_act_is_enough(hub, chain, people, tower_sender) -> None:
    channel, old, new = opened(hub, people)
    tower = Watchtower(chain, hub, tower_sender, settle=True)
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)
    used = {one.act: (one.receipt.gas_used, 0) for one in tower.step()}
    one_way = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour", simplex=True)
    one_way.pay("0.5 ether")
    tower.attach(hub.party(people.payee))
    one_way.request_exit()
    used |= {one.act: (one.receipt.gas_used, 0) for one in tower.step()}
    for count in (1, 10, 64):
        locked, _, _ = opened(hub, people)
        # Whole days apart: the windows of the steps before are over, and their channels settled.
        for number in range(count):
            locked.conditional("0.01 ether", preimage=bytes((number,)) * 32, expiry="2 hours")
            locked.learn(bytes((number,)) * 32)
        locked.dispute(None, sender=people.payer)
        done = {one.act: one.receipt.gas_used for one in tower.step()}
        assert done["post_locks"] <= gas_of("post_locks")
        assert done["unlock"] <= gas_of("unlock", count)
        chain.advance(7300)
        used |= {one.act: (one.receipt.gas_used, 0) for one in tower.step() if one.done}
    assert set(used) == {"post", "claim", "settle"}
    assert {act: gas for act, (gas, _) in used.items() if gas > gas_of(act)} == {}
