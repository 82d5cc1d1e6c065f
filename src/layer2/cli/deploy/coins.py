"""`layer2 plasma coin deploy`: deploy a coin chain and record it."""

from __future__ import annotations

from dataclasses import replace

import click

from layer2.cli.common.command_registry import COINS
from layer2.cli.common.deploy import amounts, deploy_and_record, durations, record_of, record_options
from layer2.cli.common.workspace import Workspace, party_address
from layer2.ethereum.deployments import Deployment
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.contract import COIN_DEVNET, COIN_PUBLIC, CoinChain, CoinProfile
from layer2.primitives.units import format_amount

__all__ = ["NAME", "deploy", "deploy_coins"]

NAME = "CoinChain"


def deploy_coins(sender: Sender, operator: str = "", profile: CoinProfile | None = None) -> Deployment:
    """Deploy a coin chain and return its record, without writing it to disk. `operator` is the sender by default."""
    connection = sender.connection
    chosen = profile or (COIN_DEVNET if connection.is_dev else COIN_PUBLIC)
    chain = CoinChain.deploy(sender, operator or sender.address, chosen)
    return record_of(NAME, sender, chain.contract, chain.arguments)


@COINS.verb("deploy")
@click.option("--operator", help="Operator: an address or a role; the acting account by default.")
@click.option("--exit-period", help='Waiting time of an exit, for example "7 days".')
@click.option("--rotation-delay", help="Notice period before another operator takes over.")
@click.option("--exit-bond", help='Bond of an exit, for example "0.05 ether".')
@record_options
def deploy(
    workspace: Workspace,
    operator: str | None,
    exit_period: str | None,
    rotation_delay: str | None,
    exit_bond: str | None,
    deployments: str,
    again: bool,
) -> None:
    """Deploy a coin chain, independent of any root chain, and record it under deployments/<chain id>/."""
    connection = workspace.connection
    base = COIN_DEVNET if connection.is_dev else COIN_PUBLIC
    times = durations(exit_period=exit_period, rotation_delay=rotation_delay)
    profile = replace(base, **times, **amounts(exit_bond=exit_bond))
    who = party_address(operator, connection) if operator else workspace.signer.address
    facts = {"exitBond": str(profile.exit_bond), "exitPeriod": profile.exit_period, "operator": who}
    deploy_and_record(
        workspace,
        NAME,
        lambda: deploy_coins(workspace.sender, who, profile),
        (deployments, again),
        facts,
        f"operator {who}, exit period {profile.exit_period:,} s, bond {format_amount(profile.exit_bond)}",
        {"exit_period": profile.exit_period},
    )
