"""The sequencer over HTTP: JSON in and out, and a binary form for those in a hurry. Bad requests get a typed answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from layer2.api import views
from layer2.api.errors import Busy
from layer2.api.http import MAX_BODY, body_of, new_application, packed_answer, rows_answer, told
from layer2.api.intake import Intake
from layer2.api.metrics import metrics_answer, metrics_of_health
from layer2.api.wire import bytes_of, number_of, read_json, records_of_bytes, records_of_json
from layer2.primitives.errors import MalformedError
from layer2.rollup.sequencer import Sequencer

__all__ = ["MAX_BODY", "application"]

_MOST_KEYS = 256


def application(sequencer: Sequencer, health: Callable[[], dict[str, Any]]) -> web.Application:
    """The application. `health`: what `/v1/health` tells, with `ok`."""
    app = new_application()
    handlers = _Handlers(sequencer, health)
    app.cleanup_ctx.append(handlers.life)
    app.add_routes(
        [
            web.post("/v1/operations", handlers.operations),
            web.get("/v1/operations/{id}", handlers.operation),
            web.post("/v1/keys", handlers.keys),
            web.get("/v1/accounts/{id}", handlers.account),
            web.get("/v1/accounts/{id}/proof", handlers.proof),
            web.get("/v1/owners/{owner}/accounts", handlers.owner),
            web.get("/v1/state", handlers.state),
            web.get("/v1/entries/{n}", handlers.entry),
            web.get("/v1/health", handlers.health),
            web.get("/metrics", handlers.metrics),
        ]
    )
    return app


class _Handlers:
    def __init__(self, sequencer: Sequencer, health: Callable[[], dict[str, Any]]) -> None:
        self._sequencer = sequencer
        self._health = health
        self._intake: Intake | None = None

    async def life(self, _: web.Application) -> Any:
        self._intake = Intake(self._sequencer)
        yield
        await self._intake.close()

    async def operations(self, request: web.Request) -> web.Response:
        if self._intake is None:
            raise Busy("the service begins just now", hint="try again in a second")
        body = await body_of(request, "application/json", "application/octet-stream")
        if request.content_type == "application/octet-stream":
            return packed_answer((await self._intake.submit(records_of_bytes(body))).refusals)
        records, faults = records_of_json(read_json(body))
        answer = await self._intake.submit(records)
        return rows_answer(answer.digests, answer.refusals, faults)

    async def keys(self, request: web.Request) -> web.Response:
        data = read_json(await body_of(request, "application/json"))
        if not isinstance(data, dict):
            raise MalformedError("no object", hint="send {key: 0x.., token: 0}")
        given = data.get("keys", [data.get("key")])
        if not isinstance(given, list) or not 0 < len(given) <= _MOST_KEYS:
            raise MalformedError(f"no list of 1 to {_MOST_KEYS} keys", hint="send {key: 0x.., token: 0}")
        keys = [bytes_of(one, 96) for one in given]
        token = number_of("token", data.get("token", 0), 16)
        if token >= self._sequencer.replica.head.tokens:
            raise MalformedError(f"token {token} is not registered", hint="register it first")
        await asyncio.to_thread(self._sequencer.open_accounts, keys, token, follow=False)
        return web.json_response({"ok": True})

    async def operation(self, request: web.Request) -> web.Response:
        return await told(views.fate, self._sequencer, bytes_of(request.match_info["id"], 32))

    async def account(self, request: web.Request) -> web.Response:
        return await told(views.account, self._sequencer, number_of("account", request.match_info["id"]))

    async def proof(self, request: web.Request) -> web.Response:
        return await told(views.proof, self._sequencer, number_of("account", request.match_info["id"]))

    async def owner(self, request: web.Request) -> web.Response:
        return await told(views.accounts_of, self._sequencer, request.match_info["owner"])

    async def entry(self, request: web.Request) -> web.Response:
        return await told(views.entry, self._sequencer, number_of("entry", request.match_info["n"]))

    async def state(self, _: web.Request) -> web.Response:
        return await told(views.state, self._sequencer)

    async def health(self, _: web.Request) -> web.Response:
        found = self._health()
        return web.json_response(found, status=200 if found["ok"] else 503)

    async def metrics(self, _: web.Request) -> web.Response:
        return metrics_answer(metrics_of_health("layer2_rollup_sequencer", self._health()))
