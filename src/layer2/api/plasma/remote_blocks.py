"""Block bodies from a remote service: an operator, or a watcher that serves the bodies it has verified."""

from __future__ import annotations

from layer2.api.http.client import HttpClient
from layer2.api.http.errors import Unreachable
from layer2.plasma.common.watcher.block_sources import MOST_BYTES

__all__ = ["RemoteBodies"]


class RemoteBodies(HttpClient):
    """Client of `GET {url}/v1/blocks/{number}/body`; it connects only when a body is first needed.

    Args:
        url: base URL of the service.
        timeout: seconds to wait for a response.
    """

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        super().__init__(url, "the source of bodies", timeout)

    def body(self, number: int) -> bytes | None:
        """Return the body of a block; None if the service does not have it. Raises Unreachable."""
        path = f"/v1/blocks/{number}/body"
        status, raw = self._raw("GET", path, None, {}, MOST_BYTES)
        if status not in (200, 404):
            raise Unreachable(f"{self.url}{path} answered {status}", hint="check the source")
        return raw if status == 200 else None
