"""The operator on the real contract: deposits in, blocks on, outputs out with the kit that it serves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.plasma.common.errors import BlockLost, InputUnknown, OutputExiting, StateUnknown
from layer2.plasma.payments.chain.contract import DEVNET, ExitStatus, Proof, Spend
from layer2.plasma.payments.operator.exit_data import ExitData
from layer2.plasma.payments.utxo.block_validation import validate
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.malformed import TreeMalformed
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.transaction import deposit_output_id

from .conftest import PAYEE, PAYER, Stage, raw


def test_a_deposit_is_paid_on_and_taken_out_with_the_kit(stage: Stage) -> None:
    place = stage.deposit(PAYER)
    stage.operator.submit(stage.pay(place))
    made = stage.operator.step()
    header = stage.operator.header(made.number)
    assert stage.contract.block(made.number) == header.hash
    payee = stage.fund(PAYEE)
    kit = stage.operator.exit_kit(encode_position(1, 0, 0))
    assert ExitData.from_json(kit.to_json()) == kit
    stage.contract.start_exits(payee, [kit.proof])
    assert stage.contract.exit(kit.output_id).status == ExitStatus.OPEN
    stage.chain.advance(2 * DEVNET.exit_period + 1)
    stage.contract.process_exits(stage.funder, [(kit.position, kit.data)])
    assert stage.contract.exit(kit.output_id).status == ExitStatus.PAID
    stage.operator.follow()
    assert stage.operator.ledger.output(kit.position) is None
    assert stage.operator.ledger.totals() == {0: 40}


def test_a_kit_with_a_wrong_part_is_none(stage: Stage) -> None:
    stage.operator.submit_many([stage.pay(stage.deposit(PAYER)) for _ in range(3)])
    stage.operator.step()
    kit = stage.operator.exit_kit(encode_position(1, 1, 0)).to_json()
    for name, wrong in (
        ("position", str(encode_position(1, 2, 0))),
        ("path", kit["path"][::-1]),
        ("transaction", kit["transaction"][:-2] + "ff"),
    ):
        with pytest.raises(TreeMalformed, match="does not lead"):
            ExitData.from_json({**kit, name: wrong})


def test_what_is_exiting_is_refused_until_the_exit_is_stopped(stage: Stage) -> None:
    place = stage.deposit(PAYER)
    paid = stage.pay(place)
    payer = stage.fund(PAYER)
    stage.operator.follow()
    kit = stage.operator.exit_kit(place)
    stage.contract.start_exits(payer, [kit.proof])
    with pytest.raises(OutputExiting):
        stage.operator.submit(paid)
    spend = Spend(Proof.of_nothing(paid.transaction.packed), paid.signatures[0])
    stage.contract.challenge_exit(stage.funder, kit.proof, spend)
    assert stage.contract.exit(deposit_output_id(1)).status == ExitStatus.CHALLENGED
    stage.operator.submit(paid)
    assert stage.operator.step().number == 1


def test_an_in_flight_exit_holds_its_inputs(stage: Stage) -> None:
    place = stage.deposit(PAYER)
    paid = stage.pay(place)
    stage.operator.submit(paid)
    payer = stage.fund(PAYER)
    kit = stage.operator.exit_kit(place)
    stage.contract.start_in_flight_exit(
        payer, Proof.of_nothing(paid.transaction.packed), [kit.proof], paid.signatures, 0
    )
    assert stage.operator.step() is None
    assert stage.operator.tx_status(paid.transaction.hash).state == "dropped"
    with pytest.raises(OutputExiting):
        stage.operator.submit(stage.pay(place, amount=50))


def test_whoever_watches_finds_the_blocks_good(stage: Stage) -> None:
    places = [stage.deposit(PAYER) for _ in range(3)]
    watcher = UtxoSet()
    stage.operator.follow()
    for number in sorted(stage.operator.books.deposits):
        watcher.deposit(stage.operator.books.deposits[number])
    stage.operator.submit_many([stage.pay(one, change=39) for one in places])
    stage.operator.step()
    stage.operator.submit(
        stage.pay([encode_position(1, 0, 0), encode_position(1, 2, 0)], PAYER, 120, by=PAYEE, change=0)
    )
    stage.operator.step()
    for number in (1, 2):
        body = stage.operator.store.path(number).read_bytes()
        verdict = validate(watcher, number, stage.operator.header(number), body, stage.contract.domain)
        assert verdict.good, str(verdict)
        watcher.apply(number, verdict.transactions)
    assert list(watcher.unspent()) == list(stage.operator.ledger.unspent())
    assert watcher.totals() == {0: 300}


def test_nobody_else_can_submit_and_no_block_twice(stage: Stage) -> None:
    stage.operator.submit(stage.pay(stage.deposit(PAYER)))
    made = stage.operator.make_block()
    with pytest.raises(ContractReverted, match="UnauthorizedCaller"):
        stage.contract.submit_block(stage.funder, 1, made.root, made.count)
    stage.contract.submit_block(stage.sender, 1, made.root, made.count)
    # The operator sees that it is there already and does not try again.
    assert stage.operator.step() is None
    assert stage.contract.head()[1] == 2
    with pytest.raises(ContractReverted, match="UnexpectedBlockNumber"):
        stage.contract.submit_block(stage.sender, 1, made.root, made.count)


def test_a_block_that_is_not_ours_stops_the_operator(stage: Stage) -> None:
    stage.deposit(PAYER)
    stage.contract.submit_block(stage.sender, 1, bytes(31) + b"\1", 1)
    with pytest.raises(BlockLost):
        stage.operator.step()


def test_an_operator_without_its_folder_does_not_go_on(stage: Stage, tmp_path: Path) -> None:
    stage.operator.submit(stage.pay(stage.deposit(PAYER)))
    stage.operator.step()
    other = stage.open(tmp_path / "other")
    with pytest.raises(BlockLost):
        other.step()
    other.close()
    copy = tmp_path / "copy"
    shutil.copytree(stage.folder, copy)
    again = stage.open(copy)
    assert again.step() is None
    again.close()


def test_a_reorganisation_takes_the_block_and_it_comes_back(stage: Stage) -> None:
    stage.operator.submit(stage.pay(stage.deposit(PAYER)))
    stage.operator.follow()
    before = stage.chain.snapshot()
    made = stage.operator.step()
    first = stage.operator.header(1)
    stage.chain.revert(before)
    stage.chain.advance(500)
    stage.operator.follow()
    with pytest.raises(StateUnknown):
        stage.operator.header(1)
    stage.operator.step()
    second = stage.operator.header(1)
    assert (second.root, second.count) == (made.root, made.count)
    assert second.time > first.time
    assert stage.contract.block(1) == second.hash


def test_a_reorganisation_takes_a_deposit_and_what_spends_it_waits(stage: Stage) -> None:
    before = stage.chain.snapshot()
    place = stage.deposit(PAYER)
    stage.operator.submit(stage.pay(place))
    stage.chain.revert(before)
    stage.chain.mine(3)
    with pytest.raises(InputUnknown):
        stage.operator.submit(stage.pay(place, amount=59))
    assert stage.operator.step() is None
    stage.deposit(PAYER)
    stage.operator.submit(stage.pay(place))
    assert stage.operator.step().count == 1


def test_a_restart_finds_everything(stage: Stage) -> None:
    places = [stage.deposit(PAYER) for _ in range(2)]
    stage.operator.submit(stage.pay(places[0]))
    stage.operator.step()
    stage.operator.submit(stage.pay(places[1]))
    before = list(stage.operator.ledger.unspent())
    again = stage.reopen()
    assert list(again.ledger.unspent()) == before
    assert again.waiting == 1
    assert again.step().number == 2
    assert [one.amount for _, one, _ in again.ledger.owned(raw(PAYEE))] == [60, 60]
