"""Registry of a family's sub-commands, to which a front end adds its options for chain and account."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import click

from layer2.cli.common.command_index import (
    CHANNEL_COMMANDS,
    COIN_COMMANDS,
    EXAMPLES,
    OPTIONS,
    PLASMA_COMMANDS,
    ROLLUP_COMMANDS,
    Commands,
    Listed,
)
from layer2.cli.common.suggestions import SuggestingGroup

__all__ = ["CHANNELS", "COINS", "PLASMA", "ROLLUP", "Verb", "CommandRegistry"]

Verb = Callable[..., Any]

_SHARED_OPTIONS = {"--network": 1, "--account": 1, "--as": 1, "--home": 1, "--json": 0}
"""Options of every command with their number of values."""


class CommandRegistry:
    """A family's sub-commands by name; each is a function that takes `workspace`.

    Args:
        family: Name of the group.
        purpose: Help text of the group in one sentence.
        contents: Index for `--help`; the module of a command is imported on first use.
    """

    def __init__(self, family: str, purpose: str, contents: Commands) -> None:
        self.family = family
        self.purpose = purpose
        self.contents = contents
        self.listed: dict[str, Listed] = {name: one for part in contents.values() for name, one in part.items()}
        self.inner: dict[str, CommandRegistry] = {}
        self._known: dict[str, Verb] = {}

    def __repr__(self) -> str:
        return f"<CommandRegistry {self.family} {len(self.listed)}>"

    def verb(self, name: str) -> Callable[[Verb], Verb]:
        """Register a function as a listed sub-command."""
        if name not in self.listed:
            raise ValueError(f"{self.family} {name} is not in the command index")

        def register(function: Verb) -> Verb:
            self._known[name] = function
            return function

        return register

    def include(self, other: CommandRegistry) -> None:
        """Add another family as a group within this one."""
        self.inner[other.family] = other

    def function(self, name: str) -> Verb:
        """Return the function of a listed name, importing its module if necessary."""
        if name not in self._known:
            importlib.import_module(f"layer2.cli.{self.listed[name].module}")
        return self._known[name]

    def build(self, options: Callable[[Verb], Verb], command_class: type[click.Command] = click.Command) -> click.Group:
        """Build the group of all sub-commands with a front end's options (`layer2`'s own, or ape's)."""
        return _VerbGroup(self, options, command_class)


class _VerbGroup(SuggestingGroup):
    """Click group of a family, which lists commands from the index and builds them on first use."""

    def __init__(
        self, verbs: CommandRegistry, options: Callable[[Verb], Verb], command_class: type[click.Command]
    ) -> None:
        super().__init__(verbs.family, help=verbs.purpose)
        self._verbs = verbs
        self._options = options
        self._class = command_class

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Accept the options of every command before the command's name as well, and pass them on to it."""
        words, moved = list(args), []
        while words and (takes := _SHARED_OPTIONS.get(words[0].partition("=")[0])) is not None:
            count = 1 if "=" in words[0] else 1 + takes
            moved += words[:count]
            words = words[count:]
        if moved and words and not words[0].startswith("-"):
            words = [words[0], *moved, *words[1:]]
        elif moved:
            words = list(args)
        return super().parse_args(ctx, words)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print examples, and the variables that stand for options."""
        with formatter.section("Examples"):
            for line in EXAMPLES[self._verbs.family]:
                formatter.write_text(f"{ctx.command_path} {line}")
        with formatter.section("Options of every command, before or after its name"):
            formatter.write_dl(OPTIONS)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names in the order of the index, followed by nested groups."""
        return [*self._verbs.listed, *self._verbs.inner]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, importing its module if necessary."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        if cmd_name in self._verbs.inner:
            made: click.Command = self._verbs.inner[cmd_name].build(self._options, self._class)
        elif cmd_name in self._verbs.listed:
            function = self._options(self._verbs.function(cmd_name))
            summary = self._verbs.listed[cmd_name].summary
            made = click.command(cmd_name, cls=self._class, short_help=summary)(function)
        else:
            return None
        self.add_command(made)
        return made

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands under their headings, without importing them."""
        for heading, part in self._verbs.contents.items():
            with formatter.section(heading):
                formatter.write_dl([(name, one.summary) for name, one in part.items()], col_max=16)
        if self._verbs.inner:
            with formatter.section("More"):
                formatter.write_dl([(name, one.purpose) for name, one in self._verbs.inner.items()], col_max=16)


CHANNELS = CommandRegistry("channels", "Open, pay, close and defend payment channels.", CHANNEL_COMMANDS)
ROLLUP = CommandRegistry("rollup", "Pay, run and leave a rollup.", ROLLUP_COMMANDS)
PLASMA = CommandRegistry("plasma", "Pay on, run and leave a plasma chain.", PLASMA_COMMANDS)
COINS = CommandRegistry(
    "coin", "Coins: single deposits, NFTs too, that change hands with their history (Plasma Cash).", COIN_COMMANDS
)
PLASMA.include(COINS)
