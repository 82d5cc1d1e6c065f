"""Questions to a service as anybody may put them: over plain HTTP, whatever it answers."""

from __future__ import annotations

import urllib.error
import urllib.request

from layer2.api.http.service import HttpService

__all__ = ["BINARY", "JSON", "ask", "metrics_of"]

JSON, BINARY = "application/json", "application/octet-stream"


def ask(
    service: HttpService, path: str, body: bytes | None = None, kind: str = JSON, **headers: str
) -> tuple[int, bytes]:
    """Status and body."""
    request = urllib.request.Request(service.url + path, body, {"Content-Type": kind, **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as failure:
        return failure.code, failure.read()


def metrics_of(service: HttpService) -> dict[str, float]:
    """What it tells Prometheus, by name and labels."""
    status, raw = ask(service, "/metrics")
    assert status == 200
    rows = (line.rsplit(" ", 1) for line in raw.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in rows}
