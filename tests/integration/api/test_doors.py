"""Who reaches a service, how many at a time and under which name; and what none of its answers tells."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from layer2.api.http.service import HttpService
from layer2.api.plasma.coins_service import CoinService
from layer2.api.plasma.payments_service import PlasmaService
from layer2.api.plasma.watcher_service import WatchService
from layer2.api.rollup.service import SequencerService
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.errors import RpcError
from layer2.plasma.common.watcher.alerts import Alert
from layer2.plasma.common.watcher.alerts import AlertKind as FindingKind
from layer2.plasma.common.watcher.block_sources import LocalBodies
from layer2.plasma.devnet import LocalPlasma
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.rollup.devnet import LocalRollup
from layer2.store.errors import JournalError, JournalFull

KINDS = ("sequencer", "operator", "coins", "watcher")
POSTS = {"sequencer": "/v1/operations", "operator": "/v1/payments", "coins": "/v1/transfers"}


class Town:
    """One node of each kind that is served."""

    def __init__(self, folder: Path) -> None:
        chain = new_chain()
        operator, other = chain.signers(2)
        self.rollup = LocalRollup(chain, operator, folder=folder / "rollup")
        self.plasma = LocalPlasma(chain, other, folder=folder / "plasma")
        self.coins = self.plasma.coins()
        self.watcher = Watcher(
            self.plasma.root,
            LocalBodies(self.plasma.operator.store),
            folder / "watcher",
            start_block=self.plasma.start_block,
        )

    def serve(self, kind: str, **limits: Any) -> HttpService:
        if kind == "sequencer":
            return SequencerService(self.rollup.sequencer, **limits)
        if kind == "operator":
            return PlasmaService(self.plasma.operator, **limits)
        if kind == "coins":
            return CoinService(self.coins.operator, **limits)
        return WatchService(self.watcher, **limits)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.watcher.close()
    made.plasma.close()
    made.rollup.close()


@pytest.fixture(scope="module", params=KINDS)
def served(town: Town, request: pytest.FixtureRequest) -> Iterator[tuple[str, HttpService]]:
    with town.serve(request.param) as service:
        yield request.param, service


def link_to(service: HttpService, source: str = "127.0.0.1") -> http.client.HTTPConnection:
    parts = urlsplit(service.url)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20, source_address=(source, 0))


def ask(
    service: HttpService, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    link = link_to(service)
    link.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = link.getresponse()
    raw = answer.read()
    link.close()
    assert b"Traceback" not in raw
    return answer.status, json.loads(raw) if raw[:1] == b"{" else {"text": raw.decode()}, answer.headers


def mute(
    service: HttpService, held: contextlib.ExitStack, count: int, source: str = "127.0.0.1"
) -> list[socket.socket]:
    parts = urlsplit(service.url)
    made = []
    for _ in range(count):
        link = socket.create_connection((str(parts.hostname), parts.port), timeout=5, source_address=(source, 0))
        link.sendall(b"GET /v1/state HTTP/1.1\r\n")
        made.append(held.enter_context(link))
    return made


# -------------------------------------------------------------------------------------------------- connections


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.9"])
def test_512_half_open_connections_of_one_address_shut_nobody_out(town, source) -> None:
    with town.serve("sequencer") as service, contextlib.ExitStack() as held:
        mute(service, held, 600)
        begun = time.monotonic()
        link = link_to(service, source)
        link.request("GET", "/v1/health")
        assert link.getresponse().status == 200
        assert time.monotonic() - begun < 5
        link.close()


def test_half_open_connections_of_many_addresses_give_way_too(town) -> None:
    with town.serve("coins", most_connections=30, most_per_address=10) as service, contextlib.ExitStack() as held:
        for last in range(2, 8):
            mute(service, held, 10, f"127.0.0.{last}")
        for _ in range(5):
            assert ask(service, "GET", "/v1/health")[0] == 200


def test_a_connection_that_is_used_is_never_cut(town) -> None:
    # The old watch looked now and then whether a request was being answered: between two looks there was always none.
    with town.serve("operator", patience=0.4) as service:
        link = link_to(service)
        link.connect()
        used, until = link.sock, time.monotonic() + 2.5
        count = 0
        while time.monotonic() < until:
            link.request("GET", "/v1/health")
            answer = link.getresponse()
            assert answer.status == 200
            answer.read()
            assert link.sock is used, f"cut after {count} answers"
            count += 1
            time.sleep(0.02)
        assert count > 20
        link.close()


def test_an_idle_connection_is_cut(town) -> None:
    with town.serve("operator", patience=0.4) as service:
        link = link_to(service)
        link.request("GET", "/v1/health")
        link.getresponse().read()
        link.sock.settimeout(5)
        assert link.sock.recv(1) == b""
        link.close()


def test_who_waits_for_a_slow_answer_is_not_idle(town) -> None:
    with town.serve("sequencer", patience=0.4) as service:
        link = link_to(service)
        locked, done = threading.Event(), threading.Event()

        def hold() -> None:
            with town.rollup.sequencer.lock:
                locked.set()
                done.wait(1.5)

        holder = threading.Thread(target=hold)
        holder.start()
        locked.wait(5)
        link.request("GET", "/v1/state")
        assert link.getresponse().status == 200
        done.set()
        holder.join()
        link.close()


def test_a_newcomer_is_turned_away_only_when_all_are_answered_just_now(town) -> None:
    with town.serve("sequencer", most_connections=3) as service, contextlib.ExitStack() as held:
        with town.rollup.sequencer.lock:
            for link in mute(service, held, 3):
                link.sendall(b"Host: localhost\r\n\r\n")
            time.sleep(0.3)
            with pytest.raises((http.client.HTTPException, OSError)):
                ask(service, "GET", "/v1/health")
        time.sleep(0.3)
        assert ask(service, "GET", "/v1/health")[0] == 200


# ------------------------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x", "gzip, gzip"])
def test_a_coded_body_is_refused_by_name(served, coding) -> None:
    kind, service = served
    for body in (b"[]", b"\x1f\x8b\x08garbage", gzip.compress(b"[]"), gzip.compress(bytes(1 << 24))):
        for media in ("application/json", "application/octet-stream"):
            status, told, _ = ask(
                service, "POST", POSTS.get(kind, "/v1/state"), body, Content_Encoding=coding, Content_Type=media
            )
            # The watcher takes nothing at all.
            wanted = (405, "not-found") if kind == "watcher" else (415, "wrong-type")
            assert (status, told["error"]["code"]) == wanted
    assert ask(service, "GET", "/v1/state", b"\x1f\x8b\x08garbage", Content_Encoding=coding)[0] == 200
    assert ask(service, "GET", "/v1/health")[0] in (200, 503)


def test_a_body_that_is_not_coded_may_say_so(served) -> None:
    kind, service = served
    if kind != "watcher":
        status, told, _ = ask(
            service, "POST", POSTS[kind], b"[]", Content_Encoding="identity", Content_Type="application/json"
        )
        assert (status, told["error"]["code"]) == (400, "malformed-error")


# -------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]", "10.0.0.1"])
def test_a_page_under_a_name_of_its_own_reads_nothing_from_the_loopback(served, host) -> None:
    _, service = served
    for path in ("/v1/state", "/v1/health", "/metrics", "/nothing"):
        status, told, _ = ask(service, "GET", path, Host=host)
        assert (status, told["error"]["code"]) == (421, "host-unknown")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "localhost.", "127.0.0.1", "127.0.0.1:1", "[::1]:8560"])
def test_the_names_of_the_loopback_are_answered(served, host) -> None:
    _, service = served
    assert ask(service, "GET", "/v1/state", Host=host)[0] == 200


@pytest.mark.parametrize(
    ("listen", "hosts", "host", "status"),
    [
        ("127.0.0.1", ["l2.example"], "l2.example", 200),
        ("127.0.0.1", ["l2.example"], "L2.EXAMPLE:443", 200),
        ("127.0.0.1", ["l2.example"], "127.0.0.1", 200),
        ("127.0.0.1", ["l2.example"], "evil.example", 421),
        ("0.0.0.0", [], "whatever.example", 200),
        ("0.0.0.0", ["l2.example"], "evil.example", 421),
        ("0.0.0.0", ["l2.example"], "l2.example", 200),
    ],
)
def test_the_operator_says_which_other_names_are_answered(town, listen, hosts, host, status) -> None:
    with town.serve("coins", host=listen, hosts=hosts) as service:
        assert ask(service, "GET", "/v1/state", Host=host)[0] == status


def test_two_names_are_none(served) -> None:
    _, service = served
    parts = urlsplit(service.url)
    with socket.create_connection((str(parts.hostname), parts.port), timeout=5) as link:
        link.sendall(b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        answer = b""
        while more := link.recv(65_536):
            answer += more
    assert answer.split()[1][:1] == b"4"


# ------------------------------------------------------------------------------------------- what is not told


RAW = (
    b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nExpect: a miracle\r\nConnection: close\r\n\r\n",
    b"POST /v1/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"GET /v1/state HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b"\x00\xff\r\n\r\n",
    b"GET /v1/state HTTP/9.9\r\n\r\n",
)


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_no_answer_names_a_version_and_each_error_has_its_form(served, raw) -> None:
    _, service = served
    parts = urlsplit(service.url)
    with socket.create_connection((str(parts.hostname), parts.port), timeout=5) as link:
        link.sendall(raw)
        answer = b""
        while more := link.recv(65_536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.search(rb"(?im)^server: layer2\r?$", head)
    assert not re.search(rb"(?i)aiohttp|python", answer)
    status = int(head.split()[1])
    assert status in (200, 503) or set(json.loads(body)["error"]) == {"code", "message", "have", "need", "hint"}


def transfer_of(kind: str) -> bytes:
    """A body with nothing wrong in its form."""
    if kind == "sequencer":
        row = {"type": "transfer", "sender": 1, "nonce": 0, "to": 2, "amount": "5", "token": 0, "fee": 0}
        return json.dumps([{**row, "signature": "0x" + "22" * 64}]).encode()
    return json.dumps(["0x" + "22" * 120]).encode()


@pytest.mark.parametrize(
    "fault",
    [
        JournalFull("no space to write /home/operator/.layer2/1/secret.journal", hint="free disk space"),
        JournalError("cannot use /home/operator/.layer2/1: Input/output error"),
        RpcError("eth_call", "no answer from https://node.example/v3/0123456789abcdef"),
        OSError(28, "No space left on device", "/home/operator/.layer2/1/secret.journal"),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("kind", sorted(POSTS))
def test_a_refusal_names_no_file_and_no_url_of_the_machine(town, kind, fault, monkeypatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise fault

    node = {"sequencer": town.rollup.sequencer, "operator": town.plasma.operator, "coins": town.coins.operator}[kind]
    monkeypatch.setattr(type(node), "accept", fails)
    with town.serve(kind) as service:
        status, told, _ = ask(service, "POST", POSTS[kind], transfer_of(kind), Content_Type="application/json")
    assert status in (500, 503)
    assert told["error"]["hint"]
    assert "/" not in json.dumps(told)


@pytest.mark.parametrize("place", ["https://node.example/v3/0123", "/home/op/.layer2/1/watch.journal", "/dev/sda"])
def test_an_alarm_names_no_file_and_no_url_of_the_machine(town, place, monkeypatch) -> None:
    away = Alert(FindingKind.CHAIN_AWAY, 0, f"no answer from {place}: connection refused")
    with town.serve("watcher") as service:
        assert isinstance(service, WatchService)
        monkeypatch.setattr(service.desk, "status", replace(service.desk.status, standing=(away,)))
        for path in ("/v1/health", "/v1/alarms"):
            told = json.dumps(ask(service, "GET", path)[1])
            assert place not in told
            assert "no answer from (withheld)" in told


def test_health_names_no_file_when_the_disk_is_full(town, monkeypatch) -> None:
    def step(_: Any) -> None:
        raise JournalFull("no space to write /home/operator/secret.journal", hint="free disk space")

    monkeypatch.setattr(type(town.coins.operator), "step", step)
    with town.serve("coins", interval=0.05) as service:
        deadline = time.monotonic() + 10
        while service.failure is None and time.monotonic() < deadline:
            time.sleep(0.02)
        status, told, _ = ask(service, "GET", "/v1/health")
        assert status == 503
        assert told["failure"].startswith("journal-full: ")
        assert "/home" not in json.dumps(told)
