"""One party's node: its channels, its journal, and the rule that nothing is said before it is durable."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from layer2.channels.contract import HubContract
from layer2.channels.events import Adopted, ChainSeen, Event
from layer2.channels.key import ChannelKey
from layer2.channels.ledger import TOMBSTONE, State, apply
from layer2.channels.records import JOINED, decode_event, decode_join, encode_event, encode_join
from layer2.channels.refusals import ChannelUnknown, JournalLost, NodeStopped, Refused
from layer2.channels.verify import Verifier
from layer2.channels.view import ChannelView
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.store.errors import JournalCorrupt, JournalError, JournalMissing, JournalVersion
from layer2.store.journal import Journal, fault_point

__all__ = ["FAULT_POINTS", "JOURNAL_KIND", "Kept", "NodeBase"]

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
"""Where a test may kill the process: before the record is written, written but not durable, durable but not said."""

_RECOVERY = (
    "nothing more is signed without it; start a new journal with Party.recover(...) and resync() every channel "
    "from the peer's copy of what you signed"
)


class Kept:
    """A channel as the node holds it in memory: rebuilt from the journal alone."""

    __slots__ = ("frozen", "state", "stream", "verifier", "voucher_head")

    def __init__(self, state: State, frozen: bool, verifier: Verifier, voucher_head: bytes) -> None:
        self.state = state
        self.frozen = frozen
        self.verifier = verifier
        self.voucher_head = voucher_head
        self.stream = state.key.id.hex()


class NodeBase:
    """Journal, channels and chain view of one party. `confirmations`: blocks above one before it counts.

    `owner`: the party, when the signer only holds a session key of it.
    """

    def __init__(
        self, signer: Signer, hub: HubContract, journal: Journal, *, confirmations: int = 0, owner: str | None = None
    ) -> None:
        self.signer = signer
        self.address: Address = signer.address if owner is None else to_address(owner)
        self.hub = hub
        self.connection = hub.connection
        self.confirmations = confirmations
        self._journal = journal
        self._lock = threading.RLock()
        self._kept: dict[bytes, Kept] = {}
        self._stopped: str | None = None
        self._prefix = b"\x19\x01" + hub.domain.separator
        self._identify()
        self._replay()

    @staticmethod
    def open_journal(path: str | Path, *, create: bool) -> Journal:
        """The journal at `path`; a missing or corrupt one is refused with the way to recover."""
        try:
            return Journal(path, kind=JOURNAL_KIND, must_exist=not create, recovery=_RECOVERY)
        except (JournalCorrupt, JournalMissing, JournalVersion) as failure:
            raise JournalLost(f"node: journal {path} cannot be used: {failure}", hint=_RECOVERY) from failure

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address} channels={len(self._kept)}>"

    def close(self) -> None:
        """Close the journal; the node cannot be used afterwards."""
        self._stopped = "it was closed"
        self._journal.close()

    # ----------------------------------------------------------------------------------------------- channels

    @property
    def channels(self) -> tuple[bytes, ...]:
        """The ids of the channels this node keeps."""
        return tuple(self._kept)

    def state(self, channel_id: bytes) -> State:
        """The node's view of a channel."""
        return self._entry(channel_id).state

    def join(self, key: ChannelKey, *, frozen: bool = False) -> State:
        """Keep a channel from now on, as the side whose address this node has; durable when it returns.

        `frozen`: refuse to sign until `resync`, for a channel whose journal was lost.
        """
        with self._lock:
            if key.id not in self._kept:
                side = self._side_of(key)
                fault_point("party.note.before")
                self._write(key.id.hex(), encode_join(key, side, frozen), "party.note")
                self._keep(key, side, frozen)
        # Also for one that was kept: a crash may have come between joining and the first look at the chain.
        return self.refresh(key.id)

    def refresh(self, channel_id: bytes) -> State:
        """Take over what the chain says, `confirmations` deep; journaled when it changed."""
        with self._lock:
            entry = self._entry(channel_id)
            block = max(0, self.connection.block_number() - self.confirmations)
            view = self.hub.view(entry.state.key, None if self.confirmations == 0 else block)
            header = self.connection.block(block)
            now = self.connection.timestamp() if header is None else header.timestamp
            event = _seen(entry.state, view, now)
            after = apply(entry.state, event)
            if after != entry.state:
                self._note(entry, event)
            return entry.state

    # ------------------------------------------------------------------------------------------------ writing

    def _note(self, entry: Kept, event: Event, point: str = "party.note") -> None:
        after = apply(entry.state, event)
        fault_point(point + ".before")
        self._write(entry.stream, encode_event(event), point)
        entry.state = after

    def _write(self, stream: str, record: bytes, point: str) -> None:
        """Append and make durable. A failure stops the node: what the disk holds is then unknown to it."""
        if self._stopped is not None:
            raise NodeStopped(f"node {self.address}: {self._stopped}", hint="open the node again from its journal")
        try:
            self._journal.append(stream, record)
            fault_point(point + ".appended")
            self._journal.commit()
        except JournalError as failure:
            self._stopped = f"its journal failed: {failure}"
            raise
        fault_point(point + ".committed")

    def _sign(self, digest: bytes) -> bytes:
        return self.signer.sign_digest(digest)

    def _counter_signer(self, entry: Kept, exposure: int) -> Callable[[bytes], bytes]:
        """What signs a counter (or lock proof) that promises `exposure` in all."""
        return self._sign

    def _entry(self, channel_id: bytes) -> Kept:
        entry = self._kept.get(channel_id)
        if entry is None:
            raise ChannelUnknown(
                f"node {self.address}: channel {channel_id.hex()[:8]} is not kept here",
                hint="join it by its key first",
            )
        return entry

    def _signing(self, channel_id: bytes) -> Kept:
        entry = self._entry(channel_id)
        if entry.frozen:
            raise Refused(
                f"node {self.address}: channel {channel_id.hex()[:8]} waits for a resync",
                hint="get the peer's copy of what you signed and call resync()",
            )
        return entry

    # ---------------------------------------------------------------------------------------------- restoring

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

    def _replay(self) -> None:
        try:
            for record in self._journal.read():
                if record.stream == "virtual":
                    continue  # the newest counter of a virtual channel is kept beside the rows
                if record.payload[:1] == bytes([JOINED]):
                    self._keep(*decode_join(record.payload))
                    continue
                entry = self._entry(bytes.fromhex(record.stream))
                event = decode_event(record.payload)
                entry.state = apply(entry.state, event)
                entry.frozen = entry.frozen and not isinstance(event, Adopted)
        except JournalError as failure:
            raise JournalLost(f"the journal cannot be read: {failure}", hint=_RECOVERY) from failure
        except (Refused, MalformedError, ValueError) as failure:
            raise JournalLost(f"the journal contradicts itself: {failure}", hint=_RECOVERY) from failure

    def _keep(self, key: ChannelKey, side: str, frozen: bool) -> None:
        state = State(key, "A" if side == "A" else "B")
        peer = key.b if side == "A" else key.a
        verifier = Verifier(self.hub, key, peer)
        self._kept[key.id] = Kept(state, frozen, verifier, verifier.voucher_head)

    def _side_of(self, key: ChannelKey) -> str:
        if self.address == key.a:
            return "A"
        if self.address == key.b:
            return "B"
        raise Layer2Error(f"node {self.address}: not a party of channel {key.id.hex()[:8]}", hint="use its own key")


def _seen(state: State, view: ChannelView, now: int) -> ChainSeen:
    deadline = view.deadline
    # Past `openBefore` an empty slot is as final as a tombstone; before it, only if the channel had held something.
    used = bool(state.net_a or state.net_b or state.deadline)
    if not view.exists and (now > state.key.open_before or (used and state.deadline)):
        deadline = TOMBSTONE
    # A closed channel keeps its last nets: they are what it paid out, by the newest counters.
    nets = (state.net_a, state.net_b) if deadline == TOMBSTONE else (view.net_a, view.net_b)
    epoch = state.epoch if deadline == TOMBSTONE else view.epoch
    same = (*nets, epoch, deadline) == (state.net_a, state.net_b, state.epoch, state.deadline)
    lapsed = state.withdraw is not None and now > state.withdraw.valid_until
    return ChainSeen(*nets, epoch, deadline, now if not same or lapsed else 0)
