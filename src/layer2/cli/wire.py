"""What one command prints and another reads: a signed record as one line of JSON, with its channel's key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from layer2.channels.key import ChannelKey
from layer2.channels.locks import Lock
from layer2.channels.proofs import CloseTerms, LockPayment, Payment, PaymentRequest, WithdrawTerms
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.errors import InputError, MalformedError

__all__ = ["Record", "decode", "encode", "read_text"]

Record = Payment | LockPayment | PaymentRequest | CloseTerms | WithdrawTerms
_KINDS: dict[str, type[Record]] = {
    "payment": Payment,
    "locks": LockPayment,
    "request": PaymentRequest,
    "close": CloseTerms,
    "withdraw": WithdrawTerms,
}
_LIMIT = 1_000_000


def encode(record: Record, key: ChannelKey) -> str:
    """One line of JSON. Amounts are decimal strings, so that no reader rounds them; bytes are 0x-hex."""
    kind = next(name for name, one in _KINDS.items() if isinstance(record, one))
    names = record._fields if isinstance(record, Payment) else record.__slots__
    fields = {name: _plain(getattr(record, name)) for name in names if name != "channel_id"}
    channel = {"a": key.a, "b": key.b, "token": key.token, "params": hex(key.params)}
    return json.dumps({"layer2": kind, "channel": channel, **fields}, separators=(",", ":"))


def decode(text: str, *expected: type[Record]) -> tuple[Record, ChannelKey]:
    """The record and its channel's key; raises `MalformedError` unless it is one of the expected types."""
    try:
        raw = json.loads(text)
        kind = _KINDS[raw.pop("layer2")]
        channel = raw.pop("channel")
        parties = b"".join(bytes(12) + address_bytes(to_address(channel[name])) for name in ("a", "b", "token"))
        key = ChannelKey.decode(parties + int(channel["params"], 16).to_bytes(32, "big"))
        record = kind(channel_id=key.id, **{name: _value(name, value) for name, value in raw.items()})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, InputError) as failure:
        raise MalformedError(
            f"{text[:40]!r}...: not a signed record: {failure}",
            hint="pass the whole line that the other side printed",
        ) from None
    if not isinstance(record, expected):
        wanted = " or ".join(name for name, one in _KINDS.items() if one in expected)
        given = next(name for name, one in _KINDS.items() if one is kind)
        raise MalformedError(f"a record of kind {given!r} given, {wanted} needed", hint="use the right command for it")
    return record, key


def read_text(argument: str) -> str:
    """The argument itself, standard input for `-`, or a file's content for `@name`; at most a megabyte."""
    if argument == "-":
        text = sys.stdin.read(_LIMIT + 1)
    elif argument.startswith("@"):
        with Path(argument[1:]).open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LIMIT + 1)
    else:
        text = argument
    if len(text) > _LIMIT:
        raise MalformedError(f"input: more than {_LIMIT:,} characters", hint="pass one record")
    if not text.strip():
        raise MalformedError("input: empty", hint="pass the line that the other side printed")
    return text.strip()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Lock):
        return [str(value.amount), str(value.expiry), str(value.kind), "0x" + value.condition.hex()]
    return value


def _value(name: str, value: Any) -> Any:
    if name == "locks":
        return tuple(
            Lock(int(amount), int(expiry), int(kind), bytes.fromhex(condition[2:]))
            for amount, expiry, kind, condition in value
        )
    if not isinstance(value, str):
        raise ValueError(f"{name}: {value!r} is not text")
    if name in ("signature", "condition"):
        return bytes.fromhex(value.removeprefix("0x"))
    if name in ("side", "memo"):
        return value
    number = int(value)
    if number < 0:
        raise ValueError(f"{name}: {number} is negative")
    return number
