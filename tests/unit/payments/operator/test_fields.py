"""The quick reading of transactions says what the formats say: of good ones, of broken ones, of bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.payments.utxo.batch_signatures import check, check_in_parts, digest_of
from layer2.plasma.protocol.blocks import decode_body, encode_body
from layer2.plasma.protocol.malformed import BodyMalformed, TransactionMalformed
from layer2.plasma.protocol.packed import inputs_of, join_body, packed_of, read, split, split_body
from layer2.plasma.protocol.signing import digest, sign
from layer2.plasma.protocol.transaction import Kind, Output, Transaction, decode_transaction, fee_transaction
from layer2.primitives.worker_pool import WorkerPool

from .conftest import DOMAIN, OPERATOR, PAYEE, PAYER, THIEF, raw

OUTPUTS = st.builds(
    Output, st.binary(min_size=20, max_size=20).filter(any), st.integers(0, 0xFFFF), st.integers(1, (1 << 96) - 1)
)
PAYMENTS = st.builds(
    Transaction,
    st.just(Kind.PAYMENT),
    st.integers(1, (1 << 40) - 1),
    st.sets(st.integers(1, (1 << 64) - 1), min_size=1, max_size=4).map(lambda found: tuple(sorted(found))),
    st.lists(OUTPUTS, min_size=1, max_size=4).map(tuple),
    st.just(b"") | st.binary(min_size=32, max_size=32).filter(any),
)
FEES = st.builds(
    Transaction,
    st.just(Kind.FEE),
    st.integers(1, (1 << 40) - 1),
    st.just(()),
    st.lists(OUTPUTS, min_size=1, max_size=4).map(tuple),
)


@given(PAYMENTS | FEES)
def test_a_transaction_reads_the_same(one: Transaction) -> None:
    fields = read(one.packed)
    assert fields is not None
    assert (fields.kind & 0x7F, fields.expiry, fields.inputs) == (one.kind, one.expiry, one.inputs)
    assert inputs_of(one.packed + bytes(64 * len(one.inputs))) == one.inputs
    assert (fields.outputs, fields.memo) == (one.outputs, one.memo)
    assert fields.rows == b"".join(
        row.owner + row.token.to_bytes(2, "big") + row.amount.to_bytes(12, "big") for row in one.outputs
    )


@given(PAYMENTS)
def test_a_payment_has_the_same_digest(one: Transaction) -> None:
    fields = read(one.packed)
    assert fields is not None
    assert digest_of(DOMAIN.prefix, one.packed, fields) == digest(one, DOMAIN)


@given(PAYMENTS | FEES, st.data())
def test_what_is_broken_is_none_to_both(one: Transaction, data: st.DataObject) -> None:
    broken = bytearray(one.packed)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del broken[data.draw(st.integers(0, len(broken) - 1)) :]
    try:
        known = decode_transaction(bytes(broken))
    except TransactionMalformed:
        known = None
    found = read(bytes(broken))
    assert (found is None) == (known is None)


@given(st.binary(max_size=120))
def test_noise_is_none_to_both(noise: bytes) -> None:
    try:
        decode_transaction(noise)
    except TransactionMalformed:
        assert read(noise) is None
    else:
        assert read(noise) is not None


@given(st.lists(PAYMENTS, min_size=1, max_size=6))
def test_bodies_are_the_same_both_ways(payments: list[Transaction]) -> None:
    batch = [sign(one, DOMAIN, *[PAYER] * len(one.inputs)) for one in payments]
    records = [record_of(one) for one in batch]
    body = join_body(records)
    assert body == encode_body(batch)
    assert split_body(body) == records
    assert [packed_of(one) for one in records] == [one.packed for one in payments]
    assert [record_of(one) for one in decode_body(body)] == records


@given(st.binary(max_size=200))
def test_a_body_that_others_cannot_read_is_none_or_holds_no_transaction(noise: bytes) -> None:
    try:
        decode_body(noise)
    except BodyMalformed:
        try:
            records = split_body(noise)
        except BodyMalformed:
            return
        assert any((parts := split(one)) is None or read(parts[0]) is None for one in records)
    else:
        assert join_body(split_body(noise)) == noise


@pytest.mark.parametrize("cut", [1, 2, 30, 64, 65])
def test_a_body_that_is_cut_off_is_none(cut: int) -> None:
    one = sign(Transaction(Kind.PAYMENT, 9, (1, 2), (Output(raw(PAYEE), 0, 5),)), DOMAIN, PAYER, PAYEE)
    body = join_body([record_of(one)] * 2)
    assert len(split_body(body)) == 2
    with pytest.raises(BodyMalformed):
        split_body(body[:-cut])
    with pytest.raises(BodyMalformed):
        split_body(body, most=1)


@pytest.mark.parametrize("threads", [0, 2])
def test_who_signed_is_found_for_each_input(threads: int) -> None:
    one = Transaction(Kind.PAYMENT, 9, (1, 2), (Output(raw(PAYEE), 0, 5),))
    good = record_of(sign(one, DOMAIN, PAYER, PAYEE))
    bad = good[:-64] + b"\xff" * 64
    fee = fee_transaction(3, [(OPERATOR.address, 0, 1)]).packed
    workers = WorkerPool(threads=threads)
    hashes, leaves, owners = check_in_parts(workers, DOMAIN.prefix, [good, bad, fee, b"\1\x11nothing"] * 200)
    assert owners[:4] == [raw(PAYER) + raw(PAYEE), raw(PAYER) + bytes(20), b"", b""]
    assert hashes[:4] == [one.hash, one.hash, decode_transaction(fee).hash, b""]
    assert leaves[0] == one.leaf
    assert (hashes, leaves, owners) == check(DOMAIN.prefix, [good, bad, fee, b"\1\x11nothing"] * 200)
    workers.close()


def test_a_signature_for_another_contract_is_nobodys_here() -> None:
    from layer2.plasma.protocol.signing import plasma_domain

    one = Transaction(Kind.PAYMENT, 9, (1,), (Output(raw(PAYEE), 0, 5),))
    elsewhere = record_of(sign(one, plasma_domain(2, DOMAIN.verifying_contract), THIEF))
    assert check(DOMAIN.prefix, [elsewhere])[2] != [raw(THIEF)]
