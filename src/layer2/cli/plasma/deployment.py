"""The root chain recorded for a chain, and what this machine keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.payments import NAME
from layer2.ethereum.deployments import Registry
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.state import Sight

__all__ = ["Place", "place_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """The root chain, and the block at which it was deployed."""

    workspace: Workspace
    root: RootChain
    start_block: int

    @property
    def operator_folder(self) -> Path:
        """Where the operator of this machine keeps its journal and the bodies of blocks."""
        return self.workspace.folder_of(f"plasma-operator-{self.root.address}")

    @property
    def bodies(self) -> Path:
        """Where the operator of this machine keeps the bodies of blocks."""
        return self.operator_folder / "bodies"

    @property
    def watcher_folder(self) -> Path:
        """Where the acting account's watcher keeps what it has seen."""
        return self.workspace.folder_of(f"plasma-watcher-{self.root.address}-{self.workspace.signer.address}")

    @property
    def purse(self) -> Path:
        """Where the memory of the acting account's wallet lives."""
        return self.workspace.folder / f"plasma-{self.root.address}.journal"

    def sight(self) -> Sight:
        """A new follower of the chain."""
        return Sight(self.root, start_block=self.start_block)


def place_of(workspace: Workspace, deployments: str = "deployments") -> Place:
    """The root chain recorded for the chain."""
    connection = workspace.connection
    record = Registry(deployments).load(connection.chain_id, NAME, connection)
    return Place(workspace, RootChain.at(connection, record.address), record.block)
