"""HTTP API of the sequencer. Accepts JSON or a compact binary encoding; errors are returned as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from layer2.api.http.handlers import MAX_BODY, body_of, new_application, told
from layer2.api.http.json_fields import bytes_of, number_of, read_json
from layer2.api.http.submissions import Submissions
from layer2.api.rollup import views
from layer2.api.rollup.operations_json import records_of_bytes, records_of_json
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.rollup.sequencer.sequencer import Sequencer

__all__ = ["MAX_BODY", "application"]

_MOST_KEYS = 256


def application(sequencer: Sequencer, health: Callable[[], dict[str, Any]]) -> web.Application:
    """Return the web application; `health` returns the report for `/v1/health`, with `ok`."""
    app = new_application()
    handlers = _Handlers(sequencer, health)
    app.cleanup_ctx.append(handlers.life)
    app.add_routes(
        [
            web.post("/v1/operations", handlers.submit),
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


class _Handlers(Submissions):
    metric = "layer2_rollup_sequencer"

    def __init__(self, sequencer: Sequencer, health: Callable[[], dict[str, Any]]) -> None:
        super().__init__(sequencer, health)
        self._sequencer = sequencer

    def read_bytes(self, body: bytes) -> list[bytes]:
        return records_of_bytes(body)

    def read_rows(self, data: Any) -> tuple[Sequence[bytes], dict[int, Layer2Error]]:
        return records_of_json(data)

    async def keys(self, request: web.Request) -> web.Response:
        data = read_json(await body_of(request, "application/json"))
        if not isinstance(data, dict):
            raise MalformedError("not a JSON object", hint="send {key: 0x.., token: 0}")
        given = data.get("keys", [data.get("key")])
        if not isinstance(given, list) or not 0 < len(given) <= _MOST_KEYS:
            raise MalformedError(f"a list of 1 to {_MOST_KEYS} keys needed", hint="send {key: 0x.., token: 0}")
        keys = [bytes_of(one, 96) for one in given]
        token = number_of("token", data.get("token", 0), 16)
        if token >= self._sequencer.replica.head.tokens:
            raise MalformedError(f"token {token} is not registered", hint="register it first")
        payment = bytes_of(data["payment"], None) if "payment" in data else b""
        await asyncio.to_thread(self._sequencer.open_accounts, keys, token, payment=payment, follow=False)
        return web.json_response({"ok": True})

    async def operation(self, request: web.Request) -> web.Response:
        return await told(views.tx_status, self._sequencer, bytes_of(request.match_info["id"], 32))

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
