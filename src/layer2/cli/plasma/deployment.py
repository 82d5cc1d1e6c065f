"""The root chain recorded for a chain, and the local files of its nodes and wallets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.payments import NAME
from layer2.ethereum.deployments import Registry
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.state import RootChainState

__all__ = ["PlasmaDeployment", "place_of"]


@dataclass(frozen=True, slots=True)
class PlasmaDeployment:
    """The root chain contract and the block of its deployment."""

    workspace: Workspace
    root: RootChain
    start_block: int

    @property
    def operator_folder(self) -> Path:
        """Folder of this machine's operator, with its journal and block data."""
        return self.workspace.folder_of(f"plasma-operator-{self.root.address}")

    @property
    def bodies(self) -> Path:
        """Folder of this machine's block data."""
        return self.operator_folder / "bodies"

    @property
    def watcher_folder(self) -> Path:
        """Folder of the acting account's watcher."""
        return self.workspace.folder_of(f"plasma-watcher-{self.root.address}-{self.workspace.signer.address}")

    @property
    def wallet_store(self) -> Path:
        """Path of the acting account's wallet journal."""
        return self.workspace.folder / f"plasma-{self.root.address}.journal"

    def chain_state(self) -> RootChainState:
        """Return a new chain state, not yet read."""
        return RootChainState(self.root, start_block=self.start_block)


def place_of(workspace: Workspace, deployments: str = "deployments") -> PlasmaDeployment:
    """Return the root chain recorded for the chain."""
    connection = workspace.connection
    record = Registry(deployments).load(connection.chain_id, NAME, connection)
    return PlasmaDeployment(workspace, RootChain.at(connection, record.address), record.block)
