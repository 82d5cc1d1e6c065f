"""Limits on concurrent connections, in total and per address; idle connections are closed.

A new connection is rejected only if every connection within the exceeded limit is serving a request. Otherwise it
replaces the connection that has been idle longest, so that idle connections cannot block the service.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from layer2.api.http.errors import Busy, NotFound, to_json
from layer2.primitives.errors import Layer2Error, MalformedError

__all__ = ["HEAD_SECONDS", "MOST_CONNECTIONS", "MOST_PER_ADDRESS", "PATIENCE", "ConnectionLimiter", "Client", "noticed"]

MOST_CONNECTIONS = 512
"""Maximum number of connections: half of the usual limit on open files, as journal and L1 connections need some."""
MOST_PER_ADDRESS = 128
"""Maximum number of connections per IPv4 address or IPv6 /64 network. Behind a proxy, use `MOST_CONNECTIONS`."""
PATIENCE = 75.0
"""Seconds that a connection may stay idle after a response."""
HEAD_SECONDS = 10.0
"""Seconds within which a new connection must send the head of its first request."""
SEND_SECONDS = 300.0
"""Seconds within which a client must receive a response."""

_log = logging.getLogger(__name__)


class Client(web.RequestHandler):
    """Handler of one connection, with its peer group and the start of its idle time."""

    __slots__ = ("_doorman", "answered", "asking", "group", "sending", "since")

    def __init__(self, doorman: ConnectionLimiter, loop: asyncio.AbstractEventLoop) -> None:
        # Compressed bodies are rejected without decompression, so a corrupt or huge one costs nothing.
        super().__init__(
            doorman.inner,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # None writes none
            auto_decompress=False,
            lingering_time=5.0,
        )
        self._doorman = doorman
        self.group = ""
        self.since = loop.time()
        self.answered = self.asking = self.sending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection, or abort it if the limits reject it."""
        self.group = _group(transport.get_extra_info("peername"))
        if not self._doorman.admits(self):
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Unregister the connection."""
        self._doorman.gone(self)
        super().connection_lost(exc)

    def began(self) -> None:
        """Record that the head of a request has arrived."""
        self.asking, self.sending = True, False

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send a response; replace aiohttp's own error responses by typed errors first."""
        if isinstance(resp, web.HTTPException):
            resp = _told(NotFound(f"{request.method}: {resp.reason}", hint="see /v1"), resp.status)
        self.asking, self.sending, self.since = True, True, self._loop.time()
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self.asking, self.sending, self.answered, self.since = False, False, True, self._loop.time()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return a typed error for a request that is not valid HTTP or that failed outside all handlers."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of the answer has been sent")
        if status < 500:
            return _told(MalformedError("not a valid HTTP request", hint="send HTTP/1.1"), status)
        _log.error("a request failed outside of its handler", exc_info=exc)
        return _told(Busy("internal error of the service", hint="the operator's log has the cause"), status)

    def cut(self) -> None:
        """Abort the connection immediately, without sending pending data."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class ConnectionLimiter:
    """Protocol factory for `loop.create_server` that enforces the limits on connections.

    Args:
        inner: the HTTP server.
        most: maximum number of connections.
        most_per_address: maximum number of connections per address.
        patience: seconds after which an idle connection is closed.
    """

    def __init__(
        self,
        inner: web.Server,
        most: int = MOST_CONNECTIONS,
        most_per_address: int = MOST_PER_ADDRESS,
        patience: float = PATIENCE,
    ) -> None:
        self.inner = inner
        self._most = most
        self._most_per_address = most_per_address
        self._patience = patience
        self._head = min(patience, HEAD_SECONDS)
        self._visitors: dict[Client, None] = {}

    def __repr__(self) -> str:
        return f"<ConnectionLimiter connections={len(self._visitors)} of {self._most}>"

    def __call__(self) -> asyncio.BaseProtocol:
        """Return the protocol of a new connection."""
        return Client(self, asyncio.get_running_loop())

    def admits(self, visitor: Client) -> bool:
        """Register a connection, replacing an idle one at a limit; return False if all of them are busy."""
        near = [one for one in self._visitors if one.group == visitor.group]
        if len(near) >= self._most_per_address and not self._give_way(near):
            return False
        if len(self._visitors) >= self._most and not self._give_way(self._visitors):
            return False
        self._visitors[visitor] = None
        return True

    def gone(self, visitor: Client) -> None:
        """Unregister a closed connection."""
        self._visitors.pop(visitor, None)

    async def watch(self) -> None:
        """Close idle connections, and those whose client does not receive its response, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._head / 4)
            now = loop.time()
            for one in [*self._visitors]:
                if now - one.since > self._limit(one):
                    self._show_out(one)

    def _limit(self, one: Client) -> float:
        if one.asking:
            return SEND_SECONDS if one.sending else float("inf")
        return self._patience if one.answered else self._head

    def _give_way(self, among: Iterable[Client]) -> bool:
        """Close the connection that has been idle longest, preferring those that never sent a request."""
        idle = [one for one in among if not one.asking]
        if not idle:
            return False
        self._show_out(min(idle, key=lambda one: (one.answered, one.since)))
        return True

    def _show_out(self, one: Client) -> None:
        self.gone(one)
        one.cut()


@web.middleware
async def noticed(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Mark the connection as busy, so that it stays open while the request is handled."""
    if isinstance(request.protocol, Client):
        request.protocol.began()
    return await handler(request)


def _told(error: Layer2Error, status: int) -> web.Response:
    answer = web.json_response({"error": to_json(error)}, status=status, headers={"Server": "layer2"})
    answer.force_close()
    return answer


def _group(peer: object) -> str:
    """Return the IPv4 address, or the /64 network of an IPv6 address, which one customer usually holds."""
    if not isinstance(peer, tuple) or not peer:
        return ""
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return str(peer[0])
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)
