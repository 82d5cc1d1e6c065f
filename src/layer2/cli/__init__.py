"""The `layer2` command: channels, rollup and measurements for people who do not use ape."""

from layer2.cli.app import cli, main

__all__ = ["cli", "main"]
