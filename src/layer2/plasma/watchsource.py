"""Where bodies of blocks come from: operators, mirrors, other watchers. Nothing they give is believed."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from layer2.ethereum.errors import ConnectionFailed
from layer2.plasma.params import MAX_INPUTS, MAX_TRANSACTIONS

__all__ = ["BodySource", "HttpBodies", "LocalBodies"]

MOST_BYTES = MAX_TRANSACTIONS * (2 + 7 + 4 * 8 + 4 * 34 + 32 + 64 * MAX_INPUTS)
"""No body is longer."""

_TIMEOUT = 30.0


class BodySource(Protocol):
    """Somebody who may have bodies. It may fail in any way."""

    def body(self, number: int) -> bytes | None:
        """The body of a block (`layer2.plasma.blocks.encode_body`); None if it is not to be had."""


class LocalBodies:
    """Files of an operator on the same machine: `path(number)` says where a body lies (`BlockStore`)."""

    def __init__(self, store: _HasPaths) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"<LocalBodies {self._store}>"

    def body(self, number: int) -> bytes | None:
        """Read the file."""
        if not 0 < number <= len(self._store):
            return None
        return self._store.path(number).read_bytes()


class HttpBodies:
    """A service: `GET {url}/v1/blocks/{number}/body` gives the body as it is, 404 if there is none."""

    def __init__(self, url: str, timeout: float = _TIMEOUT) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout

    def __repr__(self) -> str:
        return f"<HttpBodies {self.url}>"

    def body(self, number: int) -> bytes | None:
        """Ask. Raises ConnectionFailed."""
        try:
            with urllib.request.urlopen(f"{self.url}/v1/blocks/{number}/body", timeout=self.timeout) as answer:
                found: bytes = answer.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as failure:
            if failure.code == 404:
                return None
            raise ConnectionFailed(f"{self.url}: HTTP {failure.code}", hint="check the source") from failure
        except (OSError, HTTPException, ValueError) as failure:
            raise ConnectionFailed(f"{self.url}: {failure!r}", hint="check the source") from failure
        if len(found) > MOST_BYTES:
            raise ConnectionFailed(f"{self.url}: more than {MOST_BYTES:,} bytes", hint="this is no source of bodies")
        return found


class _HasPaths(Protocol):
    def __len__(self) -> int: ...

    def path(self, number: int) -> Path: ...
