"""A long queue: its items are bound by the checkpoint after 256 of them, so that no proof leads over more."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.rollup.corner import ACQUITS, GUILTY, PAYEE, PAYER, Corner
from tests.contracts.rollup.proofparts import changed, part

from layer2.primitives.hashing import keccak
from layer2.rollup.challenger import STATE_JUDGE
from layer2.rollup.params import OPS_PER_SEGMENT
from layer2.rollup.witness import CHECKPOINT, state_proof
from layer2.testing.rollupfrauds import claim_of, right_roots

WORD = b"\x05" * 32


def test_items_are_bound_by_the_next_checkpoint(fresh, people, tmp_path: Path) -> None:
    corner = Corner(fresh, people, tmp_path / "corner")
    force = corner.rollup.contract.transact
    for at in range(CHECKPOINT + 2):
        # With gas given nothing is estimated: half the time. Only the first one counts.
        force(corner.payer, "force", 7 if at else 0, PAYER, 0, 5, False, f"0x{PAYEE:040x}", b"", gas=150_000)
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
        assert corner.verdict(STATE_JUDGE, honest, shown) == "WitnessInvalid(9)", name
    # The last segment leads to the entry's end, behind the checkpoint.
    last = state_proof(replica, honest, len(right) - 1)
    assert corner.verdict(STATE_JUDGE, honest, last) == ACQUITS
