"""What a connection asks of its node: what it was asked itself, and nothing beside it."""

from __future__ import annotations

from typing import Any

from web3 import Web3
from web3.providers import BaseProvider

from layer2.ethereum.connection import Connection

HUB = "0x" + "77" * 20


class Counting(BaseProvider):
    """A node that answers every question with a word, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def make_request(self, method: str, params: Any) -> Any:
        self.asked.append(method)
        return {"jsonrpc": "2.0", "id": 1, "result": "0x" + (5).to_bytes(32, "big").hex()}


def test_a_call_is_one_request_to_the_node() -> None:
    node = Counting()
    connection = Connection.from_provider(node)
    assert connection.call(HUB, b"hi") == (5).to_bytes(32, "big")
    assert node.asked == ["eth_call"]


def test_web3s_own_layers_would_make_more_of_it() -> None:
    """The control: with them the chain's id is asked for, too, each time."""
    node = Counting()
    connection = Connection(Web3(node))
    for _ in range(2):
        connection.call(HUB, b"hi")
    assert node.asked.count("eth_call") == 2
    assert node.asked.count("eth_chainId") >= 2
