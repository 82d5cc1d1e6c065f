"""The transaction senders of the accounts that use a hub in this process."""

from __future__ import annotations

from layer2.channels.party.party import Party
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.addresses import Address

__all__ = ["Senders"]


class Senders:
    """One sender per account, so that each account's nonces stay consecutive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._senders: dict[Address, Sender] = {}

    def of(self, who: Signer | Party | Sender) -> Sender:
        """Return the transaction sender of an account; raise SignerUnusable for anything else."""
        if isinstance(who, Sender):
            return who
        signer = who.signer if isinstance(who, Party) else as_signer(who)
        found = self._senders.get(signer.address)
        if found is None:
            found = self._senders[signer.address] = Sender(self._connection, signer)
        return found
