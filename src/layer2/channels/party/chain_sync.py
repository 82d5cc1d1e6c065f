"""Channels of a party as the chain has them: joined, refreshed, followed by the hub's logs."""

from __future__ import annotations

import time

from layer2.channels.contract.hub import HubContract
from layer2.channels.party.chain_state import seen
from layer2.channels.party.channel_table import ChannelTable, change
from layer2.channels.party.event_codec import encode_join
from layer2.channels.party.state import State
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.ethereum.errors import EthereumError, ReorgTooDeep
from layer2.ethereum.log_follower import LogFollower
from layer2.primitives.addresses import Address
from layer2.primitives.errors import Layer2Error
from layer2.store.journal import fault_point

__all__ = ["FRESH", "ChainSync"]

FRESH = 10.0
"""Seconds for which one read of a channel from the chain is valid for the messages accepted in it."""


class ChainSync:
    """Reads channels of one party from the chain into its table; never reads the chain under the table's lock.

    Args:
        confirmations: blocks required above a block before its money counts.
    """

    def __init__(self, table: ChannelTable, hub: HubContract, address: Address, confirmations: int) -> None:
        self.confirmations = confirmations
        self._table = table
        self._hub = hub
        self._address = address
        self._connection = hub.connection
        self._clock = table.clock
        self._tickets = 0
        self._follower: LogFollower | None = None
        self._followed: float | None = None
        self._touched: dict[bytes, int] = {}

    def join(self, key: ChannelKey, *, frozen: bool = False) -> State:
        """Add a channel, on the side of the party's address; durable on return.

        `frozen`: refuse to sign until `resync`, for a channel whose journal was lost.
        """
        with self._table.lock:
            if key.id not in self._table:
                side = self._side_of(key)
                fault_point("party.note.before")
                self._table.join(key, side, frozen, encode_join(key, side, frozen), "party.note")
        # Refresh a known channel too, because a crash may have come between the join and the first read of the chain.
        return self.refresh(key.id)

    def refresh(self, channel_id: bytes) -> State:
        """Update a channel from the chain and journal any change: money `confirmations` deep, disputes immediately."""
        entry = self._table.entry(channel_id)
        key = entry.state.key
        with self._table.lock:
            self._tickets += 1
            ticket = self._tickets
        now = time.monotonic()
        head = self._connection.latest()
        self._clock.tick(head)
        deep = view = self._hub.view(key)
        at = head.timestamp
        if self.confirmations:
            block = max(0, head.number - self.confirmations)
            deep = self._hub.view(key, block)
            header = self._connection.block(block)
            at = head.timestamp if header is None else header.timestamp
        with self._table.lock:
            if ticket < entry.ticket:
                return entry.state  # a later read has already been applied
            event = seen(entry.state, deep, view, at, final=self.confirmations > 0)
            one = change(entry, event)
            if one.after != entry.state:
                fault_point("party.note.before")
                self._table.persist([one], "party.note")
            entry.looked, entry.head, entry.ticket = now, head.hash, ticket
            return entry.state

    def follow(self) -> int:
        """Read the hub's logs since the last call and refresh the channels they mention; return the number refreshed.

        Call it every few seconds in a node that serves: channels followed this way need no separate read of the chain
        for each accepted message.
        """
        started = time.monotonic()
        head = self._connection.latest()
        self._clock.tick(head)
        if self._follower is None:
            self._follower = LogFollower(self._connection, self._hub.address, start_block=head.number)
            return 0
        try:
            update = self._follower.step()
        except ReorgTooDeep:
            self._follower, self._followed = None, None
            return 0
        for log in (*update.removed, *update.new):
            channel_id = log.topics[1] if len(log.topics) > 1 else b""
            if channel_id in self._table:
                self._touched[channel_id] = max(log.block_number, update.head) + self.confirmations
        due = tuple(self._touched)
        for channel_id in due:
            self.refresh(channel_id)
            if update.head >= self._touched[channel_id]:
                del self._touched[channel_id]
        self._followed = started
        return len(due)

    def require_fresh(self, channel_id: bytes) -> None:
        """Refresh a channel, without the lock, unless it was read recently: a closing channel must accept nothing."""
        entry = self._table.entry(channel_id)
        now = time.monotonic()
        if self._connection.is_dev:
            # Blocks and time are set at will on a development chain, so the newest block is compared.
            head = self._connection.latest()
            self._clock.tick(head)
            if entry.looked is None or entry.head != head.hash:
                self.refresh(channel_id)
            return
        quarter = self._hub.window(entry.state.key) / 4
        age = float("inf") if entry.looked is None else now - entry.looked
        if age <= min(FRESH, quarter):
            return
        if self._followed is not None and now - self._followed <= min(FRESH, quarter) and age <= quarter:
            return
        try:
            self.refresh(channel_id)
        except EthereumError:
            # The node is unreachable: a read within a quarter of the window still leaves time to answer.
            if age > quarter:
                raise

    def _side_of(self, key: ChannelKey) -> str:
        if self._address == key.a:
            return "A"
        if self._address == key.b:
            return "B"
        raise Layer2Error(f"node {self._address}: not a party of channel {key.id.hex()[:8]}", hint="use its own key")
