"""A node as a service: HTTP in a thread of its own, and if wanted the loop around `step()`."""

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

from layer2.api.http.connection_limits import MOST_CONNECTIONS, MOST_PER_ADDRESS, PATIENCE, Doorman
from layer2.api.http.errors import public_text
from layer2.api.http.host_check import HOSTS, allowed_hosts
from layer2.ethereum.errors import EthereumError
from layer2.primitives.errors import InputError, RecoverableError
from layer2.primitives.worker_pool import Workers

__all__ = ["Hosted", "Node"]

_log = logging.getLogger(__name__)


class Node(Protocol):
    """What is served: it has something to do now and then."""

    def step(self) -> object:
        """Do all that is due."""
        ...


class Hosted(ABC):
    """Serves a node at `url` from `start()` to `stop()`; after that it can be started again. Subclasses say what.

    Args:
        port: 0 takes a free one.
        interval: seconds between steps; None leaves stepping to the caller, from one thread.
        most_connections: at once; for one more, the one that is idle for the longest time is closed.
        most_per_address: those of one address among them.
        patience: seconds that a connection may be open without asking anything.
        hosts: names in the `Host` header that are answered, beside those of the loopback. On a loopback address no
            other is; on any other address all are, unless some are named here.
    """

    def __init__(
        self,
        node: Node,
        workers: Workers,
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
        """Why it does not post any more, or did not at the last try; None if all is well."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url} {'running' if self._threads else 'stopped'}>"

    @property
    def url(self) -> str:
        """Where it is served."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> str:
        """Serve; its URL. Raises InputError when the address cannot be used."""
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
        """Answer what was asked, take nothing more, and end all threads and processes. Twice does nothing."""
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
        """What answers."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------------------------------------------- inside

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
            doorman = Doorman(runner.server, self.most_connections, self.most_per_address, self.patience)
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
                # The chain may answer again: what was accepted stays, and is posted then.
                self.failure = public_text(failure)
                _log.warning("not posted, tried again in %s s: %s", self.interval, failure)
            except Exception as failure:
                self.failure = public_text(failure)
                _log.exception("%r stops posting", self._node)
                return
            self._ended.wait(self.interval)
