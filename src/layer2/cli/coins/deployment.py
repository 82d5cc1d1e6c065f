"""The coin chain recorded for a chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from layer2.cli.common.deployment import NodeDeployment, recorded
from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.coins import NAME
from layer2.ethereum.deployments import Registry
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.state import CoinChainState

__all__ = ["CoinDeployment", "coin_place_of", "has_coins"]


@dataclass(frozen=True, slots=True)
class CoinDeployment(NodeDeployment):
    """The coin chain contract and its local files."""

    PREFIX: ClassVar[str] = "coin"
    WALLET: ClassVar[str] = "coins"

    chain: CoinChain

    def chain_state(self) -> CoinChainState:
        """Return a new chain state, not yet read."""
        return CoinChainState(self.chain, start_block=self.start_block)


def coin_place_of(workspace: Workspace, deployments: str = "deployments") -> CoinDeployment:
    """Return the coin chain recorded for the chain."""
    record = recorded(workspace, NAME, deployments)
    return CoinDeployment(workspace, record.block, record.address, CoinChain.at(workspace.connection, record.address))


def has_coins(workspace: Workspace, deployments: str = "deployments") -> bool:
    """Return True if a coin chain is recorded for the chain."""
    return NAME in Registry(deployments).names(workspace.connection.chain_id)
