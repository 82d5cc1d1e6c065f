"""Request handling shared by all HTTP services: body limits and timeouts, JSON responses, typed errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from layer2.api.http.connection_limits import noticed
from layer2.api.http.errors import Busy, NotFound, WrongType, status_of, to_json
from layer2.api.http.host_check import HOSTS, require_host
from layer2.api.http.json_fields import number_of
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.primitives.rejections import TooLarge

__all__ = [
    "MAX_BODY",
    "MOST_LISTED",
    "Handler",
    "body_of",
    "new_application",
    "packed_answer",
    "page_of",
    "rows_answer",
    "told",
]

MOST_LISTED = 1_000
"""Maximum number of rows in a list."""
MAX_BODY = 2 << 20
"""Maximum size in bytes of a request body: more than the largest allowed submission needs."""
_READ_SECONDS = 15.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


def new_application() -> web.Application:
    """Return an application with typed errors and limited body sizes."""
    made = web.Application(middlewares=[noticed, _typed], client_max_size=MAX_BODY)
    made.on_response_prepare.append(_unversioned)
    return made


async def body_of(request: web.Request, *kinds: str) -> bytes:
    """Return the body of a request with one of the content types; raise WrongType or TimeoutError."""
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.strip().lower() not in ("", "identity"):
        raise WrongType(f"unsupported content encoding {coding[:40]!r}", hint="send it without Content-Encoding")
    if request.content_type not in kinds:
        raise WrongType(f"unsupported content type {request.content_type[:60]}", hint=f"send {' or '.join(kinds)}")
    async with asyncio.timeout(_READ_SECONDS):
        return await request.read()


async def told(view: Callable[..., Any], *args: Any) -> web.Response:
    """Return the result of a view as JSON; the view runs in a thread, because it may wait for a lock."""
    return web.json_response(await asyncio.to_thread(view, *args))


def page_of(request: web.Request, name: str, least: int, most: int) -> tuple[int, int]:
    """Return the start of a list (query parameter `name`) and the number of rows (`count`, at most `most`)."""
    start = number_of(name, request.query.get(name, str(least)), 40)
    count = number_of("count", request.query.get("count", "100"), 40)
    return start, max(1, min(count, most))


def packed_answer(refusals: list[Layer2Error | None]) -> web.Response:
    """Return the response to a binary submission: the number of accepted records, and errors by index."""
    refused = {str(at): to_json(one) for at, one in enumerate(refusals) if one is not None}
    return web.json_response({"accepted": len(refusals) - len(refused), "refused": refused})


def rows_answer(
    digests: Sequence[bytes], refusals: Sequence[Layer2Error | None], faults: Mapping[int, Layer2Error]
) -> web.Response:
    """Return the response to a JSON submission: an id or an error for each record.

    Args:
        digests: ids of the records.
        refusals: an error or None for each record.
        faults: errors by index of records that could not be decoded.
    """
    rows: list[dict[str, Any]] = []
    for place, (hashed, refusal) in enumerate(zip(digests, refusals, strict=True)):
        if refusal is None:
            rows.append({"ok": True, "id": "0x" + hashed.hex()})
        else:
            rows.append({"error": to_json(faults.get(place, refusal))})
    return web.json_response({"accepted": sum("ok" in row for row in rows), "results": rows})


@web.middleware
async def _typed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Convert every failure to a response `{"error": {code, message, have, need, hint}}`."""
    try:
        require_host(request.headers.getall("Host", []), request.app.get(HOSTS))
        return await handler(request)
    except Layer2Error as error:
        status = status_of(error)
        if status == 503 and not isinstance(error, Busy):
            _log.error("%s %s: %s", request.method, request.path, error)
        return _failed(error, status)
    except web.HTTPRequestEntityTooLarge:
        return _failed(
            TooLarge(f"the body has more than {MAX_BODY} bytes", need=MAX_BODY, hint="send fewer at once"), 413
        )
    except web.HTTPException as error:
        # aiohttp raises these for unknown paths and methods only.
        return _failed(NotFound(f"{request.method} {request.path[:80]}: {error.reason}", hint="see /v1"), error.status)
    except TimeoutError:
        return _failed(MalformedError("the body did not arrive in time", hint="send it without pauses"), 408)
    except web.RequestPayloadError:
        return _failed(MalformedError("the body is not a valid HTTP body", hint="check its length and coding"), 400)
    except Exception:
        _log.exception("%s %s", request.method, request.path)
        return _failed(Busy("internal error of the service", hint="the operator's log has the cause"), 500)


async def _unversioned(_: web.Request, response: web.StreamResponse) -> None:
    """Set a `Server` header that reveals no software versions."""
    response.headers["Server"] = "layer2"


def _failed(error: Layer2Error, status: int) -> web.Response:
    return web.json_response({"error": to_json(error)}, status=status)
