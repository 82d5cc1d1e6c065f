"""Root of the `layer2` command. Errors are reported in one line with exit code 2 and no traceback."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import click

from layer2 import __version__
from layer2.cli.common.suggestions import SuggestingGroup
from layer2.primitives.errors import Layer2Error

__all__ = ["LazyGroup", "cli", "main", "one_line"]

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


class LazyGroup(SuggestingGroup):
    """Group that imports sub-commands on first use: `layer2 --help` loads no chain library.

    The wheel lacks the packages of `demo` and `bench`, which exist in a checkout only.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = {name: one for name, one in lazy.items() if find_spec(one[0].partition(".")[0])}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all sub-commands, imported or not."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the sub-command, importing its module if necessary."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        command = getattr(importlib.import_module(self._lazy[cmd_name][0]), "command")  # noqa: B009
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the sub-commands with their one-line summaries, without importing them."""
        rows = [(name, self._lazy[name][1]) for name in sorted(self._lazy)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    lazy={
        "devnet": ("layer2.cli.devnet", "Start a local chain with all contracts, until Ctrl-C."),
        "deploy": ("layer2.cli.deploy.channels", "Deploy the channel hub and record it."),
        "channels": ("layer2.cli.channels.commands", "Open, pay, close and defend payment channels."),
        "rollup": ("layer2.cli.rollup.commands", "Pay in, run and exit a rollup."),
        "plasma": ("layer2.cli.plasma.commands", "Pay in, run and exit a plasma chain."),
        "demo": (
            "layer2_demo.commands",
            "Show all families at work, with every balance checked.",
        ),
        "bench": ("layer2_bench.commands", "Measure gas and operations per second."),
        "doctor": ("layer2.cli.doctor", "Check that all that layer2 needs is installed."),
    },
)
@click.version_option(__version__, prog_name="layer2")
def cli() -> None:
    """Payment channels, a rollup and plasma on Ethereum, from the command line."""


cli.epilog = (
    "Start with `layer2 devnet` in one terminal and `layer2 channels --help` in another. Variables: LAYER2_NETWORK, "
    'LAYER2_ACCOUNT, LAYER2_HOME. Shell completion: eval "$(_LAYER2_COMPLETE=bash_source layer2)" (or zsh_source).'
)


def one_line(text: str) -> str:
    """Return the text with each run of white space replaced by one space."""
    return " ".join(text.split())


def main(args: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 on success, 2 on an error (one line on stderr), 130 if interrupted."""
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    try:
        outcome = cli.main(args=None if args is None else list(args), prog_name="layer2", standalone_mode=False)
    except click.exceptions.Abort:
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except click.NoSuchOption as failure:
        # The shell's word "-1 ether" is an amount, which click reads as an option.
        if failure.option_name[1:2].isdigit():
            return _fail(f"{failure.option_name}..: a negative amount; pass zero or more")
        return _fail(failure.format_message())
    except click.ClickException as failure:
        return _fail(failure.format_message())
    except Layer2Error as failure:
        return _fail(str(failure))
    except OSError as failure:
        # Examples are a closed pipe (`layer2 ... | head`), a full disk and an unreadable file.
        return _fail(f"{failure.strerror or failure}{f': {failure.filename}' if failure.filename else ''}")
    return outcome if isinstance(outcome, int) else 0


def _fail(message: str) -> int:
    click.echo(f"layer2: {one_line(message)}", err=True)
    return EXIT_ERROR
