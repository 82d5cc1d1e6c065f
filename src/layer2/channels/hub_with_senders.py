"""A hub together with the transaction senders of the accounts that use it in this process."""

from __future__ import annotations

from layer2.channels.contract.hub import HubContract
from layer2.channels.party.party import Party
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.addresses import Address

__all__ = ["HubWithSenders"]


class HubWithSenders(HubContract):
    """Hub with one sender per account, so that each account's nonces stay consecutive."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._senders: dict[Address, Sender] = {}

    def sender(self, who: Signer | Party | Sender) -> Sender:
        """Return the transaction sender of an account; raise SignerUnusable for anything else."""
        if isinstance(who, Sender):
            return who
        signer = who.signer if isinstance(who, Party) else as_signer(who)
        found = self._senders.get(signer.address)
        if found is None:
            found = self._senders[signer.address] = Sender(self.connection, signer)
        return found
