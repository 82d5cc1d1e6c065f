"""`ape run deploy`: deploy the channel hub and record it for layer2 and for ape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from scripts._common import ConnectedProviderCommand, ape_options

if TYPE_CHECKING:
    from layer2.cli.common.workspace import Workspace


@click.command(cls=ConnectedProviderCommand)
@click.option("--name", default="ChannelHub", show_default=True, help="Name of the record.")
@click.option("--deployments", default="deployments", show_default=True, help="Folder of the records.")
@ape_options
def cli(workspace: Workspace, name: str, deployments: str) -> None:
    """Deploy the channel hub and record it under deployments/<chain id>/ and in ape's own list."""
    from ape import chain, project
    from ape.api.query import ContractCreation

    from layer2.cli.deploy.channels import deploy_hub
    from layer2.ethereum.deployments import Registry

    record = deploy_hub(workspace.sender)
    path = Registry(deployments).save(name, record)
    # Ape did not send the transaction itself, so the creation must be added to its cache.
    creation = ContractCreation.model_validate(
        {"txn_hash": record.tx_hash, "block": record.block, "deployer": record.deployer}
    )
    chain.contracts.cache_contract_creation(record.address, creation)
    contract = project.ChannelHub.at(record.address)
    project.deployments.track(contract, allow_dev=workspace.connection.is_dev)
    workspace.emit(
        {
            "address": record.address,
            "chainId": record.chain_id,
            "file": str(path),
            "transaction": record.tx_hash,
        },
        f"{name} {record.address} on chain {record.chain_id}, recorded in {path}",
    )
