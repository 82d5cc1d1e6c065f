"""HTTP API of the operator of coins: JSON, a binary form for transfers, evidence, and block bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from layer2.api.http.handlers import MOST_LISTED, new_application, page_of, told
from layer2.api.http.json_fields import bytes_of, number_of
from layer2.api.http.submissions import Submissions
from layer2.api.plasma import coins_views as views
from layer2.api.plasma.block_routes import BlockPages
from layer2.api.plasma.coins_json import records_of_bytes, records_of_json
from layer2.plasma.coins.operator.operator import MOST_EVIDENCE, CoinOperator
from layer2.primitives.errors import Layer2Error

__all__ = ["coin_application"]


def coin_application(operator: CoinOperator, health: Callable[[], dict[str, Any]]) -> web.Application:
    """Return the web application; `health` returns the report for `/v1/health`, with `ok`."""
    app = new_application()
    handlers = _Handlers(operator, health)
    app.cleanup_ctx.append(handlers.life)
    app.add_routes(
        [
            web.post("/v1/transfers", handlers.submit),
            web.get("/v1/transfers/{id}", handlers.transfer),
            web.get("/v1/coins/{coin}", handlers.coin),
            web.get("/v1/coins/{coin}/evidence", handlers.evidence),
            web.get("/v1/owners/{owner}/coins", handlers.coins),
            *BlockPages(operator, views.blocks, views.block, operator.store.path).routes(),
            web.get("/v1/state", handlers.state),
            web.get("/v1/health", handlers.health),
            web.get("/metrics", handlers.metrics),
        ]
    )
    return app


class _Handlers(Submissions):
    metric = "layer2_plasma_coins"

    def __init__(self, operator: CoinOperator, health: Callable[[], dict[str, Any]]) -> None:
        super().__init__(operator, health)
        self._operator = operator
        # A proof of an old block requires rebuilding its tree, so two at a time leave threads for other requests.
        self._proofs = asyncio.Semaphore(2)

    def read_bytes(self, body: bytes) -> list[bytes]:
        return records_of_bytes(body)

    def read_rows(self, data: Any) -> tuple[Sequence[bytes], dict[int, Layer2Error]]:
        return records_of_json(data)

    async def transfer(self, request: web.Request) -> web.Response:
        return await told(views.tx_status, self._operator, bytes_of(request.match_info["id"], 32))

    async def coin(self, request: web.Request) -> web.Response:
        return await told(views.coin, self._operator, _coin(request))

    async def evidence(self, request: web.Request) -> web.Response:
        first, count = page_of(request, "from", 1, MOST_EVIDENCE)
        async with self._proofs:
            return await told(views.evidence, self._operator, _coin(request), first, count)

    async def coins(self, request: web.Request) -> web.Response:
        skip, count = page_of(request, "skip", 0, MOST_LISTED)
        return await told(views.coins, self._operator, request.match_info["owner"], skip, count)

    async def state(self, _: web.Request) -> web.Response:
        return await told(views.state, self._operator)


def _coin(request: web.Request) -> int:
    return number_of("coin", request.match_info["coin"], 64)
