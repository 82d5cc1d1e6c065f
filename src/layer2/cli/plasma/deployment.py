"""The root chain recorded for a chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from layer2.cli.common.deployment import NodeDeployment, recorded
from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.payments import NAME
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.state import RootChainState

__all__ = ["PlasmaDeployment", "place_of"]


@dataclass(frozen=True, slots=True)
class PlasmaDeployment(NodeDeployment):
    """The root chain contract and its local files."""

    PREFIX: ClassVar[str] = "plasma"
    WALLET: ClassVar[str] = "plasma"

    root: RootChain

    def chain_state(self) -> RootChainState:
        """Return a new chain state, not yet read."""
        return RootChainState(self.root, start_block=self.start_block)


def place_of(workspace: Workspace, deployments: str = "deployments") -> PlasmaDeployment:
    """Return the root chain recorded for the chain."""
    record = recorded(workspace, NAME, deployments)
    return PlasmaDeployment(workspace, record.block, record.address, RootChain.at(workspace.connection, record.address))
