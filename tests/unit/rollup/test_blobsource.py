"""Sources of blobs: whoever has one, it is taken for its hash alone, and every failure is told and survived."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.errors import ConnectionFailed, RpcError
from layer2.ethereum.sender import Sender
from layer2.primitives.kzg import BLOB_BYTES, hash_of_blob
from layer2.rollup.l1.blob_sources import BeaconBlobs, Blobs, NodeBlobs
from layer2.rollup.protocol.blob_encoding import to_blobs
from layer2.rollup.protocol.errors import DataMissing
from layer2.store.blob_archive import Archive

(RIGHT,) = to_blobs(b"right" * 300)
(WRONG,) = to_blobs(b"wrong" * 300)
HASH = hash_of_blob(RIGHT)


class Source:
    """Says what it was told to say, and how often it was asked."""

    def __init__(self, answer: bytes | Exception | None) -> None:
        self.answer = answer
        self.asked: list[tuple[bytes, int]] = []

    def __repr__(self) -> str:
        return "<Source>"

    def fetch(self, versioned_hash: bytes, block: int) -> bytes | None:
        self.asked.append((versioned_hash, block))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_sources_are_asked_in_order_and_only_until_one_has_it() -> None:
    empty, first, second = Source(None), Source(RIGHT), Source(RIGHT)
    blobs = Blobs([empty, first, second])
    assert blobs.get(HASH, 7) == RIGHT
    assert (empty.asked, first.asked, second.asked) == ([(HASH, 7)], [(HASH, 7)], [])
    # From now on the archive has it.
    first.answer = empty.answer = None
    assert blobs.get(HASH, 7) == RIGHT
    assert (len(empty.asked), len(first.asked), blobs.doubts) == (1, 1, [])


@pytest.mark.parametrize(
    "lie",
    [WRONG, b"", b"\xff" * BLOB_BYTES, RIGHT[:-1], RIGHT + b"\0", RIGHT[:-32] + b"\xff" * 32, bytes(BLOB_BYTES)],
    ids=["another", "nothing", "no fields", "short", "long", "out of range", "zeros"],
)
def test_a_source_that_lies_is_doubted_and_passed_over(lie: bytes) -> None:
    blobs = Blobs([Source(lie), Source(RIGHT)])
    assert blobs.get(HASH, 1) == RIGHT
    assert len(blobs.doubts) == 1
    assert "something else" in blobs.doubts[0]
    alone = Blobs([Source(lie)])
    with pytest.raises(DataMissing, match="none of 1 sources"):
        alone.get(HASH, 1)
    assert len(alone.archive) == 0


@pytest.mark.parametrize("failure", [ConnectionFailed("dead", hint="-"), RpcError("method", "refused")])
def test_a_source_that_fails_is_doubted_and_passed_over(failure: Exception) -> None:
    blobs = Blobs([Source(failure), Source(RIGHT)])
    assert blobs.get(HASH, 1) == RIGHT
    assert len(blobs.doubts) == 1


def test_a_mistake_in_a_source_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        Blobs([Source(ZeroDivisionError()), Source(RIGHT)]).get(HASH, 1)


def test_what_is_missing_now_is_asked_for_again() -> None:
    late = Source(None)
    blobs = Blobs([late])
    with pytest.raises(DataMissing):
        blobs.get(HASH, 1)
    late.answer = RIGHT
    assert blobs.get(HASH, 1) == RIGHT


def test_a_damaged_archive_entry_is_dropped_and_fetched_again(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "blobs")
    archive.put(HASH, RIGHT[:-1] + b"\1")
    blobs = Blobs([], archive)
    with pytest.raises(DataMissing, match="none of 0 sources"):
        blobs.get(HASH, 1)
    assert "dropped" in blobs.doubts[0]
    archive.put(HASH, WRONG)
    blobs.sources.append(Source(RIGHT))
    assert blobs.get(HASH, 1) == RIGHT
    archive.close()
    again = Archive(tmp_path / "blobs")
    assert Blobs([], again).get(HASH, 1) == RIGHT
    again.close()


def test_what_a_node_posts_itself_it_keeps() -> None:
    blobs = Blobs([])
    blobs.keep(RIGHT)
    assert blobs.get(HASH, 1) == RIGHT


def test_doubts_are_the_newest_hundred() -> None:
    source = Source(WRONG)
    blobs = Blobs([source])
    for at in range(130):
        source.answer = ConnectionFailed(f"failure {at}", hint="-")
        with pytest.raises(DataMissing):
            blobs.get(HASH, 1)
    assert len(blobs.doubts) == 100
    assert "failure 129" in blobs.doubts[-1]


# ------------------------------------------------------------------------------------------------- over the network


class Beacon(ThreadingHTTPServer):
    """A beacon node on this machine; `answer` is what it says: status and body, or bytes as they are."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: tuple[int, Any] | bytes = (404, {})
        self.paths: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Beacon

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        answer = self.server.answer
        if isinstance(answer, bytes):
            self.wfile.write(answer)
            return
        status, body = answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def beacon() -> Iterator[Beacon]:
    server = Beacon()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def rows(*blobs: bytes) -> tuple[int, Any]:
    return 200, {"data": ["0x" + one.hex() for one in blobs]}


def test_a_beacon_node_gives_the_blob_of_a_block(beacon: Beacon) -> None:
    beacon.answer = rows(RIGHT)
    source = BeaconBlobs(beacon.url + "/")
    assert source.fetch(HASH, 31) == RIGHT
    assert beacon.paths == [f"/eth/v1/beacon/blobs/31?versioned_hashes=0x{HASH.hex()}"]
    # One that does not know the filter gives them all.
    beacon.answer = rows(WRONG, RIGHT)
    assert source.fetch(HASH, 31) == RIGHT


def test_a_slot_is_counted_from_the_time_of_the_block(beacon: Beacon) -> None:
    connection = SimpleNamespace(block=lambda number: SimpleNamespace(timestamp=1_000 + 12 * number))
    source = BeaconBlobs(beacon.url, genesis_time=400, slot_seconds=12, connection=connection)  # type: ignore[arg-type]
    assert source.fetch(HASH, 5) is None
    assert beacon.paths[0].startswith("/eth/v1/beacon/blobs/55?")


@pytest.mark.parametrize(
    "answer", [(404, {"message": "gone"}), (200, {"data": []}), (200, {"data": None}), (200, {"data": {}})]
)
def test_what_a_beacon_node_does_not_have_is_nothing(beacon: Beacon, answer: tuple[int, Any]) -> None:
    beacon.answer = answer
    assert BeaconBlobs(beacon.url).fetch(HASH, 1) is None


@pytest.mark.parametrize("row", ["0x", "zz", 7, None, {"blob": "0x00"}, "0x" + WRONG.hex()])
def test_a_lying_beacon_node_is_doubted(beacon: Beacon, row: object) -> None:
    beacon.answer = 200, {"data": [row]}
    blobs = Blobs([BeaconBlobs(beacon.url), Source(RIGHT)])
    assert blobs.get(HASH, 1) == RIGHT
    assert "something else" in blobs.doubts[0]


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}), (503, {}), (400, {}), (200, b"no json"), (200, b"[]"), (200, b"{}"), (200, b"3"),
        (200, b"[" * 100_000), b"", b"noise\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    ],
    ids=["500", "503", "400", "text", "list", "empty", "number", "deep", "silence", "noise", "cut off"],
)  # fmt: skip
def test_a_broken_beacon_node_is_told_and_passed_over(beacon: Beacon, answer: tuple[int, Any] | bytes) -> None:
    beacon.answer = answer
    with pytest.raises(ConnectionFailed, match="127.0.0.1"):
        BeaconBlobs(beacon.url).fetch(HASH, 1)
    blobs = Blobs([BeaconBlobs(beacon.url), Source(RIGHT)])
    assert blobs.get(HASH, 1) == RIGHT
    assert len(blobs.doubts) == 1


def test_a_beacon_node_that_is_gone_is_told(beacon: Beacon) -> None:
    beacon.shutdown()
    beacon.server_close()
    with pytest.raises(ConnectionFailed, match="no blobs"):
        BeaconBlobs(beacon.url).fetch(HASH, 1)


# ------------------------------------------------------------------------------------------------------ real nodes


def test_the_chain_in_this_process_gives_what_was_sent_to_it() -> None:
    connection = new_chain()
    sender = Sender(connection, connection.signers(1)[0])
    receipt = sender.send(sender.address, gas=21_000, blobs=[WRONG, RIGHT])
    blobs = Blobs.of(connection)
    assert blobs.get(HASH, receipt.block_number) == RIGHT
    assert NodeBlobs(connection).fetch(hash_of_blob(bytes(BLOB_BYTES)), receipt.block_number) is None


@pytest.mark.anvil
@pytest.mark.parametrize("rules", ["prague", "osaka"])
def test_anvil_gives_blobs_by_its_own_method_and_as_a_beacon_node(rules: str) -> None:
    with AnvilNode(hardfork=rules) as node:
        sender = Sender(node.connection, node.connection.signers(1)[0])
        node.connection.mine(3)
        receipt = sender.send(sender.address, gas=21_000, blobs=[WRONG, RIGHT])
        assert receipt.status == 1
        for source in (NodeBlobs(node.connection), BeaconBlobs(node.url)):
            assert source.fetch(HASH, receipt.block_number) == RIGHT
            assert source.fetch(hash_of_blob(bytes(BLOB_BYTES)), receipt.block_number) is None
        blobs = Blobs.of(node.connection, beacon=node.url)
        assert blobs.get(HASH, receipt.block_number) == RIGHT
        assert [type(one) for one in blobs.sources] == [NodeBlobs, BeaconBlobs]
        assert blobs.doubts == []
