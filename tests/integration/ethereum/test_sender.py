"""Nonces, fees, replacement and receipts on real chains."""

from __future__ import annotations

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ContractReverted, FeeTooHigh, TransactionFailed, TransactionTimeout
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.rpc_backend import JsonRpcBackend
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address

GWEI = 10**9
PAYEE = Address("0x000000000000000000000000000000000000dEaD")


def test_transfer_moves_the_value_and_reports_what_it_cost(connection: Connection, payer: Sender) -> None:
    before = connection.balance(payer.address)
    receipt = payer.send(PAYEE, value=5)
    assert (receipt.status, receipt.gas_used, receipt.logs, receipt.contract_address) == (1, 21_000, (), None)
    assert connection.balance(PAYEE) == 5
    assert connection.balance(payer.address) == before - 5 - receipt.cost
    assert connection.receipt(receipt.tx_hash) == receipt


def test_several_transactions_can_be_under_way(connection: Connection, payer: Sender) -> None:
    pending = [payer.send_nowait(PAYEE, value=1, gas=21_000) for _ in range(5)]
    assert [one.nonce for one in pending] == [0, 1, 2, 3, 4]
    assert [payer.wait(one).status for one in pending] == [1] * 5
    assert connection.balance(PAYEE) == 5


def test_nonce_used_by_another_program_is_noticed(connection: Connection) -> None:
    signer = connection.signers(1)[0]
    first, second = Sender(connection, signer), Sender(connection, signer)
    held = first.send_nowait(PAYEE, value=1, gas=21_000)
    second.send(PAYEE, value=1, gas=21_000)  # takes the nonce that `first` will count to
    again = first.send_nowait(PAYEE, value=1, gas=21_000)
    assert [first.wait(one).status for one in (held, again)] == [1, 1]
    assert again.nonce == held.nonce + 2


def test_return_to_a_snapshot_takes_the_nonce_back(connection: Connection, payer: Sender) -> None:
    start = connection.snapshot()
    for _ in range(3):
        payer.send(PAYEE, value=1, gas=21_000)
        payer.send_nowait(PAYEE, value=1, gas=21_000)
        connection.revert(start)
        assert connection.balance(PAYEE) == 0
    payer.send(PAYEE, value=1, gas=21_000)
    assert connection.nonce(payer.address) == 1


def test_transaction_that_cannot_be_paid_for_is_refused(connection: Connection, payer: Sender) -> None:
    with pytest.raises(TransactionFailed, match="ether and the gas are needed"):
        payer.send(PAYEE, value=connection.balance(payer.address), gas=21_000)
    assert connection.nonce(payer.address) == 0
    payer.send(PAYEE, value=1, gas=21_000)


def test_fee_cap_below_the_base_fee_sends_nothing(connection: Connection) -> None:
    signer = connection.signers(1)[0]
    base_fee = connection.latest().base_fee
    tight = GasPolicy(max_fee_per_gas=base_fee - 1, priority_fee=1)
    with pytest.raises(FeeTooHigh):
        Sender(connection, signer, tight).send(PAYEE, value=1, gas=21_000)
    assert connection.nonce(signer.address) == 0
    enough = GasPolicy(max_fee_per_gas=base_fee, priority_fee=1)
    assert Sender(connection, signer, enough).send(PAYEE, value=1, gas=21_000).status == 1


def test_time_set_for_the_next_block_counts_in_the_estimate(connection: Connection, payer: Sender) -> None:
    # Reverts unless block.timestamp >= calldata word.
    init = bytes.fromhex("6d6000354210600957005b600080fd600052600e6012f3")
    gate = payer.send(None, init, gas=200_000).contract_address
    moment = connection.timestamp() + 1_000
    data = moment.to_bytes(32, "big")
    with pytest.raises(ContractReverted, match="without data"):
        payer.send(gate, data)
    connection.set_next_timestamp(moment)
    assert payer.send(gate, data).status == 1


@pytest.mark.anvil
def test_stuck_transaction_is_replaced_at_a_higher_price() -> None:
    with AnvilNode(auto_mine=False) as node:
        backend = node.connection.backend
        assert isinstance(backend, JsonRpcBackend)
        naps: list[float] = []

        def nap(seconds: float) -> None:
            naps.append(seconds)
            if len(pending.hashes) == 3:
                node.connection.mine()

        clock = iter(range(0, 10_000, 5))
        sender = Sender(
            node.connection,
            node.connection.signers(1)[0],
            GasPolicy(wait=20),
            clock=lambda: next(clock),
            sleep=nap,
        )
        pending = sender.send_nowait(PAYEE, value=7, gas=21_000)
        offered = pending.fees
        receipt = sender.wait(pending)
        assert receipt.tx_hash == pending.hashes[-1]
        assert len(pending.hashes) == 3
        assert pending.fees.max_fee >= offered.max_fee * 1.125**2
        assert pending.fees.priority_fee >= offered.priority_fee * 1.125**2
        assert node.connection.balance(PAYEE) == 7


@pytest.mark.anvil
def test_replacement_stops_at_the_policy_and_can_be_waited_for_again() -> None:
    with AnvilNode(auto_mine=False) as node:
        policy = GasPolicy(wait=0.05, max_replacements=1)
        sender = Sender(node.connection, node.connection.signers(1)[0], policy)
        pending = sender.send_nowait(PAYEE, value=7, gas=21_000)
        with pytest.raises(TransactionTimeout):
            sender.wait(pending)
        assert len(pending.hashes) == 2
        node.connection.mine()
        assert sender.wait(pending).status == 1
