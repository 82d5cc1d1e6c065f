"""Contracts recorded for a chain, and the local folders of their nodes and wallets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from layer2.cli.common.workspace import Workspace
from layer2.ethereum.deployments import Deployment, Registry

__all__ = ["NodeDeployment", "recorded"]


def recorded(workspace: Workspace, name: str, deployments: str = "deployments") -> Deployment:
    """Return the record of a contract on the workspace's chain; raise DeploymentMismatch."""
    return Registry(deployments).load(workspace.connection.chain_id, name, workspace.connection)


@dataclass(frozen=True, slots=True)
class NodeDeployment:
    """A plasma contract with the block of its deployment, and the local files of its nodes and wallets."""

    PREFIX: ClassVar[str]
    WALLET: ClassVar[str]

    workspace: Workspace
    start_block: int
    address: str

    @property
    def operator_folder(self) -> Path:
        """Folder of this machine's operator, with its journal and block data."""
        return self.workspace.folder_of(f"{self.PREFIX}-operator-{self.address}")

    @property
    def bodies(self) -> Path:
        """Folder of this machine's block data, which others may read while the operator runs."""
        return self.operator_folder / "bodies"

    @property
    def watcher_folder(self) -> Path:
        """Folder of the acting account's watcher."""
        return self.workspace.folder_of(f"{self.PREFIX}-watcher-{self.address}-{self.workspace.signer.address}")

    @property
    def wallet_store(self) -> Path:
        """Path of the acting account's wallet journal."""
        return self.workspace.folder / f"{self.WALLET}-{self.address}.journal"
