"""Health service for a node without an API of its own: `/v1/health` and `/metrics` for monitoring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from layer2.api.http.handlers import new_application
from layer2.api.http.metrics import metrics_answer, metrics_of_health
from layer2.api.http.service import HttpService, Node
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["NodeHealth"]


class NodeHealth(HttpService):
    """Service of the health report returned by `tell`, a dictionary with `ok`. The node runs its own loop."""

    metric = "layer2_rollup_node"

    def __init__(
        self, node: Node, tell: Callable[[], dict[str, Any]], host: str = "127.0.0.1", port: int = 0, **limits: Any
    ) -> None:
        super().__init__(node, WorkerPool(), host, port, **limits)
        self._tell = tell

    def application(self) -> web.Application:
        """Return the web application."""
        app = new_application()
        app.add_routes([web.get("/v1/health", self._health), web.get("/metrics", self._metrics)])
        return app

    async def _health(self, _: web.Request) -> web.Response:
        found = self._tell()
        return web.json_response(found, status=200 if found["ok"] else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return metrics_answer(metrics_of_health(self.metric, self._tell()))
