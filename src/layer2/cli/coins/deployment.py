"""The coin chain recorded for a chain, and the local files of its nodes and wallets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.coins import NAME
from layer2.ethereum.deployments import Registry
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinChainState

__all__ = ["CoinDeployment", "coin_place_of", "has_coins"]


@dataclass(frozen=True, slots=True)
class CoinDeployment:
    """The coin chain contract and the block of its deployment."""

    workspace: Workspace
    chain: CoinChain
    start_block: int

    @property
    def operator_folder(self) -> Path:
        """Folder of this machine's operator, with its journal and block data."""
        return self.workspace.folder_of(f"coin-operator-{self.chain.address}")

    @property
    def bodies(self) -> Path:
        """Folder of this machine's block data, which others may read while the operator runs."""
        return self.operator_folder / "bodies"

    @property
    def watcher_folder(self) -> Path:
        """Folder of the acting account's coin watcher."""
        return self.workspace.folder_of(f"coin-watcher-{self.chain.address}-{self.workspace.signer.address}")

    @property
    def journal(self) -> Path:
        """Path of the acting account's wallet journal."""
        return self.workspace.folder / f"coins-{self.chain.address}.journal"

    def chain_state(self) -> CoinChainState:
        """Return a new chain state, not yet read."""
        return CoinChainState(self.chain, start_block=self.start_block)


def coin_place_of(workspace: Workspace, deployments: str = "deployments") -> CoinDeployment:
    """Return the coin chain recorded for the chain."""
    connection = workspace.connection
    record = Registry(deployments).load(connection.chain_id, NAME, connection)
    return CoinDeployment(workspace, CoinChain.at(connection, record.address), record.block)


def has_coins(workspace: Workspace, deployments: str = "deployments") -> bool:
    """Return True if a coin chain is recorded for the chain."""
    return NAME in Registry(deployments).names(workspace.connection.chain_id)
