"""Limits concurrent connections, in all and by address, and closes those that ask nothing.

A newcomer is turned away only when every connection in its reach is answering a request: otherwise the one that has
asked nothing for the longest time gives way. So nobody shuts the service by opening connections and saying nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from layer2.api.http.errors import Busy, NotFound, to_json
from layer2.primitives.errors import Layer2Error, MalformedError

__all__ = ["HEAD_SECONDS", "MOST_CONNECTIONS", "MOST_PER_ADDRESS", "PATIENCE", "Doorman", "Visitor", "noticed"]

MOST_CONNECTIONS = 512
"""Half of the files that a process may usually have open: the journal and the chain need some too."""
MOST_PER_ADDRESS = 128
"""Connections of one IPv4 address or one IPv6 network of 64 bits. Behind a proxy, raise it to `MOST_CONNECTIONS`."""
PATIENCE = 75.0
"""Seconds that a connection may stay idle after an answer."""
HEAD_SECONDS = 10.0
"""Seconds within which a new connection must have sent the head of its first request."""
SEND_SECONDS = 300.0
"""Seconds within which a client must have taken an answer."""

_log = logging.getLogger(__name__)


class Visitor(web.RequestHandler):
    """One connection: who it is, and since when it has asked nothing."""

    __slots__ = ("_doorman", "answered", "asking", "group", "sending", "since")

    def __init__(self, doorman: Doorman, loop: asyncio.AbstractEventLoop) -> None:
        # Compressed bodies are refused by name, never unpacked: a damaged or huge one costs nothing.
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
        """Let it in, or cut it off before it says a word."""
        self.group = _group(transport.get_extra_info("peername"))
        if not self._doorman.admits(self):
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self._doorman.gone(self)
        super().connection_lost(exc)

    def began(self) -> None:
        """Note that the head of a request has come."""
        self.asking, self.sending = True, False

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; what aiohttp says by itself is made a typed error first."""
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
        """Answer what could not be read as HTTP, and what failed outside of every handler, with a typed error."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer is sent already")
        if status < 500:
            return _told(MalformedError("not a valid HTTP request", hint="send HTTP/1.1"), status)
        _log.error("a request failed outside of its handler", exc_info=exc)
        return _told(Busy("the service failed on this request", hint="its operator finds the cause in the log"), status)

    def cut(self) -> None:
        """End it now, whatever is still to be sent."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class Doorman:
    """Makes the protocols of new connections; a factory for `loop.create_server`.

    Args:
        inner: the server that speaks HTTP.
        most: connections at once.
        most_per_address: those of one address among them.
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
        self._visitors: dict[Visitor, None] = {}

    def __repr__(self) -> str:
        return f"<Doorman connections={len(self._visitors)} of {self._most}>"

    def __call__(self) -> asyncio.BaseProtocol:
        """The protocol of one more connection."""
        return Visitor(self, asyncio.get_running_loop())

    def admits(self, visitor: Visitor) -> bool:
        """Let a connection in, in the place of an idle one if there are too many; False if all of them are busy."""
        near = [one for one in self._visitors if one.group == visitor.group]
        if len(near) >= self._most_per_address and not self._give_way(near):
            return False
        if len(self._visitors) >= self._most and not self._give_way(self._visitors):
            return False
        self._visitors[visitor] = None
        return True

    def gone(self, visitor: Visitor) -> None:
        """Forget a connection that ended."""
        self._visitors.pop(visitor, None)

    async def watch(self) -> None:
        """Close idle connections, and those whose client does not take its answer, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._head / 4)
            now = loop.time()
            for one in [*self._visitors]:
                if now - one.since > self._limit(one):
                    self._show_out(one)

    def _limit(self, one: Visitor) -> float:
        if one.asking:
            return SEND_SECONDS if one.sending else float("inf")
        return self._patience if one.answered else self._head

    def _give_way(self, among: Iterable[Visitor]) -> bool:
        """Close the connection that is idle for the longest time; first of those that never asked anything."""
        idle = [one for one in among if not one.asking]
        if not idle:
            return False
        self._show_out(min(idle, key=lambda one: (one.answered, one.since)))
        return True

    def _show_out(self, one: Visitor) -> None:
        self.gone(one)
        one.cut()


@web.middleware
async def noticed(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Note that a connection asks something: it is not closed while it waits for its answer."""
    if isinstance(request.protocol, Visitor):
        request.protocol.began()
    return await handler(request)


def _told(error: Layer2Error, status: int) -> web.Response:
    answer = web.json_response({"error": to_json(error)}, status=status, headers={"Server": "layer2"})
    answer.force_close()
    return answer


def _group(peer: object) -> str:
    """The IPv4 address, or the network of an IPv6 address that one customer is usually given."""
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
