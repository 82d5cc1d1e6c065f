"""A header's bloom tells when a node that gives no logs has left some out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from layer2.ethereum.bloom import bloom_bits, may_hold
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import RpcError
from layer2.ethereum.log_follower import LogFollower
from layer2.ethereum.records import Block, Log
from layer2.primitives.addresses import Address, address_bytes, to_address

HUB = to_address("0x" + "11" * 20)
OTHER = to_address("0x" + "22" * 20)
TOPIC = b"\x07" * 32


def bloom(*items: bytes) -> bytes:
    bits = 0
    for item in items:
        bits |= bloom_bits(item)
    return bits.to_bytes(256, "big")


def test_a_bloom_tells_addresses_and_topics_apart() -> None:
    one = bloom(address_bytes(HUB), TOPIC)
    assert may_hold(one, [HUB], None)
    assert may_hold(one, [OTHER, HUB], [None, [b"\x08" * 32, TOPIC]])
    assert not may_hold(one, [OTHER], None)
    assert not may_hold(one, [HUB], [b"\x08" * 32])
    assert not may_hold(bytes(256), [HUB], None)


def test_a_header_without_a_bloom_raises_no_suspicion() -> None:
    assert not may_hold(b"", [HUB], None)


class Lagging:
    """A node that knows a block's header, but whose index does not have its logs."""

    is_dev = False

    def __init__(self, header_bloom: bytes, index: bool) -> None:
        self.header_bloom, self.index = header_bloom, index
        self.asked: list[str] = []

    def chain_id(self) -> int:
        return 1

    def block(self, block: Any) -> Block:
        number = 1 if block == "latest" else block
        blooms = self.header_bloom if number == 1 else b""
        return Block(number, bytes([number + 1]) * 32, bytes([number]) * 32, 1_000, 7, 30_000_000, blooms)

    def logs(self, start: int, stop: int, addresses: list[Address], topics: Any) -> list[Log]:
        self.asked.append("range")
        return [self._log()] if self.index and start <= 1 <= stop else []

    def block_logs(self, block_hash: bytes, addresses: list[Address], topics: Any) -> list[Log]:
        self.asked.append("block")
        if block_hash != b"\x02" * 32:
            raise RpcError("eth_getLogs", "unknown block")
        return [self._log()] if self.header_bloom == bloom(address_bytes(HUB)) else []

    def _log(self) -> Log:
        return Log(HUB, (TOPIC,), b"seen", 1, b"\x02" * 32, b"\x03" * 32, 0, 0)


def follower(node: Lagging) -> LogFollower:
    connection = Connection(SimpleNamespace(provider=None))  # type: ignore[arg-type]
    connection.backend = node  # type: ignore[assignment]
    return LogFollower(connection, HUB, start_block=0)


@pytest.mark.parametrize("index", [True, False])
def test_a_log_that_a_lagging_index_leaves_out_is_read_from_its_block(index: bool) -> None:
    node = Lagging(bloom(address_bytes(HUB)), index)
    assert [log.data for log in follower(node).step().new] == [b"seen"]
    assert node.asked == (["range"] if index else ["range", "block"])


def test_a_block_that_says_it_holds_none_is_not_asked_again() -> None:
    node = Lagging(bloom(address_bytes(OTHER)), index=False)
    assert follower(node).step().new == []
    assert node.asked == ["range"]


def test_a_bloom_that_means_another_contract_by_chance_adds_nothing() -> None:
    node = Lagging(b"\xff" * 256, index=False)
    assert follower(node).step().new == []
    assert node.asked == ["range", "block"]
