"""Virtual channels of a node, as their payer; only the locks made for a virtual channel refer to its vouchers."""

from __future__ import annotations

from layer2.channels.party.channel_table import ChannelTable
from layer2.channels.party.errors import CounterNotNewer
from layer2.channels.party.party_key import PartyKey
from layer2.channels.protocol.locks import virtual_channel_id, voucher_resolution
from layer2.channels.protocol.messages import Voucher
from layer2.primitives.addresses import Address, to_address
from layer2.store.journal import fault_point

__all__ = ["VirtualChannels"]


class VirtualChannels:
    """Signs the cumulative vouchers of virtual channels."""

    def __init__(self, table: ChannelTable, key: PartyKey, address: Address) -> None:
        self._table = table
        self._key = key
        self._address = address

    def pay(self, payee: str, salt: bytes, amount: int) -> bytes:
        """Sign the voucher of a virtual channel to `payee` at cumulative `amount`; durable on return.

        Returns the resolution of the voucher locks made for it, which the payee presents to its neighbour.
        """
        condition = virtual_channel_id(self._address, to_address(payee), salt)
        name = "virtual/" + condition.hex()
        with self._table.lock:
            before = int.from_bytes(self._table.meta(name), "big")
            if amount <= before:
                raise CounterNotNewer(
                    f"virtual channel {condition.hex()[:8]}: counter {amount} given, above {before} needed",
                    hint="vouchers are cumulative: sign the sum of all payments",
                )
            fault_point("party.sign.before")
            signature = self._key.sign(Voucher(condition, amount).digest(self._table.hub.domain))
            self._table.put_meta(name, amount.to_bytes(16, "big"), "party.sign")
        return voucher_resolution(self._address, to_address(payee), salt, amount, signature)
