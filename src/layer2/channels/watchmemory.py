"""What a watchtower remembers: the proofs, the preimages and the log cursor, constant size per channel."""

from __future__ import annotations

from pathlib import Path

from layer2.channels.contract import HubContract
from layer2.channels.watchrecords import Watched, decode_watched, encode_watched
from layer2.ethereum.connection import Connection
from layer2.ethereum.follower import LogFollower
from layer2.primitives.hashing import sha256
from layer2.store.journal import Journal, fault_point

__all__ = ["TowerMemory"]


class TowerMemory:
    """Proofs and cursor, in memory and, with a journal of kind `KIND`, on disk. The newest replaces the older."""

    KIND = "channels.watchtower"

    def __init__(
        self, connection: Connection, hub: HubContract, journal: Journal | str | Path | None, start_block: int
    ) -> None:
        self.connection = connection
        self.hub = hub
        self._journal = Journal(journal, kind=self.KIND) if isinstance(journal, str | Path) else journal
        self._watched: dict[bytes, Watched] = {}
        self._preimages: dict[bytes, bytes] = {}
        self._restore(start_block)
        # Every channel is looked at once after a start: what happened meanwhile needs no log to be seen.
        self._active: set[bytes] = set(self._watched)

    def _wants(self, hash_lock: bytes) -> bool:
        return any(self._has_lock(one, hash_lock) for one in self._watched)

    def _has_lock(self, channel_id: bytes, hash_lock: bytes) -> bool:
        guards = self._watched[channel_id].guards.values()
        return any(lock.condition == hash_lock for guard in guards for lock in guard.locks)

    def _remember(self, hash_lock: bytes, preimage: bytes) -> None:
        if self._preimages.get(hash_lock) == preimage:
            return
        if self._journal is not None:
            self._journal.append("preimage", preimage)
            self._journal.commit()
        self._preimages[hash_lock] = preimage
        self._active |= {one for one in self._watched if self._has_lock(one, hash_lock)}

    def _save(self, watched: Watched) -> None:
        if self._journal is None:
            return
        fault_point("watchtower.watch.before")
        name = watched.key.id.hex()
        if watched.key.id not in self._watched:
            self._journal.append("watched", watched.key.id)
        self._journal.put_meta("watched/" + name, encode_watched(watched))
        fault_point("watchtower.watch.appended")
        self._journal.commit()
        fault_point("watchtower.watch.committed")

    def _restore(self, start_block: int) -> None:
        cursor = None
        if self._journal is not None:
            for entry in self._journal.read("watched"):
                data = self._journal.get_meta("watched/" + entry.payload.hex())
                if data:
                    self._watched[entry.payload] = decode_watched(data)
            for entry in self._journal.read("preimage"):
                self._preimages[sha256(entry.payload)] = entry.payload
            for watched in self._watched.values():
                for guard in watched.guards.values():
                    for one in guard.resolutions:
                        if len(one) == 32:
                            self._preimages[sha256(one)] = one
            saved = self._journal.get_meta("start")
            if saved is None:
                self._journal.put_meta("start", start_block.to_bytes(8, "big"))
                self._journal.commit()
            else:
                start_block = int.from_bytes(saved, "big")
                cursor = self._journal.get_meta("cursor") or None
        self._follower = LogFollower(self.connection, self.hub.address, start_block=start_block, cursor=cursor)

    def _restart_follower(self) -> None:
        start = self.connection.block_number()
        if self._journal is not None:
            self._journal.put_meta("start", start.to_bytes(8, "big"))
            self._journal.put_meta("cursor", b"")
            self._journal.commit()
        self._follower = LogFollower(self.connection, self.hub.address, start_block=start)
