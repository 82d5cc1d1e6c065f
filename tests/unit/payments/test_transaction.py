"""A transaction has one encoding: every byte string is refused or is exactly what its meaning encodes to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.payments.strategies import DEPOSITS, TRANSACTIONS, mutated

from layer2.plasma.protocol.malformed import DepositMalformed, TransactionMalformed
from layer2.plasma.protocol.transaction import (
    Deposit,
    Kind,
    Output,
    Transaction,
    decode_deposit,
    decode_transaction,
    deposit_output_id,
    fee_transaction,
    output_id,
    packed_length,
    payment,
    transaction_hash,
)
from layer2.primitives.hashing import keccak

PAYER, PAYEE = b"\x11" * 20, b"\x22" * 20
OUTPUT = Output(PAYEE, 0, 5)
GOOD: dict[str, Any] = {"kind": Kind.PAYMENT, "expiry": 9, "inputs": (1 << 24, 2 << 24), "outputs": (OUTPUT, OUTPUT)}


def settled(packed: bytes) -> None:
    """The judgement of any bytes: refused with its own error, or the one encoding of what they say."""
    try:
        found = decode_transaction(packed)
    except TransactionMalformed:
        return
    assert found.packed == packed
    assert Transaction(found.kind, found.expiry, found.inputs, found.outputs, found.memo) == found
    assert len(packed) == packed_length(len(found.inputs), len(found.outputs), bool(found.memo))
    assert found.kind != Kind.FEE or not found.inputs


@given(TRANSACTIONS)
def test_a_transaction_survives(one: Transaction) -> None:
    found = decode_transaction(one.packed)
    assert found == one
    assert found.hash == one.hash == transaction_hash(one.packed) == keccak(b"\2" + one.packed)
    assert len(one.packed) == 7 + 8 * len(one.inputs) + 34 * len(one.outputs) + len(one.memo)


@given(mutated(TRANSACTIONS.map(lambda one: one.packed)))
def test_a_changed_transaction_is_refused_or_another_one(packed: bytes) -> None:
    settled(packed)


@given(st.binary(max_size=250))
@example(b"")
@example(b"\1\x11" + bytes(47))
def test_any_bytes_are_refused_or_are_one_transaction(packed: bytes) -> None:
    settled(packed)


@given(st.data())
def test_bytes_of_a_right_length_are_refused_or_are_one_transaction(data: st.DataObject) -> None:
    ins, outs = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))
    memo = data.draw(st.booleans())
    size = packed_length(ins, outs, memo) - 2
    tag = data.draw(st.sampled_from([0, 1, 2, 3, 0x80, 0x81, 0x82, 0xFF]))
    settled(bytes((tag, ins << 4 | outs)) + data.draw(st.binary(min_size=size, max_size=size)))


def test_every_byte_of_a_transaction_counts() -> None:
    one = Transaction(**GOOD, memo=b"\7" * 32)
    seen = {one.hash}
    for at in range(len(one.packed)):
        for flip in (1, 0x80, 0xFF):
            changed = bytearray(one.packed)
            changed[at] ^= flip
            try:
                seen.add(decode_transaction(bytes(changed)).hash)
            except TransactionMalformed:
                continue
            settled(bytes(changed))
    assert len(seen) > 340


def test_lengths_are_those_of_the_design() -> None:
    lengths = [packed_length(*shape) for shape in ((1, 1), (1, 2), (2, 2), (4, 4))]
    assert lengths == [49, 83, 91, 175]


def test_a_golden_transaction() -> None:
    one = payment([(2**39 | 1) << 24], [("0x" + "22" * 20, 0, 5)], expiry=9)
    assert one.packed.hex() == "0111" + "0000000009" + "8000000001000000" + "22" * 20 + "0000" + "00" * 11 + "05"
    assert one.output_id(0) == output_id(one.hash, 0) == keccak(one.hash + b"\0")
    assert one.leaf == keccak(b"\0" + one.packed)
    fee = fee_transaction(7, [("0x" + "22" * 20, 3, 1)])
    assert fee.packed.hex() == "0201" + "0000000007" + "22" * 20 + "0003" + "00" * 11 + "01"


@pytest.mark.parametrize(
    "change",
    [
        {"expiry": 0},
        {"expiry": -1},
        {"expiry": 2**40},
        {"inputs": ()},
        {"inputs": (1, 2, 3, 4, 5)},
        {"inputs": (2, 1)},
        {"inputs": (1, 1)},
        {"inputs": (-1, 1)},
        {"inputs": (1, 2**64)},
        {"outputs": ()},
        {"outputs": (OUTPUT,) * 5},
        {"outputs": (Output(bytes(20), 0, 5),)},
        {"outputs": (Output(PAYEE[:19], 0, 5),)},
        {"outputs": (Output(PAYEE, 0, 0),)},
        {"outputs": (Output(PAYEE, 0, -1),)},
        {"outputs": (Output(PAYEE, 0, 2**96),)},
        {"outputs": (Output(PAYEE, 2**16, 5),)},
        {"outputs": (Output(PAYEE, -1, 5),)},
        {"memo": bytes(32)},
        {"memo": b"short"},
        {"kind": Kind.FEE},
        {"kind": Kind.FEE, "inputs": (), "memo": b"\1" * 32},
    ],
)
def test_what_is_no_transaction_cannot_be_made(change: dict[str, Any]) -> None:
    Transaction(**GOOD)
    with pytest.raises(TransactionMalformed):
        Transaction(**{**GOOD, **change})


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "00"), (0, "03"), (0, "81"), (0, "82"), (0, "02"), (1, "02"), (1, "20"), (1, "12"), (1, "52"), (1, "25"),
        (2, "0000000000"), (7, "0000000002000000"), (7, "0000000003000000"), (15, "00" * 8), (23, "00" * 20),
        (45, "00" * 12),
    ],
)  # fmt: skip
def test_a_packed_one_with_a_wrong_field_is_refused(at: int, value: str) -> None:
    packed = Transaction(**GOOD).packed
    raw = bytes.fromhex(value)
    with pytest.raises(TransactionMalformed):
        decode_transaction(packed[:at] + raw + packed[at + len(raw) :])


@pytest.mark.parametrize("junk", [b"\0", b"\1" * 8, bytes(32), b"\1" * 32, bytes(34)])
def test_length_is_exact(junk: bytes) -> None:
    packed = Transaction(**GOOD).packed
    for wrong in (packed + junk, junk + packed, packed[:-1], packed[: -len(junk)]):
        with pytest.raises(TransactionMalformed):
            decode_transaction(wrong)


def test_a_payment_sorts_its_inputs_and_refuses_one_twice() -> None:
    assert payment([9, 3], [(PAYEE, 0, 1)], 5).inputs == (3, 9)
    with pytest.raises(TransactionMalformed):
        payment([3, 9, 3], [(PAYEE, 0, 1)], 5)


def test_an_output_is_named_once_and_only_if_it_is_there() -> None:
    one = Transaction(**GOOD)
    assert one.output_id(0) != one.output_id(1)
    for index in (-1, 2):
        with pytest.raises(TransactionMalformed):
            one.output_id(index)
    assert one.sums() == {0: 10}
    assert OUTPUT.address == "0x" + "22" * 20


@given(DEPOSITS)
def test_a_deposit_survives(deposit: Deposit) -> None:
    assert len(deposit.record) == 39
    assert decode_deposit(deposit.number, deposit.record) == deposit
    assert deposit.hash == keccak(deposit.record)
    assert deposit.output_id == deposit_output_id(deposit.number) == keccak(b"\3" + deposit.number.to_bytes(8, "big"))
    assert deposit.output == (deposit.owner, deposit.token, deposit.amount)


@given(st.integers(1, 9), mutated(DEPOSITS.map(lambda one: one.record)))
def test_a_changed_record_is_refused_or_another_one(number: int, record: bytes) -> None:
    try:
        assert decode_deposit(number, record).record == record
    except DepositMalformed:
        assert len(record) != 39 or not any(record[:20]) or not any(record[22:34])


@pytest.mark.parametrize(
    "fields",
    [(0, PAYER, 0, 1, 0), (2**39, PAYER, 0, 1, 0), (1, bytes(20), 0, 1, 0), (1, PAYER, 0, 0, 0),
     (1, PAYER, 2**16, 1, 0), (1, PAYER, 0, 2**96, 0), (1, PAYER, 0, 1, 2**40), (1, b"", 0, 1, 0)],
)  # fmt: skip
def test_what_is_no_deposit_cannot_be_made(fields: tuple[int, bytes, int, int, int]) -> None:
    with pytest.raises(DepositMalformed):
        Deposit(*fields)


def test_deposits_and_transactions_share_no_output_id() -> None:
    ids = {deposit_output_id(number) for number in range(1, 100)}
    ids |= {Transaction(**GOOD).output_id(at) for at in (0, 1)}
    assert len(ids) == 101
