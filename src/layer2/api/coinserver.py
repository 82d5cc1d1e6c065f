"""The operator of coins over HTTP: JSON in and out, a binary form for transfers, evidence, and the bodies of blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from layer2.api import coinviews as views
from layer2.api.coinwire import records_of_bytes, records_of_json
from layer2.api.errors import Busy
from layer2.api.http import body_of, new_application, packed_answer, page_of, rows_answer, told
from layer2.api.intake import Intake
from layer2.api.wire import bytes_of, number_of, read_json
from layer2.plasma.cash.operator import MOST_EVIDENCE, CoinOperator

__all__ = ["coin_application"]


def coin_application(operator: CoinOperator, health: Callable[[], dict[str, Any]]) -> web.Application:
    """The application. `health`: what `/v1/health` tells, with `ok`."""
    app = new_application()
    handlers = _Handlers(operator, health)
    app.cleanup_ctx.append(handlers.life)
    app.add_routes(
        [
            web.post("/v1/transfers", handlers.transfers),
            web.get("/v1/transfers/{id}", handlers.transfer),
            web.get("/v1/coins/{coin}", handlers.coin),
            web.get("/v1/coins/{coin}/evidence", handlers.evidence),
            web.get("/v1/owners/{owner}/coins", handlers.coins),
            web.get("/v1/blocks", handlers.blocks),
            web.get("/v1/blocks/{n}", handlers.block),
            web.get("/v1/blocks/{n}/body", handlers.body),
            web.get("/v1/state", handlers.state),
            web.get("/v1/health", handlers.health),
        ]
    )
    return app


class _Handlers:
    def __init__(self, operator: CoinOperator, health: Callable[[], dict[str, Any]]) -> None:
        self._operator = operator
        self._health = health
        self._intake: Intake | None = None
        # The proofs of old blocks cost a tree each: whoever asks for many must not take every thread.
        self._proofs = asyncio.Semaphore(2)

    async def life(self, _: web.Application) -> Any:
        self._intake = Intake(self._operator)
        yield
        await self._intake.close()

    async def transfers(self, request: web.Request) -> web.Response:
        if self._intake is None:
            raise Busy("the service begins just now", hint="try again in a second")
        body = await body_of(request, "application/json", "application/octet-stream")
        if request.content_type == "application/octet-stream":
            return packed_answer((await self._intake.submit(records_of_bytes(body))).refusals)
        records, faults = records_of_json(read_json(body))
        answer = await self._intake.submit(records)
        return rows_answer(answer.digests, answer.refusals, faults)

    async def transfer(self, request: web.Request) -> web.Response:
        return await told(views.fate, self._operator, bytes_of(request.match_info["id"], 32))

    async def coin(self, request: web.Request) -> web.Response:
        return await told(views.coin, self._operator, _coin(request))

    async def evidence(self, request: web.Request) -> web.Response:
        first, count = page_of(request, "from", 1, MOST_EVIDENCE)
        async with self._proofs:
            return await told(views.evidence, self._operator, _coin(request), first, count)

    async def coins(self, request: web.Request) -> web.Response:
        skip, count = page_of(request, "skip", 0, views.MOST_LISTED)
        return await told(views.coins, self._operator, request.match_info["owner"], skip, count)

    async def blocks(self, request: web.Request) -> web.Response:
        first, count = page_of(request, "from", 1, views.MOST_LISTED)
        return await told(views.blocks, self._operator, first, count)

    async def block(self, request: web.Request) -> web.Response:
        return await told(views.block, self._operator, number_of("block", request.match_info["n"], 40))

    async def body(self, request: web.Request) -> web.StreamResponse:
        """The body, as `layer2.plasma.coins.encode_coin_body` makes it; `Range` and `If-None-Match` work."""
        number = number_of("block", request.match_info["n"], 40)
        path = await asyncio.to_thread(self._operator.store.path, number)
        return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})

    async def state(self, _: web.Request) -> web.Response:
        return await told(views.state, self._operator)

    async def health(self, _: web.Request) -> web.Response:
        found = self._health()
        return web.json_response(found, status=200 if found["ok"] else 503)


def _coin(request: web.Request) -> int:
    return number_of("coin", request.match_info["coin"], 64)
