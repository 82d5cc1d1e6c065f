"""Chains of tests that make many calls: a real node for each, since contracts run many times faster there.

What the in-process chain does differently is tested where a fixture takes both kinds in turn.
"""

from __future__ import annotations

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection

_nodes: list[AnvilNode] = []


def new_chain() -> Connection:
    """The chain of a node that runs until this process ends."""
    _nodes.append(AnvilNode())
    return _nodes[-1].connection


def steady_chain() -> Connection:
    """One whose blocks are a second apart, as on the in-process chain, unless time is moved."""
    return _chain_with_interval(1)


def still_chain() -> Connection:
    """One whose clock stands still between calls: time passes when it is told to, and many blocks have one second."""
    return _chain_with_interval(0)


def _chain_with_interval(seconds: int) -> Connection:
    connection = new_chain()
    connection.backend.rpc("anvil_setBlockTimestampInterval", seconds)  # type: ignore[attr-defined]
    return connection


def by_hand(connection: Connection, on: bool) -> None:
    """Whether blocks are mined when somebody says so, and not with each transaction."""
    connection.backend.rpc("evm_setAutomine", not on)  # type: ignore[attr-defined]
