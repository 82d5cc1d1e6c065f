"""The sender's decisions against a node that refuses, forgets and delays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from layer2.ethereum.accounts import dev_signers
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import NonceError, TransactionFailed, TransactionTimeout
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address

from .fakes import FakeBackend

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
    node.refusals = ["insufficient funds for gas * price + value"]
    with pytest.raises(TransactionFailed, match="insufficient funds"):
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
    with pytest.raises(NonceError, match="somebody else"):
        payer.wait(pending)
    assert send(payer) == 1


def test_given_gas_is_not_estimated_and_missing_gas_has_a_margin(payer: Sender, node: FakeBackend) -> None:
    send(payer)
    assert "estimate" not in node.asked
    payer.send_nowait(PAYEE, value=1)
    assert [fields["gas"] for _, fields in node.pool] == [21_000, 60_000]
    assert cast(str, node.pool[0][1]["sender"]) == payer.address
