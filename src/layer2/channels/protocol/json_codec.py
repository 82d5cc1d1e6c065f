"""Off-chain messages between parties: a signed record as one line of JSON, with its channel's key.

The encoding is canonical: only the exact output of `encode` is accepted.
"""

from __future__ import annotations

import json
from typing import Any

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_tree import MAX_LOCKS
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.proofs import Acceptance, CloseTerms, LockPayment, Payment, PaymentRequest, WithdrawTerms
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.errors import InputError, MalformedError
from layer2.primitives.json_text import parse_json

__all__ = ["MAX_CHARACTERS", "Record", "decode", "encode"]

Record = Payment | LockPayment | Acceptance | PaymentRequest | CloseTerms | WithdrawTerms
_KINDS: dict[str, type[Record]] = {
    "payment": Payment,
    "locks": LockPayment,
    "accept": Acceptance,
    "request": PaymentRequest,
    "close": CloseTerms,
    "withdraw": WithdrawTerms,
}
MAX_CHARACTERS = 100_000
"""Maximum length of a record, which allows for all the locks that a direction can have."""
_BITS = {
    "amount": 128,
    "sent_a": 128,
    "sent_b": 128,
    "out_a": 128,
    "out_b": 128,
    "nonce": 48,
    "epoch": 32,
    "valid_until": 48,
}


def encode(record: Record, key: ChannelKey) -> str:
    """Encode a record as one line of JSON. Amounts are decimal strings, exact in any reader; bytes are 0x-hex."""
    kind = next(name for name, one in _KINDS.items() if isinstance(record, one))
    names = record._fields if isinstance(record, Payment) else record.__slots__
    fields = {name: _plain(getattr(record, name)) for name in names if name != "channel_id"}
    channel = {"a": key.a, "b": key.b, "token": key.token, "params": hex(key.params)}
    return json.dumps({"layer2": kind, "channel": channel, **fields}, separators=(",", ":"))


def decode(text: str, *expected: type[Record]) -> tuple[Record, ChannelKey]:
    """Decode a record and its channel's key; raise `MalformedError` unless it is one of the expected types."""
    if len(text) > MAX_CHARACTERS:
        raise MalformedError(f"a record of {len(text):,} characters, at most {MAX_CHARACTERS:,} are read")
    try:
        raw = parse_json(text, "record")
        kind = _KINDS[raw.pop("layer2")]
        channel = raw.pop("channel")
        parties = b"".join(bytes(12) + address_bytes(to_address(str(channel[name]))) for name in ("a", "b", "token"))
        key = ChannelKey.decode(parties + int(channel["params"], 16).to_bytes(32, "big"))
        record = kind(channel_id=key.id, **{name: _value(name, value) for name, value in raw.items()})
        if encode(record, key) != text.strip():
            raise ValueError("not in canonical form")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, InputError) as failure:
        raise MalformedError(
            f"{text[:40]!r}: not a signed record: {failure.args[0] if isinstance(failure, InputError) else failure}",
            hint="pass the other side's whole output",
        ) from None
    if not isinstance(record, expected):
        wanted = " or ".join(name for name, one in _KINDS.items() if one in expected)
        given = next(name for name, one in _KINDS.items() if one is kind)
        raise MalformedError(f"a record of kind {given!r} given, {wanted} needed", hint="use the right command for it")
    return record, key


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
        if len(value) > MAX_LOCKS:
            raise ValueError(f"{len(value)} locks, at most {MAX_LOCKS} can be resolved")
        return tuple(
            Lock(int(amount), int(expiry), int(kind), bytes.fromhex(condition[2:]))
            for amount, expiry, kind, condition in value
        )
    if not isinstance(value, str):
        raise ValueError(f"{name}: {value!r} is not text")
    if name in ("signature", "condition", "proof_hash"):
        return bytes.fromhex(value.removeprefix("0x"))
    if name in ("side", "memo"):
        return value
    number = int(value)
    if not 0 <= number < 1 << _BITS[name]:
        raise ValueError(f"{name}: {number} given, {_BITS[name]} bits needed")
    return number
