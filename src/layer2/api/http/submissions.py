"""What every service that takes signed records answers in the same way: submissions in two forms, health, metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from aiohttp import web

from layer2.api.http.batching import Intake, Taker
from layer2.api.http.errors import Busy
from layer2.api.http.handlers import body_of, packed_answer, rows_answer
from layer2.api.http.json_fields import read_json
from layer2.api.http.metrics import metrics_answer, metrics_of_health
from layer2.primitives.errors import Layer2Error

__all__ = ["Submissions"]

_BYTES = "application/octet-stream"


class Submissions(ABC):
    """Handlers of one application. A subclass reads its records, and adds the handlers of its own questions.

    Args:
        taker: who judges and accepts.
        health: what `/v1/health` tells, with `ok`.
    """

    metric: ClassVar[str]
    """What the names of its metrics begin with."""

    def __init__(self, taker: Taker, health: Callable[[], dict[str, Any]]) -> None:
        self._taker = taker
        self._health = health
        self._intake: Intake | None = None

    @abstractmethod
    def read_bytes(self, body: bytes) -> list[bytes]:
        """The records of the binary form; raises MalformedError."""

    @abstractmethod
    def read_rows(self, data: Any) -> tuple[Sequence[bytes], dict[int, Layer2Error]]:
        """The records of the form in JSON, and by place what had no reading; raises MalformedError."""

    async def life(self, _: web.Application) -> Any:
        """Begins and ends with the application."""
        self._intake = Intake(self._taker)
        yield
        await self._intake.close()

    async def submit(self, request: web.Request) -> web.Response:
        """Take records; each is accepted, durably, or refused by name."""
        if self._intake is None:
            raise Busy("the service begins just now", hint="try again in a second")
        body = await body_of(request, "application/json", _BYTES)
        if request.content_type == _BYTES:
            return packed_answer((await self._intake.submit(self.read_bytes(body))).refusals)
        records, faults = self.read_rows(read_json(body))
        answer = await self._intake.submit(records)
        return rows_answer(answer.digests, answer.refusals, faults)

    async def health(self, _: web.Request) -> web.Response:
        """Whether it works."""
        found = self._health()
        return web.json_response(found, status=200 if found["ok"] else 503)

    async def metrics(self, _: web.Request) -> web.Response:
        """The same for Prometheus."""
        return metrics_answer(metrics_of_health(self.metric, self._health()))
