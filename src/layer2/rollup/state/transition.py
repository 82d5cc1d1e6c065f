"""State transition. It is total: no data can stop it, and an operation that cannot be executed has a defined result.

A frame produces two roots: after its first 27 operations (3 if each has its own signature) and after the rest. Queue
items produce one root for every 27 items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from layer2.primitives.errors import MalformedError, RangeError
from layer2.rollup.protocol.compressed_amounts import fee_of
from layer2.rollup.protocol.frames import Frame, FrameType, Op, decode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.params import (
    FRAME_BYTES,
    MAX_ACCOUNTS,
    MAX_BALANCE,
    MAX_NONCE,
    OPS_PER_SEGMENT,
    SEGMENTS_PER_FRAME,
)
from layer2.rollup.state.forced_queue import QueueItem, apply_item
from layer2.rollup.state.operations import move, withdraw
from layer2.rollup.state.signature_oracle import SignatureOracle
from layer2.rollup.state.state import Account, State, Withdrawal, owner_of_key

__all__ = ["accepts", "admissible", "apply_frame", "apply_queue", "digests", "run_frames"]


def apply_queue(state: State, items: Iterable[QueueItem], authority: SignatureOracle) -> Iterator[bytes]:
    """Consume queue items; yield a root after every 27 items and after the last one."""
    count = 0
    for item in items:
        apply_item(state, item, authority)
        count += 1
        if count % OPS_PER_SEGMENT == 0:
            yield state.root
    if count % OPS_PER_SEGMENT:
        yield state.root


def apply_frame(state: State, data: bytes, authority: SignatureOracle) -> Iterator[bytes]:
    """Execute a frame half by half; yield a root after each half."""
    frame = decode_frame(data)
    accepted = accepts(state, frame, authority)
    for half in range(SEGMENTS_PER_FRAME):
        if accepted:
            execute(state, frame, half, data, authority)
        yield state.root


def run_frames(
    state: State, frames: Sequence[bytes], authority: SignatureOracle, signed: Sequence[bool] | None = None
) -> list[bytes]:
    """Execute frames in order; return two roots for each, as `apply_frame` yields, hashed in batches.

    Args:
        signed: for each frame, True if its BLS signature has been verified as valid; `authority` then only checks ECDSA
            signatures and keys. By default, `authority` verifies each frame before its execution, because the signed
            digests depend on the preceding frames.
    """
    if signed is not None and len(signed) != len(frames):
        raise RangeError(f"{len(signed)} verdicts of signatures and {len(frames)} frames given")
    if any(len(data) != FRAME_BYTES for data in frames):
        raise MalformedError(f"a frame does not have {FRAME_BYTES} bytes", hint="pad the last one with zeros")
    known = list(signed) if signed is not None else [False] * len(frames)
    start = 0
    for at, data in enumerate(frames):
        if signed is not None and _by_kernel(data):
            continue
        state.run_transfers(frames[start:at], known[start:at])
        start = at + 1
        frame = decode_frame(data)
        if signed is None or not frame.kind.by_bls:
            accepted = accepts(state, frame, authority)
        else:
            accepted = known[at] and admissible(state, frame) and digests(state, frame, authority) is not None
        if _by_kernel(data):
            state.run_transfers([data], [accepted])
            continue
        for half in range(SEGMENTS_PER_FRAME):
            if accepted:
                execute(state, frame, half, data, authority)
            state.seal()
    state.run_transfers(frames[start:], known[start:])
    return state.sealed_roots()


def accepts(state: State, frame: Frame, authority: SignatureOracle) -> bool:
    """Return True if a frame is executed."""
    if not admissible(state, frame):
        return False
    if not frame.kind.by_bls:
        return True
    pairs = digests(state, frame, authority)
    return pairs is not None and authority.verify(pairs, frame.signature)


def admissible(state: State, frame: Frame) -> bool:
    """Return True if a frame's header allows its execution: its type, token and fee receiver are valid."""
    if frame.kind is FrameType.SKIP or frame.token >= state.tokens:
        return False
    if fee_of(frame.fee) and frame.kind is not FrameType.ACCOUNTS:
        receiver = state.accounts.get(frame.receiver)
        return receiver is not None and receiver.token == frame.token
    return True


def digests(state: State, frame: Frame, authority: SignatureOracle) -> list[tuple[bytes, bytes]] | None:
    """Return key and digest of each operation of a BLS frame, with nonces counted from the state.

    Returns:
        None if a sender does not exist, has no BLS key or has no nonce left.
    """
    seen: Counter[int] = Counter()
    pairs = []
    for op in frame.ops:
        account = state.accounts.get(op.sender)
        key = None if account is None else state.keys.get(account.owner)
        if account is None or key is None or account.nonce + seen[op.sender] >= MAX_NONCE:
            return None
        message = message_of(frame, op, account.nonce + seen[op.sender])
        pairs.append((key, message.digest(authority.domain)))
        seen[op.sender] += 1
    return pairs


def message_of(frame: Frame, op: Op, nonce: int) -> Transfer | Withdraw:
    """Return the message that the sender of an operation signs."""
    rest = (op.amount, frame.token, frame.fee)
    if op.target is not None:
        return Withdraw(op.sender, nonce, op.target, *rest)
    return Transfer(op.sender, nonce, op.to, *rest)


def execute(state: State, frame: Frame, half: int, data: bytes, authority: SignatureOracle) -> None:
    """Execute one segment of an accepted frame, whose bytes are `data`, and credit its fees."""
    ops = frame.half(half)
    if frame.kind.by_bls:
        _run_half(state, frame, half, data)
    elif frame.kind is FrameType.ACCOUNTS:
        for op in ops:
            _open(state, frame, op, authority)
    else:
        fee, fees = fee_of(frame.fee), 0
        for op in ops:
            if not _signed(state, frame, op, authority):
                continue
            if op.target is not None:
                done = withdraw(state, op.sender, op.target, op.amount, frame.token, fee)
            else:
                done = move(state, op.sender, op.to, op.amount, frame.token, fee)
            fees += fee if done else 0
        _credit(state, frame.receiver, fees)


def _run_half(state: State, frame: Frame, half: int, data: bytes) -> None:
    """Execute one segment of an accepted BLS frame in compiled code."""
    done = state.ledger.run_half(data, half)
    for op, paid in zip(frame.ops, done, strict=False):
        if paid and op.target is not None:
            state.take_out(Withdrawal(op.target, frame.token, op.amount))


def _by_kernel(data: bytes) -> bool:
    """Return True if the kernel implements all effects of a frame: transfers by BLS keys, or none."""
    return not FrameType.WITHDRAWALS <= data[0] <= FrameType.ACCOUNTS or data[0] == FrameType.EXACT_TRANSFERS


def _credit(state: State, receiver: int, fees: int) -> None:
    if fees:
        balance = state.accounts[receiver].balance + fees
        # Only a token with unlimited minting can exceed the maximum; the excess stays in the vault.
        if balance <= MAX_BALANCE:
            state.change(receiver, balance=balance)


def _signed(state: State, frame: Frame, op: Op, authority: SignatureOracle) -> bool:
    account = state.accounts.get(op.sender)
    if account is None or account.address is None or account.nonce >= MAX_NONCE:
        return False
    digest = message_of(frame, op, account.nonce).digest(authority.domain)
    return authority.recover(digest, op.signature) == account.address


def _open(state: State, frame: Frame, op: Op, authority: SignatureOracle) -> None:
    if state.next_account >= MAX_ACCOUNTS or not authority.is_key(op.key):
        return
    owner = owner_of_key(op.key)
    state.keys[owner] = op.key
    state.create(Account(owner, frame.token))
