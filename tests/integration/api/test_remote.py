"""A client of a hostile service: no answer hangs it, fills its memory or ends it; each is an error with a name."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from layer2.api.http import client as remote
from layer2.api.http.errors import Unreachable, error_of
from layer2.api.plasma import remote_blocks as plasmabodies
from layer2.api.plasma.payments_client import RemoteOperator
from layer2.api.plasma.remote_blocks import RemoteBodies
from layer2.api.plasma.remote_operator import RemoteOperatorClient
from layer2.api.rollup.client import RemoteSequencer
from layer2.plasma.payments.chain.errors import OperatorMisbehaved, ViewIncomplete
from layer2.primitives.errors import InputError

Talk = Callable[[socket.socket], None]
Serve = Callable[[Talk], str]
OWNER = "0x" + "11" * 20


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A service that says what it is told, byte by byte, to everybody who connects."""
    listening: list[socket.socket] = []

    def begin(talk: Talk) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def answer(link: socket.socket) -> None:
            with link:
                try:
                    while link.recv(65_536):
                        talk(link)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    link, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(link,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield begin
    for one in listening:
        one.close()


def says(body: bytes, status: str = "200 OK", length: int | None = None) -> Talk:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n".encode()
    return lambda link: link.sendall(head + body)


def drips(head: bytes) -> Talk:
    def talk(link: socket.socket) -> None:
        link.sendall(head)
        while True:
            link.sendall(b"x")
            time.sleep(0.02)

    return talk


def ends(head: bytes) -> Talk:
    def talk(link: socket.socket) -> None:
        link.sendall(head)
        link.shutdown(socket.SHUT_RDWR)

    return talk


def test_a_body_is_what_was_sent_and_one_that_is_not_there_is_none(serve: Serve) -> None:
    source = RemoteBodies(serve(says(b"body")) + "/")
    assert source.body(1) == source.body(2) == b"body"
    assert RemoteBodies(serve(says(b"<html>", "404 Not Found"))).body(1) is None
    assert RemoteBodies(serve(ends(b"HTTP/1.0 200 OK\r\n\r\nbody"))).body(1) == b"body"
    source.close()


@pytest.mark.parametrize(
    "talk",
    [
        says(b"half", length=10**9),
        says(b"x" * 200),
        says(b"", "500 Gone"),
        says(b"", "302 Found\r\nLocation: file:///etc/passwd"),
        says(b"x" * 10, length=-5),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nA: "),
        drips(b""),
        ends(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"),
        ends(b"SSH-2.0-OpenSSH\r\n"),
        ends(b""),
    ],
    ids=["half", "long", "500", "elsewhere", "negative", "slow", "chunks", "head", "nothing", "cut", "ssh", "closed"],
)
def test_what_is_no_answer_is_an_error_and_in_time(serve: Serve, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plasmabodies, "MOST_BYTES", 100)
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        RemoteBodies(serve(talk), timeout=0.1).body(1)
    assert time.monotonic() - begun < 5


def test_nobody_at_all_is_an_error(serve: Serve) -> None:
    with pytest.raises(Unreachable):
        RemoteBodies("http://127.0.0.1:9", timeout=1).body(1)
    with pytest.raises(InputError, match="not a URL"):
        RemoteBodies("ftp://127.0.0.1/")


def test_json_without_end_is_no_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MOST_JSON", 1_000)
    with pytest.raises(Unreachable):
        RemoteOperator(serve(says(b"[" * 900)), timeout=1).state()


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"outputs": 7, "more": False},
        {"outputs": [7], "more": False},
        {"outputs": [{"position": "x", "exiting": False}], "more": False},
        {"outputs": [{"position": [1], "exiting": False}], "more": False},
        {"outputs": [{"position": float("1e999"), "exiting": False}], "more": False},
        {"outputs": [{"position": 1.5, "exiting": False}], "more": False},
        {"outputs": []},
    ],
)
def test_what_is_no_list_of_outputs_is_a_lie(serve: Serve, page: object) -> None:
    gate = RemoteOperatorClient(RemoteOperator(serve(says(raw(page)))))
    with pytest.raises(OperatorMisbehaved):
        gate.utxos(OWNER)


def test_a_list_without_end_is_not_read_to_its_end(serve: Serve) -> None:
    rows = [{"position": str(1 << 63 | number << 24), "exiting": False} for number in range(20_000)]
    gate = RemoteOperatorClient(RemoteOperator(serve(says(json.dumps({"outputs": rows, "more": True}).encode()))))
    with pytest.raises(ViewIncomplete, match="too many to read"):
        gate.utxos(OWNER)


def test_a_list_of_many_pages_is_read_to_its_end(serve: Serve) -> None:
    """More than 100,000 outputs are no fewer for that."""
    rows = [{"position": str(1 << 63 | number << 24), "exiting": False} for number in range(30_000)]
    pages = [json.dumps({"outputs": rows, "more": at < 4}).encode() for at in range(5)]
    left = iter(pages)

    def next_page(link: socket.socket) -> None:
        says(next(left))(link)

    assert len(RemoteOperatorClient(RemoteOperator(serve(next_page))).utxos(OWNER)) == 150_000


def raw(answer: object) -> bytes:
    """As JSON; what is too great for a number of the interpreter is written as services may write it."""
    return json.dumps(answer).replace("Infinity", "1e999").encode()


ODD = [{}, {"pending": 7}, *({"pending": {"nonce": one}} for one in (None, True, -1, 1.5, "x", float("1e999")))]


@pytest.mark.parametrize("answer", ODD)
def test_what_is_no_nonce_is_no_answer_of_a_sequencer(serve: Serve, answer: object) -> None:
    with pytest.raises(Unreachable, match="no nonce"):
        RemoteSequencer(serve(says(raw(answer)))).next_nonce(3)


def test_a_nonce_is_read_as_it_is_told(serve: Serve) -> None:
    assert RemoteSequencer(serve(says(raw({"pending": {"nonce": 7}})))).next_nonce(3) == 7


FEES = {"accounts": {"0": 2}, "least": {"0": "1000", "otherwise": 1}}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"keys": 1, "fees": FEES},
        {"keys": {"fee": float("1e999")}, "fees": FEES},
        {"keys": {"fee": 5}, "fees": {**FEES, "least": {}}},
        {"keys": {"fee": 5}, "fees": {**FEES, "accounts": [2]}},
        {"keys": {"fee": 5}, "fees": {**FEES, "accounts": {"0": 1.5}}},
    ],
)
def test_what_is_no_price_of_a_key_is_no_answer_of_a_sequencer(serve: Serve, answer: object) -> None:
    with pytest.raises(Unreachable, match="no price"):
        RemoteSequencer(serve(says(raw(answer)))).key_price()


def test_a_price_of_a_key_is_read_as_it_is_told(serve: Serve) -> None:
    assert RemoteSequencer(serve(says(raw({"keys": {"fee": "5"}, "fees": FEES})))).key_price() == (5, 2, 1000)
    assert RemoteSequencer(serve(says(raw({"keys": {"fee": 0}, "fees": FEES})))).key_price() == (0, 0, 0)


@pytest.mark.parametrize("tx_status", [{"state": "included"}, {"state": "posted", "block": None, "index": "x"}])
def test_what_is_no_place_is_a_lie(serve: Serve, tx_status: object) -> None:
    gate = RemoteOperatorClient(RemoteOperator(serve(says(json.dumps(tx_status).encode()))))
    with pytest.raises(OperatorMisbehaved):
        gate.place(bytes(32))


def test_an_error_that_cannot_be_read_is_one_all_the_same() -> None:
    assert isinstance(error_of({"code": "fee-too-low", "message": "m", "have": "much"}), Unreachable)
    assert isinstance(error_of({"code": "fee-too-low", "message": "m", "have": [1]}), Unreachable)
    assert getattr(error_of({"code": "fee-too-low", "message": "m", "have": "1", "need": "2"}), "need") == 2  # noqa: B009
