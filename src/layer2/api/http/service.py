"""HTTP service of a node: a server in its own thread and, optionally, the loop around `step()`."""

from __future__ import annotations

import asyncio
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Protocol, Self

from aiohttp import web

from layer2.api.http.connection_limits import MOST_CONNECTIONS, MOST_PER_ADDRESS, PATIENCE, ConnectionLimiter
from layer2.api.http.errors import public_text
from layer2.api.http.host_check import HOSTS, allowed_hosts
from layer2.ethereum.errors import EthereumError
from layer2.primitives.errors import InputError, RecoverableError
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["HttpService", "Node"]

_log = logging.getLogger(__name__)


class Node(Protocol):
    """A node with recurring work."""

    def step(self) -> object:
        """Perform all due work."""
        ...


class HttpService(ABC):
    """HTTP service of a node, from `start()` to `stop()`; it can be restarted. Subclasses define the application.

    Args:
        node: the node to serve.
        workers: workers of the node, started and stopped with the service.
        host: address to listen at.
        port: port to listen at; 0 selects a free one.
        interval: seconds between steps; None leaves stepping to the caller, from one thread.
        most_connections: maximum number of connections; at the limit, a new one replaces the longest idle one.
        most_per_address: maximum number of connections per address.
        patience: seconds after which an idle connection is closed.
        hosts: allowed names in the `Host` header, in addition to the loopback names. A loopback service allows no other
            name; at any other address, all names are allowed unless `hosts` is given.
    """

    def __init__(
        self,
        node: Node,
        workers: WorkerPool,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        interval: float | None = None,
        most_connections: int = MOST_CONNECTIONS,
        most_per_address: int = MOST_PER_ADDRESS,
        patience: float = PATIENCE,
        hosts: Sequence[str] = (),
    ) -> None:
        self._node = node
        self._workers = workers
        self.host = host
        self.port = port
        self.interval = interval
        self.most_connections = most_connections
        self.most_per_address = most_per_address
        self.patience = patience
        self.hosts = tuple(hosts)
        self.failure: str | None = None
        """Last error of the stepping loop, or None if the last step succeeded."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url} {'running' if self._threads else 'stopped'}>"

    @property
    def url(self) -> str:
        """URL of the service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> str:
        """Start serving and return the URL; raise InputError if the address cannot be used."""
        if self._threads:
            return self.url
        self._ended.clear()
        self.failure = None
        self._workers.start()
        started: Future[int] = Future()
        self._begin(lambda: asyncio.run(self._serve(started)), "layer2-http")
        try:
            self.port = started.result()
        except OSError as failure:
            self._threads.pop().join()
            raise InputError(
                f"cannot serve at {self.url}: {failure.strerror}", hint="name another --listen address"
            ) from failure
        if self.interval is not None:
            self._begin(self._step, "layer2-step")
        return self.url

    def stop(self) -> None:
        """Complete open requests, accept no more, and end all threads and processes; a second call has no effect."""
        self._ended.set()
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._told.set)
        for one in self._threads:
            one.join()
        self._threads.clear()
        self._workers.close()

    @abstractmethod
    def application(self) -> web.Application:
        """Return the web application."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---------------------------------------------------------------------------------------------------- internals

    def _begin(self, work: Any, name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    async def _serve(self, started: Future[int]) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        application = self.application()
        application[HOSTS] = allowed_hosts(self.host, self.hosts)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=10.0)
        loop = self._loop
        try:
            await runner.setup()
            assert runner.server is not None
            doorman = ConnectionLimiter(runner.server, self.most_connections, self.most_per_address, self.patience)
            listening = await loop.create_server(doorman, self.host, self.port, backlog=128)
            started.set_result(listening.sockets[0].getsockname()[1])
        except BaseException as failure:
            await runner.cleanup()
            self._loop = None
            started.set_exception(failure)
            return
        watch = loop.create_task(doorman.watch())
        await self._told.wait()
        watch.cancel()
        listening.close()
        await runner.cleanup()
        self._loop = None

    def _step(self) -> None:
        assert self.interval is not None
        while not self._ended.is_set():
            try:
                self._node.step()
                self.failure = None
            except (EthereumError, RecoverableError) as failure:
                # L1 may respond again later; accepted operations are kept and posted then.
                self.failure = public_text(failure)
                _log.warning("not posted, tried again in %s s: %s", self.interval, failure)
            except Exception as failure:
                self.failure = public_text(failure)
                _log.exception("%r stops posting", self._node)
                return
            self._ended.wait(self.interval)
