"""A node that runs elsewhere: one connection, kept while it is used, and answers as JSON or as the errors they are."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from layer2.api.errors import Unreachable, error_of
from layer2.primitives.errors import InputError

__all__ = ["Remote"]

_KEPT_SECONDS = 30.0
"""That an idle connection is used again: less than servers keep one."""


class Remote:
    """Asks a service at a URL. Safe to use from several threads, which take turns.

    Args:
        what: the service's name in errors.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, url: str, what: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url!r:.80} is no URL of {what}", hint="pass http://host:port")
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
        """Let go of the connection; it comes back when it is needed."""
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

    def _fetch(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Bytes as they are; raises the error that was sent in their place."""
        status, raw = self._raw("GET", path, None, headers)
        if status not in (200, 206, 416):
            raise error_of(self._json(path, status, raw).get("error"))
        return status, raw

    def _part(self, path: str, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes as they are, or those from `start` to before `stop`."""
        headers = {} if not start and stop is None else {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"}
        status, raw = self._fetch(path, headers)
        return b"" if status == 416 else raw

    def _json(self, path: str, status: int, raw: bytes) -> dict[str, Any]:
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise Unreachable(f"{self.url}{path} answers {status} with no JSON object", hint="check the URL")
        return data

    def _raw(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        with self._lock:
            try:
                return self._exchange(method, self._path + path, body, dict(headers))
            except (OSError, http.client.HTTPException) as failure:
                if self._link is not None:
                    self._link.close()
                    self._link = None
                raise Unreachable(
                    f"{self._what} at {self.url} does not answer: {failure!r:.100}",
                    hint="check that it runs; what was sent may have been accepted",
                ) from failure

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._link is not None and time.monotonic() - self._used > _KEPT_SECONDS:
            self._link.close()
            self._link = None
        for attempt in range(2):
            fresh = self._link is None
            link = self._link = self._link or self._connect()
            try:
                link.request(method, path, body, headers)
                answer = link.getresponse()
                raw = answer.read()
                self._used = time.monotonic()
                return answer.status, raw
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                link.close()
                self._link = None
                # A connection that was kept may be closed by now. A submission is not repeated: it may have come.
                if fresh or attempt or method != "GET":
                    raise
        raise http.client.HTTPException("no answer")

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)
