"""A long queue: its items are bound by the checkpoint after 256 of them, so that no proof leads over more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.rollup.corner import ACQUITS, GUILTY, PAYEE, PAYER, Corner
from tests.support.rollup.proof_parts import changed, part

from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.params import OPS_PER_SEGMENT
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.validator.witness import CHECKPOINT, state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import claim_of, right_roots
from layer2.testing.revert_checks.reverts import reverts

WORD = b"\x05" * 32


@pytest.fixture(scope="module")
def queued(chain, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corner]:
    """One checkpoint and two items behind it wait."""
    before = chain.snapshot()
    corner = Corner(chain, people, Path(tmp_path_factory.mktemp("corner")))
    force = corner.rollup.contract.transact
    for at in range(CHECKPOINT + 2):
        # With gas given nothing is estimated: half the time. Only the first one counts.
        force(corner.payer, "force", 7 if at else 0, PAYER, 0, 5, False, f"0x{PAYEE:040x}", b"", gas=150_000)
    yield corner
    corner.l2.close()
    chain.revert(before)


@pytest.fixture
def corner(queued: Corner) -> Iterator[Corner]:
    before = queued.l2.connection.snapshot()
    yield queued
    queued.l2.connection.revert(before)
    queued.replica.step()


def test_the_queue_is_consumed_to_its_end_or_to_a_checkpoint(corner: Corner, people) -> None:
    rollup, operator = corner.rollup, Sender(corner.l2.connection, people.sequencer)

    def consume(end: int) -> None:
        rollup.force_include(operator, rollup.acc(rollup.inbox()[0]), end)

    def refused(consumed: int, end: int) -> None:
        with reverts("InvalidQueueEnd", consumed=consumed, given=end, length=CHECKPOINT + 2):
            consume(end)

    for end in (1, CHECKPOINT - 1, CHECKPOINT + 1, CHECKPOINT + 3):
        refused(0, end)
    consume(CHECKPOINT)
    # What is left waits for as long as the checkpoint before it, and is due by that.
    assert rollup.inbox()[4] == rollup.contract.call("checkpoints", CHECKPOINT)[1]
    for end in (CHECKPOINT - 1, 0, CHECKPOINT + 1):
        refused(CHECKPOINT, end)
    with reverts("InvalidBatchSize", segments=0):
        consume(CHECKPOINT)
    consume(CHECKPOINT + 2)
    assert rollup.inbox()[4] == 0


def test_a_judge_can_show_every_item_in_one_transaction(corner: Corner) -> None:
    """No scheme has a longer signature."""
    row = (Scheme.ECDSA, PAYER, 0, 5, False, corner.people.payee.address)
    with reverts("SignatureTooLong", given=65, most=64):
        corner.rollup.contract.transact(corner.payer, "force", *row, bytes(65))
    corner.rollup.contract.transact(corner.payer, "force", *row, bytes(64))


def test_items_are_bound_by_the_next_checkpoint(corner: Corner) -> None:
    corner.post()
    replica, parent = corner.replica, corner.replica.final()
    right = right_roots(replica, parent, 1)
    honest = claim_of(replica, parent, 1, right)
    lie = claim_of(replica, parent, 1, [b"\0" + keccak(right[0])[1:], *right[1:]])
    proof = state_proof(replica, honest, 0)
    items, later = part(proof, "items"), part(proof, "later")
    # To the checkpoint and not to the end of the entry.
    assert (len(items), len(later)) == (OPS_PER_SEGMENT, CHECKPOINT - OPS_PER_SEGMENT)
    assert corner.verdict(STATE_JUDGE, honest, proof) == ACQUITS
    assert corner.verdict(STATE_JUDGE, lie, state_proof(replica, lie, 0)) == GUILTY
    foreign = items[0][:22] + (999).to_bytes(4, "big") + items[0][26:]
    for name, shown in (
        ("another item", changed(proof, items=[foreign, *items[1:]])),
        ("another one after it", changed(proof, later=[*later[:-1], WORD])),
        ("one less", changed(proof, later=later[:-1])),
        ("one more", changed(proof, later=[*later, WORD])),
    ):
        assert corner.verdict(STATE_JUDGE, honest, shown) == "UnknownQueueItems()", name
    # The last segment leads to the entry's end, behind the checkpoint.
    last = state_proof(replica, honest, len(right) - 1)
    assert corner.verdict(STATE_JUDGE, honest, last) == ACQUITS
