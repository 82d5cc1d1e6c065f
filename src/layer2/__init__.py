"""Ethereum's scaling families from Python: payment and state channels, a rollup, and plasma.

The names listed in `__all__` are the public API: documented, and stable within a minor version. Everything else is
internal and may move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from layer2.primitives.public_names import public_names

if TYPE_CHECKING:
    from layer2.ethereum.anvil import AnvilNode
    from layer2.ethereum.connection import Connection
    from layer2.ethereum.devnet import tester_connection
    from layer2.ethereum.sender import Sender
    from layer2.ethereum.signer import LocalSigner
    from layer2.primitives.errors import Layer2Error
    from layer2.primitives.units import format_amount, parse_amount, parse_duration

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "AnvilNode",
    "Connection",
    "Layer2Error",
    "LocalSigner",
    "Sender",
    "format_amount",
    "parse_amount",
    "parse_duration",
    "tester_connection",
]

__getattr__ = public_names(
    __name__,
    {
        "AnvilNode": "ethereum.anvil",
        "Connection": "ethereum.connection",
        "Layer2Error": "primitives.errors",
        "LocalSigner": "ethereum.signer",
        "Sender": "ethereum.sender",
        "format_amount": "primitives.units",
        "parse_amount": "primitives.units",
        "parse_duration": "primitives.units",
        "tester_connection": "ethereum.devnet",
    },
)
