"""The coin chain recorded for a chain, and what this machine keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.coins import NAME
from layer2.ethereum.deployments import Registry
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinSight

__all__ = ["CoinPlace", "coin_place_of", "has_coins"]


@dataclass(frozen=True, slots=True)
class CoinPlace:
    """The coin chain, and the block at which it was deployed."""

    workspace: Workspace
    chain: CoinChain
    start_block: int

    @property
    def operator_folder(self) -> Path:
        """Where the operator of this machine keeps its journal and the bodies of blocks."""
        return self.workspace.folder_of(f"coin-operator-{self.chain.address}")

    @property
    def bodies(self) -> Path:
        """Where it keeps the bodies of blocks: others may read them while it runs."""
        return self.operator_folder / "bodies"

    @property
    def watcher_folder(self) -> Path:
        """Where the acting account's watcher of coins keeps what it has seen."""
        return self.workspace.folder_of(f"coin-watcher-{self.chain.address}-{self.workspace.signer.address}")

    @property
    def journal(self) -> Path:
        """Where the memory of the acting account's wallet lives."""
        return self.workspace.folder / f"coins-{self.chain.address}.journal"

    def sight(self) -> CoinSight:
        """A new follower of the chain."""
        return CoinSight(self.chain, start_block=self.start_block)


def coin_place_of(workspace: Workspace, deployments: str = "deployments") -> CoinPlace:
    """The coin chain recorded for the chain."""
    connection = workspace.connection
    record = Registry(deployments).load(connection.chain_id, NAME, connection)
    return CoinPlace(workspace, CoinChain.at(connection, record.address), record.block)


def has_coins(workspace: Workspace, deployments: str = "deployments") -> bool:
    """Whether a coin chain is recorded for the chain."""
    return NAME in Registry(deployments).names(workspace.connection.chain_id)
