"""The node of one party: its channels and its journal. Every message is durable before it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from layer2.channels.contract.chain_clock import ChainClock
from layer2.channels.contract.hub import HubContract
from layer2.channels.party.chain_state import seen
from layer2.channels.party.channel_table import Change, ChannelEntry, ChannelTable, change
from layer2.channels.party.errors import JournalLost, Refused
from layer2.channels.party.event_codec import encode_join
from layer2.channels.party.events import Event
from layer2.channels.party.policy import LockPolicy, confirmations_for
from layer2.channels.party.state import State
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.ethereum.errors import EthereumError, ReorgTooDeep
from layer2.ethereum.log_follower import LogFollower
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import Layer2Error
from layer2.store.errors import JournalCorrupt, JournalMissing, JournalVersion
from layer2.store.journal import Journal, fault_point

__all__ = ["FAULT_POINTS", "JOURNAL_KIND", "ChannelEntry", "PartyStore"]

JOURNAL_KIND = "channels.party"

FAULT_POINTS = (
    "party.sign.before",
    "party.sign.appended",
    "party.sign.committed",
    "party.receive.before",
    "party.receive.appended",
    "party.receive.committed",
    "party.note.before",
    "party.note.appended",
    "party.note.committed",
)
"""Fault points for tests: before the record is written, written but not durable, durable but not sent."""

FRESH = 10.0
"""Seconds for which one read of a channel from the chain is valid for the messages accepted in it."""

_RECOVERY = (
    "nothing more is signed without it; start a new journal with Party.recover(...) and resync() every channel "
    "from the peer's copy of what you signed"
)


class PartyStore:
    """Journal, channels and chain view of one party.

    Args:
        confirmations: blocks required above a block before its money counts; by default 0 on a development chain, else
            `policy.CONFIRMATIONS`.
        owner: the party, if the signer holds only a session key of it.
        lock_policy: limits on the locks it accepts and signs.
    """

    def __init__(
        self,
        signer: Signer,
        hub: HubContract,
        journal: Journal,
        *,
        confirmations: int | None = None,
        owner: str | None = None,
        lock_policy: LockPolicy | None = None,
    ) -> None:
        self.signer = signer
        self.address: Address = signer.address if owner is None else to_address(owner)
        self.hub = hub
        self.connection = hub.connection
        self.confirmations = confirmations_for(self.connection, confirmations)
        self.lock_policy = lock_policy or LockPolicy()
        self.clock = ChainClock(self.connection)
        self._journal = journal
        self._prefix = b"\x19\x01" + hub.domain.separator
        self._identify()
        self._keeper = ChannelTable(journal, hub, self.clock, _RECOVERY)
        self._lock = self._keeper.lock
        self._tickets = 0
        self._follower: LogFollower | None = None
        self._followed: float | None = None
        self._touched: dict[bytes, int] = {}

    @staticmethod
    def open_journal(path: str | Path, *, create: bool) -> Journal:
        """Open the journal at `path`; raise `JournalLost` with recovery instructions if it is missing or corrupt."""
        try:
            return Journal(path, kind=JOURNAL_KIND, schema_version=2, must_exist=not create, recovery=_RECOVERY)
        except (JournalCorrupt, JournalMissing, JournalVersion) as failure:
            raise JournalLost(f"node: journal {path} cannot be used: {failure}", hint=_RECOVERY) from failure

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address} channels={len(self._keeper)}>"

    def close(self) -> None:
        """Close the journal; the node cannot be used afterwards."""
        with self._lock:
            self._keeper.stopped = "it was closed"
            self._journal.close()

    def compact(self) -> int:
        """Rewrite the journal with one row for each channel and return the number of rows. Runs automatically."""
        return self._keeper.compact()

    # ----------------------------------------------------------------------------------------------- channels

    @property
    def channels(self) -> tuple[bytes, ...]:
        """Ids of the channels in this node, oldest first."""
        return self._keeper.ids()

    def state(self, channel_id: bytes) -> State:
        """Return the node's view of a channel."""
        return self._entry(channel_id).state

    def join(self, key: ChannelKey, *, frozen: bool = False) -> State:
        """Add a channel, on the side of this node's address; durable on return.

        `frozen`: refuse to sign until `resync`, for a channel whose journal was lost.
        """
        with self._lock:
            if key.id not in self._keeper:
                side = self._side_of(key)
                fault_point("party.note.before")
                self._keeper.join(key, side, frozen, encode_join(key, side, frozen), "party.note")
        # Refresh a known channel too, because a crash may have come between the join and the first read of the chain.
        return self.refresh(key.id)

    def refresh(self, channel_id: bytes) -> State:
        """Update a channel from the chain and journal any change: money `confirmations` deep, disputes immediately."""
        entry = self._entry(channel_id)
        key = entry.state.key
        with self._lock:
            self._tickets += 1
            ticket = self._tickets
        now = time.monotonic()
        head = self.connection.latest()
        self.clock.tick(head)
        deep = view = self.hub.view(key)
        at = head.timestamp
        if self.confirmations:
            block = max(0, head.number - self.confirmations)
            deep = self.hub.view(key, block)
            header = self.connection.block(block)
            at = head.timestamp if header is None else header.timestamp
        with self._lock:
            if ticket < entry.ticket:
                return entry.state  # a later read has already been applied
            event = seen(entry.state, deep, view, at, final=self.confirmations > 0)
            one = change(entry, event)
            if one.after != entry.state:
                fault_point("party.note.before")
                self._keeper.persist([one], "party.note")
            entry.looked, entry.head, entry.ticket = now, head.hash, ticket
            return entry.state

    def follow(self) -> int:
        """Read the hub's logs since the last call and refresh the channels they mention; return the number refreshed.

        Call it every few seconds in a node that serves: channels followed this way need no separate read of the chain
        for each accepted message.
        """
        started = time.monotonic()
        head = self.connection.latest()
        self.clock.tick(head)
        if self._follower is None:
            self._follower = LogFollower(self.connection, self.hub.address, start_block=head.number)
            return 0
        try:
            update = self._follower.step()
        except ReorgTooDeep:
            self._follower, self._followed = None, None
            return 0
        for log in (*update.removed, *update.new):
            channel_id = log.topics[1] if len(log.topics) > 1 else b""
            if channel_id in self._keeper:
                self._touched[channel_id] = max(log.block_number, update.head) + self.confirmations
        due = tuple(self._touched)
        for channel_id in due:
            self.refresh(channel_id)
            if update.head >= self._touched[channel_id]:
                del self._touched[channel_id]
        self._followed = started
        return len(due)

    def _require_fresh(self, channel_id: bytes) -> None:
        """Refresh a channel, without the lock, unless it was read recently: a closing channel must accept nothing."""
        entry = self._entry(channel_id)
        now = time.monotonic()
        if self.connection.is_dev:
            # Blocks and time are set at will on a development chain, so the newest block is compared.
            head = self.connection.latest()
            self.clock.tick(head)
            if entry.looked is None or entry.head != head.hash:
                self.refresh(channel_id)
            return
        quarter = self.hub.window(entry.state.key) / 4
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

    # ------------------------------------------------------------------------------------------------ writing

    def _note(self, entry: ChannelEntry, event: Event, point: str = "party.note") -> None:
        one = change(entry, event)
        fault_point(point + ".before")
        self._keeper.persist([one], point)

    def _persist(self, changes: list[Change], point: str) -> None:
        self._keeper.persist(changes, point)

    def _sign(self, digest: bytes) -> bytes:
        return self.signer.sign_digest(digest)

    def _time(self) -> int:
        """Return the time that limits the signer's right; 0 if the right has no end. Called without the lock."""
        return 0

    def _counter_signer(self, entry: ChannelEntry, exposure: int, now: int) -> Callable[[bytes], bytes]:
        """Return the signer of a counter (or lock proof) that commits `exposure` in all, at second `now`."""
        return self._sign

    def _accept_signer(self, entry: ChannelEntry) -> Callable[[bytes], bytes]:
        """Return the signer of an acceptance of the peer's lock proofs."""
        return self._sign

    def _entry(self, channel_id: bytes) -> ChannelEntry:
        return self._keeper.entry(channel_id)

    def _signing(self, channel_id: bytes) -> ChannelEntry:
        entry = self._entry(channel_id)
        if entry.frozen:
            raise Refused(
                f"node {self.address}: channel {channel_id.hex()[:8]} waits for a resync",
                hint="get the peer's copy of what you signed and call resync()",
            )
        return entry

    def _identify(self) -> None:
        by = "" if self.signer.address == self.address else f" by {self.signer.address}"
        identity = f"{self.address} {self.connection.chain_id} {self.hub.address}{by}".encode()
        found = self._journal.get_meta("party")
        if found is None:
            if any(True for _ in self._journal.read()):
                raise JournalLost("the journal has records but names no party", hint=_RECOVERY)
            self._journal.put_meta("party", identity)
            self._journal.commit()
        elif found != identity:
            raise JournalLost(
                f"the journal belongs to {found.decode(errors='replace')}, opened as {identity.decode()}",
                hint="open the journal of this account, chain and hub",
            )

    def _side_of(self, key: ChannelKey) -> str:
        if self.address == key.a:
            return "A"
        if self.address == key.b:
            return "B"
        raise Layer2Error(f"node {self.address}: not a party of channel {key.id.hex()[:8]}", hint="use its own key")
