"""The sequencer: takes signed operations, keeps them, fills frames and posts them in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import aggregate
from layer2.primitives.errors import Layer2Error
from layer2.rollup.accounts import State, owner_of_key
from layer2.rollup.amounts import fee_of, pack_amount
from layer2.rollup.contract import RollupContract
from layer2.rollup.frames import LIMITS, Frame, FrameType, Op, decode_frame, encode_frame
from layer2.rollup.mempool import SignedOp, admit
from layer2.rollup.messages import Withdraw
from layer2.rollup.operations import move, withdraw
from layer2.rollup.poster import Data, Poster
from layer2.rollup.queue import QueueItem, apply_item, helping
from layer2.rollup.replica import Replica
from layer2.store.journal import Journal, fault_point

__all__ = ["FAULT_POINTS", "Sequencer"]

FAULT_POINTS = ("sequencer.accept.before", "sequencer.accept.durable", "sequencer.post.before", "sequencer.post.after")

_MAX_FRAMES = 256
"""Frames of one entry in calldata: some 127 kB, below what nodes relay."""


class Sequencer:
    """One rollup's sequencer. `step()` follows the chain and posts when something is due.

    What `submit` has accepted is in the journal before it returns, and goes into a frame as long as its account still
    allows it. `least_fee`: in smallest units of the token; fees go to the account `fee_account` of that token.
    """

    KIND = "rollup.sequencer"

    def __init__(
        self,
        rollup: RollupContract,
        sender: Sender,
        journal: Journal | str | Path,
        *,
        replica: Replica | None = None,
        least_fee: int = 0,
        fee_account: int = 0,
        data: Data | str = Data.AUTO,
    ) -> None:
        self.rollup = rollup
        self.sender = sender
        self.replica = replica or Replica(rollup)
        self.poster = Poster(rollup, sender, self.replica.blobs, data)
        self.least_fee = least_fee
        self.fee_account = fee_account
        self._journal = Journal(journal, kind=self.KIND) if isinstance(journal, str | Path) else journal
        self._keys: list[tuple[bytes, int]] = []
        self._pending: list[SignedOp] = []
        self._state = State()
        self.replica.step()
        self._reorganisations = self.replica.reorganisations
        self._reload()

    def __repr__(self) -> str:
        return f"<Sequencer {self.sender.address} pending={len(self._pending)} entries={len(self.replica.entries)}>"

    @property
    def pending(self) -> tuple[SignedOp, ...]:
        """Accepted operations that are not in the inbox yet."""
        return tuple(self._pending)

    @property
    def state(self) -> State:
        """The inbox's state with everything pending: what the next operation is checked against."""
        return self._state

    def submit(self, op: SignedOp) -> None:
        """Accept an operation; durable when it returns. Raises what `admit` raises."""
        self.submit_many([op])

    def submit_many(self, ops: Sequence[SignedOp]) -> list[Layer2Error | None]:
        """Accept what is acceptable, with one commit; for each its refusal or None. A single one that fails raises."""
        results: list[Layer2Error | None] = []
        self._follow()
        fault_point("sequencer.accept.before")
        for op in ops:
            try:
                admit(self._state, op, self.replica.authority, self.least_fee)
            except Layer2Error as refusal:
                if len(ops) == 1:
                    raise
                results.append(refusal)
                continue
            self._journal.append("op", op.encode())
            self._apply(op)
            self._pending.append(op)
            results.append(None)
        self._journal.commit()
        fault_point("sequencer.accept.durable")
        return results

    def open_account(self, key: bytes, token: int = 0) -> None:
        """Have an account made for a BLS key in the next entry; which one it is, the state says afterwards."""
        self.open_accounts([key], token)

    def open_accounts(self, keys: Sequence[bytes], token: int = 0) -> None:
        """The same for many keys, durable with one commit when it returns.

        A key that has an account of the token, or waits for one, changes nothing.

        Raises:
            SignatureError: one of them is no key; nothing has changed.
        """
        owners = [owner_of_key(key) for key in keys]
        self._follow()
        there, waiting = self._held(), set(self._keys)
        fresh = {
            (key, token): None
            for key, owner in zip(keys, owners, strict=True)
            if (owner, token) not in there and (key, token) not in waiting
        }
        for key, _ in fresh:
            self._journal.append("key", token.to_bytes(2, "big") + key)
        self._journal.commit()
        self._keys += fresh

    def step(self) -> Receipt | None:
        """Follow the chain; post what is pending, or consume what waits in the queue."""
        self._follow()
        consumed = self.replica.entries[-1].record.queue_end if self.replica.entries else 0
        end = helping(consumed, len(self.replica.queue))
        self._settle(self.replica.queue[consumed:end])
        frames = self.seal()
        if not frames and end == consumed:
            return None
        data = b"".join(encode_frame(frame) for frame in frames)
        expected = self.replica.entries[-1].record.hash() if self.replica.entries else bytes(32)
        fault_point("sequencer.post.before")
        receipt = self.poster.post(expected, data, end)
        fault_point("sequencer.post.after")
        self.replica.step()
        self._settle()
        return receipt

    def next_nonce(self, account: int) -> int:
        """The nonce of an account's next operation, pending ones counted."""
        self._follow()
        known = self._state.accounts.get(account)
        return 0 if known is None else known.nonce

    def seal(self) -> list[Frame]:
        """The frames that carry what is pending, in an order in which every operation still works."""
        frames, most = [], LIMITS[FrameType.ACCOUNTS]
        for token in sorted({token for _, token in self._keys}):
            ops = [Op(key=key) for key, one in self._keys if one == token]
            rows = (ops[at : at + most] for at in range(0, len(ops), most))
            frames += [Frame(FrameType.ACCOUNTS, token, ops=tuple(row)) for row in rows]
        run: list[SignedOp] = []
        for op in self._pending:
            if run and (_group(run[0]) != _group(op) or len(run) == LIMITS[op.kind]):
                frames.append(self._frame(run))
                run = []
            run.append(op)
        if run:
            frames.append(self._frame(run))
        return frames[:_MAX_FRAMES]

    # ------------------------------------------------------------------------------------------------------- inside

    def _frame(self, run: list[SignedOp]) -> Frame:
        kind, first = run[0].kind, run[0].message
        signature = aggregate([op.signature for op in run]) if kind.by_bls else b""
        receiver = self.fee_account if fee_of(first.fee) else 0
        return Frame(kind, first.token, first.fee, receiver, signature, tuple(_op(one) for one in run))

    def _apply(self, op: SignedOp) -> None:
        one = op.message
        fee = fee_of(one.fee)
        if isinstance(one, Withdraw):
            withdraw(self._state, one.sender, one.to, one.amount, one.token, fee)
        else:
            move(self._state, one.sender, one.to, one.amount, one.token, fee)

    def _follow(self) -> None:
        """What others have posted, or forced, or what the chain took back, counts before anything is promised."""
        came = self.replica.step()
        if self._reorganisations != self.replica.reorganisations:
            # What stood in an entry that is gone is pending again.
            self._reorganisations = self.replica.reorganisations
            self._reload()
        elif came:
            self._settle()

    def _held(self) -> set[tuple[bytes, int]]:
        return {(one.owner, one.token) for one in self.replica.head.accounts.values()}

    def _reload(self) -> None:
        """After a start: what was accepted and is not in the inbox is pending again."""
        self._pending = [SignedOp.decode(entry.payload) for entry in self._journal.read("op")]
        rows = (entry.payload for entry in self._journal.read("key"))
        self._keys = [(row[2:], int.from_bytes(row[:2], "big")) for row in rows]
        self._settle()

    def _settle(self, coming: Sequence[QueueItem] = ()) -> None:
        """Put what is pending on top of the inbox and of the queue items that the next entry consumes first.

        What the inbox has is done; what a queue item has made impossible is dropped before it can spoil a frame.
        """
        self._state = self.replica.head.copy()
        if self._keys:
            there = self._held()
            self._keys = [(key, token) for key, token in self._keys if (owner_of_key(key), token) not in there]
        for item in coming:
            apply_item(self._state, item, self.replica.authority)
        accepted, self._pending = self._pending, []
        for op in accepted:
            one = op.message
            account = self._state.accounts.get(one.sender)
            if account is None or account.nonce != one.nonce or account.balance < one.amount + fee_of(one.fee):
                continue
            self._apply(op)
            self._pending.append(op)


def _group(op: SignedOp) -> tuple[FrameType, int, int]:
    return op.kind, op.message.token, op.message.fee


def _op(op: SignedOp) -> Op:
    one = op.message
    signature = b"" if op.by_bls else op.signature
    if isinstance(one, Withdraw):
        return Op(one.sender, 0, one.amount, one.to, signature)
    packed = pack_amount(one.amount) if op.kind in _PACKED else 0
    return Op(one.sender, one.to, one.amount, None, signature, packed=packed)


_PACKED = (FrameType.TRANSFERS, FrameType.WIDE_TRANSFERS, FrameType.ECDSA_TRANSFERS)


def frames_of(data: bytes) -> list[Frame]:
    """The frames of an entry's data, for people who look."""
    return [decode_frame(data[at : at + 496].ljust(496, b"\0")) for at in range(0, len(data), 496)]
