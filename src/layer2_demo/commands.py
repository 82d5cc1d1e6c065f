"""`layer2 demo`: the command; what it runs is imported when it runs."""

from __future__ import annotations

import click

from layer2_demo.chapters import CHAPTERS

__all__ = ["command"]


@click.command("demo")
@click.option("--network", default="test", show_default=True, type=click.Choice(["test", "anvil"]),
              help="The in-process chain, or a real node of our own.")  # fmt: skip
@click.option("--payments", default=2_000, show_default=True, type=click.IntRange(1_000, 200_000),
              help="Payments in the first channel.")  # fmt: skip
@click.option("--chapter", "chapters", multiple=True, type=click.Choice(CHAPTERS), help="Only this one.")
def command(network: str, payments: int, chapters: tuple[str, ...]) -> None:
    """Play channels, a rollup and plasma from the first deposit to the last exit, with every balance checked."""
    from layer2.ethereum.devnet import AnvilNode, tester_connection
    from layer2_demo.play import run_demo

    if network == "anvil":
        with AnvilNode() as node:
            run_demo(node.connection, payments=payments, chapters=chapters or CHAPTERS)
    else:
        run_demo(tester_connection(), payments=payments, chapters=chapters or CHAPTERS)
