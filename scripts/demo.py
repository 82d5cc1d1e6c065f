"""`ape run demo`: channels, a rollup and plasma on the chain of `--network`, with every balance checked to the wei."""

from __future__ import annotations

import click
from scripts._common import ConnectedProviderCommand, connected, one_line_errors

from layer2_demo.chapters import CHAPTERS


@click.command(cls=ConnectedProviderCommand)
@click.option("--payments", default=2_000, show_default=True, help="Payments in the first channel, at least 1,000.")
@click.option("--chapter", "chapters", multiple=True, type=click.Choice(CHAPTERS), help="Only this one.")
@one_line_errors
def cli(payments: int, chapters: tuple[str, ...]) -> None:
    """Play channels, a rollup and plasma from the first deposit to the last exit, and check every balance."""
    from layer2_demo.play import run_demo

    run_demo(connected(), payments=payments, chapters=chapters or CHAPTERS)
