"""Real reorganisations: deposits, answers and withdrawals that are taken back, on a node's and a tower's side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.channels.bindings.errors import NothingClaimed
from layer2.channels.hub import HubFacade
from layer2.channels.party.errors import BalanceTooLow
from layer2.channels.protocol.proofs import claim_row
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.ethereum.anvil import AnvilNode
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.units import parse_amount

pytestmark = pytest.mark.anvil
DEEP = 12


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    """A node of this file's own: what a reorganisation did to it cannot be taken back."""
    with AnvilNode() as one:
        yield one


@pytest.fixture
def people(node: AnvilNode) -> SimpleNamespace:
    names = ("operator", "payer", "payee", "tower")
    return SimpleNamespace(**dict(zip(names, node.connection.signers(4), strict=True)))


@pytest.fixture
def hub(node: AnvilNode, people: SimpleNamespace, tmp_path: Path) -> HubFacade:
    deployed = HubFacade.deploy(node.connection, people.operator, store=tmp_path)
    node.connection.mine(DEEP + 1)
    return deployed


@pytest.mark.parametrize("depth", [1, 2, 5, DEEP])
def test_an_answer_that_was_taken_back_is_given_again(node, hub, people, depth: int) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    old, new = channel.pay("0.1 ether"), channel.pay("0.2 ether")
    tower = Watchtower(node.connection, hub, hub.sender(people.tower))
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)
    assert [one.done for one in tower.step()] == [True]
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert channel.view().sent_a == old.amount
    assert [(one.act, one.done) for one in tower.step()] == [("post", True)]
    assert channel.view().sent_a == new.amount
    assert tower.step() == []


@pytest.mark.parametrize("depth", [1, 4, DEEP])
def test_a_dispute_that_was_taken_back_and_made_again_is_answered(node, hub, people, depth: int) -> None:
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    old, new = channel.pay("0.1 ether"), channel.pay("0.2 ether")
    tower = Watchtower(node.connection, hub, hub.sender(people.tower))
    tower.watch(channel.key, "A", new)
    node.connection.mine(DEEP)
    channel.dispute(old, sender=people.payer)
    node.connection.mine(depth - 1)
    tower.step()
    node.reorg(depth + 2)  # the close, the old counter, the answer
    assert not channel.view().disputed
    assert tower.step() == []
    channel.dispute(old, sender=people.payer)
    assert [(one.act, one.done) for one in tower.step()] == [("post", True)]


def test_a_deposit_counts_for_the_payee_only_when_it_is_deep_enough(node, people, hub, tmp_path: Path) -> None:
    careful = HubFacade.at(node.connection, hub.address, store=tmp_path / "careful", confirmations=3)
    channel = careful.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    with pytest.raises(BalanceTooLow):
        channel.pay("0.1 ether")
    node.connection.mine(3)
    channel.refresh()
    channel.pay("0.1 ether")
    assert channel.parties["B"].state(channel.id).theirs.amount == parse_amount("0.1 ether")


def test_a_deposit_that_was_taken_back_is_worth_nothing_to_a_careful_payee(node, people, hub, tmp_path: Path) -> None:
    careful = HubFacade.at(node.connection, hub.address, store=tmp_path / "careful", confirmations=3)
    channel = careful.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    node.connection.mine(1)
    node.reorg(2)
    node.connection.mine(4)
    channel.refresh()
    assert channel.view().total == 0
    with pytest.raises(BalanceTooLow):
        channel.pay("0.1 ether")


def test_a_claim_on_a_deposit_that_was_taken_back_pays_nothing_of_others(node, hub, people) -> None:
    other = hub.open(people.payer, people.payee, deposit="5 ether", dispute="1 hour", simplex=True)
    channel = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour", simplex=True)
    payment = channel.pay("0.4 ether")
    node.reorg(1)
    assert channel.view().total == 0
    with pytest.raises(NothingClaimed):
        hub.claim_vouchers(
            hub.sender(people.payee), people.payee.address, ZERO_ADDRESS, claim_row(channel.key, payment)
        )
    assert other.view().total == parse_amount("5 ether")
    both = claim_row(channel.key, payment) + claim_row(other.key, other.pay("0.1 ether"))
    hub.claim_vouchers(hub.sender(people.payee), people.payee.address, ZERO_ADDRESS, both)
    assert (channel.view().sent_a, other.view().sent_a) == (0, parse_amount("0.1 ether"))


def test_a_withdrawal_stays_reserved_until_it_is_deep_enough(node, people, hub, tmp_path: Path) -> None:
    """Taken back, a signed withdrawal can still be sent: until it is final its money must not be paid away."""
    careful = HubFacade.at(node.connection, hub.address, store=tmp_path / "careful", confirmations=3)
    channel = careful.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    node.connection.mine(3)
    channel.refresh()
    channel.withdraw("0.6 ether", sender=people.payer)
    node.reorg(1)
    channel.refresh()
    assert channel.view().total == parse_amount("1 ether")
    with pytest.raises(BalanceTooLow):
        channel.pay("0.5 ether")
    channel.pay("0.4 ether")
