"""Restarts, lost journals and lost messages against a real hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.channels.bindings.events import Closed
from layer2.channels.hub import HubFacade
from layer2.channels.party.errors import AcceptMissing, CounterNotNewer, JournalLost, Refused
from layer2.channels.party.party import Party
from layer2.channels.protocol.locks import hash_lock
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import sha256
from layer2.primitives.units import parse_amount

SECRET = b"s" * 32


def test_both_nodes_restart_in_the_middle_of_everything(hub: HubFacade, chain: Connection, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="2 ether", dispute="1 hour")
    channel.pay_many("0.01 ether", 10)
    channel.withdraw("0.5 ether")
    channel.conditional("0.2 ether", preimage=b"p" * 32)
    states = [party.state(channel.id) for party in channel.parties.values()]
    for party in channel.parties.values():
        party.close()
    again = HubFacade.at(chain, hub.address, store=hub.store)
    channel = again.channel(channel.key, people.payer, people.payee)
    assert [party.state(channel.id) for party in channel.parties.values()] == states
    channel.fulfil(b"p" * 32)
    receipt = channel.close()
    assert receipt.events[-1] == Closed(channel.id, parse_amount("1.2 ether"), parse_amount("0.3 ether"))


def test_a_payment_lost_on_the_way_is_said_again(hub: HubFacade, people) -> None:
    mine = hub.open(people.payer, people.payee.address, deposit="1 ether")
    theirs = hub.channel(mine.key, people.payee)
    mine.pay("0.1 ether")
    mine.pay("0.1 ether")
    again = hub.party(people.payer).proofs.newest_signed(mine.id)
    assert theirs.receive(again) == parse_amount("0.2 ether")
    assert theirs.receive(again) == 0


def test_a_lost_journal_is_refused_then_resynced_and_the_channel_closes(
    hub: HubFacade, chain: Connection, people, tmp_path: Path
) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether")
    channel.pay("0.3 ether")
    channel.pay("0.1 ether", sender=people.payee)
    lost = channel.parties["A"]._table.journal.path
    channel.parties["A"].close()
    lost.unlink()
    with pytest.raises(JournalLost, match="resync"):
        Party.open(people.payer, hub, lost, create=False)
    payer = Party.recover(people.payer, hub, tmp_path / "recovered.journal")
    payer.join(channel.key, frozen=True)
    payer.resync(channel.parties["B"].copy_for_peer(channel.id))
    other = HubFacade.at(chain, hub.address, store=tmp_path)
    channel = other.channel(channel.key, payer, channel.parties["B"])
    channel.pay("0.1 ether")
    assert channel.close().events[-1] == Closed(channel.id, parse_amount("0.7 ether"), parse_amount("0.3 ether"))


def test_a_lock_proof_is_resynced_with_its_locks(hub: HubFacade, people, tmp_path: Path) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether")
    channel.pay("0.1 ether")
    channel.conditional("0.2 ether", preimage=b"p" * 32)
    before = channel.parties["A"].state(channel.id)
    channel.parties["A"].close()
    payer = Party.recover(people.payer, hub, tmp_path / "recovered.journal")
    payer.join(channel.key, frozen=True)
    payer.resync(channel.parties["B"].copy_for_peer(channel.id))
    after = payer.state(channel.id)
    assert (after.mine.locks, after.mine.nonce, after.available) == (before.mine.locks, 1, before.available)
    channel.parties["B"].locks.learn(channel.id, before.mine.locks[0].condition, b"p" * 32)
    channel.parties["B"].locks.receive_locks(payer.locks.fulfil(channel.id, before.mine.locks[0].condition, b"p" * 32))
    assert channel.parties["B"].state(channel.id).theirs.amount == parse_amount("0.3 ether")


def test_a_restored_old_backup_cannot_be_used_without_the_peer_noticing(hub: HubFacade, people, tmp_path: Path) -> None:
    """Equivocation by one's own backup: the peer refuses the lower counter, and the resync puts it right."""
    channel = hub.open(people.payer, people.payee, deposit="1 ether")
    channel.pay("0.1 ether")
    path = channel.parties["A"]._table.journal.path
    channel.parties["A"].close()
    backup = path.read_bytes()
    live = Party.open(people.payer, hub, path)
    payee = channel.parties["B"]
    payee.receive(live.pay(channel.id, parse_amount("0.2 ether")))
    live.close()
    path.write_bytes(backup)
    old = Party.open(people.payer, hub, path)
    stale = old.pay(channel.id, parse_amount("0.05 ether"))
    with pytest.raises(Refused, match="above"):
        payee.receive(stale)
    old.resync(payee.copy_for_peer(channel.id))
    assert payee.receive(old.pay(channel.id, 1)) == 1


def path(hub: HubFacade, people):
    """Payer to mediator to payee; the upstream lock lasts longer."""
    up = hub.open(people.payer, people.operator, deposit="1 ether", dispute="1 hour")
    down = hub.open(people.operator, people.payee, deposit="1 ether", dispute="1 hour")
    up.conditional("0.5 ether", preimage=SECRET, expiry="4 hours")
    return up, down


def test_a_mediator_that_crashed_before_the_second_leg_owes_nothing(hub: HubFacade, chain: Connection, people) -> None:
    up, _ = path(hub, people)
    hub.release()
    chain.advance(4 * 3600 + 120)
    again = hub.channel(up.key, people.payer, people.operator)
    again.expire(sender=people.payer)
    assert again.balances == (parse_amount("1 ether"), 0)


def test_a_mediator_that_crashed_between_the_legs_takes_the_secret_from_the_chain(
    hub: HubFacade, chain: Connection, people, tower_sender: Sender
) -> None:
    """It has paid downstream and was down when the payee took the lock: its tower finds the preimage in the log."""
    up, down = path(hub, people)
    down.conditional("0.5 ether", preimage=SECRET, expiry="2 hours")
    hub.release()
    payee_side = hub.channel(down.key, people.payee)
    payee_side.learn(SECRET)
    payee_side.dispute()
    payee_side.unlock()
    chain.mine(3)
    mediator = hub.party(people.operator)
    tower = Watchtower(chain, hub, tower_sender, start_block=max(0, chain.block_number() - 20))
    tower.attach(mediator)
    hub.channel(up.key, people.payer).dispute(None, sender=people.payer)
    assert [(one.act, one.done) for one in tower.step()] == [("post_locks", True), ("unlock", True)]
    assert up.view().paid("A") == parse_amount("0.5 ether") == payee_side.view().paid("A")


def test_messages_lost_doubled_or_out_of_order_change_nothing(hub: HubFacade, people) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    payer, payee = channel.parties["A"], channel.parties["B"]
    first, second, third = (payer.pay(channel.id, 10) for _ in range(3))
    assert payee.receive(second) == 20  # the first is lost
    with pytest.raises(CounterNotNewer):
        payee.receive(first)  # and comes late
    assert payee.receive(second) == 0  # doubled
    assert payee.receive(third) == 10
    worth = parse_amount("0.1 ether")
    lock = payer.locks.add_lock(channel.id, hash_lock(worth, hub.connection.timestamp() + 600, SECRET))
    accept = payee.locks.receive_locks(lock)
    assert payee.locks.receive_locks(lock) == accept  # doubled; its acceptance is lost and comes late
    payee.locks.learn(channel.id, sha256(SECRET), SECRET)
    with pytest.raises(AcceptMissing):
        payer.locks.add_lock(channel.id, hash_lock(worth, hub.connection.timestamp() + 600, SECRET))
    assert payer.locks.take_accept(accept) is None
    assert payer.locks.take_accept(accept) is None
    dropped = payer.locks.fulfil(channel.id, sha256(SECRET), SECRET)
    accept = payee.locks.receive_locks(dropped)
    with pytest.raises(CounterNotNewer):
        payee.locks.receive_locks(lock)  # after the proof that replaced it
    level = payer.locks.take_accept(accept)
    assert level == payer.locks.take_accept(accept)
    assert payee.receive(level) == 0
    assert payee.receive(level) == 0
    assert payee.state(channel.id).theirs.amount == payer.state(channel.id).mine.amount == 30 + worth
    assert payee.receive(payer.pay(channel.id, 7)) == 7
