"""A whole block: each thing that can be wrong is found and named, and a block without it is good."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.payments.utxo.block_validation import Flaw, Verdict, validate
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.packed import join_body
from layer2.plasma.protocol.positions import deposit_position, encode_position
from layer2.plasma.protocol.transaction import Deposit, fee_transaction

from .conftest import DOMAIN, OPERATOR, PAYEE, PAYER, THIEF, pay, raw

PLACES = [deposit_position(at) for at in range(1, 7)]


def ledger() -> UtxoSet:
    one = UtxoSet()
    for number in range(1, 7):
        one.deposit(Deposit(number, raw(PAYER), 0, 100, 5))
    first = record_of(pay(PLACES[5], change=40))
    one.apply(1, validate_block(one, 1, [first]).transactions)
    return one


def validate_block(one: UtxoSet, number: int, records: list[bytes], header: Header | None = None) -> Verdict:
    tree = BlockTree.of_records(records)
    header = header or Header(tree.root, 9, len(records))
    return validate(one, number, header, join_body(records), DOMAIN)


def fee(amount: int, number: int = 2, token: int = 0, to: str = OPERATOR.address) -> bytes:
    return fee_transaction(number, [(to, token, amount)]).packed


GOOD = [record_of(pay(place, change=37)) for place in PLACES[:2]]

BAD: dict[str, tuple[Flaw, int, Callable[[], list[bytes]]]] = {
    "minted": (Flaw.INPUT_UNKNOWN, 2, lambda: [*GOOD, record_of(pay(deposit_position(9)))]),
    "from this very block": (
        Flaw.INPUT_UNKNOWN,
        2,
        lambda: [*GOOD, record_of(pay(encode_position(2, 0, 0), by=PAYEE, change=0))],
    ),
    "spent before": (Flaw.INPUT_SPENT, 2, lambda: [*GOOD, record_of(pay(PLACES[5]))]),
    "spent twice": (Flaw.SPENT_TWICE, 2, lambda: [*GOOD, record_of(pay(PLACES[1], THIEF))]),
    "stolen": (Flaw.SIGNATURE_WRONG, 0, lambda: [record_of(pay(PLACES[0], THIEF, signers=[THIEF])), GOOD[1]]),
    "overspent": (Flaw.OVERSPENT, 1, lambda: [GOOD[0], record_of(pay(PLACES[1], amount=61))]),
    "late": (Flaw.EXPIRED, 0, lambda: [record_of(pay(PLACES[0], expiry=1)), GOOD[1]]),
    "no transaction": (Flaw.TRANSACTION_MALFORMED, 1, lambda: [GOOD[0], b"\1\1" + bytes(50), GOOD[1]]),
    "too much collected": (Flaw.FEE_WRONG, 2, lambda: [*GOOD, fee(7)]),
    "nothing was paid in it": (Flaw.FEE_WRONG, 2, lambda: [*GOOD, fee(1, token=3)]),
    "collected twice": (Flaw.FEE_WRONG, 3, lambda: [*GOOD, fee(3), fee(3)]),
    "another block's fees": (Flaw.FEE_WRONG, 2, lambda: [*GOOD, fee(6, number=3)]),
    "behind the fees": (Flaw.PAYMENT_AFTER_FEES, 2, lambda: [GOOD[0], fee(3), GOOD[1]]),
}


@pytest.mark.parametrize("records", [GOOD, [*GOOD, fee(6)], [*GOOD, fee(5)]])
def test_a_good_block_is_good_and_can_be_applied(records: list[bytes]) -> None:
    one = ledger()
    before = list(one.unspent())
    verdict = validate_block(one, 2, records)
    assert (verdict.good, verdict.invalid, verdict.withheld) == (True, False, False)
    assert verdict.fees == {0: 6}
    assert list(one.unspent()) == before, "judging changes nothing"
    one.apply(2, verdict.transactions)
    lost = 6 - sum(verdict.collected.values())
    assert one.totals() == {0: 600 - lost}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_at_its_place(case: str) -> None:
    flaw, index, make = BAD[case]
    verdict = validate_block(ledger(), 2, make())
    assert [(one.flaw, one.index) for one in verdict.faults] == [(flaw, index)]
    assert verdict.invalid
    assert not verdict.withheld
    assert f"transaction {index}" in str(verdict)


def test_what_the_contract_paid_cannot_be_spent_and_what_leaves_stops_the_exit() -> None:
    one = ledger()
    one.exiting(PLACES[0])
    verdict = validate_block(one, 2, GOOD)
    assert (verdict.good, verdict.against_exits) == (True, [(0, PLACES[0])])
    one.exited(PLACES[0])
    verdict = validate_block(one, 2, GOOD)
    assert [(fault.flaw, fault.index) for fault in verdict.faults] == [(Flaw.INPUT_EXITED, 0)]


def test_a_body_that_is_not_the_headers_is_withheld_and_proves_nothing() -> None:
    tree = BlockTree.of_records(GOOD)
    header = Header(tree.root, 9, 2)
    for records, flaw in (
        (GOOD[:1], Flaw.COUNT_WRONG),
        (GOOD[::-1], Flaw.ROOT_WRONG),
        ([GOOD[0], record_of(pay(PLACES[2]))], Flaw.ROOT_WRONG),
        ([GOOD[0][:-1] + b"\0", *GOOD[1:]], Flaw.ROOT_WRONG),
    ):
        verdict = validate_block(ledger(), 2, records, header)
        assert [one.flaw for one in verdict.faults] == [flaw]
        assert (verdict.withheld, verdict.invalid) == (True, False)
    for body in (b"", b"\0", join_body(GOOD)[:-1], join_body(GOOD) + b"\0"):
        verdict = validate(ledger(), 2, header, body, DOMAIN)
        assert [one.flaw for one in verdict.faults] == [Flaw.BODY_MALFORMED]
        assert verdict.withheld


def test_of_many_faults_the_first_are_listed() -> None:
    bad = [record_of(pay(deposit_position(100 + at))) for at in range(200)]
    verdict = validate_block(ledger(), 2, bad)
    assert len(verdict.faults) == 64
    assert verdict.faults[-1].index == 63
