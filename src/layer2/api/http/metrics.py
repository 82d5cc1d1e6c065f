"""Metrics of a node in the Prometheus text format 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

__all__ = ["Metric", "exposition", "metrics_answer", "metrics_of_health"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its values by labels.

    Attributes:
        name: name of the metric; that of a counter ends in `_total`.
        purpose: help text.
        values: values by labels.
        kind: gauge or counter; a counter only increases.
    """

    name: str
    purpose: str
    values: Mapping[tuple[tuple[str, str], ...], int | float] = field(default_factory=dict)
    kind: str = "gauge"

    @classmethod
    def of(cls, name: str, purpose: str, value: int | float) -> Metric:
        """Create a gauge without labels."""
        return cls(name, purpose, {(): value})

    @classmethod
    def count(cls, name: str, purpose: str, label: str, values: Mapping[str, int]) -> Metric:
        """Create a counter with one label."""
        return cls(name, purpose, {((label, key),): value for key, value in sorted(values.items())}, "counter")


def exposition(metrics: Iterable[Metric]) -> str:
    """Return the metrics in text format."""
    lines: list[str] = []
    for one in metrics:
        lines += [f"# HELP {one.name} {one.purpose}", f"# TYPE {one.name} {one.kind}"]
        for labels, value in one.values.items():
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            lines.append(f"{one.name}{{{shown}}} {value}" if shown else f"{one.name} {value}")
    return "\n".join(lines) + "\n"


def metrics_answer(metrics: Iterable[Metric]) -> web.Response:
    """Return the metrics as an HTTP response."""
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(text=exposition(metrics), headers=headers)


def metrics_of_health(prefix: str, health: Mapping[str, Any]) -> list[Metric]:
    """Return a gauge for every integer and boolean in a health report."""
    return [
        Metric.of(f"{prefix}_{name}", f"{name}, see /v1/health", int(value))
        for name, value in health.items()
        if isinstance(value, int)
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
