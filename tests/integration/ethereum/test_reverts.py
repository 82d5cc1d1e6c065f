"""A revert is the same typed error on every chain, by call, by estimate and when mined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.errors import ContractReverted, TransactionFailed
from layer2.ethereum.sender import Sender

GAS = 300_000
FOREIGN = [{"type": "error", "name": "Elsewhere", "inputs": [{"name": "code", "type": "uint8"}]}]
# A contract whose runtime reverts with its calldata.
ECHO_INIT = bytes.fromhex("66363d3d37363dfd3d5260076019f3")

CASES: list[tuple[str, tuple[Any, ...], str, dict[str, Any]]] = [
    ("custom", (3, 7), "Closed", {"have": 3, "need": 7}),
    ("otherCustom", (), "Paused", {}),
    ("text", ("too late",), "Error", {"message": "too late"}),
    # On eth-tester a string that looks like bytes is easily mistaken for a custom error.
    ("text", ("b'\\x12\\x34\\x56\\x78'",), "Error", {"message": "b'\\x12\\x34\\x56\\x78'"}),
    ("panic", (0,), "Panic", {"code": 0x12}),
    ("empty", (), "", {}),
]


@pytest.fixture
def kinds(operator: Sender) -> Contract:
    return deploy(operator, load_artifact("RevertKinds", mocks=True), gas=1_500_000)


def _by_call(contract: Contract, sender: Sender, name: str, args: tuple[Any, ...]) -> None:
    contract.call(name, *args, sender=sender.address)


def _by_estimate(contract: Contract, sender: Sender, name: str, args: tuple[Any, ...]) -> None:
    contract.transact(sender, name, *args)


def _when_mined(contract: Contract, sender: Sender, name: str, args: tuple[Any, ...]) -> None:
    contract.transact(sender, name, *args, gas=GAS)


WAYS = [_by_call, _by_estimate, _when_mined]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("function", "args", "name", "expected"), CASES)
def test_revert_is_named_with_its_arguments(
    kinds: Contract,
    payer: Sender,
    way: Callable[..., None],
    function: str,
    args: tuple[Any, ...],
    name: str,
    expected: dict[str, Any],
) -> None:
    with pytest.raises(ContractReverted) as caught:
        way(kinds, payer, function, args)
    assert (caught.value.name, caught.value.args) == (name, expected)
    assert caught.value.selector == caught.value.data[:4]
    assert (caught.value.receipt is not None) == (way is _when_mined)


@pytest.mark.parametrize("way", WAYS)
def test_error_of_an_inner_contract_is_named_when_its_abi_is_given(
    connection: Connection, kinds: Contract, operator: Sender, payer: Sender, way: Callable[..., None]
) -> None:
    echo = operator.send(None, ECHO_INIT, gas=200_000).contract_address
    from layer2.ethereum.abi import error_codecs

    codec = next(error_codecs(FOREIGN))
    payload = codec.selector + codec.encode_inputs([9])
    informed = Contract(connection, kinds.address, kinds.abi, errors=[FOREIGN])
    with pytest.raises(ContractReverted) as named:
        way(informed, payer, "nested", (echo, payload))
    assert (named.value.name, named.value.args) == ("Elsewhere", {"code": 9})
    with pytest.raises(ContractReverted) as unnamed:
        way(kinds, payer, "nested", (echo, payload))
    assert (unnamed.value.name, unnamed.value.data) == ("", payload)


@pytest.mark.parametrize("way", WAYS)
def test_success_is_not_reported_as_a_revert(kinds: Contract, payer: Sender, way: Callable[..., None]) -> None:
    way(kinds, payer, "fine", ())


def test_estimate_that_fails_leaves_the_nonce_alone(connection: Connection, kinds: Contract, payer: Sender) -> None:
    before = connection.nonce(payer.address)
    with pytest.raises(ContractReverted, match=r"Closed\(have=1, need=2\)"):
        kinds.transact(payer, "custom", 1, 2)
    assert connection.nonce(payer.address) == before
    kinds.transact(payer, "fine")
    assert connection.nonce(payer.address) == before + 1


def test_mined_revert_carries_its_receipt_and_uses_the_nonce(
    connection: Connection, kinds: Contract, payer: Sender
) -> None:
    before = connection.nonce(payer.address)
    with pytest.raises(ContractReverted) as caught:
        kinds.transact(payer, "custom", 1, 2, gas=GAS)
    assert caught.value.receipt.status == 0
    assert connection.nonce(payer.address) == before + 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [("fe", "invalid instruction"), ("5b600056", "out of gas")],
    ids=["invalid", "endless"],
)
@pytest.mark.parametrize("gas", [None, 100_000])
def test_halt_is_not_a_revert(payer: Sender, code: str, reason: str, gas: int | None) -> None:
    with pytest.raises(TransactionFailed, match=reason) as caught:
        payer.send(None, bytes.fromhex(code), gas=gas)
    assert not isinstance(caught.value, ContractReverted)


def test_replay_of_a_mined_revert_sees_the_block_it_was_mined_in(connection: Connection, payer: Sender) -> None:
    # Reverts with the block's time: a replay in another block would answer another time.
    init = bytes.fromhex("684260005260206000fd60005260096017f3")
    clock = payer.send(None, init, gas=200_000).contract_address
    moment = connection.timestamp() + 12_345
    connection.set_next_timestamp(moment)
    with pytest.raises(ContractReverted) as caught:
        payer.send(clock, gas=100_000)
    assert int.from_bytes(caught.value.data, "big") == moment
