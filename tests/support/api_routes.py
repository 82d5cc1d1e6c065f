"""Asks every route of a service what nobody should ask: whatever comes, the answer is typed, in time, and never 5xx.

Routes are found in the application, so that a new one is tried without being listed; what its path and its body look
like when they are right must be told. Wrong are then each place of the body in turn, its encoding, kind and length, the
names in the path, the query, the method and the headers.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote, urlsplit

from layer2.api.http.service import HttpService
from layer2.testing.fuzz.decoders import GONE, WORDS, changed, hostile_bytes, places

__all__ = ["Routes"]

JSON, BINARY = "application/json", "application/octet-stream"
_HUGE = "a number of 5,000 digits"


def _deep(levels: int, within: Any) -> Any:
    for _ in range(levels):
        within = [within]
    return within


_VALUES: tuple[Any, ...] = (
    GONE, None, True, 0, -1, 1.5, 1e300, float("nan"), 1 << 64, 1 << 256, _HUGE, "", "0x", "0xzz", "-1", "1e3", "٣",
    "\ud800", "\0", "0x" + "ff" * 40_000, "9" * 5_000, [], {}, [None], {"": 0}, _deep(9, 0), _deep(400, 0), [0] * 5_000,
)  # fmt: skip
_KINDS = ("", "text/plain", "application/json; charset=utf-16", "multipart/form-data; boundary=x", "json", "\xff/\xff")
_CODINGS = ("gzip", "br", "identity, gzip", "\xff")
_PARTS = ("%", "%zz", "%ff%fe", "%00", "..%2f..%2fstate", "%2e%2e", "x" * 4_000, "%F0%9F%98%80" * 200)
_HEADERS = (
    ("Range", "bytes=-"), ("Range", "bytes=5-1"), ("Range", "lines=1-2"), ("Range", "bytes=" + "9" * 30 + "-"),
    ("If-None-Match", "\xff"), ("If-Modified-Since", "never"), ("If-Range", "\xff"), ("Expect", "200-ok"),
    ("Accept", "\xff"), ("Accept-Encoding", "zzz"), ("Cookie", "=;=;\xff"), ("Content-Type", "\xff"),
)  # fmt: skip
_OF_HTTP = {("Range", 416), ("If-Range", 416)}
"""Answers that HTTP itself has for headers of its own: without a body."""


@dataclass(slots=True)
class Routes:
    """The routes of a service and what is right to ask of them.

    Args:
        names: values of the names in paths, by `n` for all paths, or by `/v1/blocks/{n} n` for one.
        bodies: by path, kind and content of right bodies.
        most: requests of each way to be wrong, for each route.
        slow: seconds after which an answer is none.
    """

    service: HttpService
    names: Mapping[str, Sequence[str]]
    bodies: Mapping[str, Sequence[tuple[str, bytes]]]
    most: int
    slow: float = 10.0
    seed: int = 0
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    """By method and path of the route: how often which status came."""
    faults: list[str] = field(default_factory=list)
    """What must not be, told in words."""
    _link: http.client.HTTPConnection | None = None

    def routes(self) -> list[tuple[str, str]]:
        """Method and path of each, `HEAD` left out."""
        found = {
            (one.method, one.resource.canonical)
            for one in self.service.application().router.routes()
            if one.resource is not None and one.method != "HEAD"
        }
        return sorted(found)

    def ask_all(self) -> None:
        """Ask everything, and in the end what is right: each route still answers it."""
        chance = random.Random(self.seed)
        for method, path in self.routes():
            self._right(method, path)
        for method, path in self.routes():
            for other in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"} - {method}:
                if (other, path) not in self.routes():
                    self._ask(method, path, self._good(path), b"{}", {}, method=other)
            for wrong in self._wrong_paths(path, chance):
                self._ask(method, path, wrong, b"" if method == "POST" else None, {})
            for header, value in _HEADERS:
                self._ask(method, path, self._good(path), None, {header: value})
            for kind, body in self.bodies.get(path, ()):
                self._ask_bodies(method, path, kind, body, chance)
        for method, path in self.routes():
            self._right(method, path)
        if self._link is not None:
            self._link.close()

    # ---------------------------------------------------------------------------------------------------- questions

    def _good(self, path: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self._values(path, found[1])[0], path)

    def _values(self, path: str, name: str) -> Sequence[str]:
        return self.names.get(f"{path} {name}") or self.names[name]

    def _right(self, method: str, path: str) -> None:
        for kind, body in self.bodies[path] if method == "POST" else [("", None)]:
            status = self._ask(method, path, self._good(path), body, {"Content-Type": kind} if kind else {})
            if status is None or status >= 400:
                self.faults.append(f"{method} {path}: what is right is answered by {status}")

    def _wrong_paths(self, path: str, chance: random.Random) -> Iterator[str]:
        words = [quote(one[:4_000], safe="", errors="surrogatepass") for one in WORDS if one]
        for name in re.findall(r"\{(\w+)\}", path):
            for wrong in [*self._values(path, name), *_PARTS, *chance.sample(words, min(len(words), self.most))]:
                yield self._good(path.replace(f"{{{name}}}", wrong))
        for query in ("from", "skip", "count"):
            for word in chance.sample(words, min(len(words), self.most // 4)):
                yield f"{self._good(path)}?{query}={word}&{query}=1"
        yield f"{self._good(path)}?" + "&".join("%ff=%00" for _ in range(500))

    def _ask_bodies(self, method: str, path: str, kind: str, body: bytes, chance: random.Random) -> None:
        good = self._good(path)
        for other in _KINDS:
            self._ask(method, path, good, body, {"Content-Type": other})
        for coding in _CODINGS:
            self._ask(method, path, good, body, {"Content-Type": kind, "Content-Encoding": coding})
        shapes = list(_json_bodies(body)) if kind == JSON else list(islice(hostile_bytes([body], chance), 1_500))
        for wrong in chance.sample(shapes, min(len(shapes), self.most * 8)):
            self._ask(method, path, good, wrong, {"Content-Type": kind})

    # ------------------------------------------------------------------------------------------------------ answers

    def _ask(
        self, route: str, path: str, target: str, body: bytes | None, headers: dict[str, str], *, method: str = ""
    ) -> int | None:
        begun = time.monotonic()
        told = f"{method or route} {target:.120} {headers} {body!r:.160}"
        try:
            answer, raw = self._exchange(method or route, target, body, headers)
        except (OSError, http.client.HTTPException) as failure:
            self.faults.append(f"{told}: no answer: {type(failure).__name__} {failure}")
            return None
        self.answers.setdefault(f"{route} {path}", Counter())[answer.status] += 1
        wrong = self._wrong(answer, raw, headers)
        if time.monotonic() - begun > self.slow:
            wrong = f"took {time.monotonic() - begun:.1f} s"
        if wrong:
            self.faults.append(f"{told}: {answer.status}: {wrong}")
        return answer.status

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        parts = urlsplit(self.service.url)
        link = self._link or http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        self._link = None
        link.request(method, target, body, headers)
        answer = link.getresponse()
        raw = answer.read()
        if answer.will_close:
            link.close()
        else:
            self._link = link
        return answer, raw

    def _wrong(self, answer: http.client.HTTPResponse, raw: bytes, headers: dict[str, str]) -> str:
        if answer.status >= 500 or b"Traceback" in raw:
            return f"fails: {raw[:200]!r}"
        if answer.headers.get("Server") != "layer2":
            return "says what runs here"
        if answer.status < 400 or any((header, answer.status) in _OF_HTTP for header in headers):
            return ""
        try:
            error = json.loads(raw)["error"]
            typed = set(error) == {"code", "message", "have", "need", "hint"} and all(
                error[name] for name in ("code", "message")
            )
        except (ValueError, KeyError, TypeError):
            typed = False
        return "" if typed else f"is no typed error: {raw[:200]!r}"


def _json_bodies(body: bytes) -> Iterator[bytes]:
    """A right body with each place wrong in every way; then as a whole, cut short, and in other encodings."""
    value, text = json.loads(body), body.decode()
    for path in ((), *places(value)):
        for wrong in _VALUES:
            if path or wrong is not GONE:
                made = json.dumps(changed(value, path, wrong))
                yield made.replace(json.dumps(_HUGE), "9" * 5_000).encode("utf-8", "surrogatepass")
    for coding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"):
        yield text.encode(coding)
    for cut in {*range(1, min(len(body), 40)), len(body) // 2}:
        yield body[:-cut]
    yield from (
        b"\xff" + body,
        body + b"\0",
        body + body,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xed\xa0\x80",
        b"[1e999]",
    )
    yield from (b'{"a": 1, "a": 2}', b'"' + b"x" * 100_000, b"NaN", b"[Infinity]", b"\0" * 10_000, b"[" + b"9" * 99_999)
