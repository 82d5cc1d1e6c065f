"""`layer2 plasma deploy`: deploy a root chain and record it."""

from __future__ import annotations

from dataclasses import replace

import click

from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.deploy import amounts, deploy_and_record, durations, record_of, record_options
from layer2.cli.common.workspace import Workspace, party_address
from layer2.ethereum.deployments import Deployment
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import DEVNET, PUBLIC, Profile, RootChain
from layer2.primitives.units import format_amount

__all__ = ["NAME", "deploy", "deploy_plasma"]

NAME = "RootChain"


def deploy_plasma(sender: Sender, operator: str = "", profile: Profile | None = None) -> Deployment:
    """Deploy a root chain and return its record, without writing it to disk. `operator` is the sender by default."""
    connection = sender.connection
    chosen = profile or (DEVNET if connection.is_dev else PUBLIC)
    root = RootChain.deploy(sender, operator or sender.address, chosen)
    return record_of(NAME, sender, root.contract, root.arguments)


@PLASMA.verb("deploy")
@click.option("--operator", help="Operator: an address or a role; the acting account by default.")
@click.option("--exit-period", help='Waiting time of an exit, for example "7 days".')
@click.option("--rotation-delay", help="Notice period before another operator takes over.")
@click.option("--data-delay", help="Time in which the operator must answer a data challenge.")
@click.option("--exit-bond", help='Bond of a standard exit, for example "0.02 ether".')
@record_options
def deploy(
    workspace: Workspace,
    operator: str | None,
    exit_period: str | None,
    rotation_delay: str | None,
    data_delay: str | None,
    exit_bond: str | None,
    deployments: str,
    again: bool,
) -> None:
    """Deploy a root chain and record it under deployments/<chain id>/."""
    connection = workspace.connection
    base = DEVNET if connection.is_dev else PUBLIC
    times = durations(exit_period=exit_period, rotation_delay=rotation_delay, data_delay=data_delay)
    profile = replace(base, **times, **amounts(exit_bond=exit_bond))
    who = party_address(operator, connection) if operator else workspace.signer.address
    facts = {"exitBond": str(profile.exit_bond), "exitPeriod": profile.exit_period, "operator": who}
    deploy_and_record(
        workspace,
        NAME,
        lambda: deploy_plasma(workspace.sender, who, profile),
        (deployments, again),
        facts,
        f"operator {who}, exit period {profile.exit_period:,} s, bond {format_amount(profile.exit_bond)}",
        {"exit_period": profile.exit_period, "data_delay": profile.data_delay},
    )
