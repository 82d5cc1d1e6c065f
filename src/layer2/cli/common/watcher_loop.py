"""Options, loop and output of the commands that run a plasma watcher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import click

from layer2.cli.common.daemons import Daemon
from layer2.plasma.common.watcher.alerts import Report

__all__ = ["Watching", "report_json", "told", "watching", "watching_options"]

F = TypeVar("F", bound=Callable[..., Any])


def watching_options(command: F) -> F:
    """Add the watcher options `--only-look` and `--patience`."""
    look = click.option("--only-look", is_flag=True, help="Report only; send nothing.")
    patience = click.option(
        "--patience", default="10 minutes", show_default=True, help="How long block data may be missing."
    )
    return look(patience(command))


class Watching(Protocol):
    """A watcher, or the part of a watcher service that steps it."""

    def step(self) -> Report:
        """Take all due actions."""
        ...


def watching(inner: Watching, name: str = "watcher") -> Daemon:
    """Return the daemon of a watcher."""
    return Daemon(name, lambda: told(inner.step()))


def told(report: Report) -> list[str]:
    """Return the findings and actions of a watcher's step as text."""
    lines = [f"{'ALARM ' if one.kind.alarming else ''}{one}" for one in report.findings]
    for act in report.acts:
        lines.append(f"{act.name} 0x{act.subject.hex()[:8]}: {'done' if act.done else 'not done'}, {act.detail}")
    return lines


def report_json(report: Report) -> dict[str, Any]:
    """Return the findings and actions of a watcher's step for JSON output."""
    return {
        "acts": [
            {"name": one.name, "subject": "0x" + one.subject.hex(), "done": one.done, "detail": one.detail}
            for one in report.acts
        ],
        "findings": [
            {"kind": one.kind.name, "alarming": one.kind.alarming, "detail": str(one)} for one in report.findings
        ],
    }
