"""The sequencer over HTTP: JSON in and out, and a binary form for those in a hurry. Bad requests get a typed answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from layer2.api import views
from layer2.api.errors import Busy, NotFound, WrongType, status_of, to_json
from layer2.api.intake import Answer, Intake
from layer2.api.wire import bytes_of, number_of, read_json, records_of_bytes, records_of_json
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.rollup.refusals import TooLarge
from layer2.rollup.sequencer import Sequencer

__all__ = ["MAX_BODY", "application"]

MAX_BODY = 2 << 20
"""Bytes of a request: more than as many operations as one can hold need."""
_READ_SECONDS = 15.0
_MOST_KEYS = 256

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


def application(sequencer: Sequencer, health: Callable[[], dict[str, Any]]) -> web.Application:
    """The application. `health`: what `/v1/health` tells, with `ok`."""
    app = web.Application(middlewares=[_typed], client_max_size=MAX_BODY)
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
        ]
    )
    return app


@web.middleware
async def _typed(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Every failure as `{"error": {code, message, have, need, hint}}`."""
    try:
        return await handler(request)
    except Layer2Error as error:
        status = status_of(error)
        if status == 503 and not isinstance(error, Busy):
            _log.error("%s %s: %s", request.method, request.path, error)
        return _failed(error, status)
    except web.HTTPRequestEntityTooLarge:
        return _failed(TooLarge(f"a body above {MAX_BODY} bytes", need=MAX_BODY, hint="send fewer at once"), 413)
    except web.HTTPException as error:
        # Nothing else than what aiohttp says about addresses and methods.
        return _failed(NotFound(f"{request.method} {request.path[:80]}: {error.reason}", hint="see /v1"), error.status)
    except TimeoutError:
        return _failed(MalformedError("the body did not come in time", hint="send it at once"), 408)
    except Exception:
        _log.exception("%s %s", request.method, request.path)
        return _failed(Busy("the service failed on this request", hint="its operator finds the cause in the log"), 500)


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
        body = await _body(request, "application/json", "application/octet-stream")
        if request.content_type == "application/octet-stream":
            return _packed(await self._intake.submit(records_of_bytes(body)))
        records, faults = records_of_json(read_json(body))
        answer = await self._intake.submit(records)
        rows: list[dict[str, Any]] = []
        for place, (digest, refusal) in enumerate(zip(answer.digests, answer.refusals, strict=True)):
            if refusal is None:
                rows.append({"ok": True, "id": "0x" + digest.hex()})
            else:
                rows.append({"error": to_json(faults.get(place, refusal))})
        return web.json_response({"accepted": sum("ok" in row for row in rows), "results": rows})

    async def keys(self, request: web.Request) -> web.Response:
        data = read_json(await _body(request, "application/json"))
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
        return await _told(views.fate, self._sequencer, bytes_of(request.match_info["id"], 32))

    async def account(self, request: web.Request) -> web.Response:
        return await _told(views.account, self._sequencer, number_of("account", request.match_info["id"]))

    async def proof(self, request: web.Request) -> web.Response:
        return await _told(views.proof, self._sequencer, number_of("account", request.match_info["id"]))

    async def owner(self, request: web.Request) -> web.Response:
        return await _told(views.accounts_of, self._sequencer, request.match_info["owner"])

    async def entry(self, request: web.Request) -> web.Response:
        return await _told(views.entry, self._sequencer, number_of("entry", request.match_info["n"]))

    async def state(self, _: web.Request) -> web.Response:
        return await _told(views.state, self._sequencer)

    async def health(self, _: web.Request) -> web.Response:
        found = self._health()
        return web.json_response(found, status=200 if found["ok"] else 503)


async def _body(request: web.Request, *kinds: str) -> bytes:
    if request.content_type not in kinds:
        raise WrongType(f"a body of {request.content_type[:60]}", hint=f"send {' or '.join(kinds)}")
    async with asyncio.timeout(_READ_SECONDS):
        return await request.read()


async def _told(view: Callable[..., Any], *args: Any) -> web.Response:
    return web.json_response(await asyncio.to_thread(view, *args))


def _packed(answer: Answer) -> web.Response:
    """To the binary form: how many were accepted, and what was refused by place."""
    refused = {str(at): to_json(one) for at, one in enumerate(answer.refusals) if one is not None}
    accepted = len(answer.refusals) - len(refused)
    return web.json_response({"accepted": accepted, "refused": refused})


def _failed(error: Layer2Error, status: int) -> web.Response:
    return web.json_response({"error": to_json(error)}, status=status)
