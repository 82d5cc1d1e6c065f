"""Account history: replays every entry of the inbox and records the operations on an owner's accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layer2.primitives.display import Readable
from layer2.rollup.derivation.replica import Entry, Replica
from layer2.rollup.protocol.compressed_amounts import fee_of
from layer2.rollup.protocol.frames import Frame, FrameType, Op, decode_frame
from layer2.rollup.protocol.params import SEGMENTS_PER_FRAME
from layer2.rollup.state.forced_queue import Deposit, Forced, QueueItem, apply_item
from layer2.rollup.state.operations import move, withdraw
from layer2.rollup.state.state import Account, State
from layer2.rollup.state.transition import accepts, execute, message_of

__all__ = ["History", "HistoryEntry"]


@dataclass(frozen=True, slots=True, repr=False)
class HistoryEntry(Readable):
    """One event in an account's history.

    Attributes:
        entry: number of the inbox entry, counted from 1.
        time: Unix time at which the entry was posted.
        kind: deposit, opened, sent, received or withdrawn; returned is a deposit that became a withdrawal.
        account: number of the account.
        token: number of the token.
        amount: amount in smallest units.
        fee: fee in smallest units.
        other: number of the other account, or an address.
        forced: True if the operation was included through the queue.
        done: True if funds moved; a failed operation has still used its sender's nonce.
    """

    entry: int
    time: int
    kind: str
    account: int
    token: int
    amount: int = 0
    fee: int = 0
    other: str = ""
    forced: bool = False
    done: bool = True


class History:
    """History of the accounts of given owners, derived from a replica; rebuilt from genesis after a reorganisation."""

    def __init__(self, replica: Replica, owners: Sequence[bytes]) -> None:
        self._replica = replica
        self._owners = set(owners)
        self._restart()

    def __repr__(self) -> str:
        return f"<History lines={len(self._lines)} entries={self._read}>"

    def lines(self) -> list[HistoryEntry]:
        """Return all events so far."""
        if self._reorganisations != self._replica.reorganisations:
            self._restart()
        for entry in self._replica.entries[self._read :]:
            self._play(entry)
        return list(self._lines)

    def _restart(self) -> None:
        self._reorganisations = self._replica.reorganisations
        self._state = self._replica.genesis.copy()
        self._mine = {index for index, one in self._state.accounts.items() if one.owner in self._owners}
        self._lines: list[HistoryEntry] = []
        self._read = 0

    def _play(self, entry: Entry) -> None:
        self._read += 1
        self._at = (self._read, entry.record.time)
        # Withdrawals are read within one entry only; clearing the list keeps it from outgrowing its tree.
        self._state.begin_assertion()
        for item in self._replica.queue[self._state.queue_count : entry.record.queue_end]:
            self._item(item)
        for raw in entry.frames():
            frame = decode_frame(raw)
            if accepts(self._state, frame, self._replica.authority):
                for half in range(SEGMENTS_PER_FRAME):
                    self._half(frame, half, raw)

    # --------------------------------------------------------------------------------------------------------- queue

    def _item(self, item: QueueItem) -> None:
        state, first, nonce = self._state, self._state.next_account, self._nonce_of(item)
        out = len(state.withdrawals)
        apply_item(state, item, self._replica.authority)
        if isinstance(item, Deposit):
            index = item.to or first
            returned = len(state.withdrawals) > out
            if not returned and state.next_account > first and item.owner in self._owners:
                self._mine.add(index)
            if item.owner in self._owners and (returned or index in self._mine):
                kind = "returned" if returned else "deposit"
                self._note(kind, index, item.token, item.amount, other=item.sender)
        elif isinstance(item, Forced):
            done = nonce is not None and state.accounts[item.account].nonce > nonce
            self._forced(item, done and self._moved(item, out))

    def _nonce_of(self, item: QueueItem) -> int | None:
        account = self._state.accounts.get(item.account) if isinstance(item, Forced) else None
        if account is not None and isinstance(item, Forced):
            self._before = account.balance
        return None if account is None else account.nonce

    def _moved(self, item: Forced, out: int) -> bool:
        if item.target is not None:
            return len(self._state.withdrawals) > out
        return item.to == item.account or self._state.accounts[item.account].balance != self._before

    def _forced(self, item: Forced, done: bool) -> None:
        if item.account in self._mine:
            kind = "sent" if item.target is None else "withdrawn"
            other = str(item.to) if item.target is None else item.target
            self._note(kind, item.account, item.token, item.amount, other=other, forced=True, done=done)
        if item.target is None and item.to in self._mine and done:
            self._note("received", item.to, item.token, item.amount, other=str(item.account), forced=True)

    # -------------------------------------------------------------------------------------------------------- frames

    def _half(self, frame: Frame, half: int, raw: bytes) -> None:
        state, ops = self._state, frame.half(half)
        first = state.next_account
        if frame.kind is not FrameType.ACCOUNTS and any(op.sender in self._mine or op.to in self._mine for op in ops):
            self._note_ops(frame, ops)
        execute(state, frame, half, raw, self._replica.authority)
        for index in range(first, state.next_account):
            if state.accounts[index].owner in self._owners:
                self._mine.add(index)
                self._note("opened", index, frame.token)

    def _note_ops(self, frame: Frame, ops: Sequence[Op]) -> None:
        """Replay a segment on a small state of the accounts it names, to see the effect of each operation."""
        probe, fee = State(), fee_of(frame.fee)
        # Renumber the accounts, because a state allocates room for every number below its highest.
        small = {index: at for at, index in enumerate({one for op in ops for one in (op.sender, op.to)}, 1)}
        for index, at in small.items():
            account = self._state.accounts.get(index)
            if account is not None:
                probe.put(at, account)
        for op in ops:
            sender, to = small[op.sender], small[op.to]
            if frame.kind.by_ecdsa and not self._signed(probe.accounts.get(sender), frame, op):
                continue
            if op.target is not None:
                done = withdraw(probe, sender, op.target, op.amount, frame.token, fee)
            else:
                done = move(probe, sender, to, op.amount, frame.token, fee)
            if op.sender in self._mine:
                kind = "sent" if op.target is None else "withdrawn"
                other = str(op.to) if op.target is None else op.target
                self._note(kind, op.sender, frame.token, op.amount, fee=fee, other=other, done=done)
            if op.target is None and op.to in self._mine and done:
                self._note("received", op.to, frame.token, op.amount, other=str(op.sender))

    def _signed(self, account: Account | None, frame: Frame, op: Op) -> bool:
        if account is None or account.address is None:
            return False
        digest = message_of(frame, op, account.nonce).digest(self._replica.authority.domain)
        return self._replica.authority.recover(digest, op.signature) == account.address

    def _note(
        self,
        kind: str,
        account: int,
        token: int,
        amount: int = 0,
        *,
        fee: int = 0,
        other: str = "",
        forced: bool = False,
        done: bool = True,
    ) -> None:
        entry, time = self._at
        self._lines.append(HistoryEntry(entry, time, kind, account, token, amount, fee, other, forced, done))
