"""Names, overloads and events of a contract, without a chain."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from eth_abi.abi import encode

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import AbiError
from layer2.ethereum.records import Log, Receipt
from layer2.primitives.addresses import Address
from layer2.primitives.hashing import keccak

HUB = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
OTHER = Address("0x000000000000000000000000000000000000dEaD")


def function(name: str, *types: str) -> dict[str, Any]:
    inputs = [{"name": f"a{index}", "type": kind} for index, kind in enumerate(types)]
    return {"type": "function", "name": name, "inputs": inputs, "outputs": []}


PAID = {"type": "event", "name": "Paid", "inputs": [{"name": "amount", "type": "uint256", "indexed": False}]}
ABI = [
    function("open", "uint256"),
    function("pay", "uint256"),
    function("pay", "address"),
    function("pay", "address", "uint256"),
    PAID,
]


@pytest.fixture
def hub() -> Contract:
    return Contract(Connection(SimpleNamespace(provider=None)), HUB, ABI)  # type: ignore[arg-type]


def log(address: Address, topic: bytes, amount: int, index: int) -> Log:
    return Log(address, (topic,), encode(["uint256"], [amount]), 3, b"\1" * 32, b"\2" * 32, 0, index)


def test_function_is_chosen_by_name_count_or_signature(hub: Contract) -> None:
    assert hub.encode("open", 7) == keccak(b"open(uint256)")[:4] + encode(["uint256"], [7])
    assert hub.encode("pay", OTHER, 7)[:4] == keccak(b"pay(address,uint256)")[:4]
    assert hub.encode("pay(uint256)", 7)[:4] == keccak(b"pay(uint256)")[:4]


def test_object_with_an_address_is_an_address_argument(hub: Contract) -> None:
    assert hub.encode("pay(address)", hub) == hub.encode("pay(address)", HUB)


@pytest.mark.parametrize(("name", "said"), [("close", "no function 'close'"), ("pay", "overloaded")])
def test_name_that_is_unknown_or_ambiguous_is_refused(hub: Contract, name: str, said: str) -> None:
    with pytest.raises(AbiError, match=said):
        hub.encode(name, 7)


def test_events_are_only_this_contracts_own(hub: Contract) -> None:
    paid = hub.topic("Paid")
    assert paid == keccak(b"Paid(uint256)")
    logs = (log(HUB, paid, 1, 0), log(OTHER, paid, 2, 1), log(HUB, b"\7" * 32, 3, 2), log(HUB, paid, 4, 3))
    receipt = Receipt(b"\2" * 32, 3, b"\1" * 32, 21_000, 1, logs, None, 1)
    events = hub.events(receipt)
    assert [(one.name, one.args, one.log_index) for one in events] == [
        ("Paid", {"amount": 1}, 0),
        ("Paid", {"amount": 4}, 3),
    ]
    assert hub.events(receipt, "Other") == []
    with pytest.raises(AbiError, match="it has: Paid"):
        hub.topic("Other")
