"""Options of every `layer2` command; the modules behind them are imported when a command runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["chain_options", "loop_options"]

F = TypeVar("F", bound=Callable[..., Any])


def chain_options(command: F) -> F:
    """Add `--network`, `--account`, `--home` and `--json`, passed to the command as `workspace`."""

    @functools.wraps(command)
    def wrapper(*args: Any, network: str, account: str, home: str, as_json: bool, **kwargs: Any) -> Any:
        from layer2.cli.common.workspace import Workspace

        workspace = Workspace(network, account, Path(home).expanduser(), as_json)
        return command(*args, workspace=workspace, **kwargs)

    # Each front end gets its own list, because several may wrap the same function.
    vars(wrapper)["__click_params__"] = list(getattr(command, "__click_params__", []))
    options = [
        click.option("--network", default="anvil", show_default=True, envvar="LAYER2_NETWORK",
                     show_envvar=True,
                     help="Node URL or socket path; anvil is http://127.0.0.1:8545."),
        click.option("--account", "--as", "account", default="operator", show_default=True,
                     envvar="LAYER2_ACCOUNT", show_envvar=True,
                     help="Acting account: a role on a development chain, env:NAME, or a keystore file."),
        click.option("--home", default="~/.layer2", show_default=True, envvar="LAYER2_HOME",
                     show_envvar=True,
                     help="Folder of the journals."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ]  # fmt: skip
    decorated: Any = wrapper
    for option in reversed(options):
        decorated = option(decorated)
    result: F = decorated
    return result


def loop_options(command: F) -> F:
    """Add `--once` and `--interval`."""
    once = click.option("--once", is_flag=True, help="Run one step and exit.")
    every = click.option("--interval", default="2 seconds", show_default=True, help="Time between steps.")
    return once(every(command))
