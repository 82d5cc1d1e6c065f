"""Compiled execution of operations and of frames on the columns of a `Ledger`.

Limits and halves of frame types are passed in as a table, because the cache of compiled code depends only on the
content of this file.

A ledger row has 8 words: owner (4, in memory byte order), `present(1 bit) token(16) nonce(32)` with the token from bit
32, balance (high, low), and the segment of the last write. All words are unsigned 64-bit integers, because numba
converts a mixture of signed and unsigned operands to float.
"""

from __future__ import annotations

from typing import Any

from layer2.primitives.extras import needs
from layer2.primitives.numba_jit import compiled

with needs("rollup"):
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BALANCE", "META", "PRESENT", "SEGMENT", "execute_half", "operate", "run_transfers", "seal"]

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Integer = int | np.int64

META, BALANCE, SEGMENT = 4, 5, 7
"""Word offsets in a row; the balance takes two words."""
PRESENT = 1 << 63
"""Flag in `META` of every existing account."""

_TOP, _ONE, _ZERO = np.uint64(PRESENT), np.uint64(1), np.uint64(0)
_NONCE, _TOKEN, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF), np.uint64(32)
_BYTE, _MANTISSA = np.uint64(8), np.uint64(0x7FF)
_TENS = np.array([[10**power >> 64, 10**power & (1 << 64) - 1] for power in range(32)], np.uint64)
_WIDE, _OUT, _EXACT = 2, 3, 4
_HEAD, _ROW, _LIMIT, _FIRST = 0, 1, 2, 3
_CURRENT, _TOUCHED, _LOGGED, _SEALED = 0, 1, 2, 3


@compiled
def _number(data: Bytes, at: Integer, size: int) -> Any:
    value = np.uint64(0)
    for place in range(at, at + size):
        value = value << _BYTE | np.uint64(data[place])
    return value


@compiled
def _unpacked(packed: Any) -> Any:
    """Return both words of `exponent(5) | mantissa(11)`: an 11 by 128-bit product, in halves of the low word."""
    power, mantissa = np.int64(packed >> np.uint64(11)), packed & _MANTISSA
    high, low = _TENS[power, 0], _TENS[power, 1]
    right = (low & _NONCE) * mantissa
    left = (low >> _SHIFT) * mantissa + (right >> _SHIFT)
    return high * mantissa + (left >> _SHIFT), left << _SHIFT | right & _NONCE


@compiled
def _fee(data: Bytes) -> Any:
    return np.uint64(data[3] & 15) * _TENS[data[3] >> 4, 1]


@compiled
def _ids(data: Bytes, kind: Integer, at: Integer) -> Any:
    """Return sender and receiver of an operation; the receiver of a withdrawal is 0."""
    if kind == _OUT:
        return np.int64(_number(data, at, 4)), np.int64(0)
    width = 4 if kind >= _WIDE else 3
    return np.int64(_number(data, at, width)), np.int64(_number(data, at + width, width))


@compiled
def _amount(data: Bytes, kind: Integer, at: Integer) -> Any:
    if kind >= _OUT:
        at += 4 if kind == _OUT else 8
        return _number(data, at, 8), _number(data, at + 8, 8)
    return _unpacked(_number(data, at + (8 if kind == _WIDE else 6), 2))


@compiled
def _known(rows: Words, account: Integer, token: Any) -> Any:
    """Return True if an account exists and holds a token."""
    if account >= rows.shape[0]:
        return False
    meta = rows[account, META]
    return meta & _TOP != _ZERO and meta >> _SHIFT & _TOKEN == token


@compiled
def _touch(rows: Words, touched: Numbers, heads: Numbers, account: Integer) -> None:
    """Record that the open segment writes an account."""
    if rows[account, SEGMENT] != np.uint64(heads[_CURRENT]):
        rows[account, SEGMENT] = np.uint64(heads[_CURRENT])
        touched[heads[_TOUCHED]] = account
        heads[_TOUCHED] += 1


@compiled
def _spoken_for(rows: Words, data: Bytes, layout: Numbers) -> Any:
    """Return True if every sender exists and has a nonce left for each of its operations."""
    kind = np.int64(data[0])
    head, row = layout[kind, _HEAD], layout[kind, _ROW]
    count = np.int64(data[head - 1])
    for op in range(count):
        sender = _ids(data, kind, head + row * op)[0]
        if sender >= rows.shape[0] or rows[sender, META] & _TOP == _ZERO:
            return False
        nonce = rows[sender, META] & _NONCE
        if nonce + np.uint64(count) >= _NONCE:
            before = 0
            for other in range(op):
                before += _ids(data, kind, head + row * other)[0] == sender
            if nonce + np.uint64(before) >= _NONCE:
                return False
    return True


@compiled
def _admissible(rows: Words, data: Bytes, layout: Numbers, tokens: int) -> Any:
    """Return True if a frame of transfers is admissible as in `transition.admissible`, and `_spoken_for` holds."""
    kind = np.int64(data[0])
    if kind != 1 and kind != _WIDE and kind != _EXACT:
        return False
    count = np.int64(data[layout[kind, _HEAD] - 1])
    token = _number(data, 1, 2)
    if count == 0 or count > layout[kind, _LIMIT] or token >= np.uint64(tokens):
        return False
    if _fee(data) != _ZERO and not _known(rows, np.int64(_number(data, 4, 4)), token):
        return False
    return _spoken_for(rows, data, layout)


@compiled
def _operation(
    rows: Words, touched: Numbers, heads: Numbers, sender: int, to: int, amount: Any, fee: Any, token: Any, out: Any
) -> Any:
    """Execute one operation of an existing sender; return True if funds moved. The nonce always increases."""
    _touch(rows, touched, heads, sender)
    rows[sender, META] += _ONE
    amount_high, amount_low = amount
    if rows[sender, META] >> _SHIFT & _TOKEN != token or amount_high | amount_low == _ZERO:
        return False
    if not out and not _known(rows, to, token):
        return False
    need_low = amount_low + fee
    carry = np.uint64(need_low < fee)
    need_high = amount_high + carry
    high, low = rows[sender, BALANCE], rows[sender, BALANCE + 1]
    # A required amount above 2^128 exceeds every balance.
    if need_high < carry or high < need_high or (high == need_high and low < need_low):
        return False
    if not out and to != sender:
        into_low = rows[to, BALANCE + 1] + amount_low
        carry = np.uint64(into_low < amount_low)
        into_high = rows[to, BALANCE] + amount_high
        full = into_high < amount_high
        into_high += carry
        if full or into_high < carry:
            return False
        _touch(rows, touched, heads, to)
        rows[to, BALANCE], rows[to, BALANCE + 1] = into_high, into_low
    elif not out:
        need_high, need_low = _ZERO, fee
    rows[sender, BALANCE] = high - need_high - np.uint64(low < need_low)
    rows[sender, BALANCE + 1] = low - need_low
    return True


@compiled
def operate(
    rows: Words, touched: Numbers, heads: Numbers, numbers: Words, sender: int, to: int, withdraws: int
) -> bool:
    """Execute a single operation of an existing sender; `numbers` has amount (high, low), fee and token."""
    amount = (numbers[0], numbers[1])
    moved = _operation(rows, touched, heads, sender, to, amount, numbers[2], numbers[3], withdraws != 0)
    return bool(moved)


@compiled
def execute_half(
    rows: Words, touched: Numbers, heads: Numbers, data: Bytes, layout: Numbers, half: int, done: Bytes
) -> None:
    """Execute half 0 or 1 of an accepted BLS frame and credit its fees; `done` marks operations that moved funds."""
    kind = np.int64(data[0])
    head, row, first = layout[kind, _HEAD], layout[kind, _ROW], layout[kind, _FIRST]
    count = np.int64(data[head - 1])
    start, end = (first, count) if half else (0, min(first, count))
    token, fee, fees = _number(data, 1, 2), _fee(data), np.uint64(0)
    for op in range(start, end):
        at = head + row * op
        sender, to = _ids(data, kind, at)
        moved = _operation(rows, touched, heads, sender, to, _amount(data, kind, at), fee, token, kind == _OUT)
        done[op] = moved
        if moved:
            fees += fee
    if fees == _ZERO:
        return
    receiver = np.int64(_number(data, 4, 4))
    low = rows[receiver, BALANCE + 1] + fees
    high = rows[receiver, BALANCE] + np.uint64(low < fees)
    # Only a token with unlimited minting can exceed the maximum; the excess stays in the vault.
    if high >= rows[receiver, BALANCE]:
        _touch(rows, touched, heads, receiver)
        rows[receiver, BALANCE], rows[receiver, BALANCE + 1] = high, low


@compiled
def _swapped(word: Any) -> Any:
    """Return a word with its bytes reversed, because numbers are hashed big-endian."""
    word = word >> np.uint64(32) | word << np.uint64(32)
    word = (word & np.uint64(0xFFFF0000FFFF0000)) >> np.uint64(16) | (
        word & np.uint64(0x0000FFFF0000FFFF)
    ) << np.uint64(16)
    return (word & np.uint64(0xFF00FF00FF00FF00)) >> _BYTE | (word & np.uint64(0x00FF00FF00FF00FF)) << _BYTE


@compiled
def seal(rows: Words, touched: Numbers, heads: Numbers, leaves: Numbers, messages: Words, ends: Numbers) -> None:
    """End the open segment: append its writes to the log in account order, and begin the next segment."""
    count, logged = heads[_TOUCHED], heads[_LOGGED]
    # Insertion sort is fastest here, because there are nearly always fewer than 110 accounts.
    for at in range(1, count):
        account, place = touched[at], at
        while place > 0 and touched[place - 1] > account:
            touched[place] = touched[place - 1]
            place -= 1
        touched[place] = account
    for at in range(count):
        account, to = touched[at], logged + at
        leaves[to] = account
        for word in range(4):
            messages[to, word] = rows[account, word]
        messages[to, 4] = _ZERO
        messages[to, 5] = _swapped(rows[account, META] & ~_TOP)
        messages[to, 6] = _swapped(rows[account, BALANCE])
        messages[to, 7] = _swapped(rows[account, BALANCE + 1])
    heads[_CURRENT] += 1
    heads[_TOUCHED] = 0
    heads[_LOGGED] = logged + count
    ends[heads[_SEALED]] = logged + count
    heads[_SEALED] += 1


@compiled
def run_transfers(
    rows: Words,
    touched: Numbers,
    heads: Numbers,
    leaves: Numbers,
    messages: Words,
    ends: Numbers,
    frames: Bytes,
    signed: Bytes,
    layout: Numbers,
    tokens: int,
) -> None:
    """Execute frames of transfers, two segments each; `signed` marks frames with a valid signature.

    A frame of any other type has no effect here; the caller executes those that have one.
    """
    done = np.empty(256, np.uint8)
    for number in range(frames.shape[0]):
        data = frames[number]
        runs = signed[number] != 0 and _admissible(rows, data, layout, tokens)
        for half in range(2):
            if runs:
                execute_half(rows, touched, heads, data, layout, half, done)
            seal(rows, touched, heads, leaves, messages, ends)
