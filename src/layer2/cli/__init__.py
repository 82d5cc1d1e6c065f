"""The `layer2` command: channels, rollup, plasma and measurements without ape."""

from layer2.cli.app import cli, main

__all__ = ["cli", "main"]
