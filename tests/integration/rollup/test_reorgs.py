"""The chain takes entries back: the replica follows, and nothing that was accepted is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.primitives.units import parse_amount

pytestmark = pytest.mark.anvil


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module")
def chain(node: AnvilNode) -> Connection:
    return node.connection


@pytest.mark.parametrize("depth", [1, 3, 12])
def test_what_stood_in_an_entry_that_is_gone_is_posted_again(node, l2, people, depth: int) -> None:
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    node.connection.mine(12)
    payer.send(payee.account(), "0.3 ether")
    l2.post()
    assert payee.balance() == parse_amount("1.3 ether")
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert l2.rollup.inbox()[0] == 1
    payer.send(payee.account(), "0.1 ether")
    assert len(l2.sequencer.pending) == 2
    l2.post()
    assert payee.balance() == parse_amount("1.4 ether")
    assert l2.rebuild_from_l1() == l2.root
