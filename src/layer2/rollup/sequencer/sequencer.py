"""The sequencer: takes signed operations, keeps them, fills frames and posts them in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.replica import Heads, Replica
from layer2.rollup.l1.batcher import Data, Poster
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.batch_signatures import digests_of
from layer2.rollup.protocol.blob_encoding import blobs_for
from layer2.rollup.protocol.frames import Frame, decode_frame
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.frame_builder import Draft, encode_accounts, encode_drafts, pack
from layer2.rollup.sequencer.intake import Acceptance
from layer2.rollup.sequencer.journal import KIND, Stored
from layer2.rollup.sequencer.key_registrations import KeyPolicy, room_for_keys
from layer2.rollup.sequencer.signature_workers import Verifier
from layer2.rollup.state.forced_queue import TO_THE_END, helping
from layer2.store.journal import Journal, fault_point

__all__ = ["FAULT_POINTS", "Sequencer"]

FAULT_POINTS = (
    "sequencer.accept.before",
    "sequencer.accept.durable",
    "sequencer.open.durable",
    "sequencer.post.before",
    "sequencer.post.after",
    "sequencer.compact.before",
)

_MAX_FRAMES = 256
"""Frames of one entry in calldata: some 127 kB, below what nodes relay."""

_MOST_PENDING = 200_000
_MAX_WAIT = 60.0
_RACES = ("QueueEndInvalid", "QueueOverdue", "InboxMoved")
"""What the contract says when somebody was faster: a deposit, or an entry after the lease."""

_APART = 20
"""Steps after a race in which the queue is consumed by itself: whoever queues in every block gains nothing by it."""

_COMPACT_AT = 10_000
"""Operations of final entries that are worth writing the journal anew."""

_Keys = Sequence[tuple[bytes, int]]


class Sequencer(Acceptance):
    """One rollup's sequencer. `step()` follows the chain and posts when something is due.

    What `submit` has accepted is in the journal before it returns, and goes into a frame as long as its account still
    allows it; `fate` says what became of it. Safe to use from several threads: `step` waits for the chain without
    holding up `accept`.

    Args:
        least_fee: in smallest units, for all tokens or by token.
        fee_account: which account fees are paid to, by token (a number alone: ether's). Without it, the first account
            of `sender` in each token.
        most_pending: operations that are kept at most.
        key_policy: what accounts for keys cost, and how many keys may wait.
        max_wait: seconds after which an operation comes before those that pay better.
        verifier: where signatures are checked; in the calling thread without it.

    Raises:
        JournalForeign, JournalCorrupt: the journal does not fit the chain; nothing has been signed or posted.
    """

    KIND = KIND

    def __init__(
        self,
        rollup: RollupContract,
        sender: Sender,
        journal: Journal | str | Path,
        *,
        replica: Replica | None = None,
        least_fee: int | Mapping[int, int] = 0,
        fee_account: int | Mapping[int, int] | None = None,
        data: Data | str = Data.AUTO,
        most_pending: int = _MOST_PENDING,
        max_wait: float = _MAX_WAIT,
        key_policy: KeyPolicy | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        super().__init__(
            rollup,
            sender.address,
            journal,
            replica or Replica(rollup),
            least_fee=least_fee,
            fee_account=fee_account,
            most_pending=most_pending,
            key_policy=key_policy,
            verifier=verifier,
        )
        self.sender = sender
        self.poster = Poster(rollup, sender, self.replica.blobs, data)
        self.max_wait = max_wait
        self.compact_at = _COMPACT_AT
        self.heads = Heads(0, 0, 0)
        """How far the chain was when `step` last looked."""
        self._stepping = threading.Lock()
        self._apart = 0

    def __repr__(self) -> str:
        return (
            f"<Sequencer {self.sender.address} pending={len(self._pool.pending)} entries={len(self.replica.entries)}>"
        )

    # ------------------------------------------------------------------------------------------------------- posting

    def step(self) -> Receipt | None:
        """Follow the chain; post what is pending, or consume what waits in the queue.

        What others queue or post in between is waited for by nobody: the queue is then consumed by itself, to
        wherever its end is, and what is pending goes on top.
        """
        with self._stepping:
            before = self._consume() if self._apart else None
            try:
                receipt = self._post()
            except ContractReverted as race:
                if race.name not in _RACES:
                    raise
                self._apart = _APART
                before = self._consume() or before
                receipt = self._post()
            self._apart = max(0, self._apart - 1)
            with self.lock:
                self._compact()
            return receipt or before

    def seal(self) -> list[Frame]:
        """The frames that carry what is pending, in an order in which every operation still works."""
        data = self.sealed()
        return [decode_frame(data[at : at + FRAME_BYTES]) for at in range(0, len(data), FRAME_BYTES)]

    def sealed(self, most: int | None = None) -> bytes:
        """The same, encoded one behind the other; `most`: so many frames instead of those that an entry can hold."""
        with self.lock:
            keys, drafts = self._ready_keys(), self._drafts(most)
        return self._frames(keys, drafts, most)[0]

    # ------------------------------------------------------------------------------------------------------- inside

    def _post(self) -> Receipt | None:
        """One entry of what is pending, which consumes the queue first unless that is done apart."""
        self.follow()
        heads = self.replica.heads
        with self.lock:
            self._look_at(heads)
            end = consumed = self._consumed()
            if not self._apart:
                end = helping(consumed, len(self.replica.queue))
            if end > self._coming:
                self._coming = end
                self._settle()
            keys, drafts = self._ready_keys(), self._drafts()
            expected, number = self._last(), len(self.replica.entries) + 1
        data, posted = self._frames(keys, drafts)
        if not data and end == consumed:
            return None
        fault_point("sequencer.post.before")
        receipt = self.poster.post(expected, data, end)
        fault_point("sequencer.post.after")
        self.follow()
        with self.lock:
            self._doubt(number, posted)
        return receipt

    def _consume(self) -> Receipt | None:
        """Entries of queue items alone: at least of those that what is pending was accepted on top of."""
        receipt = None
        while True:
            self.follow()
            with self.lock:
                consumed, expected = self._consumed(), self._last()
                wanted = len(self.replica.queue) if receipt is None else self._coming
            if consumed >= wanted:
                return receipt
            receipt = self.rollup.force_include(self.sender, expected, TO_THE_END)

    def _last(self) -> bytes:
        """The accumulator of the inbox."""
        entries = self.replica.entries
        return entries[-1].record.hash() if entries else bytes(32)

    def _drafts(self, most: int | None = None) -> list[Draft]:
        pending = [(record, since) for record, since, *_ in self._pool.pending.values()]
        if not pending:
            return []
        most = most or max(_MAX_FRAMES, self.poster.most_frames)
        return pack(pending, self._pool.base, most, time.monotonic() - self.max_wait)

    def _ready_keys(self) -> _Keys:
        return self._openings.ready(self._pool.pending.__contains__)

    def _frames(self, keys: _Keys, drafts: list[Draft], most: int | None = None) -> tuple[bytes, list[bytes]]:
        """The data of an entry, and the records in it. Accounts are opened behind the payments that are overdue."""
        opening: list[bytes] = []
        for token in sorted({token for _, token in keys}):
            opening += encode_accounts(token, [key for key, one in keys if one == token])
        frames = encode_drafts(drafts, self._pool.fees.accounts, self.verifier.aggregates)
        if most is None:
            most = _MAX_FRAMES
        count = len(frames) + len(opening)
        if count > most and self.poster.in_blobs(b"".join(frames + opening), blobs_for(count)):
            most = self.poster.most_frames
        late = sum(one.since <= time.monotonic() - self.max_wait for one in drafts)
        room = room_for_keys(len(keys), late, most) if drafts else most
        taken = drafts[: max(0, most - min(room, len(opening)))]
        data = b"".join(frames[: len(taken)] + opening[:room])
        return data, [record for one in taken for record in one.records]

    def _doubt(self, number: int, posted: Sequence[bytes]) -> None:
        """What was posted in entry `number` and has not happened: signatures are looked at again, one by one."""
        if self.replica.missing is not None or len(self.replica.entries) < number or not self._pool.pending:
            return
        digests = digests_of(self._prefix, posted)
        doubtful = [(one, record) for one, record in zip(digests, posted, strict=True) if one in self._pool.pending]
        reasons = {
            digest: "its signature is not its owner's" for digest, record in doubtful if not self._signed(record)
        }
        if reasons:
            for digest in reasons:
                del self._pool.pending[digest]
            self._drop(reasons)
            self._settle()

    def _signed(self, record: bytes) -> bool:
        op = SignedOp.decode(record)
        account = self.replica.head.accounts.get(op.message.sender)
        if account is None:
            return False
        digest = op.message.digest(self.rollup.domain)
        if not op.by_bls:
            return self.replica.authority.recover(digest, op.signature) == account.address
        key = self.replica.head.keys.get(account.owner)
        return key is not None and self.replica.authority.verify([(key, digest)], op.signature)

    def _look_at(self, heads: Heads) -> None:
        """Note how far the chain is, and durably what it cannot take back: a journal fits no other chain."""
        before, self.heads = self.heads, heads
        final = min(self.heads.final, len(self.replica.entries))
        if final > before.final:
            self._promises.note_final(final, self.replica.entries[final - 1].record.hash())
            self._promises.commit()

    def _compact(self) -> None:
        """Forget what lies in final entries, once that is worth writing the rest anew."""
        final = min(self.heads.final, len(self.replica.entries))
        if not final:
            return
        done = self._fates.final(final)
        if len(done) < max(self.compact_at, self._promises.operations // 2):
            return
        fault_point("sequencer.compact.before")
        stored, gone = self._promises.read(), set(done)
        digests = digests_of(self._prefix, stored.records)
        left = [at for at, digest in enumerate(digests) if digest not in gone]
        records, parties = [stored.records[at] for at in left], [stored.parties[at] for at in left]
        opened = self._openings.opened
        keys = [
            one for one in stored.keys if opened.get(one.name, final + 1) > final and not self._was_dropped(one.payment)
        ]
        dropped = {digest: reason for digest, reason in stored.dropped.items() if digest not in gone}
        kept = Stored(records, parties, keys, dropped)
        self._promises.keep(kept, final)
        self._pool.owners = kept.owners
        self._fates.close(done)
