"""Client of a remote node: one reused connection; responses are JSON or raise the error that was sent."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from layer2.api.http.errors import Unreachable, error_of
from layer2.primitives.errors import InputError, MalformedError
from layer2.primitives.json_text import parse_json

__all__ = ["MOST_JSON", "HttpClient"]

MOST_JSON = 16 << 20
"""Maximum size in bytes of a JSON response."""
_KEPT_SECONDS = 30.0
"""Seconds an idle connection may be reused; shorter than the keep-alive timeout of servers."""
_ALL = 4
"""Number of timeouts within which the whole response must arrive."""


class HttpClient:
    """HTTP client of one service. Thread-safe; concurrent calls run one after another.

    The service is untrusted: a response that exceeds the size or time limit raises an error.

    Args:
        url: base URL of the service.
        what: name of the service in error messages.
        timeout: seconds without data before a request fails; the whole response may take four times as long.
    """

    def __init__(self, url: str, what: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url!r:.80} is not a URL of {what}", hint="pass http://host:port")
        self.url = url.rstrip("/")
        self._what = what
        self._path = parts.path.rstrip("/")
        self._address = (parts.hostname, parts.port)
        self._secure = parts.scheme == "https"
        self._timeout = timeout
        self._lock = threading.Lock()
        self._link: http.client.HTTPConnection | None = None
        self._used = 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        with self._lock:
            if self._link is not None:
                self._link.close()
                self._link = None

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        headers = {"Content-Type": kind} if body is not None else {}
        status, raw = self._raw(method, path, body, headers)
        data = self._json(path, status, raw)
        if status != 200:
            raise error_of(data.get("error"))
        return data

    def _fetch(self, path: str, headers: Mapping[str, str], most: int) -> tuple[int, bytes]:
        """Return the status and the raw bytes, at most `most`; raise the error that was sent instead."""
        status, raw = self._raw("GET", path, None, headers, most)
        if status not in (200, 206, 416):
            raise error_of(self._json(path, status, raw).get("error"))
        return status, raw

    def _part(self, path: str, start: int = 0, stop: int | None = None, *, most: int) -> bytes:
        """Return raw bytes, at most `most`: all of them, or those from `start` to before `stop`."""
        headers = {} if not start and stop is None else {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"}
        status, raw = self._fetch(path, headers, most)
        return b"" if status == 416 else raw

    def _json(self, path: str, status: int, raw: bytes) -> dict[str, Any]:
        try:
            data = parse_json(raw, floats=True)
        except MalformedError:
            data = None
        if not isinstance(data, dict):
            raise Unreachable(f"{self.url}{path} answered {status} without a JSON object", hint="check the URL")
        return data

    def _raw(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], most: int = MOST_JSON
    ) -> tuple[int, bytes]:
        with self._lock:
            try:
                return self._exchange(method, self._path + path, body, dict(headers), most)
            except (OSError, http.client.HTTPException) as failure:
                if self._link is not None:
                    self._link.close()
                    self._link = None
                raise Unreachable(
                    f"{self._what} at {self.url} did not answer: {failure!r:.100}",
                    hint="check that it runs; the request may have been accepted",
                ) from failure

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], most: int
    ) -> tuple[int, bytes]:
        if self._link is not None and time.monotonic() - self._used > _KEPT_SECONDS:
            self._link.close()
            self._link = None
        for attempt in range(2):
            fresh = self._link is None
            link = self._link = self._link or self._connect()
            try:
                with _within(link, _ALL * self._timeout):
                    link.request(method, path, body, headers)
                    answer = link.getresponse()
                    raw = _whole(answer, most)
                self._used = time.monotonic()
                return answer.status, raw
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                link.close()
                self._link = None
                # A reused connection may have been closed. A submission is not repeated, because it may have arrived.
                if fresh or attempt or method != "GET":
                    raise
        raise http.client.HTTPException("no answer")

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)


def _whole(answer: http.client.HTTPResponse, most: int) -> bytes:
    """Return the whole body of a response; raise HTTPException if it exceeds `most` or is shorter than announced."""
    parts, size = [], 0
    while part := answer.read(most + 1 - size):
        parts.append(part)
        size += len(part)
        if size > most:
            raise http.client.HTTPException(f"an answer of more than {most:,} bytes")
    raw = b"".join(parts)
    if answer.length:
        raise http.client.IncompleteRead(raw, answer.length)
    return raw


@contextlib.contextmanager
def _within(link: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Shut down a connection after `seconds`, however slowly data arrives; raise TimeoutError in that case."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        if link.sock is not None:
            with contextlib.suppress(OSError):
                link.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise TimeoutError(f"not all of the answer within {seconds:g} s")
