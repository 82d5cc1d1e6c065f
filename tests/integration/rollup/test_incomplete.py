"""A wallet whose node lacks the data of entries says so: no balance is guessed, and the way out stays open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.primitives.units import parse_amount
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.facade import RollupFacade
from layer2.rollup.l1.batcher import Data
from layer2.rollup.l1.blob_sources import Blobs, NodeBlobs
from layer2.rollup.protocol.errors import DataMissing, ViewIncomplete
from layer2.rollup.state.commitments import Assertion, Status, pack_roots
from layer2.rollup.wallet.escape_hatch import force_withdrawal, freeze_and_escape, self_propose
from layer2.rollup.wallet.wallet import Wallet

ETHER = parse_amount("1 ether")


class Gate:
    """The node as a source of blobs that can be shut."""

    def __init__(self, connection: Connection) -> None:
        self._node, self.open = NodeBlobs(connection), False

    def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
        return self._node.fetch(versioned_hash, block) if self.open else None


@pytest.fixture(scope="module")
def chain() -> Connection:
    return new_chain()


@pytest.fixture
def people(chain: Connection) -> SimpleNamespace:
    return SimpleNamespace(**dict(zip(("sequencer", "payer", "payee"), chain.signers(3), strict=True)))


@pytest.fixture
def l2(chain: Connection, people: SimpleNamespace, tmp_path: Path) -> Iterator[LocalRollup]:
    """Entry 1 is a deposit, two ether of the payer's; it came by the queue, so it needs no blob."""
    before = chain.snapshot()
    made = LocalRollup(chain, people.sequencer, folder=tmp_path, data=Data.BLOBS)
    made.wallet(people.payer).deposit("2 ether")
    made.post()
    yield made
    made.close()
    chain.revert(before)


@pytest.fixture
def gate(chain: Connection) -> Gate:
    return Gate(chain)


@pytest.fixture
def alone(l2: LocalRollup, people: SimpleNamespace, gate: Gate) -> Wallet:
    """The payer's wallet upon a node of its own, which has no blobs while the gate is shut."""
    replica = Replica(l2.rollup, start_block=l2.start_block, blobs=Blobs([gate]))
    return Wallet(l2.rollup, people.payer, replica)


def withdraw(l2: LocalRollup, people: SimpleNamespace, amount: str = "0.5 ether") -> None:
    l2.wallet(people.payer).withdraw(amount)
    l2.post()


def settled(l2: LocalRollup) -> Assertion:
    l2.settle()
    l2.sequencer.replica.step()
    return l2.sequencer.replica.final()


# ------------------------------------------------------------------------------------------------- what is shown


def test_a_balance_is_an_error_while_the_data_of_an_entry_is_missing(l2, people, alone: Wallet, gate: Gate) -> None:
    withdraw(l2, people)
    alone.replica.step()
    with pytest.raises(ViewIncomplete, match=r"lacks 1 of 2 entries \(blob 0x"):
        alone.balance()
    with pytest.raises(ViewIncomplete, match="history"):
        alone.history()
    assert alone.balance(incomplete=True) == 2 * ETHER
    assert [one.kind for one in alone.history(incomplete=True)] == ["deposit"]
    assert "not heard of" in repr(alone)


def test_a_balance_is_a_number_when_every_entry_was_executed(l2, people, alone: Wallet, gate: Gate) -> None:
    withdraw(l2, people)
    gate.open = True
    alone.replica.step()
    assert alone.balance() == 3 * ETHER // 2
    assert [one.kind for one in alone.history()] == ["deposit", "withdrawn"]
    assert "not heard of" not in repr(alone)


def test_a_wallet_that_never_read_the_chain_knows_no_balance(l2, alone: Wallet) -> None:
    with pytest.raises(ViewIncomplete, match="lacks the chain"):
        alone.balance()
    with pytest.raises(ViewIncomplete):
        alone.history()
    alone.replica.step()
    assert alone.balance() == 2 * ETHER


def test_a_state_is_not_rebuilt_from_a_part_of_the_inbox(l2, people, monkeypatch: pytest.MonkeyPatch) -> None:
    withdraw(l2, people)
    facade = RollupFacade(l2)
    assert facade.rebuild_from_l1().root == l2.root
    monkeypatch.setattr(NodeBlobs, "fetch", lambda *_: None)
    with pytest.raises(DataMissing):
        facade.rebuild_from_l1()


# ---------------------------------------------------------------------------------------------------- withdrawals


def test_withdrawals_are_an_error_while_an_assertion_cannot_be_judged(l2, people, alone: Wallet, gate: Gate) -> None:
    withdraw(l2, people)
    l2.propose()
    with pytest.raises(ViewIncomplete, match="lacks the data of 1 of 2 assertions"):
        alone.outgoing()
    assert alone.outgoing(incomplete=True) == []
    l2.settle()
    with pytest.raises(ViewIncomplete, match="claim"):
        alone.claim_all()
    gate.open = True
    assert [one.standing for one in alone.outgoing()] == ["claimable"]
    assert len(alone.claim_all()) == 1


def test_what_is_known_to_be_due_is_claimed_whatever_comes_later(l2, people, alone: Wallet, gate: Gate) -> None:
    gate.open = True
    withdraw(l2, people)
    settled(l2)
    assert len(alone.outgoing()) == 1
    gate.open = False
    withdraw(l2, people)
    settled(l2)
    assert len(alone.claim_all()) == 1
    with pytest.raises(ViewIncomplete, match="claim"):
        alone.claim_all()


# -------------------------------------------------------------------------------------------------------- escapes


def test_no_escape_is_chosen_while_the_last_final_state_is_not_known(l2, people, alone: Wallet, gate: Gate) -> None:
    withdraw(l2, people)
    settled(l2)
    alone.deposit("0.25 ether")  # nobody takes it over
    l2.connection.advance(l2.profile.freeze_after + 1)
    with pytest.raises(ViewIncomplete, match="escape"):
        freeze_and_escape(alone)
    alone.replica.step()
    assert not alone.replica.frozen
    told = freeze_and_escape(alone, incomplete=True)
    assert told.done == ["froze the rollup"]
    assert told.next == "collect accounts and deposits when the data is available"
    gate.open = True
    done = freeze_and_escape(alone).done
    assert [one.split(" paid")[0] for one in done[:2]] == ["account 1", "deposit 1"]
    assert done[2].endswith("paid: 0.5 ether")
    assert freeze_and_escape(alone).lines() == []


def test_data_that_is_missing_behind_the_last_final_state_holds_no_escape_up(
    l2, people, alone: Wallet, gate: Gate
) -> None:
    """The contract's record of the entry that waits is enough to freeze by."""
    gate.open = True
    settled(l2)
    assert alone.outgoing() == []
    gate.open = False
    withdraw(l2, people)
    l2.connection.advance(l2.profile.freeze_after + 1)
    assert freeze_and_escape(alone).done == ["froze the rollup", "account 1 paid: 2 ether"]


def test_an_entry_without_data_is_waited_for_and_not_called_asserted(l2, people, alone: Wallet, gate: Gate) -> None:
    gate.open = True
    settled(l2)
    assert alone.outgoing() == []
    gate.open = False
    withdraw(l2, people)
    assert self_propose(alone).next == "assert the entries after 1 when their data is available"
    gate.open = True
    assert self_propose(alone).next.startswith("finalise entries")


def test_what_was_forced_behind_missing_data_is_in_the_inbox_all_the_same(l2, people, alone: Wallet) -> None:
    withdraw(l2, people)
    force_withdrawal(alone, "0.5 ether", people.payer.address)
    l2.post()
    told = force_withdrawal(alone)
    assert told.done == ["in the inbox, entry 3: it can no longer be censored"]
    assert "when the data before it is available" in told.next


# ------------------------------------------------------------------------------------------------------ purchases


def test_an_entry_without_data_counts_for_when_anybody_can_freeze(l2, people, alone: Wallet, gate: Gate) -> None:
    """A right claim that covers no more than the last final one is open still, and what follows has waited long."""
    gate.open = True
    withdraw(l2, people)
    withdraw(l2, people)
    alone.replica.step()
    replica = alone.replica
    for end in (3, 2):
        roots = replica.execute(replica.final(), end).roots
        row = (replica.final(), replica.entries[end - 1].record, end, roots[-1], pack_roots(roots), l2.profile.bond)
        l2.rollup.propose(l2.sequencer.sender, *row)
    l2.connection.advance(l2.profile.window + 1)
    replica.step()
    covers = {one.inbox_end: one for one in replica.claims.values()}
    l2.rollup.finalize(l2.sequencer.sender, covers[3])
    replica.step()
    state = replica.state_of(covers[2])
    out = next(one for one in alone.outgoing() if one.claim == covers[3])
    offered = type(out)(covers[2], 0, state.withdrawals[0], Status.OPEN, False)
    assert alone.safe_to_buy(offered)
    gate.open = False
    withdraw(l2, people)
    l2.connection.advance(l2.profile.freeze_after - 1_800)
    assert "can be frozen" in alone.safe_to_buy(offered).why
