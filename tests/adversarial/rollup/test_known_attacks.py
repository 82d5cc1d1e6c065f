"""What went wrong in rollups before this one, tried here: each test would have caught it there.

Fraud without a proof, conviction for want of gas, wiped state, repeated withdrawals, stolen proofs, starved payouts are
named adversaries; delays, freezing and floods have files of their own.
"""

from __future__ import annotations

import pytest

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.sender import Sender
from layer2.rollup.protocol.params import FRAME_BYTES, MAX_SEGMENTS, SEGMENTS_PER_FRAME
from layer2.rollup.state.commitments import Status
from layer2.testing import deploy_mock
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots

ETHER = 10**18
TX_GAS_CAP = 16_777_216
"""EIP-7825."""


def test_data_posted_through_a_contract_is_as_available_as_any(l2, chain, people) -> None:
    """Others demand that an EOA posts, so that data can be found in the transaction; EIP-7702 ended that."""
    payer = l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    wallet = deploy_mock("RejectOnceReceiver", sender=payer.sender)
    chain.advance(l2.profile.sequencer_window + 1)
    items, _, consumed, _, _ = l2.rollup.inbox()
    call = l2.rollup.contract.encode("postCalldata", l2.rollup.acc(items), b"\xfe" * 700, consumed)
    wallet.transact(payer.sender, "execute", l2.rollup.address, 0, call)
    l2.sequencer.replica.step()
    assert l2.sequencer.replica.entries[-1].data == b"\xfe" * 700
    assert l2.rebuild_from_l1() == l2.sequencer.replica.head.root


def test_an_entry_costs_what_it_holds_and_is_padded_with_nothing(l2, people) -> None:
    """Others fill blocks of fixed sizes up with no-ops, and pay for them."""
    payer = l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    sender = Sender(l2.connection, people.sequencer)
    gas = []
    for size in (1, FRAME_BYTES, 8 * FRAME_BYTES):
        items, _, consumed, _, _ = l2.rollup.inbox()
        gas.append(l2.rollup.post_calldata(sender, l2.rollup.acc(items), b"\xa5" * size, consumed).gas_used)
    assert gas[0] < 80_000
    assert gas[1] - gas[0] < 45 * FRAME_BYTES
    assert gas[2] - gas[1] < 45 * 7 * FRAME_BYTES


def test_many_leave_by_one_assertion_for_less_than_by_one_proof_each(l2, chain, people) -> None:
    """A mass exit: one entry, one assertion, and one cheap claim each."""
    users = [l2.wallet(one) for one in chain.signers(10)[1:9]]
    for wallet in users:
        wallet.deposit("1 ether")
    l2.post()
    l2.settle()
    forced = [wallet.force("1 ether", wallet.signer.address).gas_used for wallet in users]
    chain.advance(l2.profile.force_delay + 1)
    shared = l2.wallet(people.stranger, with_sequencer=False).include().gas_used
    shared += sum(receipt.gas_used for receipt in l2.settle())
    claims = [receipt.gas_used for wallet in users for receipt in wallet.claim_all()]
    assert len(claims) == len(users)
    assert max(claims[1:]) < 65_000
    assert max(forced[1:]) < 45_000
    print(f"{len(users)} exits: {sum(forced + claims) / len(users):.0f} gas each, {shared} shared")


def test_a_bond_goes_round_and_is_not_paid_back_piece_by_piece(l2, people) -> None:
    """One standing bond carries assertion after assertion: no transaction returns it."""
    payer = l2.wallet(people.payer)
    for _ in range(3):
        payer.deposit(1)
        l2.post()
        l2.settle()
    proposer = l2.proposer.sender.address
    assert l2.proposer.replica.final().inbox_end == 3
    assert l2.rollup.contract.call("availableBond", proposer) == l2.profile.bond
    # Two at once need two.
    for _ in range(2):
        payer.deposit(1)
        l2.post()
        l2.proposer.step()
    assert l2.connection.balance(l2.rollup.address) == 5 + 2 * l2.profile.bond


@pytest.mark.slow
@pytest.mark.parametrize("chain", [pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)
@pytest.mark.parametrize(("frames", "filling"), [(250, b"\0"), (1_500, b"\0"), (800, b"\xfe")])
def test_the_largest_entry_can_be_disputed_in_one_transaction(l2, chain, people, frames: int, filling: bytes) -> None:
    """Whoever may post chooses how much a proof has to carry: zeros are cheap to post, and must be cheap to prove."""
    payer = l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    l2.settle()
    assert frames * SEGMENTS_PER_FRAME <= MAX_SEGMENTS
    items, _, consumed, _, _ = l2.rollup.inbox()
    poster = Sender(chain, people.sequencer)
    receipt = l2.rollup.post_calldata(poster, l2.rollup.acc(items), filling * (frames * FRAME_BYTES), consumed)
    assert receipt.gas_used < TX_GAS_CAP
    replica = l2.challenger.replica
    replica.step()
    parent, end = replica.final(), len(replica.entries)
    roots = right_roots(replica, parent, end)
    lie = assert_roots(l2, parent, end, [*roots[:-1], bytes(32)], Sender(chain, people.attacker))
    judge, proof = l2.challenger.prove(lie, len(roots) - 1)
    row = (lie.as_tuple(), parent.as_tuple(), judge, proof)
    data = l2.rollup.contract.encode("challenge", *row)
    l2.challenger.step()
    chain.mine(l2.profile.reveal_blocks)
    request = CallRequest(l2.rollup.address, data, 0, people.challenger.address, TX_GAS_CAP)
    outcome = chain.simulate(request)
    print(f"{frames} frames: {len(data)} bytes, {outcome.revert or outcome.failure or 'fits'}")
    assert outcome.failure is None
    assert outcome.revert is None
    assert len(data) < 131_072, "no node relays it"
    (done,) = l2.challenger.step()
    assert done.gas_used < TX_GAS_CAP
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
