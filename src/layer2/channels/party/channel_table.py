"""The table of a node's channels: loaded from the journal on first use, written to it before any change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from layer2.channels.contract.chain_clock import ChainClock
from layer2.channels.contract.hub import HubContract
from layer2.channels.party.errors import ChannelUnknown, JournalLost, NodeStopped, Refused
from layer2.channels.party.event_codec import (
    JOINED,
    SNAPSHOT,
    decode_event,
    decode_join,
    decode_state,
    encode_event,
    encode_state,
)
from layer2.channels.party.events import Adopted, Event
from layer2.channels.party.signature_verifier import VoucherVerifier
from layer2.channels.party.state import State
from layer2.channels.party.transition import apply
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import keccak
from layer2.store.errors import JournalError, JournalFull
from layer2.store.journal import Journal, fault_point

__all__ = ["Change", "ChannelTable", "ChannelEntry", "change"]

_LEAST_ROWS = 20_000
"""Minimum number of rows in a journal before it is compacted automatically."""
_ROWS_A_CHANNEL = 8
"""Minimum number of rows per channel before a journal is compacted automatically."""


class ChannelEntry:
    """A channel in the node's memory, rebuilt from the journal alone.

    Attributes:
        looked: monotonic time of the last read of the chain for it; `None` if not read since the start.
        head: hash of the newest block at that read.
        ticket: number of the newest read that was applied.
    """

    __slots__ = ("frozen", "head", "looked", "state", "stream", "ticket", "verifier", "voucher_head")

    def __init__(self, state: State, frozen: bool, verifier: VoucherVerifier) -> None:
        self.state = state
        self.frozen = frozen
        self.verifier = verifier
        self.voucher_head = verifier.voucher_head
        self.stream = state.key.id.hex()
        self.looked: float | None = None
        self.head = b""
        self.ticket = 0


class Change(NamedTuple):
    """One event of one channel that is to become durable, and the state after it."""

    entry: ChannelEntry
    record: bytes
    after: State


class ChannelTable:
    """Channels backed by a journal. Every method that changes them must be called with `lock` held."""

    def __init__(self, journal: Journal, hub: HubContract, recovery: str) -> None:
        self.journal = journal
        self.hub = hub
        self.clock = ChainClock(hub.connection)
        self.lock = threading.RLock()
        self.stopped: str | None = None
        self.voucher_prefix = b"\x19\x01" + hub.domain.separator
        self._recovery = recovery
        self._kept: dict[bytes, ChannelEntry | None] = {}
        try:
            for stream in journal.streams():
                self._kept[bytes.fromhex(stream)] = None
        except ValueError as failure:
            raise JournalLost(f"the journal contradicts itself: {failure}", hint=recovery) from failure
        self._compact_at = 0
        self._plan_compaction()
        self._tidy()

    def __repr__(self) -> str:
        return f"<ChannelTable channels={len(self._kept)}>"

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, channel_id: bytes) -> bool:
        return channel_id in self._kept

    def ids(self) -> tuple[bytes, ...]:
        """Return the channel ids, oldest first."""
        return tuple(self._kept)

    def entry(self, channel_id: bytes) -> ChannelEntry:
        """Return a channel, loaded on first use; raise `ChannelUnknown` or `JournalLost`."""
        found = self._kept.get(channel_id)
        if found is not None:
            return found
        with self.lock:
            if channel_id not in self._kept:
                raise ChannelUnknown(
                    f"channel {channel_id.hex()[:8]} is unknown to this party", hint="join it with its key first"
                )
            found = self._kept.get(channel_id)
            if found is None:
                state, frozen = self._replayed(channel_id.hex())
                found = self._kept[channel_id] = self._made(state, frozen)
            return found

    def signing(self, channel_id: bytes) -> ChannelEntry:
        """Return a channel in which messages may be signed and accepted; raise `Refused` while it is frozen."""
        entry = self.entry(channel_id)
        if entry.frozen:
            raise Refused(
                f"channel {entry.stream[:8]}: it waits for a resync",
                hint="get the peer's copy of what you signed and call resync()",
            )
        return entry

    def voucher_digest(self, entry: ChannelEntry, amount: int) -> bytes:
        """Return the digest of a channel's voucher at `amount`, from the parts that are the same for all of them."""
        return keccak(self.voucher_prefix + keccak(entry.voucher_head + amount.to_bytes(32, "big")))

    def join(self, key: ChannelKey, side: str, frozen: bool, record: bytes, point: str) -> None:
        """Add a new channel; durable on return."""
        state = State(key, "A" if side == "A" else "B")
        entry = self._made(state, frozen)
        self.persist([Change(entry, record, state)], point)
        self._kept[key.id] = entry

    def persist(self, changes: Sequence[Change], point: str) -> None:
        """Persist changes with one commit, then apply them: either all of them or none.

        A failure stops the node if the content of the disk is unknown. An interruption before the commit discards all
        changes; an interruption after it keeps all of them.
        """
        if self.stopped is not None:
            raise NodeStopped(f"the node is stopped: {self.stopped}", hint="open the node again from its journal")
        journal, last = self.journal, 0
        try:
            for entry, record, _ in changes:
                last = journal.append(entry.stream, record)
            fault_point(point + ".appended")
            journal.commit()
            self._accept(changes)
        except JournalError as failure:
            self.stopped = f"its journal failed: {failure}"
            raise
        except BaseException as failure:
            if last and journal.durable_sequence >= last:
                self._accept(changes)
            elif journal.usable:
                journal.discard()
            else:
                self.stopped = f"a write was interrupted: {type(failure).__name__}"
            raise
        fault_point(point + ".committed")
        self._tidy()

    def note(self, entry: ChannelEntry, event: Event) -> None:
        """Persist and apply one event of a channel."""
        one = change(entry, event)
        fault_point("party.note.before")
        self.persist([one], "party.note")

    def close(self) -> None:
        """Close the journal; the table cannot be used afterwards."""
        with self.lock:
            self.stopped = "it was closed"
            self.journal.close()

    def meta(self, name: str) -> bytes:
        """Return a named value of the journal; empty if there is none."""
        with self.lock:
            return self.journal.get_meta(name) or b""

    def put_meta(self, name: str, value: bytes, point: str) -> None:
        """Store a named value in the journal; durable on return."""
        if self.stopped is not None:
            raise NodeStopped(f"the node is stopped: {self.stopped}", hint="open the node again from its journal")
        self.journal.put_meta(name, value)
        self.persist([], point)

    def compact(self) -> int:
        """Rewrite the journal with one row for each channel; return its new number of rows.

        Signed and received messages stay in effect; only the history is dropped.
        """
        with self.lock:
            self.journal.rewrite(self._rows())
            self._plan_compaction()
            return self.journal.last_sequence

    def _tidy(self) -> None:
        """Compact a journal that has grown too long; rows already written stay valid whether or not this succeeds."""
        if self.journal.last_sequence <= self._compact_at:
            return
        try:
            self.compact()
        except JournalFull:
            self._compact_at = 2 * self.journal.last_sequence  # no room for both copies: retry at twice the length
        except JournalError as failure:
            self.stopped = f"its journal failed: {failure}"

    def _accept(self, changes: Sequence[Change]) -> None:
        for entry, _, after in changes:
            entry.state = after

    def _plan_compaction(self) -> None:
        self._compact_at = max(_LEAST_ROWS, _ROWS_A_CHANNEL * len(self._kept))

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        for channel_id, entry in self._kept.items():
            stream = channel_id.hex()
            if entry is None:
                rows = [row.payload for row in self.journal.read(stream)]
                yield stream, rows[0] if len(rows) == 1 else encode_state(*self._replayed(stream))
            else:
                yield stream, encode_state(entry.state, entry.frozen)

    def _made(self, state: State, frozen: bool) -> ChannelEntry:
        peer = state.key.b if state.side == "A" else state.key.a
        return ChannelEntry(state, frozen, VoucherVerifier(self.hub, state.key, peer, self.clock))

    def _replayed(self, stream: str) -> tuple[State, bool]:
        try:
            state, frozen = None, False
            for row in self.journal.read(stream):
                tag = row.payload[0] if row.payload else 0
                if tag == JOINED:
                    key, side, frozen = decode_join(row.payload)
                    state = State(key, "A" if side == "A" else "B")
                elif tag == SNAPSHOT:
                    state, frozen = decode_state(row.payload)
                elif state is None:
                    raise ValueError(f"channel {stream[:8]} has events but was never joined")
                else:
                    event = decode_event(row.payload)
                    state = apply(state, event)
                    frozen = frozen and not isinstance(event, Adopted)
            if state is None or state.key.id.hex() != stream:
                raise ValueError(f"channel {stream[:8]} has the records of another one")
            return state, frozen
        except JournalError as failure:
            raise JournalLost(f"the journal cannot be read: {failure}", hint=self._recovery) from failure
        except (Refused, InputError, ValueError) as failure:
            raise JournalLost(f"the journal contradicts itself: {failure}", hint=self._recovery) from failure


def change(entry: ChannelEntry, event: Event) -> Change:
    """Return the change that an event makes; raise a typed error if a rule forbids it."""
    return Change(entry, encode_event(event), apply(entry.state, event))
