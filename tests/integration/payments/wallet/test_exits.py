"""Ways out: offline, in flight, past a fraud, to a receiver that cannot receive."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import ANY

import pytest
from tests.integration.payments.wallet.conftest import ETHER, W, World

from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus, Proof, Spend
from layer2.plasma.payments.chain.errors import ExitProofInvalid
from layer2.plasma.payments.chain.exit_proofs import InFlightExitProof, OutputExitProof
from layer2.plasma.payments.chain.reserve_view import newer_needed
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.ecdsa import to_compact
from layer2.testing.revert_checks.reverts import reverts


def gained(world: World, wallet: Wallet, before: int) -> int:
    """What came out, gas aside: in hundredths of ether."""
    return round((world.balance(wallet.signer) - before) * 100 / ETHER)


def signature(wallet: Wallet, transaction: Transaction) -> bytes:
    return to_compact(wallet.signer.sign_digest(digest(transaction, wallet.root.domain)))


def test_a_kit_takes_an_output_out_without_any_operator(
    world: World, payer: Wallet, payee: Wallet, tmp_path: Path
) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    world.gate.block()
    payee.sync()
    file = payee.export_kits(tmp_path / "kits.json")
    alone = world.wallet(world.payee, gate=False, name="alone")
    assert alone.balance(incomplete=True) == 0
    assert [one.amount for one in alone.import_kits(file)] == [4 * ETHER // 10]
    before = world.balance(world.payee)
    alone.exit_all(incomplete=True)
    world.mature()
    alone.claim_all()
    assert gained(world, alone, before) == 40
    # Once paid, it is not to be had again, from the file or otherwise.
    assert alone.import_kits(file) == []
    assert payee.exit_all(incomplete=True) == []


def test_a_kit_of_somebody_else_takes_nothing_out(world: World, payer: Wallet, thief: Wallet, tmp_path: Path) -> None:
    payer.deposit("1 ether")
    file = payer.export_kits(tmp_path / "kits.json")
    assert thief.import_kits(file) == []
    with reverts("UnauthorizedCaller", world.root.contract.abi, caller=world.thief.address, need=world.payer.address):
        world.root.start_exits(thief.sender, [payer.wallet_store.coins[next(iter(payer.wallet_store.coins))].proof])


def test_everything_leaves_in_one_transaction(world: World, payer: Wallet) -> None:
    for _ in range(3):
        payer.deposit("0.1 ether")
    (receipt,) = payer.exit_all()
    assert len(world.root.contract.events(receipt, "ExitStarted")) == 3
    assert payer.exit_all() == []
    assert {one.state for one in payer.utxos()} == {"leaving"}
    world.mature()
    (claim,) = payer.claim_all()
    assert len(world.root.contract.events(claim, "ExitPaid")) == 3


def test_one_exit_that_cannot_start_does_not_hold_up_the_others(world: World, payer: Wallet) -> None:
    kits = [payer.deposit("0.1 ether") for _ in range(3)]
    world.root.start_exits(payer.sender, [kits[1].proof])
    with reverts("UnexpectedExitStatus", world.root.contract.abi, id=kits[1].output_id, status=ExitStatus.OPEN):
        payer.exits.exit_many(kit.position for kit in kits)
    assert [world.root.exit(kit.output_id).status for kit in kits] == [ExitStatus.OPEN] * 3
    assert payer.exit_all() == []


def test_dust_stays_when_told(world: World, payer: Wallet) -> None:
    payer.deposit("1 gwei")
    assert payer.exit_all(least=10**15) == []
    assert len(payer.exit_all()) == 1


def test_a_spent_output_is_not_taken_out(world: World, payer: Wallet, payee: Wallet) -> None:
    kit = payer.deposit("1 ether")
    payer.send(world.payee.address, "1 ether")
    # Pending, with nothing that would come back: an exit of the deposit would be stopped with the payment.
    assert payer.exit_all() == []
    world.gate.block()
    payer.sync()
    assert payer.exit_all() == []
    payer.exit(kit.position)
    (one,) = payer.wallet_store.sent.values()
    spend = Spend(Proof.of_nothing(one.transaction.packed), one.kit.payment.signatures[0])
    world.root.challenge_exit(payee.sender, kit.proof, spend)
    assert payer.claim_all() == []
    assert [line.what for line in payer.history()][-1] == "exit stopped"


# ------------------------------------------------------------------------------------------------------- in flight


def test_a_payment_in_a_withheld_block_pays_its_outputs(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    world.gate.block(withheld=True)
    payer.sync()
    payee.sync()
    before = [world.balance(one) for one in (world.payer, world.payee)]
    (receipt,) = payer.exit_all()
    (joined,) = world.root.contract.events(receipt, "Piggybacked")
    # Nobody else can have signed a competitor: the inputs cannot win and did not join.
    assert joined.args["bits"] == 0x20
    assert len(payee.exit_all()) == 1
    world.mature()
    assert len(payer.claim_all()) == 1
    assert payee.claim_all() == []
    assert [gained(world, *row) for row in zip((payer, payee), before, strict=True)] == [60, 40]
    assert payer.utxos() == []
    assert world.root.reserve_of(0) == (0, 0)


def test_a_payee_alone_claims_what_the_payer_started(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "0.4 ether")
    payer.exits.exit_payment(sent.hash, bits=0)
    assert len(payee.exits.join()) == 1
    assert payee.exits.join() == []
    world.mature()
    before = world.balance(world.payee)
    assert len(payee.claim_all()) == 1
    assert gained(world, payee, before) >= 40


def test_nothing_joins_after_half_time(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "0.4 ether")
    payer.exits.exit_payment(sent.hash, bits=0)
    world.connection.advance(W // 2)
    assert payee.exits.join() == []
    # What nobody has joined is dropped, and the bond comes back.
    assert len(payer.claim_all()) == 1
    assert world.root.in_flight(sent.kit.exit_id).status is InFlightStatus.NONE
    assert world.root.reserve_of(0) == (0, 0)


def test_a_contested_payment_pays_its_inputs(world: World, payer: Wallet, payee: Wallet, thief: Wallet) -> None:
    """Two owners pay together; the second of them has signed his input away before."""
    first, second = payer.deposit("1 ether"), thief.deposit("1 ether")
    positions = [first.position, second.position]
    row = [(world.payee.address, 0, ETHER), (world.payer.address, 0, ETHER)]
    transaction = payment(positions, row, 100)
    kit = InFlightExitProof(
        Signed(transaction, (signature(payer, transaction), signature(thief, transaction))), (first, second)
    )
    payer.wallet_store.sign(SentPayment(kit, "swap"))
    rival = payment([second.position], [(world.thief.address, 0, ETHER)], 100)
    (receipt,) = payer.exit_all()
    (joined,) = world.root.contract.events(receipt, "Piggybacked")
    assert joined.args["bits"] == 0x21
    assert len(payee.exit_all()) == 1
    world.root.challenge_non_canonical(
        thief.sender, transaction.packed, kit.input_ids, 1, [first.made, second.made],
        Spend(Proof.of_nothing(rival.packed), signature(thief, rival)),
    )  # fmt: skip
    before = [world.balance(one) for one in (world.payer, world.payee)]
    world.mature()
    assert len(payer.claim_all()) == 1
    payee.claim_all()
    # The payer has his input back, the one who contested the bond of the start; the payee has nothing but his bond.
    assert gained(world, payer, before[0]) >= 100
    assert gained(world, payee, before[1]) < 3
    assert world.root.exit(first.output_id).status is ExitStatus.PAID
    assert world.root.exit(transaction.output_id(0)).status is ExitStatus.NONE
    assert payer.utxos() == []


def test_an_expired_payment_gives_its_inputs_back(world: World) -> None:
    payer = world.wallet(world.payer, lifetime=1)
    kit = payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "0.4 ether")
    world.gate.taken.clear()
    world.gate.empty()
    with reverts("LateInclusion", world.root.contract.abi, number=0, expiry=sent.transaction.expiry):
        payer.exits.exit_payment(sent.hash)
    before = world.balance(world.payer)
    payer.exit_all(incomplete=True)
    assert world.root.exit(kit.output_id).status is ExitStatus.OPEN
    world.mature()
    payer.claim_all()
    assert gained(world, payer, before) == 100


@pytest.mark.parametrize(("paid", "back"), [("0.4 ether", True), ("1 ether", False)])
def test_what_the_next_block_may_spend_is_not_exited(world: World, paid: str, back: bool) -> None:
    """The negative twin, one block before: whoever has the payment would stop the exit, and have its bond."""
    payer = world.wallet(world.payer, lifetime=1)
    kit = payer.deposit("1 ether")
    sent = payer.send(world.payee.address, paid)
    world.gate.taken.clear()
    assert sent.transaction.expiry == world.root.head()[1]
    payer.exit_all(incomplete=True)
    assert world.root.exit(kit.output_id).status is ExitStatus.NONE
    # Only for what comes back is there anything to win in flight.
    assert (world.root.in_flight(sent.kit.exit_id).status is InFlightStatus.OPEN) == back


def test_an_invalid_block_is_left_by_the_age_of_the_inputs(world: World, payer: Wallet) -> None:
    payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "0.4 ether")
    number = world.gate.block()
    payer.sync()
    assert [len(part) for part in vars_of(payer)] == [1, 0, 0]
    payer.distrusted = number
    assert [len(part) for part in vars_of(payer)] == [0, 1, 0]
    payer.exit_all()
    game = world.root.in_flight(sent.kit.exit_id)
    assert (game.priority, game.status) == (0, InFlightStatus.OPEN)
    # It joined in the way that can be answered: with its place.
    assert game.competitor == number << 16
    world.mature()
    before = world.balance(world.payer)
    payer.claim_all()
    assert gained(world, payer, before) >= 60
    assert payer.utxos() == []


def vars_of(wallet: Wallet) -> tuple[object, ...]:
    plan = wallet.exits.plan()
    return plan.outputs, plan.payments, plan.joins  # type: ignore[return-value]


# ------------------------------------------------------------------------------------------------- past a fraud


def _fraud(world: World, payer: Wallet, thief: Wallet) -> OutputExitProof:
    """The operator mints, and its thief takes that out."""
    payer.deposit("1 ether")
    world.gate.mint(world.thief.address, 100 * ETHER)
    thief.sync()
    thief.exit_all()
    (kit,) = thief.wallet_store.coins.values()
    assert isinstance(kit, OutputExitProof)
    return kit


def test_who_exits_in_time_is_paid_past_a_fraud(world: World, payer: Wallet, thief: Wallet) -> None:
    stolen = _fraud(world, payer, thief)
    before = world.balance(world.payer)
    payer.exit_all(incomplete=True)
    world.mature()
    with reverts("NotCovered", world.root.contract.abi, token=0, need=ANY, have=ANY):
        world.root.process_exits(thief.sender, [(stolen.position, stolen.made)])
    with reverts("NotCovered", world.root.contract.abi, token=0, need=101 * ETHER, have=ETHER):
        (kit,) = payer.wallet_store.coins.values()
        world.root.process_exits(payer.sender, [(kit.position, kit.made)])
    assert thief.claim_all() == []
    assert len(payer.claim_all()) == 1
    assert gained(world, payer, before) == 100
    assert thief.claim_all() == []


def test_a_fraud_cannot_list_itself_to_be_paid(world: World, payer: Wallet, thief: Wallet) -> None:
    stolen = _fraud(world, payer, thief)
    payer.exit_all(incomplete=True)
    world.mature()
    assert newer_needed(world.root, 0, stolen.block, stolen.output.amount, [0, 1, 2, 3]) is None
    for newer in ([], [0], [0, 1], [stolen.block >> 1]):
        with reverts("NotCovered", world.root.contract.abi, token=0, need=ANY, have=ANY):
            world.root.process_exits(thief.sender, [(stolen.position, stolen.made)], newer)


def test_only_what_is_needed_is_listed(world: World, payer: Wallet, thief: Wallet) -> None:
    # While all that leaves is covered, nothing is.
    assert newer_needed(world.root, 0, 0, ETHER, []) == []
    stolen = _fraud(world, payer, thief)
    (kit,) = payer.wallet_store.coins.values()
    payer.exit_all(incomplete=True)
    assert newer_needed(world.root, 0, 0, ETHER, [stolen.block, 0]) == [0]
    assert newer_needed(world.root, 0, 0, ETHER, [0]) == [0]
    world.mature()
    payer.claim_all()
    assert world.root.exit(kit.output_id).status is ExitStatus.PAID
    assert newer_needed(world.root, 0, stolen.block, stolen.output.amount, [stolen.block, 0]) is None


# ----------------------------------------------------------------------------------------- receivers that cannot


def test_what_cannot_be_paid_waits_and_is_fetched(world: World, payer: Wallet) -> None:
    world.give_tokens(world.payer, 500)
    payer.deposit(500, token=1)
    payer.exit_all()
    world.mature()
    world.token.transact(world.sender, "setBlacklisted", world.payer.address, True)
    payer.claim_all()
    assert (payer.owed(1), world.balance(world.payer, 1)) == (500, 0)
    with reverts("PaymentFailed", world.root.contract.abi, to=world.payer.address, token=1):
        payer.withdraw(1)
    payer.withdraw(1, to=world.watcher.address)
    assert (payer.owed(1), world.balance(world.watcher, 1)) == (0, 500)
    with reverts("NothingPending", world.root.contract.abi, owner=world.payer.address, token=1):
        payer.withdraw(1)


def test_what_can_be_paid_does_not_wait(world: World, payer: Wallet) -> None:
    world.give_tokens(world.payer, 500)
    payer.deposit(500, token=1)
    payer.exit_all()
    world.mature()
    payer.claim_all()
    assert (payer.owed(1), world.balance(world.payer, 1)) == (0, 500)


# ------------------------------------------------------------------------------------------------ reorganisations


def test_a_kit_is_renewed_when_its_block_comes_again(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    rows = [one.transaction for one in world.gate.taken]
    before = world.connection.snapshot()
    world.gate.block(*rows)
    payee.sync()
    world.connection.revert(before)
    with pytest.raises(ExitProofInvalid, match="no longer on the chain"):
        payee.exit_all(incomplete=True)
    world.connection.mine(3)
    world.gate.block(*rows)
    payee.exit_all(incomplete=True)
    world.mature()
    assert len(payee.claim_all()) == 1


def test_a_kit_of_a_block_that_became_another_is_useless(world: World, payer: Wallet, payee: Wallet) -> None:
    payer.deposit("1 ether")
    payer.send(world.payee.address, "0.4 ether")
    before = world.connection.snapshot()
    world.gate.block()
    payee.sync()
    world.connection.revert(before)
    world.gate.empty()
    with pytest.raises(ExitProofInvalid):
        payee.exit_all(incomplete=True)
