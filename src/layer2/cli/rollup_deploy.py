"""`layer2 rollup deploy`: put a rollup and its judges on a chain and record it."""

from __future__ import annotations

import click

from layer2.cli.records import require_new
from layer2.cli.verbs import ROLLUP
from layer2.cli.workspace import Workspace, party_address
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import deploy as deploy_contract
from layer2.ethereum.deployments import Deployment, Registry
from layer2.ethereum.errors import TransactionFailed
from layer2.ethereum.sender import Sender
from layer2.primitives.units import format_amount, parse_amount, parse_duration
from layer2.rollup.contract import DEVNET, PUBLIC, Profile, RollupContract
from layer2.rollup.devnet import JUDGES

__all__ = ["NAME", "deploy", "deploy_rollup"]

NAME = "Rollup"


def deploy_rollup(sender: Sender, poster: str = "", profile: Profile | None = None) -> Deployment:
    """Deploy the judges and the rollup and return its record; nothing is written to disk.

    `poster`: who posts first; the sender if not told.
    """
    connection = sender.connection
    judges = [deploy_contract(sender, load_artifact(name)).address for name in JUDGES]
    chosen = profile or (DEVNET if connection.is_dev else PUBLIC)
    rollup = RollupContract.deploy(sender, poster or sender.address, chosen, judges)
    receipt = rollup.contract.deployment
    if receipt is None:
        raise TransactionFailed(f"{NAME}: deployed at {rollup.address} without a receipt", hint="deploy again")
    return Deployment.record(connection, load_artifact(NAME), receipt, sender.address, rollup.arguments)


@ROLLUP.verb("deploy")
@click.option("--poster", help="Who posts first: an address, or a role; the acting account if not given.")
@click.option("--window", help='How long an assertion can be challenged, for example "7 days".')
@click.option("--force-delay", help='How long the queue may wait, for example "12 hours".')
@click.option("--lease", help="How long the poster may be silent before everybody may post.")
@click.option("--freeze-after", help="How long something may wait to become final before all can be frozen.")
@click.option("--bond", help='Behind each open assertion, for example "1 ether".')
@click.option("--deployments", default="deployments", show_default=True, help="Folder of the records.")
@click.option("--replace", "again", is_flag=True, help="Deploy again although one is recorded and stands.")
def deploy(
    workspace: Workspace,
    poster: str | None,
    window: str | None,
    force_delay: str | None,
    lease: str | None,
    freeze_after: str | None,
    bond: str | None,
    deployments: str,
    again: bool,
) -> None:
    """Deploy a rollup with its judges and record it under deployments/<chain id>/."""
    registry, connection = Registry(deployments), workspace.connection
    require_new(registry, NAME, connection, again=again)
    base = DEVNET if connection.is_dev else PUBLIC
    profile = Profile(
        force_delay=base.force_delay if force_delay is None else parse_duration(force_delay),
        lease=base.lease if lease is None else parse_duration(lease),
        window=base.window if window is None else parse_duration(window),
        freeze_after=base.freeze_after if freeze_after is None else parse_duration(freeze_after),
        reveal_blocks=base.reveal_blocks,
        bond=base.bond if bond is None else parse_amount(bond),
    )
    who = party_address(poster, connection) if poster else workspace.signer.address
    record = deploy_rollup(workspace.sender, who, profile)
    path = registry.save(NAME, record)
    facts = {
        "address": record.address,
        "block": record.block,
        "bond": str(profile.bond),
        "chainId": record.chain_id,
        "file": str(path),
        "poster": who,
        "transaction": record.tx_hash,
    }
    text = f"{NAME} {record.address} on chain {record.chain_id}, posted to by {who}, recorded in {path}"
    workspace.emit(facts, f"{text}\nwindow {profile.window:,} s, bond {format_amount(profile.bond)}")
