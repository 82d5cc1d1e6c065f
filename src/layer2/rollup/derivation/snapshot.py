"""Snapshot of the state of a final assertion, verified against L1 before a node starts from it."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from layer2.primitives.addresses import to_address
from layer2.primitives.errors import Layer2Error
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import SnapshotWrong
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.state.state import Account, State, Withdrawal, owner_of_key
from layer2.store.private_files import open_private

__all__ = ["Anchor", "Snapshot"]

_MAGIC = b"layer2 rollup snapshot 2\n"
_HEAD = struct.Struct(">32sQQ32s32s?32sIQ28sIQIII")
_ACCOUNT = struct.Struct(">I32sHI16s")
_WITHDRAWAL = struct.Struct(">20sH16s")
_ANCHOR = struct.Struct(">32sQQ32s32s?32sQI")
_KEY = 96
_ROOM = 64
"""Maximum ratio of decompressed to compressed size, since contents are verified only after decompression."""

_RESYNC = "start without it: the node then rebuilds the state from the main chain"


@dataclass(frozen=True, slots=True)
class Anchor:
    """Another final assertion that open ones build on, with its withdrawals, which the entries do not determine.

    Attributes:
        claim: the assertion.
        acc: accumulator of the inbox at the assertion's end.
        earlier: number of withdrawals before its own, counted from genesis.
        withdrawals: the assertion's own withdrawals.
    """

    claim: Assertion
    acc: bytes
    earlier: int
    withdrawals: tuple[Withdrawal, ...]

    @classmethod
    def of(cls, claim: Assertion, acc: bytes, state: State) -> Anchor:
        """Create the anchor of an assertion from its state."""
        return cls(claim, acc, state.earlier, tuple(state.withdrawals))

    def upon(self, state: State) -> State:
        """Return the assertion's state, given the state after the same entries; raise SnapshotWrong if roots differ."""
        made = state.copy()
        made.begin_assertion()
        made.earlier = self.earlier
        for one in self.withdrawals:
            made.take_out(one)
        if made.root != self.claim.root:
            raise SnapshotWrong(
                f"snapshot: claim {self.claim.id.hex()[:12]} has root {self.claim.root.hex()[:12]}, the withdrawals in "
                f"the snapshot lead to {made.root.hex()[:12]}",
                hint=_RESYNC,
            )
        return made


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of a final assertion, with the accumulator of the inbox at its end and other anchors."""

    claim: Assertion
    acc: bytes
    state: State
    anchors: tuple[Anchor, ...] = ()

    def check(self, rollup: RollupContract) -> None:
        """Verify that the assertions are final on L1 and that the state has the asserted root.

        An anchor's root is verified when the anchor is used.

        Raises:
            SnapshotWrong: an assertion is not final, a root or accumulator differs, or a BLS key is missing.
        """
        if self.state.root != self.claim.root:
            raise SnapshotWrong(
                f"snapshot: its state has root {self.state.root.hex()[:12]}, its claim {self.claim.root.hex()[:12]}",
                hint=_RESYNC,
            )
        owners = (one.owner for one in self.state.accounts.values() if one.address is None)
        unheard = next((one for one in owners if one not in self.state.keys), None)
        if unheard is not None:
            # The root does not cover the keys, and frames of an account without its key would be treated as unsigned.
            raise SnapshotWrong(f"snapshot: the key of owner {unheard.hex()[:12]} is missing", hint=_RESYNC)
        for claim, acc in ((self.claim, self.acc), *((one.claim, one.acc) for one in self.anchors)):
            status, end = rollup.status(claim.id)[2], claim.inbox_end
            if status is not Status.FINAL or rollup.acc(end) != acc or end < self.claim.inbox_end:
                raise SnapshotWrong(
                    f"snapshot: claim {claim.id.hex()[:12]} is {status.name.lower()} at {rollup.address}, not final",
                    hint=_RESYNC,
                )

    def save(self, path: str | Path) -> None:
        """Write the snapshot to a file atomically."""
        target = Path(path)
        part = target.with_suffix(target.suffix + ".part")
        try:
            with open_private(part) as file:
                file.write(_MAGIC + zlib.compress(self._encode(), 1))
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @classmethod
    def load(cls, path: str | Path) -> Snapshot:
        """Read a snapshot file; use `check` to verify it. Raises SnapshotWrong if the file is not a valid snapshot."""
        raw = Path(path).read_bytes()
        if not raw.startswith(_MAGIC):
            raise SnapshotWrong(f"{path} is not a snapshot of a rollup", hint=_RESYNC)
        try:
            return cls._decode(_inflated(raw[len(_MAGIC) :]))
        except (zlib.error, struct.error, ValueError, IndexError, Layer2Error) as failure:
            raise SnapshotWrong(f"{path} is damaged: {failure}", hint=_RESYNC) from failure

    def _encode(self) -> bytes:
        claim, state = self.claim, self.state
        keys = sorted({state.keys[one.owner] for one in state.accounts.values() if one.owner in state.keys})
        head = _HEAD.pack(
            claim.parent, claim.inbox_end, claim.segments, claim.root, claim.roots, claim.roots_in_blob, self.acc,
            state.next_account, state.queue_count, state.queue_acc, state.tokens, state.earlier,
            len(state.accounts), len(state.withdrawals), len(keys),
        )  # fmt: skip
        accounts = (
            _ACCOUNT.pack(index, one.owner, one.token, one.nonce, one.balance.to_bytes(16, "big"))
            for index, one in state.accounts.items()
        )
        return head + b"".join(accounts) + _packed(state.withdrawals) + b"".join(keys) + self._anchored()

    def _anchored(self) -> bytes:
        rows = [len(self.anchors).to_bytes(4, "big")]
        for one in self.anchors:
            rows.append(_ANCHOR.pack(*one.claim.as_tuple(), one.acc, one.earlier, len(one.withdrawals)))
            rows.append(_packed(one.withdrawals))
        return b"".join(rows)

    @classmethod
    def _decode(cls, raw: bytes) -> Snapshot:
        *claim, acc, following, queued, queue_acc, tokens, earlier, accounts, withdrawals, keys = _HEAD.unpack_from(raw)
        state, at = State(), _HEAD.size
        if following > _ROOM * (accounts + _ROOM):
            # The state allocates room for every account number below the next one, used or not.
            raise ValueError(f"{accounts} accounts, the next one {following}")
        for _ in range(accounts):
            index, owner, token, nonce, balance = _ACCOUNT.unpack_from(raw, at)
            if not 0 < index < following:
                raise ValueError(f"account {index}, the next one {following}")
            state.put(index, Account(owner, token, nonce, int.from_bytes(balance, "big")))
            at += _ACCOUNT.size
        found, at = _unpacked(raw, at, withdrawals)
        for one in found:
            state.take_out(one)
        for _ in range(keys):
            key = raw[at : at + _KEY]
            state.keys[owner_of_key(key)] = key
            at += _KEY
        anchors, (count,), at = [], struct.unpack_from(">I", raw, at), at + 4
        for _ in range(count):
            *other, end, before, out = _ANCHOR.unpack_from(raw, at)
            found, at = _unpacked(raw, at + _ANCHOR.size, out)
            anchors.append(Anchor(Assertion(*other), end, before, tuple(found)))
        if at != len(raw):
            raise ValueError(f"{len(raw)} bytes, {at} expected")
        state.next_account, state.queue_count, state.tokens, state.queue_acc = following, queued, tokens, queue_acc
        state.earlier = earlier
        return cls(Assertion(*claim), acc, state, tuple(anchors))


def _packed(withdrawals: Sequence[Withdrawal]) -> bytes:
    rows = ((bytes.fromhex(one.target[2:]), one.token, one.amount.to_bytes(16, "big")) for one in withdrawals)
    return b"".join(_WITHDRAWAL.pack(*row) for row in rows)


def _unpacked(raw: bytes, at: int, count: int) -> tuple[list[Withdrawal], int]:
    """Return `count` withdrawals decoded from offset `at`, and the offset after them."""
    found = []
    for _ in range(count):
        target, token, amount = _WITHDRAWAL.unpack_from(raw, at)
        found.append(Withdrawal(to_address(target), token, int.from_bytes(amount, "big")))
        at += _WITHDRAWAL.size
    return found, at


def _inflated(packed: bytes) -> bytes:
    reader = zlib.decompressobj()
    raw = reader.decompress(packed, _ROOM * (len(packed) + 1_024))
    if not reader.eof or reader.unused_data:
        raise ValueError("it has trailing bytes")
    return raw
