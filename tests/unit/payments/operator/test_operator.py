"""The operator makes blocks of what it accepted, commits to each once, and contradicts nothing it has said."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.plasma.common.errors import (
    BlockLost,
    DepositsMissing,
    Expired,
    FeeTooLow,
    InputSpent,
    InputUnknown,
    JournalMismatch,
    KindWrong,
    MempoolFull,
    OutputExiting,
    Overspent,
    SignatureWrong,
    StateUnknown,
)
from layer2.plasma.payments.chain.events import (
    BlockSubmitted,
    ExitEnded,
    ExitPaid,
    ExitStarted,
    InFlightExitProcessed,
    InFlightExitStarted,
    Piggybacked,
)
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.protocol.blocks import Header, decode_body, verify_inclusion
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import Deposit, deposit_output_id, fee_transaction, output_id
from layer2.primitives.hashing import keccak

from .conftest import OPERATOR, PAYEE, PAYER, THIEF, Ground, outputs_of, pay, raw


def test_a_payment_gets_into_a_block_and_its_outputs_can_be_spent(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER)
    first = pay(place)
    assert operator.submit(first) == first.transaction.hash
    assert operator.tx_status(first.transaction.hash).state == "pending"
    made = operator.step()
    assert made is not None
    assert (made.number, made.count) == (1, 1)
    assert ground.posted()[0].header.root == made.root
    tx_status = operator.tx_status(first.transaction.hash)
    assert (tx_status.state, tx_status.block, tx_status.index) == ("included", 1, 0)
    assert [one.amount for one in outputs_of(operator, PAYEE).values()] == [60]
    again = pay(encode_position(1, 0, 0), PAYER, 60, by=PAYEE, change=0)
    operator.submit(again)
    assert operator.step().number == 2
    assert sorted(one.amount for one in outputs_of(operator, PAYER).values()) == [40, 60]


def test_nothing_pending_makes_no_block(operator: Operator, ground: Ground) -> None:
    ground.deposit(PAYER)
    assert operator.step() is None
    assert ground.submissions == 0


def test_the_body_is_served_as_others_read_it(operator: Operator, ground: Ground) -> None:
    payments = [pay(ground.deposit(PAYER, 101)) for _ in range(5)]
    assert operator.submit_many(payments) == [None] * 5
    made = operator.step()
    body = decode_body(operator.store.path(1).read_bytes())
    assert [one.transaction for one in body[:5]] == [one.transaction for one in payments]
    assert [one.signatures for one in body[:5]] == [one.signatures for one in payments]
    assert body[5].transaction == fee_transaction(1, [(OPERATOR.address, 0, 5)])
    tree = operator.store.tree(1)
    for index, one in enumerate(body):
        assert verify_inclusion(made.root, made.count, index, one.transaction.packed, tree.proof(index))


REFUSED = {
    "unknown deposit": (InputUnknown, lambda place: pay(place + (1 << 24))),
    "unknown block": (InputUnknown, lambda place: pay(encode_position(9, 0, 0))),
    "somebody else's key": (SignatureWrong, lambda place: pay(place, signers=[THIEF])),
    "overspent": (Overspent, lambda place: pay(place, amount=61)),
    "another token": (Overspent, lambda place: pay(place, token=1)),
    "expired": (Expired, lambda place: pay(place, expiry=1)),
    "the operator's kind": (
        KindWrong,
        lambda place: Signed(fee_transaction(2, [(THIEF.address, 0, 5)]), ()),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_breaks_a_rule_is_refused_and_changes_nothing(operator: Operator, ground: Ground, case: str) -> None:
    operator.submit(pay(ground.deposit(PAYER)))
    operator.step()
    place = ground.deposit(PAYER)
    kind, make = REFUSED[case]
    with pytest.raises(kind):
        operator.submit(make(place))
    assert operator.waiting == 0
    operator.submit(pay(place))
    assert operator.waiting == 1


def test_an_output_is_spent_once_whether_pending_or_in_a_block(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER)
    operator.submit(pay(place))
    with pytest.raises(InputSpent, match="pending"):
        operator.submit(pay(place, THIEF))
    operator.step()
    with pytest.raises(InputSpent, match="block"):
        operator.submit(pay(place, THIEF))
    # Whoever got no answer may ask again with the same payment.
    operator.submit(pay(place))
    assert operator.waiting == 0


def test_an_output_of_the_block_in_the_making_cannot_be_spent_yet(operator: Operator, ground: Ground) -> None:
    operator.submit(pay(ground.deposit(PAYER)))
    child = pay(encode_position(1, 0, 0), PAYER, 60, by=PAYEE, change=0)
    with pytest.raises(InputUnknown):
        operator.submit(child)
    operator.step()
    operator.submit(child)


def test_a_swap_needs_both_signatures(operator: Operator, ground: Ground) -> None:
    from layer2.plasma.protocol.signing import sign
    from layer2.plasma.protocol.transaction import payment

    from .conftest import DOMAIN

    mine, theirs = ground.deposit(PAYER, 10, token=0), ground.deposit(PAYEE, 20, token=1)
    swap = payment([mine, theirs], [(PAYEE.address, 0, 10), (PAYER.address, 1, 20)], 50)
    with pytest.raises(SignatureWrong):
        operator.submit(sign(swap, DOMAIN, PAYER, PAYER))
    with pytest.raises(SignatureWrong):
        operator.submit(sign(swap, DOMAIN, PAYEE, PAYER))
    operator.submit(sign(swap, DOMAIN, PAYER, PAYEE))
    operator.step()
    assert {(one.token, one.amount) for one in outputs_of(operator, PAYER).values()} == {(1, 20)}


def test_fees_are_asked_for_and_collected_by_token(ground: Ground, tmp_path: Path) -> None:
    with_fees = FeePolicy({0: 5, 1: 7})
    operator = Operator(ground, tmp_path, fee_owner=OPERATOR.address, policy=with_fees, margin=0)
    ether, token, other = ground.deposit(PAYER), ground.deposit(PAYER, token=1), ground.deposit(PAYER, token=2)
    with pytest.raises(FeeTooLow) as refusal:
        operator.submit(pay(ether, change=36))
    assert (refusal.value.have, refusal.value.need) == (4, 5)
    with pytest.raises(FeeTooLow):
        operator.submit(pay(other, token=2, change=0))
    operator.submit(pay(ether, change=35))
    operator.submit(pay(token, change=30, token=1))
    operator.step()
    assert {(one.token, one.amount) for one in outputs_of(operator, OPERATOR).values()} == {(0, 5), (1, 10)}
    assert operator.ledger.totals() == {0: 100, 1: 100, 2: 100}
    operator.close()


def test_joining_outputs_is_free_and_splitting_is_not(ground: Ground, tmp_path: Path) -> None:
    operator = Operator(ground, tmp_path, fee_owner=OPERATOR.address, policy=FeePolicy({0: 5}), margin=0)
    one, two = ground.deposit(PAYER), ground.deposit(PAYER)
    with pytest.raises(FeeTooLow):
        operator.submit(pay([one, two], PAYER, 100, change=100))
    with pytest.raises(FeeTooLow):
        operator.submit(pay([one, two], PAYEE, 200, change=0))
    operator.submit(pay([one, two], PAYER, 200, change=0))
    operator.close()


def test_a_full_pool_refuses_and_takes_again_after_a_block(ground: Ground, tmp_path: Path) -> None:
    operator = Operator(ground, tmp_path, margin=0, most_pending=2)
    places = [ground.deposit(PAYER) for _ in range(3)]
    assert [type(one) for one in operator.submit_many([pay(one) for one in places])] == [
        type(None), type(None), MempoolFull,
    ]  # fmt: skip
    operator.step()
    operator.submit(pay(places[2]))
    operator.close()


def test_what_does_not_fit_into_a_block_goes_into_the_next(ground: Ground, tmp_path: Path) -> None:
    operator = Operator(ground, tmp_path, fee_owner=OPERATOR.address, margin=0, capacity=18)
    payments = [pay(ground.deposit(PAYER)) for _ in range(5)]
    operator.submit_many(payments)
    counts = []
    while (made := operator.step()) is not None:
        counts.append(made.count)
    assert counts == [2, 2, 1]
    assert [operator.tx_status(one.transaction.hash).block for one in payments] == [1, 1, 2, 2, 3]
    operator.close()


def test_a_deposit_counts_when_it_is_deep_enough(ground: Ground, tmp_path: Path) -> None:
    operator = Operator(ground, tmp_path, margin=3)
    place = ground.deposit(PAYER)
    ground.mine(2)
    with pytest.raises(InputUnknown):
        operator.submit(pay(place))
    ground.mine(1)
    operator.submit(pay(place))
    operator.close()


# ------------------------------------------------------------------------------------------------------- exits


def test_what_leaves_cannot_be_spent_and_can_again_when_it_stays(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER)
    known = deposit_output_id(1)
    ground.add(ExitStarted(known, place))
    with pytest.raises(OutputExiting):
        operator.submit(pay(place))
    ground.add(ExitEnded(known))
    operator.submit(pay(place))
    ground.add(ExitStarted(known, place))
    assert operator.step() is None, "what leaves must not get into a block"
    tx_status = operator.tx_status(pay(place).transaction.hash)
    assert (tx_status.state, "exiting" in tx_status.reason) == ("dropped", True)
    ground.add(ExitPaid(known))
    ground.add(ExitEnded(known))
    with pytest.raises(OutputExiting, match="paid out"):
        operator.submit(pay(place))
    assert operator.ledger.totals() == {}


def test_an_exit_that_a_reorganisation_takes_back_never_was(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER)
    ground.add(ExitStarted(deposit_output_id(1), place))
    with pytest.raises(OutputExiting):
        operator.submit(pay(place))
    ground.take_back(1)
    operator.submit(pay(place))


def test_an_in_flight_exit_holds_the_inputs_until_it_is_decided(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER)
    flying = pay(place).transaction
    game = keccak(b"game")
    ground.add(InFlightExitStarted(game, flying.packed, (deposit_output_id(1),)))
    with pytest.raises(OutputExiting):
        operator.submit(pay(place, THIEF))
    ground.add(InFlightExitProcessed(game))
    operator.submit(pay(place))


def test_an_output_that_an_in_flight_exit_paid_is_gone_from_the_ledger(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER)
    flying = pay(place)
    operator.submit(flying)
    operator.step()
    game = keccak(b"game")
    ground.add(InFlightExitStarted(game, flying.transaction.packed, (deposit_output_id(1),)))
    ground.add(ExitPaid(output_id(flying.transaction.hash, 0)))
    with pytest.raises(OutputExiting, match="paid out"):
        operator.submit(pay(encode_position(1, 0, 0), by=PAYEE, amount=60, change=0))
    operator.submit(pay(encode_position(1, 0, 1), amount=40, change=0))


@pytest.mark.parametrize("what", ["shown to be spent", "paid out"])
def test_an_operator_starts_again_though_the_contract_has_decided_about_what_it_spent(
    operator: Operator, ground: Ground, tmp_path: Path, what: str
) -> None:
    """Anybody can start an in-flight exit of an old payment, and show that its output is spent."""
    first = pay(ground.deposit(PAYER))
    operator.submit(first)
    operator.step()
    spent = encode_position(1, 0, 0)
    operator.submit(pay(spent, PAYER, 60, by=PAYEE, change=0))
    operator.step()
    game, known = keccak(b"game"), output_id(first.transaction.hash, 0)
    if what == "paid out":
        ground.add(ExitStarted(known, spent))
    else:
        ground.add(InFlightExitStarted(game, first.transaction.packed, (deposit_output_id(1),)))
    ground.add(ExitPaid(known))
    operator.follow()
    before = operator.ledger.find(spent), operator.ledger.totals()
    operator.close()
    again = Operator(ground.again(), tmp_path / "operator", fee_owner=OPERATOR.address, margin=0)
    assert (again.ledger.find(spent), again.ledger.totals()) == before
    with pytest.raises(InputSpent):
        again.submit(pay(spent, THIEF, 60, by=PAYEE, change=0))
    again.close()


# ------------------------------------------------------------------------------------------- the chain moves


def test_a_submission_that_is_taken_back_is_submitted_again(operator: Operator, ground: Ground) -> None:
    operator.submit(pay(ground.deposit(PAYER)))
    made = operator.step()
    ground.take_back(1)
    assert ground.posted() == []
    with pytest.raises(StateUnknown):
        operator.follow() or operator.header(1)
    assert operator.step() is None
    assert [(one.number, one.header.root) for one in ground.posted()] == [(1, made.root)]
    assert operator.header(1).root == made.root


def test_a_deposit_that_comes_again_lets_its_block_stand(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER)
    operator.submit(pay(place))
    made = operator.step()
    ground.take_back(2)
    with pytest.raises(DepositsMissing):
        operator.step()
    assert ground.posted() == [], "a block that spends what is not there must not be submitted"
    ground.deposit(PAYER)
    operator.step()
    assert [one.header.root for one in ground.posted()] == [made.root]


def test_a_deposit_that_became_another_undoes_its_block(operator: Operator, ground: Ground) -> None:
    kept, gone = ground.deposit(PAYEE), ground.deposit(PAYER)
    stays, falls = pay(kept, PAYER, by=PAYEE), pay(gone)
    operator.submit_many([stays, falls])
    operator.step()
    ground.take_back(2)
    ground.deposit(THIEF, 7)
    operator.step()
    assert operator.tx_status(stays.transaction.hash).state == "included"
    assert operator.tx_status(falls.transaction.hash).state == "dropped"
    assert operator.ledger.totals() == {0: 107}
    assert [one.header.count for one in ground.posted()] == [1]
    assert outputs_of(operator, THIEF) == {gone: operator.ledger.output(gone)}


def test_what_stands_in_the_place_of_an_undone_payment_does_not_leave_with_it(
    operator: Operator, ground: Ground
) -> None:
    """A payment with an in-flight exit that its payee has joined falls with its block; another one takes its place."""
    leaves = pay(ground.deposit(PAYER))
    others = [pay(ground.deposit(THIEF), by=THIEF) for _ in range(2)]
    falls = pay(ground.deposit(PAYER))
    operator.submit_many([falls, leaves, *others])
    operator.make_block()
    ground.take_back(1)
    ground.deposit(THIEF, 7)
    ground.add(InFlightExitStarted(b"\3" * 32, leaves.transaction.packed, (deposit_output_id(1),)))
    ground.add(Piggybacked(b"\3" * 32, 0b1_0000))
    operator.step()
    assert [operator.tx_status(one.transaction.hash).state for one in (falls, leaves)] == ["dropped"] * 2
    assert operator.tx_status(others[1].transaction.hash).index == 1
    assert operator.books.leaving_since(encode_position(1, 1, 0)) is None
    operator.submit(pay(encode_position(1, 1, 0), PAYER, 60, by=PAYEE, change=0))
    # What does leave goes on leaving.
    with pytest.raises(OutputExiting):
        operator.submit(leaves)


def test_a_deposit_that_never_comes_again_is_given_up_after_a_while(operator: Operator, ground: Ground) -> None:
    operator.submit(pay(ground.deposit(PAYER)))
    operator.step()
    ground.take_back(2)
    with pytest.raises(DepositsMissing):
        operator.step()
    ground.mine(200)
    assert operator.step() is None
    assert operator.ledger.totals() == {}
    assert operator.ledger.head == 0


def test_a_node_that_leaves_deposits_out_stops_the_operator(operator: Operator, ground: Ground) -> None:
    ground.deposit(PAYER)
    operator.follow()
    place = ground.deposit(PAYER)
    ground.deposit(PAYER)
    ground.blocks[1] = None
    with pytest.raises(BlockLost, match="inconsistent events"):
        operator.follow()
    with pytest.raises(BlockLost):
        operator.submit(pay(place))
    with pytest.raises(BlockLost):
        operator.step()


def test_a_block_of_somebody_else_stops_the_operator(operator: Operator, ground: Ground) -> None:
    ground.deposit(PAYER)
    ground.add(BlockSubmitted(1, Header(bytes(31) + b"\1", 5, 1)))
    with pytest.raises(BlockLost):
        operator.step()
    with pytest.raises(BlockLost):
        operator.submit(pay(1 << 63 | 1 << 24))
    assert operator.waiting == 0


# --------------------------------------------------------------------------------------------------- restarts


def test_after_a_restart_everything_stands_as_before(ground: Ground, tmp_path: Path) -> None:
    first = Operator(ground, tmp_path, fee_owner=OPERATOR.address, margin=0)
    places = [ground.deposit(PAYER, 101) for _ in range(4)]
    payments = [pay(one) for one in places]
    first.submit_many(payments[:2])
    first.step()
    first.submit_many(payments[2:])
    before = list(first.ledger.unspent())
    first.close()
    second = Operator(ground.again(), tmp_path, fee_owner=OPERATOR.address, margin=0)
    assert list(second.ledger.unspent()) == before
    assert second.pending == tuple(one.transaction for one in payments[2:])
    assert second.step().number == 2
    assert second.tx_status(payments[0].transaction.hash).block == 1
    second.close()


def test_a_block_made_and_not_submitted_is_submitted_after_a_restart(ground: Ground, tmp_path: Path) -> None:
    first = Operator(ground, tmp_path, margin=0)
    first.submit(pay(ground.deposit(PAYER)))
    made = first.make_block()
    first.close()
    assert ground.posted() == []
    ground._told = 0
    second = Operator(ground, tmp_path, margin=0)
    assert second.step() is None
    assert [one.header.root for one in ground.posted()] == [made.root]
    second.close()


def test_a_compacted_journal_holds_the_same(ground: Ground, tmp_path: Path) -> None:
    first = Operator(ground, tmp_path, margin=0)
    first.compact_at = 1
    payments = [pay(ground.deposit(PAYER)) for _ in range(6)]
    for at in range(0, 4, 2):
        first.submit_many(payments[at : at + 2])
        first.step()
    first.submit_many(payments[4:])
    assert first._promises.size == 2
    before = list(first.ledger.unspent())
    first.close()
    second = Operator(ground.again(), tmp_path, margin=0)
    assert list(second.ledger.unspent()) == before
    assert second.waiting == 2
    second.close()


def test_the_journal_of_another_contract_is_refused(ground: Ground, tmp_path: Path) -> None:
    Operator(ground, tmp_path, margin=0).close()
    other = Ground()
    other.address = "0x" + "22" * 20  # type: ignore[misc]
    with pytest.raises(JournalMismatch):
        Operator(other, tmp_path, margin=0)


def test_a_chain_without_the_deposits_of_our_blocks_is_refused(ground: Ground, tmp_path: Path) -> None:
    first = Operator(ground, tmp_path, margin=0)
    first.submit(pay(ground.deposit(PAYER)))
    first.step()
    first.close()
    with pytest.raises(BlockLost):
        Operator(Ground(), tmp_path, margin=0)


def test_a_deposit_record_is_what_the_ledger_pays_on(operator: Operator, ground: Ground) -> None:
    place = ground.deposit(PAYER, 5)
    operator.follow()
    assert operator.ledger.output(place) == Deposit(1, raw(PAYER), 0, 5, 7).output
