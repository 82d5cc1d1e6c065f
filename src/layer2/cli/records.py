"""Deployment records as commands use them: one name, deployed once, found again."""

from __future__ import annotations

from layer2.ethereum.connection import Connection
from layer2.ethereum.deployments import Registry
from layer2.ethereum.errors import DeploymentMismatch
from layer2.primitives.errors import InputError

__all__ = ["require_new"]


def require_new(registry: Registry, name: str, connection: Connection, *, again: bool) -> None:
    """Raise InputError when `name` is recorded and stands, unless it is to be deployed `again`."""
    if not again and name in registry.names(connection.chain_id) and _stands(registry, name, connection):
        raise InputError(f"{name} is already deployed on chain {connection.chain_id}", hint="use it, or pass --replace")


def _stands(registry: Registry, name: str, connection: Connection) -> bool:
    try:
        registry.load(connection.chain_id, name, connection)
    except DeploymentMismatch:
        # A development chain that was started anew: the old record describes nothing.
        if connection.is_dev:
            return False
        raise
    return True
