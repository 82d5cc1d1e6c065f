"""Whatever is sent, the answer is a typed error, nothing is accepted, and the next honest client is served."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from layer2.api.rollup.client import RemoteSequencer
from layer2.api.rollup.routes import MAX_BODY
from layer2.api.rollup.service import SequencerService
from layer2.primitives.bls import BlsKey
from layer2.rollup.protocol.signed_operation import join_records

from .conftest import PAYER, RICH

JSON, BINARY = "application/json", "application/octet-stream"
WORD = "0x" + "11" * 32


def ask(url: str, method: str, path: str, body: bytes | None = None, kind: str = JSON) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(url)
    link = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    link.request(method, path, body, {"Content-Type": kind} if body is not None else {})
    answer = link.getresponse()
    raw = answer.read()
    link.close()
    assert b"Traceback" not in raw
    return answer.status, json.loads(raw)


def operation(**changes: Any) -> dict[str, Any]:
    row = {"type": "transfer", "sender": 1, "nonce": 0, "to": 2, "amount": "5", "token": 0, "fee": 0}
    return {**row, "signature": "0x" + "22" * 64, **changes}


BODIES: list[tuple[str, bytes, int, str]] = [
    (JSON, b"", 400, "malformed-error"),
    (JSON, b"\xff\xfe", 400, "malformed-error"),
    (JSON, b"{", 400, "malformed-error"),
    (JSON, b"[" * 200_000, 400, "malformed-error"),
    (JSON, b'{"a":' * 100_000, 400, "malformed-error"),
    (JSON, b'["\\"' + b'\\"[' * 300_000, 400, "malformed-error"),
    (JSON, ("[" * 200_000).encode("utf-16"), 400, "malformed-error"),
    (JSON, b"[]", 400, "malformed-error"),
    (JSON, b"7", 400, "malformed-error"),
    (JSON, b'{"operations": 7}', 400, "malformed-error"),
    (JSON, b"[1.5]", 400, "malformed-error"),
    (JSON, b"[1e400]", 400, "malformed-error"),
    (JSON, b"[NaN]", 400, "malformed-error"),
    (JSON, b"[" + b"9" * 5_000 + b"]", 400, "malformed-error"),
    (JSON, b"[0" + b",0" * 5_000 + b"]", 413, "too-large"),
    (JSON, json.dumps([operation(amount=0.5)]).encode(), 400, "malformed-error"),
    (JSON, b'"' + b"a" * MAX_BODY + b'"', 413, "too-large"),
    (BINARY, b"", 400, "malformed-error"),
    (BINARY, b"\x70abc", 400, "malformed-error"),
    (BINARY, b"\x00" * 5_000, 413, "too-large"),
    (BINARY, bytes(MAX_BODY + 1), 413, "too-large"),
    ("text/plain", b"[]", 415, "wrong-type"),
    ("multipart/form-data; boundary=x", b"--x", 415, "wrong-type"),
]


@pytest.mark.parametrize(("kind", "body", "status", "code"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_means_nothing_is_refused_as_a_whole(service, client, pen, kind, body, status, code) -> None:
    found, told = ask(service.url, "POST", "/v1/operations", body, kind)
    assert (found, told["error"]["code"]) == (status, code)
    assert told["error"]["hint"]
    assert service.sequencer.waiting == 0
    client.submit(pen.pay(PAYER, 0))


ROWS: list[tuple[Any, str]] = [
    (None, "malformed-error"),
    (7, "malformed-error"),
    ([], "malformed-error"),
    ({}, "malformed-error"),
    ("", "malformed-error"),
    ("0x", "malformed-error"),
    ("0x1", "malformed-error"),
    ("0x" + "00" * 95, "malformed-error"),
    ("0x" + "02" + "00" * 95, "malformed-error"),
    ("0x" + "00 " * 96, "malformed-error"),
    ("0x" + "00" * 28 + "01" + "00" * 67, "malformed-error"),
    (operation(type="burn"), "malformed-error"),
    (operation(amount=-1), "malformed-error"),
    (operation(amount=True), "malformed-error"),
    (operation(amount=None), "malformed-error"),
    (operation(amount="1e3"), "malformed-error"),
    (operation(amount="٣"), "malformed-error"),
    (operation(amount=str(1 << 128)), "too-large"),
    (operation(sender=1 << 32), "too-large"),
    (operation(token=1 << 16), "too-large"),
    (operation(fee=256), "too-large"),
    (operation(signature="0x22"), "malformed-error"),
    (operation(signature="0x" + "22" * 65), "signature-error"),
    (operation(signature=["0x"]), "malformed-error"),
    (operation(type="withdraw", to=5), "malformed-error"),
    (operation(type="withdraw", to={"address": "0x"}), "malformed-error"),
    (operation(signature="0x" + "ff" * 64), "signature-wrong"),
    (operation(sender=3, signature="0x" + "ff" * 48), "signature-wrong"),
    (operation(sender=3, signature="0x" + "c0" + "00" * 47), "signature-wrong"),
]


@pytest.mark.parametrize(("row", "code"), ROWS)
def test_an_operation_that_means_nothing_is_refused_beside_one_that_does(l2, service, pen, row, code) -> None:
    good = "0x" + pen.pay(PAYER, 0).encode().hex()
    status, told = ask(service.url, "POST", "/v1/operations", json.dumps([row, good]).encode())
    assert status == 200
    bad, fine = told["results"]
    assert bad["error"]["code"] == code
    assert fine["ok"] is True
    assert l2.sequencer.waiting == 1


def test_amounts_are_integers_or_decimal_strings(service, pen) -> None:
    for nonce, amount in enumerate((5, "5")):
        op = pen.pay(PAYER, nonce)
        row = operation(nonce=nonce, amount=amount, signature="0x" + op.signature.hex())
        status, told = ask(service.url, "POST", "/v1/operations", json.dumps([row]).encode())
        assert (status, told["accepted"]) == (200, 1)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/state", 405),
        ("GET", "/v1/keys", 405),
        ("GET", "/v1/accounts/x", 400),
        ("GET", "/v1/accounts/-1", 400),
        ("GET", "/v1/accounts/1.0", 400),
        ("GET", f"/v1/accounts/{1 << 32}", 413),
        ("GET", "/v1/entries/" + "9" * 60, 400),
        ("GET", "/v1/entries/0", 404),
        ("GET", "/v1/owners/0x12/accounts", 400),
        ("GET", f"/v1/owners/{WORD[2:]}/accounts", 400),
        ("GET", "/v1/operations/0x12", 400),
        ("GET", "/v1/operations/..%2f..%2fstate", 400),
    ],
)
def test_an_address_that_means_nothing_gets_a_typed_answer(service, method, path, status) -> None:
    found, told = ask(service.url, method, path)
    assert found == status
    assert set(told["error"]) == {"code", "message", "have", "need", "hint"}


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"key": 5}', b'{"keys": []}', b'{"key": "0x00"}', b'{"keys": 7}'])
def test_keys_that_are_none_open_nothing(service, body) -> None:
    status, told = ask(service.url, "POST", "/v1/keys", body)
    assert (status, told["error"]["code"]) == (400, "malformed-error")
    assert service.sequencer.seal() == []


def test_keys_of_a_token_that_is_not_there_and_too_many_at_once_open_nothing(service) -> None:
    """Token 1 is none as long as there is ether alone; 256 keys are asked for at once, and one more is refused."""
    key = "0x" + BlsKey(7_000).public.hex()
    tokens = service.sequencer.replica.head.tokens

    def told(body: dict[str, Any]) -> tuple[int, str]:
        status, answer = ask(service.url, "POST", "/v1/keys", json.dumps(body).encode())
        return status, answer["error"]["message"] if "error" in answer else ""

    assert told({"key": key, "token": tokens}) == (400, f"token {tokens} is not registered")
    assert told({"keys": [key] * 257}) == (400, "a list of 1 to 256 keys needed")
    assert service.sequencer.waiting_keys == 0
    assert told({"keys": [key] * 256, "token": tokens - 1}) == (200, "")
    assert service.sequencer.waiting_keys == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00" * 4_096,
        b"GET\r\n\r\n",
        b"POST /v1/operations HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/operations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nxx",
        b"POST /v1/operations HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n[",
        b"GET /v1/state HTTP/1.1\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=range(6),
)
def test_garbage_on_the_wire_does_not_stop_the_service(service, client, pen, raw) -> None:
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as link:
        link.sendall(raw)
        link.shutdown(socket.SHUT_WR)
        answer = b""
        while more := link.recv(65_536):
            answer += more
    assert b"Traceback" not in answer
    assert not answer or answer.split()[1].startswith(b"4")
    client.submit(pen.pay(PAYER, 0))
    assert service.sequencer.waiting == 1


def test_whoever_hangs_up_in_the_middle_undoes_nothing(l2, service, client, pen) -> None:
    parts = urlsplit(service.url)
    body = join_records([pen.pay(PAYER, nonce).encode() for nonce in range(500)])
    head = "POST /v1/operations HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Type: {BINARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as link:
        link.sendall(head.encode() + body)
    # It is whole when it has come, and the service goes on.
    deadline = time.monotonic() + 30
    while l2.sequencer.waiting < 500 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert l2.sequencer.waiting == 500
    client.submit(pen.pay(PAYER, 500))
    assert client.account(PAYER)["balance"] == str(RICH)


def test_who_sends_a_head_byte_by_byte_or_nothing_at_all_is_cut_off(l2, pen) -> None:
    with SequencerService(l2.sequencer, patience=0.4) as service, contextlib.ExitStack() as held:
        parts = urlsplit(service.url)
        slow, silent = (
            held.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=5)) for _ in range(2)
        )
        begin = time.monotonic()
        with contextlib.suppress(OSError):
            for byte in b"GET /v1/state HTTP/1.1\r\nX: " + b"y" * 200:
                slow.sendall(bytes((byte,)))
                time.sleep(0.02)
        assert slow.recv(1) == b""
        assert silent.recv(1) == b""
        assert time.monotonic() - begin < 4.5
        client = RemoteSequencer(service.url, l2.rollup)
        client.submit(pen.pay(PAYER, 0))
        # Who asks now and then is not sent away.
        for _ in range(6):
            time.sleep(0.15)
            assert client.state()["pending"] == 1
        client.close()


def test_connections_too_many_are_cut_off_and_the_others_served(l2, pen) -> None:
    with SequencerService(l2.sequencer, most_connections=8) as service, contextlib.ExitStack() as held:
        parts = urlsplit(service.url)
        client = RemoteSequencer(service.url, l2.rollup)
        links = [
            held.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=5)) for _ in range(20)
        ]
        client.submit(pen.pay(PAYER, 0))
        assert l2.sequencer.waiting == 1
        cut = 0
        for one in links:
            one.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                cut += one.recv(1) == b""
        assert cut == 20 - 7
        client.close()
