"""The chains of the machines: a real node for each, since they make thousands of calls, five times as fast there."""

from __future__ import annotations

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection

_nodes: list[AnvilNode] = []


def new_chain() -> Connection:
    """The chain of a node that runs until this process ends."""
    _nodes.append(AnvilNode())
    return _nodes[-1].connection


def still_chain() -> Connection:
    """One whose clock stands still between calls: time passes when it is told to, and many blocks have one second."""
    connection = new_chain()
    connection.backend.rpc("anvil_setBlockTimestampInterval", 0)  # type: ignore[attr-defined]
    return connection


def by_hand(connection: Connection, on: bool) -> None:
    """Whether blocks are mined when somebody says so, and not with each transaction."""
    connection.backend.rpc("evm_setAutomine", not on)  # type: ignore[attr-defined]
