"""The chains of the machines: a real node for each, since they make thousands of calls, five times as fast there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def one_block(connection: Connection) -> Iterator[None]:
    """All that is sent inside is mined together at the end, by what each offers for its place."""
    rpc = connection.backend.rpc  # type: ignore[attr-defined]
    rpc("evm_setAutomine", False)
    try:
        yield
        connection.mine()
    finally:
        rpc("evm_setAutomine", True)
