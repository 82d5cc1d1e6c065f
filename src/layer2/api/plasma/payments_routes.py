"""HTTP API of the operator: JSON, a binary form for payments, and block bodies, whole or in ranges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from layer2.api.http.handlers import MOST_LISTED, body_of, new_application, page_of, told
from layer2.api.http.json_fields import bytes_of, number_of, read_json
from layer2.api.http.submissions import Submissions
from layer2.api.plasma import payments_views as views
from layer2.api.plasma.block_routes import BlockPages
from layer2.api.plasma.payment_drafts import draft
from layer2.api.plasma.payments_json import records_of_bytes, records_of_json
from layer2.plasma.payments.operator.operator import Operator
from layer2.primitives.errors import Layer2Error

__all__ = ["plasma_application"]


def plasma_application(
    operator: Operator, health: Callable[[], dict[str, Any]], bodies: Callable[[int], Path]
) -> web.Application:
    """Return the web application.

    Args:
        operator: the operator to serve.
        health: returns the report for `/v1/health`, with `ok`.
        bodies: returns the file of a block's body.
    """
    app = new_application()
    handlers = _Handlers(operator, health)
    app.cleanup_ctx.append(handlers.life)
    app.add_routes(
        [
            web.post("/v1/payments", handlers.submit),
            web.post("/v1/drafts", handlers.draft),
            web.get("/v1/payments/{id}", handlers.payment),
            *BlockPages(operator, views.blocks, views.block, bodies).routes(),
            web.get("/v1/owners/{owner}/outputs", handlers.outputs),
            web.get("/v1/owners/{owner}/balance", handlers.balance),
            web.get("/v1/outputs/{position}/kit", handlers.kit),
            web.get("/v1/fees", handlers.fees),
            web.get("/v1/state", handlers.state),
            web.get("/v1/health", handlers.health),
            web.get("/metrics", handlers.metrics),
        ]
    )
    return app


class _Handlers(Submissions):
    metric = "layer2_plasma_operator"

    def __init__(self, operator: Operator, health: Callable[[], dict[str, Any]]) -> None:
        super().__init__(operator, health)
        self._operator = operator
        # A proof of an old block requires rebuilding its tree, so two at a time leave threads for other requests.
        self._proofs = asyncio.Semaphore(2)

    def read_bytes(self, body: bytes) -> list[bytes]:
        return records_of_bytes(body)

    def read_rows(self, data: Any) -> tuple[Sequence[bytes], dict[int, Layer2Error]]:
        return records_of_json(data)

    async def draft(self, request: web.Request) -> web.Response:
        asked = read_json(await body_of(request, "application/json"))
        async with self._proofs:
            return await told(draft, self._operator, asked)

    async def payment(self, request: web.Request) -> web.Response:
        return await told(views.tx_status, self._operator, bytes_of(request.match_info["id"], 32))

    async def outputs(self, request: web.Request) -> web.Response:
        skip, count = page_of(request, "skip", 0, MOST_LISTED)
        return await told(views.utxos, self._operator, request.match_info["owner"], skip, count)

    async def balance(self, request: web.Request) -> web.Response:
        return await told(views.balance, self._operator, request.match_info["owner"])

    async def kit(self, request: web.Request) -> web.Response:
        position = number_of("position", request.match_info["position"], 64)
        async with self._proofs:
            return await told(views.exit_kit, self._operator, position)

    async def fees(self, _: web.Request) -> web.Response:
        return await told(views.fees, self._operator)

    async def state(self, _: web.Request) -> web.Response:
        return await told(views.state, self._operator)
