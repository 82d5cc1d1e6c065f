"""The sender's decisions against a node that refuses, forgets and delays."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import cast

import pytest
from tests.support.fake_nodes import FakeBackend

from layer2.ethereum.accounts import dev_signers
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import (
    ConnectionFailed,
    InsufficientFunds,
    NonceError,
    TransactionFailed,
    TransactionTimeout,
)
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.sender import Pending, Sender
from layer2.primitives.addresses import Address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.kzg import BLOB_BYTES, hash_of_blob

PAYEE = Address("0x000000000000000000000000000000000000dEaD")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def node() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def payer(node: FakeBackend, clock: Clock) -> Sender:
    connection = Connection(SimpleNamespace(provider=None))  # type: ignore[arg-type]
    connection.backend = node  # type: ignore[assignment]
    policy = GasPolicy(wait=10, max_replacements=2)
    return Sender(connection, dev_signers(1)[0], policy, clock=clock, sleep=clock.sleep)


def send(payer: Sender) -> int:
    return payer.send_nowait(PAYEE, value=1, gas=21_000).nonce


def test_nonces_are_counted_without_asking_again(payer: Sender, node: FakeBackend) -> None:
    assert [send(payer) for _ in range(3)] == [0, 1, 2]
    assert node.asked == ["block", "nonce", "send", "send", "send"]


@pytest.mark.parametrize("reason", ["nonce too low", "Invalid transaction nonce: Expected 4, but got 1"])
def test_nonce_too_low_is_brought_in_line(payer: Sender, node: FakeBackend, reason: str) -> None:
    assert send(payer) == 0
    node.refusals, node.count = [reason], 4
    assert [send(payer), send(payer)] == [4, 5]


def test_node_that_always_refuses_the_nonce_is_reported(payer: Sender, node: FakeBackend) -> None:
    node.refusals = ["nonce too low"] * 3
    with pytest.raises(NonceError):
        send(payer)
    assert send(payer) == 0


def test_lost_answer_to_a_send_is_not_an_error(payer: Sender, node: FakeBackend) -> None:
    node.refusals = ["already known"]
    assert send(payer) == 0


def test_other_refusals_are_reported_and_keep_the_nonce(payer: Sender, node: FakeBackend) -> None:
    node.refusals = ["exceeds block gas limit"]
    with pytest.raises(TransactionFailed, match="refused the transaction: exceeds block gas limit") as caught:
        send(payer)
    assert not isinstance(caught.value, InsufficientFunds)
    assert send(payer) == 0


def test_a_refusal_for_the_balance_names_who_has_and_needs_how_much(payer: Sender, node: FakeBackend) -> None:
    node.refusals = ["insufficient funds for gas * price + value"]
    with pytest.raises(InsufficientFunds, match=rf"{payer.address} has .* ether, .* and the gas are needed"):
        send(payer)
    assert send(payer) == 0


def test_base_fee_that_rose_is_followed(payer: Sender, node: FakeBackend) -> None:
    send(payer)
    node.base_fee = 50 * 10**9
    node.refusals = ["max fee per gas less than block base fee"]
    send(payer)
    assert [fields["maxFeePerGas"] for _, fields in node.pool] == [3 * 10**9, 101 * 10**9]


def test_every_version_of_a_transaction_counts_as_mined(payer: Sender, node: FakeBackend) -> None:
    pending = payer.send_nowait(PAYEE, value=1, gas=21_000)
    # The first version is mined only after the second was sent.
    node.on_send = lambda: node.mine(0)
    receipt = payer.wait(pending)
    assert len(pending.hashes) == 2
    assert receipt.tx_hash == pending.hashes[0]
    first, second = (fields for _, fields in node.pool)
    assert second["nonce"] == first["nonce"]
    for price in ("maxFeePerGas", "maxPriorityFeePerGas"):
        assert second[price] * 1000 >= first[price] * 1125


def test_patience_ends_after_the_last_replacement(payer: Sender, node: FakeBackend, clock: Clock) -> None:
    pending = payer.send_nowait(PAYEE, value=1, gas=21_000)
    with pytest.raises(TransactionTimeout):
        payer.wait(pending)
    assert (len(node.pool), clock.now >= 30) == (3, True)
    node.mine(1)
    assert payer.wait(pending).tx_hash == pending.hashes[1]


def test_nonce_taken_by_a_stranger_during_the_wait_is_reported(payer: Sender, node: FakeBackend) -> None:
    pending = payer.send_nowait(PAYEE, value=1, gas=21_000)
    node.refusals, node.count = ["nonce too low"], 1
    with pytest.raises(NonceError, match="another holder"):
        payer.wait(pending)
    assert send(payer) == 1


def test_given_gas_is_not_estimated_and_missing_gas_has_a_margin(payer: Sender, node: FakeBackend) -> None:
    send(payer)
    assert "estimate" not in node.asked
    payer.send_nowait(PAYEE, value=1)
    assert [fields["gas"] for _, fields in node.pool] == [21_000, 60_000]
    assert cast(str, node.pool[0][1]["sender"]) == payer.address


# ------------------------------------------------------------------------------------------------------------ blobs


def send_blobs(payer: Sender, *blobs: bytes) -> Pending:
    return payer.send_nowait(PAYEE, gas=50_000, blobs=blobs or (bytes(BLOB_BYTES),))


def test_blobs_are_named_by_their_hashes_with_room_for_their_price(payer: Sender, node: FakeBackend) -> None:
    other = b"\0" * 31 + b"\1" + bytes(BLOB_BYTES - 32)
    send_blobs(payer, bytes(BLOB_BYTES), other)
    ((_, fields),) = node.pool
    assert fields["type"] == 3
    assert fields["maxFeePerBlobGas"] == 2 * node.blob_fee
    named = [bytes(one) for one in fields["blobVersionedHashes"]]
    assert named == [hash_of_blob(bytes(BLOB_BYTES)), hash_of_blob(other)]
    assert node.forms == [True]


def test_a_stuck_transaction_with_blobs_is_replaced_at_twice_all_its_prices(payer: Sender, node: FakeBackend) -> None:
    pending = send_blobs(payer)
    node.on_send = lambda: node.mine(1) if len(node.pool) == 3 else None
    receipt = payer.wait(pending)
    assert receipt.tx_hash == pending.hashes[1]
    versions = [fields for _, fields in node.pool]
    assert [one["maxFeePerBlobGas"] for one in versions] == [14, 28, 56]
    for before, after in itertools.pairwise(versions):
        assert after["nonce"] == before["nonce"]
        assert after["blobVersionedHashes"] == before["blobVersionedHashes"]
        for price in ("maxFeePerGas", "maxPriorityFeePerGas"):
            assert after[price] >= 2 * before[price]


def test_a_node_of_other_rules_gets_the_other_form_of_sidecar_from_then_on(payer: Sender, node: FakeBackend) -> None:
    node.refusals = ["unexpected blob sidecar version"]
    send_blobs(payer)
    assert (node.forms, node.takes_cells) == ([True, False], False)
    send_blobs(payer)
    assert node.forms == [True, False, False]
    assert [fields["nonce"] for _, fields in node.pool] == [0, 1]


def test_what_has_nothing_to_do_with_the_form_is_told_as_it_was_said(payer: Sender, node: FakeBackend) -> None:
    node.refusals = ["insufficient funds", "invalid sidecar"]
    with pytest.raises(InsufficientFunds, match="and the gas are needed"):
        send_blobs(payer)
    assert (node.pool, node.takes_cells) == ([], True)
    node.refusals = ["nonce too low"]
    node.count = 3
    assert send_blobs(payer).nonce == 3
    assert node.forms == [True, False, True, True]


@pytest.mark.parametrize("count", [7, 8])
def test_more_blobs_than_a_transaction_carries_are_refused(payer: Sender, node: FakeBackend, count: int) -> None:
    with pytest.raises(RangeError, match=f"{count} blobs"):
        send_blobs(payer, *[bytes(BLOB_BYTES)] * count)
    assert node.asked == []


def test_blobs_need_a_gas_limit_and_a_receiver(payer: Sender, node: FakeBackend) -> None:
    for to, gas in ((PAYEE, None), (None, 50_000)):
        with pytest.raises(RangeError, match="need a gas limit and a receiver"):
            payer.send_nowait(to, gas=gas, blobs=[bytes(BLOB_BYTES)])
    with pytest.raises(MalformedError, match="not a blob"):
        send_blobs(payer, bytes(BLOB_BYTES - 1))
    assert node.asked == []


def stuck(payer: Sender, node: FakeBackend, market: int) -> Pending:
    """A transaction sent in a cheap hour that the market has left behind."""
    pending = payer.send_nowait(PAYEE, value=1, gas=21_000)
    node.base_fee = market
    return pending


def test_a_stuck_transaction_is_replaced_at_the_markets_fee_until_the_policys_cap(
    payer: Sender, node: FakeBackend, clock: Clock
) -> None:
    payer.gas_policy = GasPolicy(wait=10, max_replacements=1_000, max_fee_per_gas=100 * 10**9)
    pending = stuck(payer, node, market=30 * 10**9)
    assert payer.poll(pending) is None
    assert len(pending.hashes) == 1
    clock.now += 10
    assert payer.poll(pending) is None
    assert pending.fees.max_fee >= 2 * 30 * 10**9
    with pytest.raises(TransactionTimeout, match="cap"):
        while True:
            clock.now += 10
            payer.poll(pending)
    assert 100 * 10**9 / 1.125 < pending.fees.max_fee <= 100 * 10**9
    node.mine(len(node.pool) - 1)
    receipt = payer.poll(pending)
    assert receipt is not None
    assert receipt.tx_hash == pending.tx_hash


def test_a_later_policy_raises_what_an_earlier_one_would_not(payer: Sender, node: FakeBackend, clock: Clock) -> None:
    payer.gas_policy = GasPolicy(wait=10, max_fee_per_gas=5 * 10**9)
    pending = stuck(payer, node, market=30 * 10**9)
    payer.gas_policy = GasPolicy()
    for _ in range(8):  # under the policy it was sent with
        clock.now += 10
        try:
            payer.poll(pending)
        except TransactionTimeout:
            break
    assert pending.fees.max_fee <= 5 * 10**9
    pending.policy = GasPolicy(wait=10, max_replacements=1_000)
    payer.poll(pending)
    assert pending.fees.max_fee >= 60 * 10**9


def test_a_stuck_transaction_does_not_block_those_sent_after_it(payer: Sender, node: FakeBackend, clock: Clock) -> None:
    first = stuck(payer, node, market=30 * 10**9)
    second = payer.send_nowait(PAYEE, value=2, gas=21_000)
    clock.now += 10
    payer.poll(second)
    raised = [fields for _, fields in node.pool[2:]]
    assert [fields["nonce"] for fields in raised] == [first.nonce, second.nonce]
    assert all(fields["maxFeePerGas"] >= 60 * 10**9 for fields in raised)


def test_an_earlier_transaction_that_is_mined_is_not_sent_again(payer: Sender, node: FakeBackend, clock: Clock) -> None:
    stuck(payer, node, market=30 * 10**9)
    second = payer.send_nowait(PAYEE, value=2, gas=21_000)
    node.mine(0)
    clock.now += 10
    payer.poll(second)
    assert [fields["nonce"] for _, fields in node.pool[2:]] == [second.nonce]


def test_the_price_rises_only_by_what_was_handed_over(payer: Sender, node: FakeBackend, clock: Clock) -> None:
    pending = stuck(payer, node, market=10**9)
    before = pending.fees

    def away() -> None:
        raise ConnectionFailed("the node is away")

    node.on_send = away
    clock.now += 10
    for _ in range(5):
        with pytest.raises(ConnectionFailed):
            payer.poll(pending)
    assert (pending.fees, pending.replacements) == (before, 0)


def test_a_new_sender_goes_on_with_what_an_earlier_one_left_under_way(
    payer: Sender, node: FakeBackend, clock: Clock
) -> None:
    left = stuck(payer, node, market=30 * 10**9)
    again = Sender(payer.connection, payer.signer, GasPolicy(wait=10), clock=clock, sleep=clock.sleep)
    copy = Pending(left.nonce, left.request, left.gas, left.fees, 0, hashes=list(left.hashes))
    assert again.adopt(copy)
    assert again.poll(copy) is None
    assert copy.fees.max_fee >= 60 * 10**9
    assert again.send_nowait(PAYEE, value=2, gas=21_000).nonce == left.nonce + 1
    node.mine(1)
    receipt = again.poll(copy)
    assert receipt is not None
    assert not again.adopt(Pending(left.nonce, left.request, left.gas, left.fees, 0, hashes=list(left.hashes)))
