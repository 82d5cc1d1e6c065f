"""Records of channels whose first deposit is pending, so that a crash or a refusal leaves no inconsistent channel.

The key is durable before the deposit is sent, in a folder next to the party's journal. The party joins the channel once
the deposit is on chain. If the node refuses the deposit, the key is dropped, and no trace of the attempt remains. After
a crash in between, the chain is queried when the party restarts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from layer2.channels.contract.hub import HubContract
from layer2.channels.party.party import Party
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ConnectionFailed, EthereumError, TransactionTimeout
from layer2.primitives.addresses import Address
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.store.fault_points import fault_point
from layer2.store.file_store import FileStore

__all__ = ["FAULT_POINTS", "OpeningIntents"]

FAULT_POINTS = ("intents.recorded", "intents.sent", "intents.joined")
"""Fault points for tests: before the deposit is sent, before the party joins, before the key is dropped."""


class OpeningIntents:
    """Channels that one party is opening on one hub; `folder` is reserved for them and created on first use."""

    def __init__(self, folder: str | Path, hub: HubContract) -> None:
        self._folder = Path(folder)
        self._hub = hub

    def __repr__(self) -> str:
        return f"<OpeningIntents {self._folder.name} waiting={len(self.waiting())}>"

    @contextlib.contextmanager
    def opening(self, key: ChannelKey, *parties: Party) -> Iterator[None]:
        """Send the first deposit in this context; on success the parties have joined the channel when it exits.

        Raises any error of the deposit. The key is dropped if no transaction can be pending, and kept otherwise.
        """
        store = FileStore(self._folder)
        store.put(key.id.hex(), key.encode())
        fault_point("intents.recorded")
        try:
            yield
        except Layer2Error as failure:
            if _is_refusal(failure, self._hub.connection, key.a) and not self._hub.view(key).exists:
                store.drop(key.id.hex())
            raise
        fault_point("intents.sent")
        for party in parties:
            party.join(key)
        fault_point("intents.joined")
        store.drop(key.id.hex())

    def waiting(self) -> list[ChannelKey]:
        """Return the keys of channels whose deposits may still be mined; unreadable records are skipped."""
        found = []
        for path in sorted(self._folder.glob("*")) if self._folder.is_dir() else []:
            with contextlib.suppress(MalformedError):
                key = ChannelKey.decode(path.read_bytes())
                found += [key] if key.id.hex() == path.name else []
        return found

    def recover(self, party: Party) -> list[ChannelKey]:
        """Join the channels with a deposit, drop those that can no longer be funded, and return the others."""
        left = []
        for key in self.waiting():
            if self._hub.view(key).exists:
                party.join(key)
            elif self._hub.connection.timestamp() <= key.open_before:
                left.append(key)
                continue
            FileStore(self._folder).drop(key.id.hex())
        return left


def _is_refusal(failure: Layer2Error, connection: Connection, sender: Address) -> bool:
    """Return True if the failure is the node's refusal and the sender has no pending transaction."""
    if isinstance(failure, ConnectionFailed | TransactionTimeout):
        return False
    try:
        return connection.nonce(sender, "pending") == connection.nonce(sender, "latest")
    except EthereumError:
        return False
