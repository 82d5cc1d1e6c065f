"""Handlers shared by all services that accept signed records: binary and JSON submissions, health, metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from aiohttp import web

from layer2.api.http.batching import BatchingIntake, Validator
from layer2.api.http.errors import Busy
from layer2.api.http.handlers import body_of, packed_answer, rows_answer
from layer2.api.http.json_fields import read_json
from layer2.api.http.metrics import metrics_answer, metrics_of_health
from layer2.primitives.errors import Layer2Error

__all__ = ["Submissions"]

_BYTES = "application/octet-stream"


class Submissions(ABC):
    """Handlers of one application. Subclasses decode their records and add further handlers.

    Args:
        taker: component that verifies and accepts the records.
        health: returns the report for `/v1/health`, with `ok`.
    """

    metric: ClassVar[str]
    """Prefix of the metrics' names."""

    def __init__(self, taker: Validator, health: Callable[[], dict[str, Any]]) -> None:
        self._taker = taker
        self._health = health
        self._intake: BatchingIntake | None = None

    @abstractmethod
    def read_bytes(self, body: bytes) -> list[bytes]:
        """Return the records of a binary submission; raise MalformedError."""

    @abstractmethod
    def read_rows(self, data: Any) -> tuple[Sequence[bytes], dict[int, Layer2Error]]:
        """Return the records of a JSON submission, and errors by index of undecodable ones; raise MalformedError."""

    async def life(self, _: web.Application) -> Any:
        """Open the intake with the application and close it at the end."""
        self._intake = BatchingIntake(self._taker)
        yield
        await self._intake.close()

    async def submit(self, request: web.Request) -> web.Response:
        """Handle a submission: each record is accepted durably or rejected with a typed error."""
        if self._intake is None:
            raise Busy("the service is starting", hint="try again in a second")
        body = await body_of(request, "application/json", _BYTES)
        if request.content_type == _BYTES:
            return packed_answer((await self._intake.submit(self.read_bytes(body))).refusals)
        records, faults = self.read_rows(read_json(body))
        answer = await self._intake.submit(records)
        return rows_answer(answer.digests, answer.refusals, faults)

    async def health(self, _: web.Request) -> web.Response:
        """Return the health report; the status is 503 if it is not `ok`."""
        found = self._health()
        return web.json_response(found, status=200 if found["ok"] else 503)

    async def metrics(self, _: web.Request) -> web.Response:
        """Return the health report as Prometheus metrics."""
        return metrics_answer(metrics_of_health(self.metric, self._health()))
