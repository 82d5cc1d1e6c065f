"""The sequencer: accepts signed operations, stores them, packs them into frames and posts them in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.replica import Heads, Replica
from layer2.rollup.l1.batcher import Batcher, Data
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.batch_signatures import digests_of
from layer2.rollup.protocol.blob_encoding import blobs_for
from layer2.rollup.protocol.frames import Frame, decode_frame
from layer2.rollup.protocol.params import FRAME_BYTES
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.frame_builder import FrameDraft, encode_accounts, encode_drafts, pack
from layer2.rollup.sequencer.intake import OperationIntake
from layer2.rollup.sequencer.journal import KIND
from layer2.rollup.sequencer.key_registrations import KeyPolicy, room_for_keys
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
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
"""Maximum number of frames of a calldata entry: about 127 kB, below the transaction size that nodes relay."""

_MOST_PENDING = 200_000
_MAX_WAIT = 60.0
_RACES = ("InvalidQueueEnd", "QueueOverdue", "UnexpectedAccumulator")
"""Reverts that mean another transaction (a deposit or a competing entry) was mined first."""

_APART = 20
"""Steps after a race in which the queue is consumed separately, so that queueing in every block cannot stop posts."""

_COMPACT_AT = 10_000
"""Number of operations in final entries that triggers a rewrite of the journal."""

_Keys = Sequence[tuple[bytes, int]]


class Sequencer(OperationIntake):
    """Sequencer of one rollup. `step()` follows L1 and posts when something is due.

    An operation accepted by `submit` is in the journal before the call returns, and is posted in a frame as long as its
    account allows it; `fate` returns its status. All methods are thread-safe: `step` waits for L1 without blocking
    `accept`.

    Args:
        least_fee: minimum fee in smallest units, for all tokens or by token.
        fee_account: account that receives fees, by token (a single number is for ether). By default, the first account
            of `sender` in each token.
        data: data location of posted frames; by default, the cheaper of calldata and blobs.
        most_pending: maximum number of pending operations.
        max_wait: seconds after which an operation precedes those that pay better.
        key_policy: price of accounts for keys, and limit on waiting keys.
        verifier: workers that verify signatures; by default, the calling thread does.

    Raises:
        JournalMismatch: the journal belongs to another rollup or chain; nothing has been signed or posted.
        JournalCorrupt: the journal is damaged; nothing has been signed or posted.
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
        verifier: SignatureWorkers | None = None,
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
        self.poster = Batcher(rollup, sender, self.replica.blobs, data)
        self.max_wait = max_wait
        self.compact_at = _COMPACT_AT
        self.heads = Heads(0, 0, 0)
        """Heads of the inbox as of the last `step`."""
        self._stepping = threading.Lock()
        self._apart = 0

    def __repr__(self) -> str:
        return (
            f"<Sequencer {self.sender.address} pending={len(self._pool.pending)} entries={len(self.replica.entries)}>"
        )

    # ------------------------------------------------------------------------------------------------------- posting

    def step(self) -> Receipt | None:
        """Follow L1, then post pending operations or consume waiting queue items.

        If another queue item or entry is mined first, the queue is consumed by a separate transaction up to its current
        end, and the pending operations are posted after it.
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
        """Return the frames of pending operations, in an order in which every operation is valid."""
        data = self.sealed()
        return [decode_frame(data[at : at + FRAME_BYTES]) for at in range(0, len(data), FRAME_BYTES)]

    def sealed(self, most: int | None = None) -> bytes:
        """Return the encoded frames of pending operations.

        Args:
            most: maximum number of frames; by default, as many as an entry can hold.
        """
        with self.lock:
            keys, drafts = self._ready_keys(), self._drafts(most)
        return self._frames(keys, drafts, most)[0]

    # ---------------------------------------------------------------------------------------------------- internals

    def _post(self) -> Receipt | None:
        """Post one entry of pending operations; it consumes the queue first, unless that is done separately."""
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
        """Post entries of queue items only, at least up to the items that pending operations are based on."""
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
        """Return the accumulator of the inbox."""
        entries = self.replica.entries
        return entries[-1].record.hash() if entries else bytes(32)

    def _drafts(self, most: int | None = None) -> list[FrameDraft]:
        pending = [(record, since) for record, since, *_ in self._pool.pending.values()]
        if not pending:
            return []
        most = most or max(_MAX_FRAMES, self.poster.most_frames)
        return pack(pending, self._pool.base, most, time.monotonic() - self.max_wait)

    def _ready_keys(self) -> _Keys:
        # A payment that was dropped is not pending either, and on a full disk its registration still waits.
        return self._openings.ready(lambda payment: payment in self._pool.pending or self._was_dropped(payment))

    def _frames(self, keys: _Keys, drafts: list[FrameDraft], most: int | None = None) -> tuple[bytes, list[bytes]]:
        """Return the data of an entry and its records. Accounts are opened after overdue payments."""
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
        """Verify the signatures of the operations in entry `number` that were not executed; drop the invalid ones."""
        if self.replica.missing is not None or len(self.replica.entries) < number or not self._pool.pending:
            return
        digests = digests_of(self._prefix, posted)
        doubtful = [(one, record) for one, record in zip(digests, posted, strict=True) if one in self._pool.pending]
        reasons = {
            digest: "its signature is not its owner's" for digest, record in doubtful if not self._signed(record)
        }
        if reasons:
            self._intake.drop(reasons, len(self.replica.entries))
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
        """Store the heads, and record the newest final entry in the journal, which binds the journal to this chain."""
        before, self.heads = self.heads, heads
        final = min(self.heads.final, len(self.replica.entries))
        if final > before.final:
            self._promises.note_final(final, self.replica.entries[final - 1].record.hash())
            self._promises.commit()

    def _compact(self) -> None:
        """Remove operations of final entries from the journal, once there are enough of them."""
        final = min(self.heads.final, len(self.replica.entries))
        if not final:
            return
        done = self._tx_statuses.final(final)
        if len(done) < max(self.compact_at, self._promises.size // 2):
            return
        fault_point("sequencer.compact.before")
        stored, opened = self._promises.read(), self._openings.opened
        for digest in done:
            stored.records.pop(digest, None)
            stored.dropped.pop(digest, None)
        stored.keys[:] = [
            one for one in stored.keys if opened.get(one.name, final + 1) > final and not self._was_dropped(one.payment)
        ]
        self._promises.keep(stored, final)
        self._pool.owners = stored.owners
        self._tx_statuses.close(done)
