"""The criteria of a rollup that deserves the name, each as a check of its own: L2BEAT's stages 0 to 2, its risks, and
what goes beyond. Where another test is the full evidence, the essential of it is done here again, briefly."""

from __future__ import annotations

import random

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.backend import CallRequest
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.primitives.kzg import commitment, versioned_hash
from layer2.primitives.units import parse_amount
from layer2.rollup.devnet import JUDGES
from layer2.rollup.l1.contract import PUBLIC
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.frames import LIMITS, FrameType
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.state.commitments import Roots, Status
from layer2.rollup.state.state import owner_of_address
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer
from layer2.testing import deploy_mock
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, frauds
from layer2.testing.revert_checks.reverts import reverts

DAY = 86_400
ETHER = 10**18
TX_GAS_CAP = 16_777_216
BLOBS_PER_TX = 6

GOVERNANCE = (
    "owner",
    "admin",
    "pause",
    "upgrade",
    "proxy",
    "implementation",
    "council",
    "guardian",
    "govern",
    "rescue",
)


def funded(l2, people):
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("2 ether")
    payee.deposit("1 ether")
    l2.post()
    return payer, payee


def convict(l2, challenger: Challenger) -> None:
    for _ in range(2):
        challenger.step()
        l2.connection.mine(l2.profile.reveal_blocks)


def leave_alone(l2, chain, people) -> int:
    """The payer, with its own transactions only: force, include, propose, wait, finalize, claim. What it got."""
    alone = l2.wallet(people.payer, with_sequencer=False)
    alone.replica.step()
    alone.force("1 ether", people.payer.address)
    chain.advance(l2.profile.force_delay + 1)
    alone.include()
    proposer = Proposer(l2.rollup, alone.sender, alone.replica)
    proposer.step()
    chain.advance(l2.profile.window + 1)
    proposer.step()
    before = chain.balance(people.payer.address)
    receipts = alone.claim_all()
    return chain.balance(people.payer.address) - before + sum(r.gas_used * r.effective_gas_price for r in receipts)


def names_of_the_contracts() -> set[str]:
    return {str(entry.get("name", "")) for one in ("Rollup", *JUDGES) for entry in load_artifact(one).abi}


# ------------------------------------------------------------------------------------------------------------- Stage 0


def test_S0_1_it_calls_itself_a_rollup(l2) -> None:
    assert l2.rollup.domain.name == "layer2 Rollup"


def test_S0_2_state_roots_are_on_ethereum(l2, people) -> None:
    funded(l2, people)
    claim = l2.propose()
    assert l2.rollup.status(claim.id)[2] is Status.OPEN
    assert claim.root == l2.rebuild_from_l1() or claim.root != bytes(32)


def test_S0_3_and_S0_4_all_inputs_are_on_ethereum_and_a_node_rebuilds_the_state_from_them(l2, people) -> None:
    payer, payee = funded(l2, people)
    payer.send(payee.account(), "0.3 ether")
    l2.post()
    assert l2.rebuild_from_l1() == l2.root


def test_S0_5_the_proof_system_is_deployed_and_complete(l2, chain, people) -> None:
    for at in range(len(JUDGES)):
        assert chain.code(l2.rollup.contract.call("judges", at))
    funded(l2, people)
    lie = l2.propose(fault="noise", sender=people.attacker)
    convict(l2, l2.challenger)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID


def test_S0_6_and_S2_1_anybody_may_prove_a_fraud(l2, chain, people) -> None:
    """Five outsiders, each one lie."""
    payer, _ = funded(l2, people)
    for outsider in chain.signers(10)[5:]:
        lie = l2.propose(fault="noise", sender=people.attacker)
        convict(l2, Challenger(l2.rollup, Sender(chain, outsider), l2.replica()))
        assert l2.rollup.status(lie.id)[2] is Status.INVALID
        assert l2.rollup.contract.call("availableBond", outsider.address) == l2.profile.bond // 2
        payer.deposit(1)
        l2.post()


# ------------------------------------------------------------------------------------------------------ Stages 1 and 2


def test_S1_1_S1_3_S1_4_S1_6_S2_2_S2_3_nobody_governs_it(l2) -> None:
    """No owner, no council, no proxy, no pause: what does not exist can neither block nor push anything."""
    found = [name for name in names_of_the_contracts() if any(word in name.lower() for word in GOVERNANCE)]
    # The owner of a withdrawal, the caller's right to it, and the owner that is shown of an account.
    assert [name for name in found if name not in ("UnauthorizedCaller", "claimOwner", "InvalidOwner")] == []
    for address in (l2.rollup.address, *(l2.rollup.contract.call("judges", at) for at in range(len(JUDGES)))):
        code = opcodes(l2.connection.code(address))
        assert len(code) > 50
        assert b"\xf4" not in code, "it delegates to other code"
        assert b"\xff" not in code, "it can destroy itself"


def opcodes(code: bytes) -> set[bytes]:
    """The instructions of bytecode, without the data that PUSH carries and what lies behind the first INVALID."""
    found, at = set(), 0
    while at < len(code):
        op = code[at]
        if op == 0xFE:
            break
        found.add(bytes((op,)))
        at += 1 + (op - 0x5F if 0x60 <= op <= 0x7F else 0)
    return found


def test_S1_2_and_R5_users_leave_without_any_operator(l2, chain, people) -> None:
    funded(l2, people)
    assert leave_alone(l2, chain, people) == ETHER


def test_S1_5_the_challenge_period_is_seven_days() -> None:
    assert PUBLIC.window == 7 * DAY


# ------------------------------------------------------------------------------------------------------------- rosette


def test_R1_fraud_proofs_in_one_round_against_a_bond(l2, chain, people) -> None:
    """One transaction decides; the honest proposer has nothing to do and loses nothing."""
    funded(l2, people)
    lie, right = l2.propose(fault="inflate", sender=people.attacker), l2.propose(sender=people.stranger)
    l2.challenger.step()
    chain.mine(l2.profile.reveal_blocks)
    assert len(l2.challenger.step()) == 1
    assert [l2.rollup.status(one.id)[2] for one in (right, lie)] == [Status.OPEN, Status.INVALID]
    assert PUBLIC.bond == ETHER


def test_R2_data_is_on_chain_and_bound_by_its_hash(l2, people) -> None:
    payer, payee = funded(l2, people)
    payer.send(payee.account(), 5)
    l2.post()
    entry = l2.sequencer.replica.entries[-1]
    assert entry.record.hash() == l2.rollup.acc(2)
    assert entry.record.frames == len(entry.data) // FRAME_BYTES == 1
    hashes = b"".join(versioned_hash(commitment(blob)) for blob in entry.blobs)
    assert entry.record.data == (keccak(hashes) if entry.blobs else commit(entry.data))


def test_R3_the_exit_window_is_infinite(l2) -> None:
    """No parameter can be set after the deployment: there is no function that takes one."""
    assert not [
        one for one in names_of_the_contracts() if one.lower().startswith(("set", "change", "update", "migrate"))
    ]


def test_R4_when_the_sequencer_fails_anybody_posts_within_twelve_hours(l2, chain, people) -> None:
    assert max(PUBLIC.force_delay, PUBLIC.sequencer_window) <= DAY // 2
    payer, _ = funded(l2, people)
    stranger = Sender(chain, people.stranger)
    items, _, consumed, _, _ = l2.rollup.inbox()
    row = (l2.rollup.acc(items), bytes(FRAME_BYTES), consumed)
    with pytest.raises(ContractReverted, match="SequencerWindowOpen"):
        l2.rollup.post_calldata(stranger, *row)
    chain.advance(l2.profile.sequencer_window + 1)
    l2.rollup.post_calldata(stranger, *row)
    assert payer.balance() == 2 * ETHER


# -------------------------------------------------------------------------------------------------------------- beyond


def test_C1_no_input_stops_a_node_or_a_proof(l2, chain, people) -> None:
    payer, _ = funded(l2, people)
    operator, dice = Sender(chain, people.sequencer), random.Random(3)
    l2.sequencer.replica.step()
    record = l2.sequencer.replica.entries[-1].record
    noise = b"".join(bytes((kind,)) + dice.randbytes(FRAME_BYTES - 1) for kind in (*range(12), 255))
    l2.rollup.post_calldata(operator, record.hash(), noise[:-7], record.queue_end)
    assert l2.rebuild_from_l1() is not None
    lie = l2.propose(fault="noise", sender=people.attacker)
    convict(l2, l2.challenger)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    assert payer.balance() == 2 * ETHER


def test_C2_every_lie_is_convicted_and_no_truth(l2, people) -> None:
    payer, payee = funded(l2, people)
    l2.settle()
    payer.send(payee.account(), 1_000)
    payer.withdraw(2_000)
    payer.deposit(5)
    l2.post()
    replica, challenger = l2.challenger.replica, l2.challenger
    replica.step()
    parent, end = replica.final(), len(replica.entries)
    lies = list(frauds(replica, parent, end))[::12]
    honest = l2.propose(sender=people.stranger)
    before = l2.connection.snapshot()
    for one in lies:
        claim = assert_roots(l2, parent, end, one.roots, Sender(l2.connection, people.attacker))
        convict(l2, challenger)
        assert l2.rollup.status(claim.id)[2] is Status.INVALID, one.name
        l2.connection.revert(before)
        replica.step()
    assert len(lies) >= 8
    assert l2.rollup.status(honest.id)[2] is Status.OPEN
    assert challenger.step() == []


def test_C3_a_dispute_fits_one_transaction(l2, chain, people) -> None:
    funded(l2, people)
    l2.propose(fault="inflate", sender=people.attacker)
    l2.challenger.step()
    chain.mine(l2.profile.reveal_blocks)
    (receipt,) = l2.challenger.step()
    assert receipt.gas_used < TX_GAS_CAP


def test_C4_commit_and_reveal_and_half_of_the_bond_burned(l2, chain, people) -> None:
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    held = chain.balance(l2.rollup.address)
    judge, proof = l2.challenger.prove(lie, l2.challenger.first_wrong_segment(lie))
    parent = l2.challenger.replica.claims[lie.parent]
    with pytest.raises(ContractReverted, match="UnknownCommitment"):
        row = (lie.as_tuple(), parent.as_tuple(), judge, proof)
        l2.rollup.contract.transact(Sender(chain, people.stranger), "challenge", *row)
    convict(l2, l2.challenger)
    # One half is the challenger's, the other one stays where nobody can take it.
    half = l2.profile.bond // 2
    assert chain.balance(l2.rollup.address) == held
    assert l2.rollup.contract.call("availableBond", people.attacker.address) == 0
    with reverts("InsufficientBond", have=half, need=half + 1):
        l2.rollup.withdraw_bond(l2.challenger.sender, half + 1)
    l2.rollup.withdraw_bond(l2.challenger.sender, half)
    assert chain.balance(l2.rollup.address) == held - half
    assert PUBLIC.reveal_blocks >= 5


def test_C5_invalidity_is_one_step_and_takes_nothing_from_users(l2, people) -> None:
    payer, payee = funded(l2, people)
    payer.send(payee.account(), 1_000)
    l2.post()
    root, accumulators = l2.root, [l2.rollup.acc(at) for at in range(3)]
    l2.propose(fault="deflate", sender=people.attacker)
    convict(l2, l2.challenger)
    assert [l2.rollup.acc(at) for at in range(3)] == accumulators
    assert l2.rebuild_from_l1() == root


def test_C6_withdrawals_are_replayable_and_unique(l2, chain, people) -> None:
    payer, _ = funded(l2, people)
    wallet = deploy_mock("RejectOnceReceiver", sender=payer.sender)
    payer.withdraw(ETHER, to=wallet.address)
    l2.post()
    l2.settle()
    replica = l2.proposer.replica
    final = replica.final()
    state = replica.state_of(final)
    row = (final, Roots.of(state), 0, state.withdrawals[0], state.withdrawal_path(0))
    stranger = Sender(chain, people.stranger)
    claimed = l2.rollup.contract.encode(
        "finalizeWithdrawal", final.as_tuple(), row[1].as_tuple(), 0, (wallet.address, 0, ETHER), list(row[4])
    )
    starved = chain.simulate(CallRequest(l2.rollup.address, claimed, 0, stranger.address, 70_000))
    assert starved.failure is not None or starved.revert is not None
    with pytest.raises(ContractReverted, match="PaymentFailed"):
        l2.rollup.finalize_withdrawal(stranger, *row)
    wallet.transact(payer.sender, "acceptNow")
    l2.rollup.finalize_withdrawal(stranger, *row)
    assert chain.balance(wallet.address) == ETHER
    with reverts("AlreadyPaid", index=0):
        l2.rollup.finalize_withdrawal(stranger, *row)


def test_C7_deposits_are_measured_and_refunded_when_they_are_never_consumed(l2, chain, people) -> None:
    payer, _ = funded(l2, people)
    l2.settle()
    payer.deposit("1 ether")
    chain.advance(l2.profile.freeze_after + 1)
    alone = l2.wallet(people.stranger, with_sequencer=False)
    alone.freeze()
    final = alone.replica.final()
    state = alone.replica.state_of(final)
    before = chain.balance(people.payer.address)
    raw = alone.replica.raw_queue[2]
    l2.rollup.refund(alone.sender, final, Roots.of(state), 2, state.queue_acc, raw, [])
    assert chain.balance(people.payer.address) - before == ETHER


def test_C8_force_include_and_propose_with_the_sequencer_off(l2, chain, people) -> None:
    funded(l2, people)
    assert leave_alone(l2, chain, people) == ETHER


def test_C9_entry_and_assertion_fail_cleanly_on_another_prefix(l2, chain, people) -> None:
    payer, payee = funded(l2, people)
    before = chain.snapshot()
    payer.send(payee.account(), 5)
    l2.post()
    record = l2.sequencer.replica.entries[-1].record
    chain.revert(before)
    chain.advance(100)
    operator = Sender(chain, people.sequencer)
    with reverts("UnexpectedAccumulator", have=l2.rollup.acc(1), given=record.hash()):
        l2.rollup.post_calldata(operator, record.hash(), bytes(FRAME_BYTES), record.queue_end)
    l2.rollup.post_calldata(operator, l2.rollup.acc(1), bytes(FRAME_BYTES), record.queue_end)
    replica = l2.proposer.replica
    replica.step()
    root = b"\0" + keccak(b"any")[1:]
    with reverts("BatchMismatch", index=2):
        l2.rollup.propose(operator, replica.final(), record, 2, root, root[1:] * record.segments, l2.profile.bond)


def test_C10_a_node_syncs_from_the_first_block(l2, people) -> None:
    payer, payee = funded(l2, people)
    for amount in range(1, 4):
        payer.send(payee.account(), amount)
        l2.post()
    fresh = l2.replica()
    fresh.step()
    assert fresh.head.root == l2.root
    assert len(fresh.entries) == 4


def test_C11_an_exact_amount_goes_beside_packed_ones(l2, people) -> None:
    payer, payee = funded(l2, people)
    amount = parse_amount("0.123456789012345678 ether")
    payer.send(payee.account(), amount)
    payer.send(payee.account(), 2_000)
    l2.post()
    assert payee.balance() == ETHER + amount + 2_000
    kinds = {frame[0] for frame in l2.sequencer.replica.entries[-1].frames()}
    assert kinds == {FrameType.ECDSA_EXACT_TRANSFERS, FrameType.ECDSA_TRANSFERS}


def test_C12_it_keeps_to_the_rules_of_prague_and_osaka(l2, people) -> None:
    """EIP-7623: calldata has a floor, 64 gas a byte under EIP-7976. EIP-7825: a cap. EIP-7594: six blobs."""
    per_transfer = (FRAME_BYTES + 2 * 31) / LIMITS[FrameType.TRANSFERS]
    assert per_transfer < 10.5
    print(
        f"{per_transfer:.2f} bytes a transfer: {40 * per_transfer:.0f} gas now, {64 * per_transfer:.0f} under EIP-7976"
    )
    assert 40 * per_transfer < 430
    payer, _ = funded(l2, people)
    receipt = l2.rollup.deposit(payer.sender, 0, 5, owner_of_address(people.payer.address))
    assert receipt.gas_used < TX_GAS_CAP
