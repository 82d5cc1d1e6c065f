"""`layer2 rollup deploy`: deploy a rollup with its judges and record it."""

from __future__ import annotations

from dataclasses import replace

import click

from layer2.cli.common.command_registry import ROLLUP
from layer2.cli.common.deploy import amounts, deploy_and_record, durations, record_of, record_options
from layer2.cli.common.workspace import Workspace, party_address
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy as deploy_contract
from layer2.ethereum.deployments import Deployment
from layer2.ethereum.sender import Sender
from layer2.primitives.units import format_amount
from layer2.rollup.devnet import JUDGES
from layer2.rollup.l1.contract import DEVNET, PUBLIC, Profile, RollupContract

__all__ = ["NAME", "deploy", "deploy_rollup"]

NAME = "Rollup"


def deploy_rollup(sender: Sender, poster: str = "", profile: Profile | None = None) -> Deployment:
    """Deploy the judges and the rollup and return its record, without writing it to disk.

    Args:
        poster: Address that may post first; the sender by default.
    """
    connection = sender.connection
    judges = [deploy_contract(sender, load_artifact(name)).address for name in JUDGES]
    chosen = profile or (DEVNET if connection.is_dev else PUBLIC)
    rollup = RollupContract.deploy(sender, poster or sender.address, chosen, judges)
    return record_of(NAME, sender, rollup.contract, rollup.arguments)


@ROLLUP.verb("deploy")
@click.option("--poster", help="First poster: an address or a role; the acting account by default.")
@click.option("--window", help='How long an assertion can be challenged, for example "7 days".')
@click.option("--force-delay", help='How long the forced queue may wait, for example "12 hours".')
@click.option("--sequencer-window", help="How long the poster may be silent before anyone may post.")
@click.option("--freeze-after", help="How long an item may wait before the rollup can be frozen.")
@click.option("--bond", help='Bond of an assertion, for example "1 ether".')
@record_options
def deploy(
    workspace: Workspace,
    poster: str | None,
    window: str | None,
    force_delay: str | None,
    sequencer_window: str | None,
    freeze_after: str | None,
    bond: str | None,
    deployments: str,
    again: bool,
) -> None:
    """Deploy a rollup with its judges and record it under deployments/<chain id>/."""
    connection = workspace.connection
    base = DEVNET if connection.is_dev else PUBLIC
    times = durations(
        force_delay=force_delay, sequencer_window=sequencer_window, window=window, freeze_after=freeze_after
    )
    profile = replace(base, **times, **amounts(bond=bond))
    who = party_address(poster, connection) if poster else workspace.signer.address
    deploy_and_record(
        workspace,
        NAME,
        lambda: deploy_rollup(workspace.sender, who, profile),
        (deployments, again),
        {"bond": str(profile.bond), "poster": who},
        f"poster {who}, window {profile.window:,} s, bond {format_amount(profile.bond)}",
        {"window": profile.window},
    )
