"""The chain of ape's active provider, as a `Connection`."""

from __future__ import annotations

from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ConnectionFailed
from layer2.primitives.extras import needs

with needs("ape"):
    from ape.api import ProviderAPI

__all__ = ["connection_from_ape"]


def connection_from_ape(provider: ProviderAPI) -> Connection:
    """Return a connection over an ape provider's own web3 object (`chain.provider`, `networks.active_provider`).

    Works for `ethereum:local:test` (in process), foundry and any node that ape reaches; ape's snapshots and this
    connection use the same chain. Raises `ConnectionFailed` if the provider is not connected or has no web3.
    """
    web3 = getattr(provider, "_web3", None) or getattr(provider, "web3", None)
    if web3 is None:
        raise ConnectionFailed(
            f"ape provider {provider.name!r} has no web3 connection",
            hint="connect first: run with --network, or use networks.parse_network_choice(...)",
        )
    return Connection(web3)
