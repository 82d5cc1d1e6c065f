"""The follower against real reorganisations: what it says always equals what the chain holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.cursor import Cursor
from layer2.ethereum.errors import ReorgTooDeep, RpcError, WrongChain
from layer2.ethereum.log_follower import LogFollower, Update
from layer2.ethereum.records import Log
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import Address
from layer2.primitives.errors import MalformedError

from .conftest import deploy_logger

TOPIC = b"\x07" * 32
OTHER = b"\x08" * 32


def emit(sender: Sender, logger: Address, text: bytes, topic: bytes = TOPIC) -> None:
    sender.send(logger, topic + text, gas=60_000)


def texts(logs: list[Log]) -> list[bytes]:
    return [log.data for log in logs]


class Mirror:
    """Applies updates as a user would, so that it must equal the chain's own answer."""

    def __init__(self) -> None:
        self.logs: list[Log] = []

    def apply(self, update: Update) -> None:
        for log in update.removed:
            assert self.logs.pop() == log  # newest first, and only what was delivered
        self.logs += update.new


@pytest.fixture(scope="module")
def reorg_node() -> Iterator[AnvilNode]:
    """A node of this file's own: what a reorganisation did to it cannot be taken back."""
    with AnvilNode() as node:
        yield node


@pytest.fixture
def logger(operator: Sender) -> Address:
    return deploy_logger(operator)


def test_each_log_is_delivered_once_and_in_order(connection: Connection, operator: Sender, logger: Address) -> None:
    start = connection.block_number() + 1
    follower = LogFollower(connection, logger, start_block=start, chunk=2)
    assert follower.step().new == []
    for text in (b"a", b"b", b"c"):
        emit(operator, logger, text)
    connection.mine(3)
    emit(operator, logger, b"d")
    update = follower.step()
    assert (texts(update.new), update.removed, update.head) == (
        [b"a", b"b", b"c", b"d"],
        [],
        connection.block_number(),
    )
    assert follower.step().new == []


def test_filter_keeps_other_topics_and_addresses_out(connection: Connection, operator: Sender, logger: Address) -> None:
    elsewhere = deploy_logger(operator)
    follower = LogFollower(connection, logger, [TOPIC], start_block=0)
    emit(operator, logger, b"wanted")
    emit(operator, logger, b"other topic", OTHER)
    emit(operator, elsewhere, b"other address")
    assert texts(follower.step().new) == [b"wanted"]
    both = LogFollower(connection, [logger, elsewhere], [[TOPIC, OTHER]], start_block=0)
    assert texts(both.step().new) == [b"wanted", b"other topic", b"other address"]


def test_confirmations_hold_a_log_back(connection: Connection, operator: Sender, logger: Address) -> None:
    follower = LogFollower(connection, logger, start_block=0, confirmations=3)
    emit(operator, logger, b"a")
    for _ in range(3):
        assert follower.step().new == []
        connection.mine()
    assert texts(follower.step().new) == [b"a"]


def test_restart_from_a_stored_cursor_misses_and_repeats_nothing(
    connection: Connection, operator: Sender, logger: Address
) -> None:
    first = LogFollower(connection, logger, start_block=0)
    emit(operator, logger, b"a")
    assert texts(first.step().new) == [b"a"]
    stored = first.cursor.to_bytes()
    emit(operator, logger, b"b")
    second = LogFollower(connection, logger, start_block=0, cursor=stored)
    assert second.cursor == first.cursor == Cursor.from_bytes(stored)
    assert texts(second.step().new) == [b"b"]


def test_cursor_of_another_filter_or_chain_is_refused(connection: Connection, logger: Address) -> None:
    cursor = LogFollower(connection, logger, start_block=0).cursor
    with pytest.raises(MalformedError):
        LogFollower(connection, logger, [TOPIC], start_block=0, cursor=cursor)
    with pytest.raises(MalformedError):
        LogFollower(connection, logger, start_block=1, cursor=cursor)
    alien = Cursor(cursor.chain_id + 1, cursor.filter_id, 0, 0)
    with pytest.raises(WrongChain):
        LogFollower(connection, logger, start_block=0, cursor=alien)


def test_return_to_a_snapshot_is_a_reorganisation(connection: Connection, operator: Sender, logger: Address) -> None:
    mirror, follower = Mirror(), LogFollower(connection, logger, start_block=0)
    emit(operator, logger, b"stays")
    fork = connection.snapshot()
    emit(operator, logger, b"goes")
    emit(operator, logger, b"moves")
    mirror.apply(follower.step())
    connection.revert(fork)
    connection.mine()
    emit(operator, logger, b"moves")
    update = follower.step()
    assert (texts(update.removed), texts(update.new)) == ([b"moves", b"goes"], [b"moves"])
    mirror.apply(update)
    assert mirror.logs == connection.logs(0, update.head, logger)


def test_chain_that_became_shorter_takes_its_logs_back(
    connection: Connection, operator: Sender, logger: Address
) -> None:
    follower = LogFollower(connection, logger, start_block=0)
    fork = connection.snapshot()
    emit(operator, logger, b"a")
    assert texts(follower.step().new) == [b"a"]
    connection.revert(fork)
    assert texts(follower.step().removed) == [b"a"]
    assert follower.step() == Update(head=connection.block_number())


def test_node_that_limits_ranges_is_asked_for_less(
    connection: Connection, operator: Sender, logger: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in (b"a", b"b", b"c", b"d", b"e"):
        emit(operator, logger, text)
    plain = connection.backend.logs

    def limited(start: int, stop: int, *rest: object) -> list[Log]:
        if stop - start >= 2:
            raise RpcError("eth_getLogs", "query returned more than 10000 results")
        return plain(start, stop, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(connection.backend, "logs", limited)
    assert texts(LogFollower(connection, logger, start_block=0).step().new) == [b"a", b"b", b"c", b"d", b"e"]


@pytest.mark.anvil
@pytest.mark.parametrize("depth", range(1, 13))
def test_reorganisation_of_each_depth_is_undone_and_redone(reorg_node: AnvilNode, depth: int) -> None:
    connection = reorg_node.connection
    operator = Sender(connection, connection.signers(1)[0])
    logger = deploy_logger(operator)
    mirror, follower = Mirror(), LogFollower(connection, logger, start_block=connection.block_number())
    for index in range(14):
        emit(operator, logger, b"old %d" % index)
    mirror.apply(follower.step())
    follower = LogFollower(
        connection, logger, start_block=follower.cursor.start_block, cursor=follower.cursor.to_bytes()
    )
    old = mirror.logs[-depth:]
    # The lowest replaced transaction comes again, in the highest of the new blocks; the others are gone.
    again = _raw(operator, logger, TOPIC + old[0].data, connection.nonce(operator.address) - depth)
    reorg_node.reorg(depth, [(again, depth - 1)])
    update = follower.step()
    assert update.removed == old[::-1]
    assert texts(update.new) == [old[0].data]
    assert update.new[0].block_number == old[-1].block_number
    assert update.new[0].block_hash != old[-1].block_hash
    mirror.apply(update)
    assert mirror.logs == connection.logs(follower.cursor.start_block, update.head, logger)


@pytest.mark.anvil
@pytest.mark.parametrize("depth", [1, 5])
def test_confirmations_deeper_than_the_reorganisation_never_see_it(reorg_node: AnvilNode, depth: int) -> None:
    connection = reorg_node.connection
    operator = Sender(connection, connection.signers(1)[0])
    logger = deploy_logger(operator)
    follower = LogFollower(connection, logger, start_block=connection.block_number(), confirmations=depth)
    for index in range(8):
        emit(operator, logger, b"%d" % index)
    assert len(follower.step().new) == 8 - depth
    reorg_node.reorg(depth)
    connection.mine(depth)
    update = follower.step()
    assert (update.removed, update.new) == ([], [])


@pytest.mark.anvil
def test_reorganisation_deeper_than_memory_is_a_typed_error(reorg_node: AnvilNode) -> None:
    connection = reorg_node.connection
    operator = Sender(connection, connection.signers(1)[0])
    logger = deploy_logger(operator)
    start = connection.block_number()
    follower = LogFollower(connection, logger, start_block=start, memory=4)
    for index in range(8):
        emit(operator, logger, b"%d" % index)
    follower.step()
    reorg_node.reorg(3)
    assert len(follower.step().removed) == 3
    before = follower.cursor
    reorg_node.reorg(5)
    with pytest.raises(ReorgTooDeep, match="rescan"):
        follower.step()
    assert follower.cursor == before


def _raw(sender: Sender, to: Address, data: bytes, nonce: int) -> bytes:
    fields = {
        "type": 2, "chainId": sender.connection.chain_id, "nonce": nonce, "gas": 60_000, "to": to, "value": 0,
        "maxFeePerGas": 100 * 10**9, "maxPriorityFeePerGas": 10**9, "data": "0x" + data.hex(),
    }  # fmt: skip
    return sender.signer.sign_transaction(fields)
