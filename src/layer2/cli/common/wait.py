"""`wait`, in each family: advance the time of a development chain."""

from __future__ import annotations

import click

from layer2.cli.common.command_registry import CHANNELS, COINS, PLASMA, ROLLUP
from layer2.cli.common.workspace import Workspace
from layer2.primitives.display import format_time
from layer2.primitives.units import parse_duration

__all__ = ["wait"]


@CHANNELS.verb("wait")
@ROLLUP.verb("wait")
@PLASMA.verb("wait")
@COINS.verb("wait")
@click.argument("duration")
def wait(workspace: Workspace, duration: str) -> None:
    """Advance the time of a development chain by DURATION, for example "1 hour"."""
    time = workspace.connection.advance(parse_duration(duration))
    workspace.emit({"time": time}, f"it is {format_time(time)}")
