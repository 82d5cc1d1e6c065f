"""Code shared by the ape scripts: the connected chain, ape's accounts by name, and one-line errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from ape.cli import ConnectedProviderCommand, network_option

if TYPE_CHECKING:
    from layer2.cli.common.command_registry import CommandRegistry
    from layer2.cli.common.workspace import Workspace
    from layer2.ethereum.connection import Connection
    from layer2.ethereum.signer import Signer

__all__ = [
    "ConnectedProviderCommand",
    "ape_options",
    "connected",
    "network_option",
    "of_ape",
    "one_line_errors",
    "signer_named",
]


def connected() -> Connection:
    """Return the connection to the chain of `--network`."""
    from ape import networks

    from layer2.ape import connection_from_ape

    return connection_from_ape(networks.active_provider)


def signer_named(text: str, connection: Connection) -> Signer:
    """Return the signer of an ape account by role (development chains), alias, address or `TEST::0`."""
    import ape

    from layer2.ape import ApeAccountSigner
    from layer2.cli.common.workspace import AccountUnusable
    from layer2.ethereum.accounts import role_index

    index = role_index(text)
    if index is not None and connection.is_dev:
        return ApeAccountSigner(ape.accounts.test_accounts[index])
    if text.startswith("TEST::") and text[6:].isdigit():
        if not connection.is_dev:
            raise AccountUnusable(f"account {text}: its key is public", hint="import your own: ape accounts import")
        return ApeAccountSigner(ape.accounts.test_accounts[int(text[6:])])
    if text in ape.accounts.aliases:
        return ApeAccountSigner(ape.accounts.load(text))
    known = ", ".join(ape.accounts.aliases) or "none"
    raise AccountUnusable(f"account {text!r} is not known to ape (known: {known})", hint="ape accounts list")


def one_line_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Report errors of this project and of ape as one line on stderr with exit code 2, like the `layer2` command."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        from ape.exceptions import ApeException

        from layer2.cli.app import EXIT_ERROR, one_line
        from layer2.primitives.errors import Layer2Error

        try:
            return command(*args, **kwargs)
        except (Layer2Error, ApeException) as failure:
            text = one_line(str(failure)) or type(failure).__name__
            click.echo(f"layer2: {text}", err=True)
            raise SystemExit(EXIT_ERROR) from None

    return wrapper


def _workspace(account: str, home: str, as_json: bool) -> Workspace:
    from layer2.cli.common.workspace import Workspace

    class ApeWorkspace(Workspace):
        """A workspace on ape's chain with ape's accounts."""

        @cached_property
        def connection(self) -> Connection:
            return connected()

        @cached_property
        def signer(self) -> Signer:
            return signer_named(self.account, self.connection)

        def signer_of(self, text: str) -> Signer:
            return signer_named(text, self.connection)

    return ApeWorkspace("ape", account, Path(home).expanduser(), as_json)


def ape_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the `layer2` command's options with ape's `--network` and `--account`, passed as `workspace`."""

    @functools.wraps(command)
    @one_line_errors
    def wrapper(*args: Any, account: str, home: str, as_json: bool, **kwargs: Any) -> Any:
        return command(*args, workspace=_workspace(account, home, as_json), **kwargs)

    # The wrapper gets its own list, because the `layer2` command wraps the same function.
    vars(wrapper)["__click_params__"] = list(getattr(command, "__click_params__", []))
    decorated: Any = wrapper
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--home", default="~/.layer2", show_default=True, envvar="LAYER2_HOME",
                     show_envvar=True,
                     help="Folder of the journals."),
        click.option("--account", "--as", "account", default="operator", show_default=True,
                     envvar="LAYER2_ACCOUNT", show_envvar=True,
                     help="Role on a development chain, ape alias, or TEST::n."),
    ):  # fmt: skip
        decorated = option(decorated)
    result: Callable[..., Any] = decorated
    return result


def of_ape(registry: CommandRegistry) -> click.Group:
    """Return a family's commands with ape's networks and accounts."""
    group = registry.build(ape_options, ConnectedProviderCommand)
    group.help = (
        f"{registry.purpose}\n\nPass a node's URL with --network, before or after the command: ethereum:local:test is "
        "a new chain for each command, on which nothing is deployed."
    )
    return group
