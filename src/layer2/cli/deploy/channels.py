"""`layer2 deploy`: deploy the channel hub and record it."""

from __future__ import annotations

from dataclasses import replace

import click

from layer2.channels.contract.hub import DEVNET, PUBLIC, HubContract, Profile
from layer2.cli.common.deploy import deploy_and_record, durations, record_of, record_options
from layer2.cli.common.options import chain_options
from layer2.cli.common.workspace import Workspace
from layer2.ethereum.connection import Connection
from layer2.ethereum.deployments import Deployment
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import to_address

__all__ = ["HUB", "command", "deploy_hub", "profile_for"]

HUB = "ChannelHub"


def profile_for(connection: Connection) -> Profile:
    """Return `DEVNET` on a development chain, otherwise `PUBLIC`."""
    return DEVNET if connection.is_dev else PUBLIC


def deploy_hub(sender: Sender, profile: Profile | None = None) -> Deployment:
    """Deploy the hub and return its record, without writing it to disk."""
    chosen = profile or profile_for(sender.connection)
    contract = HubContract.deploy_contract(sender.connection, sender, chosen)
    arguments = (chosen.permit2, chosen.min_delay, chosen.max_delay, chosen.max_lock_duration)
    return record_of(HUB, sender, contract, arguments)


@click.command("deploy")
@click.option("--name", default=HUB, show_default=True, help="Name of the record.")
@click.option("--min-delay", help='Shortest challenge window, for example "15 minutes".')
@click.option("--max-delay", help='Longest challenge window, for example "30 days".')
@click.option("--max-lock", help='Maximum time until a posted lock expires, for example "7 days".')
@click.option("--permit2", help="Address of the Permit2 contract.")
@record_options
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
    base = profile_for(workspace.connection)
    times = durations(min_delay=min_delay, max_delay=max_delay, max_lock_duration=max_lock)
    profile = replace(base, **times, permit2=base.permit2 if permit2 is None else to_address(permit2))
    windows = {} if min_delay is None else {"challenge_window": profile.min_delay}
    deploy_and_record(
        workspace, name, lambda: deploy_hub(workspace.sender, profile), (deployments, again), windows=windows
    )
