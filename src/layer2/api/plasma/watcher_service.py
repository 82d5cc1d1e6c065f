"""HTTP service of a watcher: alerts, due challenges, exit proofs for owners, and bodies of verified blocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from layer2.api.http.errors import scrubbed
from layer2.api.http.handlers import MOST_LISTED, new_application, page_of, told
from layer2.api.http.json_fields import bytes_of, number_of
from layer2.api.http.metrics import metrics_answer
from layer2.api.http.service import HttpService
from layer2.api.plasma import watcher_views as views
from layer2.api.plasma.watcher_status import WatcherStatus
from layer2.plasma.payments.watcher.watcher import Watcher

__all__ = ["WatchService"]


class WatchService(HttpService):
    """Service of a watcher; further arguments: see `HttpService`. A caller that runs the steps must step `desk`."""

    def __init__(self, watcher: Watcher, host: str = "127.0.0.1", port: int = 0, **limits: Any) -> None:
        self.desk = WatcherStatus(watcher)
        super().__init__(self.desk, watcher.workers, host, port, **limits)

    def application(self) -> web.Application:
        """Return the web application."""
        return _application(self.desk, self.health)

    def health(self) -> dict[str, Any]:
        """Return the health report; it is `ok` if the watcher has made a step and the L1 node responds."""
        seen = self.desk.status
        away = [scrubbed(one.detail) for one in seen.standing if one.kind.name == "CHAIN_AWAY"]
        failure = self.failure or (away[0] if away else None if self.desk.stepped else "no step was made yet")
        return {"ok": failure is None, "failure": failure, "posted": seen.posted, "verified": seen.verified}


def _application(desk: WatcherStatus, health: Callable[[], dict[str, Any]]) -> web.Application:
    app = new_application()
    handlers = _Handlers(desk, health)
    app.add_routes(
        [
            web.get("/v1/status", handlers.status),
            # A watcher answers all wallet queries of an operator, but accepts no payments.
            web.get("/v1/state", handlers.status),
            web.get("/v1/alarms", handlers.alarms),
            web.get("/v1/challenges", handlers.challenges),
            web.get("/v1/outputs/{position}/kit", handlers.kit),
            web.get("/v1/owners/{owner}/outputs", handlers.outputs),
            web.get("/v1/owners/{owner}/balance", handlers.balance),
            web.get("/v1/payments/{id}", handlers.payment),
            web.get("/v1/blocks", handlers.blocks),
            web.get("/v1/blocks/{n}", handlers.block),
            web.get("/v1/blocks/{n}/body", handlers.body),
            web.get("/v1/health", handlers.health),
            web.get("/metrics", handlers.metrics),
        ]
    )
    return app


class _Handlers:
    def __init__(self, desk: WatcherStatus, health: Callable[[], dict[str, Any]]) -> None:
        self._desk = desk
        self._health = health
        # Each query may wait for the watcher or build a tree, so two at a time leave threads for other requests.
        self._few = asyncio.Semaphore(2)
        self._walk = asyncio.Semaphore(1)

    async def status(self, _: web.Request) -> web.Response:
        return await told(views.status, self._desk)

    async def alarms(self, _: web.Request) -> web.Response:
        return await told(views.alarms, self._desk)

    async def challenges(self, _: web.Request) -> web.Response:
        return await told(views.challenges, self._desk)

    async def metrics(self, _: web.Request) -> web.Response:
        return metrics_answer(views.metrics(self._desk))

    async def health(self, _: web.Request) -> web.Response:
        found = self._health()
        return web.json_response(found, status=200 if found["ok"] else 503)

    async def kit(self, request: web.Request) -> web.Response:
        position = number_of("position", request.match_info["position"], 64)
        async with self._few:
            return await told(views.exit_kit, self._desk, position)

    async def payment(self, request: web.Request) -> web.Response:
        async with self._few:
            return await told(views.tx_status, self._desk, bytes_of(request.match_info["id"], 32))

    async def outputs(self, request: web.Request) -> web.Response:
        skip, count = page_of(request, "skip", 0, MOST_LISTED)
        return await self._walked(views.outputs, request.match_info["owner"], skip, count)

    async def balance(self, request: web.Request) -> web.Response:
        return await self._walked(views.balance, request.match_info["owner"])

    async def _walked(self, view: Callable[..., Any], *args: Any) -> web.Response:
        """Run a view that scans all outputs; one runs at a time, followed by a pause of the same length."""
        async with self._walk:
            begun = time.monotonic()
            answer = await told(view, self._desk, *args)
            await asyncio.sleep(time.monotonic() - begun)
            return answer

    async def blocks(self, request: web.Request) -> web.Response:
        first, count = page_of(request, "from", 1, MOST_LISTED)
        async with self._few:
            return await told(views.blocks, self._desk, first, count)

    async def block(self, request: web.Request) -> web.Response:
        async with self._few:
            return await told(views.block, self._desk, number_of("block", request.match_info["n"], 40))

    async def body(self, request: web.Request) -> web.Response:
        async with self._few:
            number = number_of("block", request.match_info["n"], 40)
            found = await asyncio.to_thread(views.body, self._desk, number)
        return web.Response(body=found, content_type="application/octet-stream")
