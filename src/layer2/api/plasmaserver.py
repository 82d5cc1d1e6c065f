"""The operator over HTTP: JSON in and out, a binary form for payments, and the bodies of blocks, whole or in ranges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from layer2.api import plasmaviews as views
from layer2.api.errors import Busy
from layer2.api.http import body_of, new_application, packed_answer, page_of, rows_answer, told
from layer2.api.intake import Intake
from layer2.api.metrics import metrics_answer, metrics_of_health
from layer2.api.plasmadrafts import draft
from layer2.api.plasmawire import records_of_bytes, records_of_json
from layer2.api.wire import bytes_of, number_of, read_json
from layer2.plasma.operator.node import Operator

__all__ = ["plasma_application"]


def plasma_application(
    operator: Operator, health: Callable[[], dict[str, Any]], bodies: Callable[[int], Path]
) -> web.Application:
    """The application. `health`: what `/v1/health` tells, with `ok`. `bodies`: where the body of a block lies."""
    app = new_application()
    handlers = _Handlers(operator, health, bodies)
    app.cleanup_ctx.append(handlers.life)
    app.add_routes(
        [
            web.post("/v1/payments", handlers.payments),
            web.post("/v1/drafts", handlers.draft),
            web.get("/v1/payments/{id}", handlers.payment),
            web.get("/v1/blocks", handlers.blocks),
            web.get("/v1/blocks/{n}", handlers.block),
            web.get("/v1/blocks/{n}/body", handlers.body),
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


class _Handlers:
    def __init__(self, operator: Operator, health: Callable[[], dict[str, Any]], bodies: Callable[[int], Path]) -> None:
        self._operator = operator
        self._bodies = bodies
        self._health = health
        self._intake: Intake | None = None
        # The proof of an old block costs a tree: whoever asks for many must not take every thread.
        self._proofs = asyncio.Semaphore(2)

    async def life(self, _: web.Application) -> Any:
        self._intake = Intake(self._operator)
        yield
        await self._intake.close()

    async def payments(self, request: web.Request) -> web.Response:
        if self._intake is None:
            raise Busy("the service begins just now", hint="try again in a second")
        body = await body_of(request, "application/json", "application/octet-stream")
        if request.content_type == "application/octet-stream":
            return packed_answer((await self._intake.submit(records_of_bytes(body))).refusals)
        records, faults = records_of_json(read_json(body))
        answer = await self._intake.submit(records)
        return rows_answer(answer.digests, answer.refusals, faults)

    async def draft(self, request: web.Request) -> web.Response:
        asked = read_json(await body_of(request, "application/json"))
        async with self._proofs:
            return await told(draft, self._operator, asked)

    async def payment(self, request: web.Request) -> web.Response:
        return await told(views.fate, self._operator, bytes_of(request.match_info["id"], 32))

    async def blocks(self, request: web.Request) -> web.Response:
        first, count = page_of(request, "from", 1, views.MOST_LISTED)
        return await told(views.blocks, self._operator, first, count)

    async def block(self, request: web.Request) -> web.Response:
        return await told(views.block, self._operator, number_of("block", request.match_info["n"], 40))

    async def body(self, request: web.Request) -> web.StreamResponse:
        """The body, as `layer2.plasma.blocks.encode_body` makes it; `Range` and `If-None-Match` work."""
        number = number_of("block", request.match_info["n"], 40)
        path = await asyncio.to_thread(self._bodies, number)
        return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})

    async def outputs(self, request: web.Request) -> web.Response:
        skip, count = page_of(request, "skip", 0, views.MOST_LISTED)
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

    async def health(self, _: web.Request) -> web.Response:
        found = self._health()
        return web.json_response(found, status=200 if found["ok"] else 503)

    async def metrics(self, _: web.Request) -> web.Response:
        return metrics_answer(metrics_of_health("layer2_plasma_operator", self._health()))
