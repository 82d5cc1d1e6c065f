"""Packed locks, conditions and resolutions."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st
from tests.support.channels.strategies import addresses, locks, numbers, words

from layer2.channels.protocol.locks import (
    CONTRACT_LOCK,
    HASH_LOCK,
    VOUCHER_LOCK,
    Lock,
    LockSet,
    contract_condition,
    contract_lock,
    contract_resolution,
    decode_locks,
    hash_lock,
    read_contract_resolution,
    read_voucher_resolution,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak, sha256

PAYER, PAYEE = "0x" + "0a" * 20, "0x" + "0b" * 20


@given(locks)
def test_a_leaf_has_its_fields_at_their_places_and_is_read_back(lock: Lock) -> None:
    leaf = lock.encode()
    packed = lock.amount << 56 | lock.expiry << 8 | lock.kind
    assert leaf == packed.to_bytes(21, "big") + lock.condition
    assert Lock.decode(leaf) == lock


@given(st.lists(locks, max_size=4))
def test_a_set_sums_up_and_is_read_back(items: list[Lock]) -> None:
    lock_set = LockSet(tuple(items))
    assert lock_set.locked == sum(one.amount for one in items)
    assert lock_set.last_expiry == max([0, *(one.expiry for one in items)])
    assert LockSet.decode(lock_set.encode()) == lock_set


@given(st.lists(locks, max_size=3), locks)
def test_a_lock_is_added_at_the_end_and_taken_out_again(items: list[Lock], lock: Lock) -> None:
    before = LockSet(tuple(one for one in items if one != lock))
    assert before.adding(lock).locks == (*before.locks, lock)
    assert before.adding(lock).without(lock) == before
    with pytest.raises(MalformedError):
        before.without(lock)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ((0, 1, 0, bytes(32)), RangeError),
        ((1 << 112, 1, 0, bytes(32)), RangeError),
        ((1, 1 << 48, 0, bytes(32)), RangeError),
        ((1, 1, 3, bytes(32)), MalformedError),
        ((1, 1, 0, bytes(31)), MalformedError),
    ],
)
def test_a_lock_that_breaks_a_rule_is_refused(values: tuple[int, int, int, bytes], error: type[Exception]) -> None:
    assert Lock(1, 1, 0, bytes(32))
    with pytest.raises(error):
        Lock(*values)


def test_stray_bytes_in_leaves_are_refused() -> None:
    leaf = Lock(5, 6, HASH_LOCK, bytes(32)).encode()
    assert decode_locks(leaf * 2)
    for bad in (leaf[:-1], leaf + b"\0", leaf[:20] + b"\x03" + leaf[21:]):
        with pytest.raises(MalformedError):
            decode_locks(bad)
        with pytest.raises(MalformedError):
            Lock.decode(bad)


@given(addresses, addresses, words)
def test_a_virtual_id_is_the_hash_of_its_tagged_parts(payer: str, payee: str, salt: bytes) -> None:
    parts = encode(["bytes32", "address", "address", "bytes32"], [keccak(b"layer2.virtual"), payer, payee, salt])
    assert virtual_channel_id(payer, payee, salt) == keccak(parts)


@given(addresses, st.binary(max_size=80), st.binary(max_size=80))
def test_contract_conditions_are_abi_encoded_and_resolutions_read_back(
    contract: str, terms: bytes, evidence: bytes
) -> None:
    assert contract_condition(contract, terms) == keccak(encode(["address", "bytes32"], [contract, keccak(terms)]))
    resolution = contract_resolution(contract, terms, evidence)
    assert resolution == bytes.fromhex(contract[2:]) + len(terms).to_bytes(4, "big") + terms + evidence
    assert read_contract_resolution(resolution) == (contract, terms, evidence)
    for length in (0, 19, 23, 23 + len(terms)):
        with pytest.raises(MalformedError):
            read_contract_resolution(resolution[:length])


@given(addresses, addresses, words, numbers(128), st.integers(64, 65))
def test_voucher_resolutions_are_packed_and_read_back(
    payer: str, payee: str, salt: bytes, amount: int, length: int
) -> None:
    signature = bytes(range(length))
    resolution = voucher_resolution(payer, payee, salt, amount, signature)
    head = bytes.fromhex(payer[2:] + payee[2:]) + salt + amount.to_bytes(16, "big")
    assert resolution == head + signature
    assert read_voucher_resolution(resolution) == (payer, payee, salt, amount, signature)
    for bad in (resolution[: 88 + 63], resolution + bytes(2), b""):
        with pytest.raises(MalformedError):
            read_voucher_resolution(bad)


@pytest.mark.parametrize("length", [0, 63, 66])
def test_a_voucher_resolution_takes_signatures_of_keys_only(length: int) -> None:
    with pytest.raises(MalformedError):
        voucher_resolution(PAYER, PAYEE, bytes(32), 5, bytes(length))


def test_constructors_name_the_kind_and_the_condition() -> None:
    preimage, salt = bytes(range(32)), bytes(32)
    assert hash_lock(5, 9, preimage) == Lock(5, 9, HASH_LOCK, sha256(preimage))
    virtual = virtual_channel_id(PAYER, PAYEE, salt)
    assert voucher_lock(5, 9, PAYER, PAYEE, salt) == Lock(5, 9, VOUCHER_LOCK, virtual)
    assert contract_lock(5, 9, PAYEE, b"terms") == Lock(5, 9, CONTRACT_LOCK, contract_condition(PAYEE, b"terms"))
    with pytest.raises(MalformedError):
        hash_lock(5, 9, preimage[:-1])
    with pytest.raises(MalformedError):
        voucher_lock(5, 9, PAYER, PAYEE, salt + b"\0")
