"""Storage of a watchtower: proofs, preimages, pending transactions, and the log cursor."""

from __future__ import annotations

from pathlib import Path

from layer2.channels.contract.hub import HubContract
from layer2.channels.watchtower.pending_transactions import PendingTransaction, decode_flight, encode_flight
from layer2.channels.watchtower.records import WatchedChannel, decode_watched, encode_watched
from layer2.ethereum.connection import Connection
from layer2.ethereum.log_follower import LogFollower
from layer2.primitives.hashing import sha256
from layer2.store.journal import Journal, fault_point

__all__ = ["WatchtowerStore"]


class WatchtowerStore:
    """Proofs and cursor, in memory and, with a journal of kind `KIND`, on disk. Newer proofs replace older ones.

    Attributes:
        watched: watched channels by id.
        preimages: known preimages by their hash.
        waiting: channels with a lock, by the lock's condition.
        flights: pending transactions by name.
        active: channels to read at the next step.
        follower: follower of the hub's logs.
    """

    KIND = "channels.watchtower"

    def __init__(
        self, connection: Connection, hub: HubContract, journal: Journal | str | Path | None, start_block: int
    ) -> None:
        self._connection = connection
        self._hub = hub
        self._journal = Journal(journal, kind=self.KIND) if isinstance(journal, str | Path) else journal
        self.watched: dict[bytes, WatchedChannel] = {}
        self.preimages: dict[bytes, bytes] = {}
        self.waiting: dict[bytes, set[bytes]] = {}
        self.flights: dict[tuple[bytes, str, str], PendingTransaction] = {}
        self.follower = self._restore(start_block)
        # Every channel is read once after a start, so that changes made in between need no log to be noticed.
        self.active: set[bytes] = set(self.watched)

    def close(self) -> None:
        """Close the journal, if there is one; the watchtower cannot be used afterwards."""
        if self._journal is not None:
            self._journal.close()

    def remember(self, preimage: bytes) -> None:
        """Persist a preimage; the channels whose locks it opens are read at the next step."""
        hash_lock = sha256(preimage)
        if self.preimages.get(hash_lock) == preimage:
            return
        self._write("preimage", preimage)
        self.preimages[hash_lock] = preimage
        self.active |= self.waiting.get(hash_lock, set())

    def keep(self, watched: WatchedChannel) -> None:
        """Persist a watched channel, then watch it."""
        fault_point("watchtower.watch.before")
        channel_id = watched.key.id
        new = channel_id not in self.watched
        self._write("watched", channel_id if new else None, "watched/" + channel_id.hex(), encode_watched(watched))
        fault_point("watchtower.watch.committed")
        self._watch(watched)
        self.active.add(channel_id)

    def forget(self, channel_id: bytes) -> None:
        """Stop watching a channel."""
        if self.watched.pop(channel_id, None) is not None:
            self._write(None, None, "watched/" + channel_id.hex(), b"")
        self.active.discard(channel_id)

    def keep_cursor(self) -> None:
        """Persist the position in the hub's logs."""
        if self._journal is not None:
            self._write(None, None, "cursor", self.follower.cursor.to_bytes())

    def _watch(self, watched: WatchedChannel) -> None:
        self.watched[watched.key.id] = watched
        for guard in watched.guards.values():
            for lock in guard.locks:
                self.waiting.setdefault(lock.condition, set()).add(watched.key.id)
            for one in guard.openings:
                if len(one.resolution) == 32:
                    self.preimages[sha256(one.resolution)] = one.resolution

    def keep_flight(self, flight: PendingTransaction) -> None:
        """Persist a transaction, before it is sent to the node, so that a restarted watchtower finds it."""
        self._write(None, None, f"flight/{flight.pending.nonce}", encode_flight(flight))

    def drop_flight(self, flight: PendingTransaction) -> None:
        """Forget a transaction that is mined, failed or replaced."""
        self.flights.pop(flight.name, None)
        self._write(None, None, f"flight/{flight.pending.nonce}", b"")

    def _write(self, stream: str | None, row: bytes | None, name: str | None = None, value: bytes = b"") -> None:
        journal = self._journal
        if journal is None:
            return
        try:
            if stream is not None and row is not None:
                journal.append(stream, row)
            if name is not None:
                journal.put_meta(name, value)
            fault_point("watchtower.watch.appended")
            journal.commit()
        except BaseException:
            if journal.usable:
                journal.discard()
            raise

    def _restore(self, start_block: int) -> LogFollower:
        cursor = None
        journal = self._journal
        if journal is not None:
            for entry in journal.read("watched"):
                data = journal.get_meta("watched/" + entry.payload.hex())
                if data:
                    self._watch(decode_watched(data))
            for entry in journal.read("preimage"):
                self.preimages[sha256(entry.payload)] = entry.payload
            for name, data in journal.metas("flight/"):
                if data:
                    flight = decode_flight(data)
                    assert name == f"flight/{flight.pending.nonce}"
                    self.flights[flight.name] = flight
            saved = journal.get_meta("start")
            if saved is None:
                self._write(None, None, "start", start_block.to_bytes(8, "big"))
            else:
                start_block = int.from_bytes(saved, "big")
                cursor = journal.get_meta("cursor") or None
        return LogFollower(self._connection, self._hub.address, start_block=start_block, cursor=cursor)

    def restart_follower(self) -> None:
        """Read the hub's logs from the current block on, after a reorganisation that is too deep to follow."""
        start = self._connection.block_number()
        if self._journal is not None:
            self._journal.put_meta("start", start.to_bytes(8, "big"))
            self._write(None, None, "cursor", b"")
        self.follower = LogFollower(self._connection, self._hub.address, start_block=start)
