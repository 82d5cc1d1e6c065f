"""Exits beside games of others that hold an output, and claims whose list is too long for one transaction."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.payments.wallet.conftest import ETHER, World

from layer2.ethereum.records import Receipt
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.errors import HeldInFlight
from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof, Kit
from layer2.plasma.payments.chain.records import Proof, Spend
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.ecdsa import to_compact

MINTS = 12


def signature(wallet: Wallet, transaction: Transaction) -> bytes:
    return to_compact(wallet.signer.sign_digest(digest(transaction, wallet.root.domain)))


@pytest.fixture
def swap(world: World, payer: Wallet, thief: Wallet) -> InFlightExitProof:
    """Both have signed it, both know it; it has expired, and the other one has its exit started and joined."""
    mine, theirs = payer.deposit("1 ether"), thief.deposit("1 ether")
    rows = [(world.payer.address, 0, ETHER), (world.thief.address, 0, ETHER)]
    transaction = payment([mine.position, theirs.position], rows, 2)
    kit = InFlightExitProof(
        Signed(transaction, (signature(payer, transaction), signature(thief, transaction))), (mine, theirs)
    )
    payer.wallet_store.sign(SentPayment(kit, "swap"))
    thief.wallet_store.sign(SentPayment(kit, "swap"))
    assert len(thief.exits.exit_payment(transaction.hash, bits=0b10_0000)) == 1
    for _ in range(2):
        world.gate.empty()
    return kit


def test_what_a_game_holds_leaves_by_no_exit_of_its_own_and_the_owner_is_told(
    world: World, payer: Wallet, swap: InFlightExitProof
) -> None:
    payer.sync()
    with pytest.raises(HeldInFlight, match="an in-flight exit holds it"):
        payer.exit(swap.inputs[0].position)
    assert world.root.exit(swap.inputs[0].output_id).status is ExitStatus.NONE


def test_whoever_leaves_joins_the_game_that_holds_what_it_owns(
    world: World, payer: Wallet, swap: InFlightExitProof
) -> None:
    payer.exit_all(incomplete=True)
    game = world.root.in_flight(swap.exit_id)
    # What the other one has joined with, and both the input and the output of this owner.
    assert game.piggybacked == 0b11_0001
    before = world.balance(world.payer)
    world.mature()
    payer.claim_all()
    assert world.balance(world.payer) - before > 99 * ETHER // 100


def test_after_half_time_nothing_can_be_joined_and_the_rest_leaves_all_the_same(
    world: World, payer: Wallet, swap: InFlightExitProof
) -> None:
    other = payer.deposit("1 ether")
    world.connection.advance(world.root.profile.exit_period // 2)
    with pytest.raises(HeldInFlight):
        payer.exit_all(incomplete=True)
    assert world.root.exit(other.output_id).status is ExitStatus.OPEN


@pytest.fixture
def ransom(world: World, payer: Wallet, thief: Wallet) -> tuple[Kit, InFlightExitProof]:
    """The co-signer has its input in a game of its own, which nobody contests."""
    mine, theirs = payer.deposit("1 ether"), thief.deposit("1 ether")
    alone = payment([theirs.position], [(world.thief.address, 0, ETHER)], 100)
    rival = InFlightExitProof(Signed(alone, (signature(thief, alone),)), (theirs,))
    thief.wallet_store.sign(SentPayment(rival, "payment"))
    thief.exits.exit_payment(alone.hash, bits=0b1_0000)
    rows = [(world.payer.address, 0, ETHER), (world.payer.address, 0, ETHER)]
    both = payment([mine.position, theirs.position], rows, 100)
    kit = InFlightExitProof(Signed(both, (signature(payer, both), signature(thief, both))), (mine, theirs))
    payer.wallet_store.sign(SentPayment(kit, "swap"))
    return mine, kit


def test_what_waits_for_a_game_of_the_co_signer_is_left_by_the_own_input(
    world: World, payer: Wallet, thief: Wallet, ransom: tuple[Kit, InFlightExitProof]
) -> None:
    """That game may be followed by others without end: the payer waits for none of them."""
    mine, swap = ransom
    payer.exit_all(incomplete=True)
    game = world.root.in_flight(swap.exit_id)
    assert (game.contested, game.held, game.piggybacked & 1) == (True, 1, 1)
    before = world.balance(world.payer)
    world.mature()
    assert len(payer.claim_all()) == 1
    assert world.balance(world.payer) - before > 99 * ETHER // 100
    assert world.root.exit(mine.output_id).status is ExitStatus.PAID
    # Once more finds nothing to do, and says nothing.
    assert payer.exit_all(incomplete=True) == []


def test_who_does_not_contest_waits_for_the_game_of_the_co_signer(
    world: World, payer: Wallet, thief: Wallet, ransom: tuple[Kit, InFlightExitProof], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative twin; and when that game ends in time, it takes its input along, and the payer's comes back."""
    mine, _ = ransom
    monkeypatch.setattr("layer2.plasma.payments.wallet.exits.stuck", lambda *_: ())
    payer.exit_all(incomplete=True)
    world.mature()
    assert payer.claim_all() == []
    thief.claim_all()
    assert len(payer.claim_all()) == 1
    assert world.root.exit(mine.output_id).status is ExitStatus.PAID


def test_a_wallet_has_its_game_take_an_input_that_another_has_let_go_of(
    world: World, payer: Wallet, thief: Wallet, ransom: tuple[Kit, InFlightExitProof], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a game does not hold when it can be claimed it does not pay."""
    _, swap = ransom
    monkeypatch.setattr("layer2.plasma.payments.wallet.exits.stuck", lambda *_: ())
    payer.exit_all(incomplete=True)
    assert world.root.in_flight(swap.exit_id).held == 0b01
    # While the other game has it there is nothing to take.
    assert payer.claim_all() == []
    (rival,) = (one.kit for one in thief.wallet_store.sent.values() if one.what == "payment")
    packed, ids = rival.transaction.packed, rival.input_ids
    spend = Spend(
        Proof.of_nothing(swap.transaction.packed),
        b"".join(swap.payment.signatures),
        tuple(each.proof for each in swap.inputs),
    )
    world.root.challenge_non_canonical(payer.sender, packed, ids, 0, rival.made, spend)
    world.root.hold_inputs(payer.sender, packed, ids, rival.made)
    assert len(payer.claim_all()) == 1
    assert world.root.in_flight(swap.exit_id).held == 0b11
    before = world.balance(world.payer)
    world.mature()
    assert len(payer.claim_all()) == 1
    assert world.balance(world.payer) - before > 199 * ETHER // 100


def fraud(world: World, payer: Wallet, thief: Wallet, late: int = 0) -> None:
    """Two deposits and their owner leave, and mints of the operator, in many buckets, but for the `late` newest."""
    payer.deposit("1 ether")
    payer.deposit("1 ether")
    for _ in range(MINTS):
        world.gate.mint(world.thief.address, ETHER)
    thief.sync()
    mints = sorted(thief.wallet_store.coins.values(), key=lambda kit: kit.block)
    thief.exits.exit_many(kit.position for kit in mints[: MINTS - late])
    payer.exit_all(incomplete=True)
    world.mature()


def test_a_list_that_is_too_long_for_a_claim_becomes_a_sum(world: World, payer: Wallet, thief: Wallet) -> None:
    fraud(world, payer, thief)
    payer.claims.listed = 2
    before = world.balance(world.payer)
    receipts = payer.claim_all()
    assert len([one for one in receipts if world.root.contract.events(one, "Tracked")]) == 1
    # All but what lies in the deposits' own bucket.
    assert world.root.tracked(0) == (1, (MINTS - 1) * ETHER)
    assert world.balance(world.payer) - before > 199 * ETHER // 100
    assert payer.utxos() == []


def outrun(world: World, payer: Wallet, thief: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """In front of the payer's first claim the thief begins two more exits, under a bucket that was empty."""
    mints = sorted(thief.wallet_store.coins.values(), key=lambda kit: kit.block)
    claim, late = payer.root.process_exits, [one.position for one in mints[-2:]]

    def after_the_thief(*given: Any) -> Receipt:
        while late:
            thief.exit(late.pop())
        return claim(*given)

    monkeypatch.setattr(payer.root, "process_exits", after_the_thief)


def test_nobody_outruns_a_claim_of_who_knows_that_the_chain_is_bad(
    world: World, payer: Wallet, thief: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fraud(world, payer, thief, late=2)
    payer.distrusted = 1
    outrun(world, payer, thief, monkeypatch)
    before = world.balance(world.payer)
    payer.claim_all()
    assert world.balance(world.payer) - before > 199 * ETHER // 100


def test_who_lists_what_is_needed_alone_is_outrun_once(
    world: World, payer: Wallet, thief: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative twin; the next claim knows more."""
    fraud(world, payer, thief, late=2)
    monkeypatch.setattr(
        "layer2.plasma.payments.wallet.exit_processing.widened", lambda root, token, priority, newer, most: newer
    )
    outrun(world, payer, thief, monkeypatch)
    assert payer.claim_all() == []
    payer.claim_all()
    assert payer.utxos() == []


def test_a_list_that_is_short_moves_no_sum(world: World, payer: Wallet, thief: Wallet) -> None:
    fraud(world, payer, thief)
    before = world.balance(world.payer)
    payer.claim_all()
    assert world.root.tracked(0) is None
    assert world.balance(world.payer) - before > 199 * ETHER // 100


def test_a_fraud_moves_no_sum_for_itself(world: World, payer: Wallet, thief: Wallet) -> None:
    """What cannot be paid whatever is left out costs its owner nothing but looking."""
    fraud(world, payer, thief)
    thief.claims.listed = 2
    assert thief.claim_all() == []
    assert world.root.tracked(0) is None
