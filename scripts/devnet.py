"""`ape run devnet`: the chain of `--network` with the contracts deployed, until Ctrl-C."""

from __future__ import annotations

import click
from scripts._common import ConnectedProviderCommand, connected, one_line_errors


@click.command(cls=ConnectedProviderCommand)
@click.option("--deployments", default="deployments", show_default=True, help="Folder of the records.")
@one_line_errors
def cli(provider: object, deployments: str) -> None:
    """Deploy hub, rollup, root chain and coin chain on a local node and keep it running, until Ctrl-C."""
    from layer2.cli.common.signals import until_stopped
    from layer2.cli.devnet import announce

    with until_stopped() as stopped:
        url = str(getattr(provider, "uri", None) or getattr(provider, "http_uri", None) or "in process")
        announce(connected(), url, deployments)
        stopped.wait()
