"""What commands of watchers share: how one acts, and what its steps say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from layer2.plasma.watchfindings import Report

__all__ = ["told", "watching_options"]

F = TypeVar("F", bound=Callable[..., Any])


def watching_options(command: F) -> F:
    """Add how a watcher acts: `--only-look`, `--patience`."""
    look = click.option("--only-look", is_flag=True, help="Say what is wrong, send nothing.")
    patience = click.option(
        "--patience", default="10 minutes", show_default=True, help="How long a body may be missing."
    )
    return look(patience(command))


def told(report: Report) -> list[str]:
    """What a watcher's step found and did, in words."""
    lines = [f"{'ALARM ' if one.kind.alarming else ''}{one}" for one in report.findings]
    for act in report.acts:
        lines.append(f"{act.name} 0x{act.subject.hex()[:8]}: {'done' if act.done else 'not done'}, {act.detail}")
    return lines
