"""The deploy commands: a named contract is deployed once, recorded, and loaded by later commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from layer2.cli.common.workspace import Workspace
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.deployments import Deployment, Registry
from layer2.ethereum.errors import DeploymentMismatch, TransactionFailed
from layer2.ethereum.sender import Sender
from layer2.ethereum.windows import short_windows
from layer2.primitives.errors import InputError
from layer2.primitives.units import parse_amount, parse_duration

__all__ = ["amounts", "deploy_and_record", "durations", "record_of", "record_options", "warn_of_windows"]

F = TypeVar("F", bound=Callable[..., Any])


def record_options(command: F) -> F:
    """Add `--deployments` and `--replace` (the parameter is `again`)."""
    folder = click.option("--deployments", default="deployments", show_default=True, help="Folder of the records.")
    again = click.option("--replace", "again", is_flag=True, help="Deploy again even if one exists.")
    return folder(again(command))


def durations(**given: str | None) -> dict[str, Any]:
    """Parse the given durations into seconds, as changes of a profile."""
    return {name: parse_duration(text) for name, text in given.items() if text is not None}


def amounts(**given: str | None) -> dict[str, Any]:
    """Parse the given amounts into wei, as changes of a profile."""
    return {name: parse_amount(text) for name, text in given.items() if text is not None}


def warn_of_windows(**seconds: int) -> None:
    """Warn on stderr of periods that are too short to be safe; on public chains they are rejected elsewhere."""
    for line in short_windows(**seconds):
        click.echo(f"warning: {line}", err=True)


def record_of(name: str, sender: Sender, contract: Contract, arguments: Sequence[Any]) -> Deployment:
    """Return the record of a newly deployed contract; raise TransactionFailed if its receipt is missing."""
    receipt = contract.deployment
    if receipt is None:
        raise TransactionFailed(f"{name}: deployed at {contract.address} without a receipt", hint="deploy again")
    return Deployment.record(sender.connection, load_artifact(name), receipt, sender.address, arguments)


def deploy_and_record(
    workspace: Workspace,
    name: str,
    deploy: Callable[[], Deployment],
    where: tuple[str, bool],
    facts: Mapping[str, Any] | None = None,
    details: str = "",
    windows: Mapping[str, int] | None = None,
) -> None:
    """Deploy a contract, warn of short windows, record the contract and print the record.

    Args:
        workspace: Chain and acting account.
        name: Name of the record.
        deploy: Deploys the contract.
        where: Folder of the records, and True to replace a record of a contract that is still deployed.
        facts: Further fields of the JSON output.
        details: Further text, after the address.
        windows: Periods in seconds that must not be too short.

    Raises:
        InputError: The name is recorded and deployed.
    """
    registry, connection = Registry(where[0]), workspace.connection
    if not where[1] and name in registry.names(connection.chain_id) and _stands(registry, name, connection):
        raise InputError(f"{name} is already deployed on chain {connection.chain_id}", hint="use it, or pass --replace")
    record = deploy()
    warn_of_windows(**(windows or {}))
    path = registry.save(name, record)
    shown = {
        "address": record.address,
        "block": record.block,
        "chainId": record.chain_id,
        "file": str(path),
        "transaction": record.tx_hash,
    }
    text = f"{name} {record.address} on chain {record.chain_id}, recorded in {path}"
    workspace.emit({**shown, **(facts or {})}, f"{text}\n{details}" if details else text)


def _stands(registry: Registry, name: str, connection: Connection) -> bool:
    try:
        registry.load(connection.chain_id, name, connection)
    except DeploymentMismatch:
        # After a restart of a development chain, its old record is obsolete.
        if connection.is_dev:
            return False
        raise
    return True
