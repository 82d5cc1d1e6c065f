"""What a node counts, as Prometheus reads it (text format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

__all__ = ["Metric", "exposition", "metrics_answer", "metrics_of_health"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One name with its values by labels. `kind`: gauge, or counter for what only grows (its name ends in `_total`)."""

    name: str
    purpose: str
    values: Mapping[tuple[tuple[str, str], ...], int | float] = field(default_factory=dict)
    kind: str = "gauge"

    @classmethod
    def of(cls, name: str, purpose: str, value: int | float) -> Metric:
        """A gauge without labels."""
        return cls(name, purpose, {(): value})

    @classmethod
    def count(cls, name: str, purpose: str, label: str, values: Mapping[str, int]) -> Metric:
        """A counter by one label."""
        return cls(name, purpose, {((label, key),): value for key, value in sorted(values.items())}, "counter")


def exposition(metrics: Iterable[Metric]) -> str:
    """The text."""
    lines: list[str] = []
    for one in metrics:
        lines += [f"# HELP {one.name} {one.purpose}", f"# TYPE {one.name} {one.kind}"]
        for labels, value in one.values.items():
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            lines.append(f"{one.name}{{{shown}}} {value}" if shown else f"{one.name} {value}")
    return "\n".join(lines) + "\n"


def metrics_answer(metrics: Iterable[Metric]) -> web.Response:
    """The same as an answer over HTTP."""
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(text=exposition(metrics), headers=headers)


def metrics_of_health(prefix: str, health: Mapping[str, Any]) -> list[Metric]:
    """Every number and truth value of what a service says of its health."""
    return [
        Metric.of(f"{prefix}_{name}", f"{name}, see /v1/health", int(value))
        for name, value in health.items()
        if isinstance(value, int)
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
