"""`layer2 devnet`: a local chain with the contracts of all families, for the duration of the command."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

from layer2.cli.common.signals import until_stopped
from layer2.cli.deploy.channels import HUB, deploy_hub
from layer2.cli.deploy.coins import NAME as COINS_NAME
from layer2.cli.deploy.coins import deploy_coins
from layer2.cli.deploy.payments import NAME as PLASMA_NAME
from layer2.cli.deploy.payments import deploy_plasma
from layer2.cli.deploy.rollup import NAME, deploy_rollup
from layer2.ethereum.accounts import DEV_MNEMONIC, ROLES
from layer2.ethereum.anvil import find_anvil
from layer2.ethereum.connection import Connection
from layer2.ethereum.deployments import Registry
from layer2.ethereum.errors import AnvilError
from layer2.ethereum.sender import Sender

__all__ = ["anvil_on", "announce", "command"]

_START_SECONDS = 20.0


@click.command("devnet")
@click.option("--port", default=8545, show_default=True, help="Port of the node.")
@click.option("--block-time", type=int, help="Seconds between blocks; by default each transaction is mined at once.")
@click.option("--deployments", default="deployments", show_default=True, help="Folder of the records.")
def command(port: int, block_time: int | None, deployments: str) -> None:
    """Start a local chain (anvil) with the contracts deployed, until Ctrl-C."""
    with until_stopped() as stopped, anvil_on(port, block_time) as url:
        announce(Connection.connect(url), url, deployments)
        stopped.wait()


def announce(connection: Connection, url: str, deployments: str = "deployments") -> None:
    """Deploy and record all contracts on a development chain, and print the information that users need."""
    operator = Sender(connection, connection.signers(1)[0])
    click.echo(f"{'node':<11} {url} (chain {connection.chain_id})")
    made = {
        HUB: deploy_hub(operator),
        NAME: deploy_rollup(operator),
        PLASMA_NAME: deploy_plasma(operator),
        COINS_NAME: deploy_coins(operator),
    }
    for name, record in made.items():
        path = Registry(deployments).save(name, record)
        click.echo(f"{name:<11} {record.address} (recorded in {path})")
    for role, account in zip(ROLES, connection.signers(len(ROLES)), strict=True):
        click.echo(f"{role:<11} {account.address}")
    click.echo(f"{'mnemonic':<11} {DEV_MNEMONIC} (public: never fund it elsewhere)")
    if url.startswith("http"):
        click.echo(f"in another terminal: export LAYER2_NETWORK={url}")
    click.echo("ready; Ctrl-C ends it")


@contextlib.contextmanager
def anvil_on(port: int, block_time: int | None = None) -> Iterator[str]:
    """Run an anvil on a port and yield its URL; raise `AnvilError` if the port is unavailable."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as failure:
            raise AnvilError(f"port {port} cannot be used: {failure}", hint="pass another --port") from None
    command_line = [
        str(find_anvil()),
        "--port",
        str(port),
        "--hardfork",
        "prague",
        "--mnemonic",
        DEV_MNEMONIC,
    ]
    if block_time is not None:
        command_line += ["--block-time", str(block_time)]
    with tempfile.TemporaryDirectory(prefix="layer2-devnet-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command_line,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_listening(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            output = log.read_text(errors="replace").strip()
            raise AnvilError(f"anvil ended with code {process.returncode}: {output[-300:]}", hint="see the message")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AnvilError(f"anvil did not answer within {_START_SECONDS:.0f} s", hint="check the load of the machine")
