"""`layer2 deploy`: put the channel hub on a chain and record it."""

from __future__ import annotations

from typing import Any

import click

from layer2.channels.contract import DEVNET, PUBLIC, HubContract, Profile
from layer2.cli.records import require_new
from layer2.cli.workspace import Workspace, chain_options
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.deployments import Deployment, Registry
from layer2.ethereum.errors import TransactionFailed
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import to_address
from layer2.primitives.units import parse_duration

__all__ = ["HUB", "command", "deploy_hub", "profile_for"]

HUB = "ChannelHub"


def profile_for(connection: Connection) -> Profile:
    """`DEVNET` on a development chain, else `PUBLIC`."""
    return DEVNET if connection.is_dev else PUBLIC


def deploy_hub(sender: Sender, profile: Profile | None = None) -> Deployment:
    """Deploy the hub and return its record; nothing is written to disk."""
    chosen = profile or profile_for(sender.connection)
    contract = HubContract.deploy_contract(sender.connection, sender, chosen)
    receipt = contract.deployment
    if receipt is None:
        raise TransactionFailed(f"{HUB}: deployed at {contract.address} without a receipt", hint="deploy again")
    arguments = (chosen.permit2, chosen.min_delay, chosen.max_delay, chosen.max_lock_duration)
    return Deployment.record(sender.connection, load_artifact(HUB), receipt, sender.address, arguments)


@click.command("deploy")
@click.option("--name", default=HUB, show_default=True, help="Under which name it is recorded.")
@click.option("--min-delay", help='Shortest challenge window, for example "15 minutes".')
@click.option("--max-delay", help='Longest challenge window, for example "30 days".')
@click.option("--max-lock", help='How far ahead a posted lock may expire, for example "7 days".')
@click.option("--permit2", help="Address of the Permit2 contract.")
@click.option("--deployments", default="deployments", show_default=True, help="Folder of the records.")
@click.option("--replace", "again", is_flag=True, help="Deploy again although one is recorded and stands.")
@chain_options
def command(
    workspace: Workspace,
    name: str,
    min_delay: str | None,
    max_delay: str | None,
    max_lock: str | None,
    permit2: str | None,
    deployments: str,
    again: bool,
) -> None:
    """Deploy the channel hub and record it under deployments/<chain id>/."""
    registry = Registry(deployments)
    connection = workspace.connection
    require_new(registry, name, connection, again=again)
    base = profile_for(connection)
    profile = Profile(
        min_delay=base.min_delay if min_delay is None else parse_duration(min_delay),
        max_delay=base.max_delay if max_delay is None else parse_duration(max_delay),
        max_lock_duration=base.max_lock_duration if max_lock is None else parse_duration(max_lock),
        permit2=base.permit2 if permit2 is None else to_address(permit2),
    )
    record = deploy_hub(workspace.sender, profile)
    path = registry.save(name, record)
    facts: dict[str, Any] = {
        "address": record.address,
        "block": record.block,
        "chainId": record.chain_id,
        "file": str(path),
        "transaction": record.tx_hash,
    }
    workspace.emit(facts, f"{name} {record.address} on chain {record.chain_id}, recorded in {path}")
