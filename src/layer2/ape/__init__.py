"""Integration with ape: its accounts as signers, its providers as connections."""

from layer2.ape.connection import connection_from_ape
from layer2.ape.signer import ApeAccountSigner

__all__ = ["ApeAccountSigner", "connection_from_ape"]
