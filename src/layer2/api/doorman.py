"""Who may stay connected: so many at once, and nobody who asks nothing for long. Whoever waits costs a file handle."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

__all__ = ["MOST_CONNECTIONS", "PATIENCE", "Doorman"]

MOST_CONNECTIONS = 512
"""Half of the files that a process may usually have open: the journal and the chain need some too."""
PATIENCE = 60.0
"""Seconds for the head of a request; for its body there is a limit of its own."""


class Doorman:
    """Makes the protocols of new connections; a factory for `loop.create_server`.

    Args:
        inner: the server that speaks HTTP.
        most: connections at once; more are cut off before they say a word.
        patience: seconds after which a connection without a request is cut off.
    """

    def __init__(self, inner: web.Server, most: int = MOST_CONNECTIONS, patience: float = PATIENCE) -> None:
        self._inner = inner
        self._most = most
        self._patience = patience
        self._coming = 0
        self._since: dict[RequestHandler, float] = {}

    def __repr__(self) -> str:
        return f"<Doorman connections={len(self._inner.connections)} of {self._most}>"

    def __call__(self) -> asyncio.BaseProtocol:
        """The protocol of one more connection."""
        if len(self._inner.connections) + self._coming >= self._most:
            return _Refused()
        # Many are accepted in one turn of the loop; each is among the connections only some turns later.
        self._coming += 1
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._arrived)
        return self._inner()

    def _arrived(self) -> None:
        self._coming -= 1

    async def watch(self) -> None:
        """Send away who asks nothing, until cancelled."""
        while True:
            await asyncio.sleep(self._patience / 4)
            now, known = asyncio.get_running_loop().time(), self._since
            self._since = {one: known.get(one, now) for one in self._inner.connections}
            for one, since in self._since.items():
                # No public attribute says whether a head has come: a slow one begins no request.
                if one._current_request is not None:
                    self._since[one] = now
                elif now - since > self._patience:
                    one.force_close()


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
